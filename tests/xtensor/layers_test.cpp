// SPDX-License-Identifier: Apache-2.0
// Compiled with -ffp-contract=off: see resnet_test.cpp.
#include <cstddef>
#include <string>

#include <doctest/doctest.h>
#include <xtensor/xarray.hpp>

#include <kutta/layers/augment.hpp>
#include <kutta/layers/average_pool.hpp>
#include <kutta/layers/conv2d.hpp>
#include <kutta/layers/dense.hpp>
#include <kutta/layers/dropout.hpp>
#include <kutta/layers/elementwise.hpp>
#include <kutta/layers/embedding.hpp>
#include <kutta/layers/flatten.hpp>
#include <kutta/layers/relu.hpp>

#include "xtensor/check_layer.hpp"

using namespace kutta::layers;
using kutta::test::check_layer, kutta::test::check_same_layer, kutta::test::eigen_images;

namespace {

template <class S>
using images = xt::xtensor<S, 4>;
template <class S>
using rows = xt::xtensor<S, 2>;

}  // namespace

TEST_CASE_TEMPLATE("conv2d: both paddings, strides 1 and 2, with and without bias", S, float,
                   double) {
  for (const auto zeros : {padding::torch, padding::flax})
    for (const std::size_t stride : {1u, 2u})
      for (const std::size_t kernel : {1u, 3u}) {
        CAPTURE(stride);
        CAPTURE(kernel);
        const convolution_options how{.kernel = kernel, .stride = stride, .padding = zeros};
        const std::string y = stride == 1 ? "(3, 5, 4, 6)" : "(3, 3, 2, 6)";
        const std::string k = std::to_string(kernel), w = "(" + k + ", " + k + ", 2, 6)";
        check_layer<images<S>>(
            [&]<class X>() {
              return conv2d<X>({5, 4, 2}, 6, how);
            },
            {5, 4, 2}, y + " {" + w + "}");
        check_layer<images<S>>(
            [&]<class X>() {
              return conv2d<X, true>({5, 4, 2}, 6, how);
            },
            {5, 4, 2}, y + " {" + w + ", (1, 1, 1, 6)}");
      }
}

TEST_CASE_TEMPLATE("dense, on images and on rows", S, float, double) {
  const auto make = []<class X>() { return dense<X>({2, 3, 2}, 5); };
  check_layer<images<S>>(make, {2, 3, 2}, "(3, 1, 1, 5) {(12, 1, 1, 5), (1, 1, 1, 5)}");
  check_layer<rows<S>>(make, {2, 3, 2}, "(3, 5) {(12, 5), (1, 5)}");
}

TEST_CASE_TEMPLATE("what has no weights", S, float, double) {
  const image_shape in{4, 6, 3};
  check_layer<images<S>>(
      [&]<class X>() {
        return average_pool<X>(in, {2, 3, 2});
      },
      in, "(3, 2, 2, 3) (0)");
  check_layer<images<S>>([&]<class X>() { return global_average_pool<X>(in); }, in,
                         "(3, 1, 1, 3) (0)");
  check_layer<images<S>>([&]<class X>() { return augment<X>(in, 2); }, in, "(3, 4, 6, 5) (0)");
  check_layer<images<S>>([&]<class X>() { return flatten<X>(in); }, in, "(3, 1, 1, 72) (0)");
  check_layer<images<S>>([&]<class X>() { return dropout<X>({.rate = .4, .seed = 7}); }, in,
                         "(3, 4, 6, 3) (0)");
}

TEST_CASE_TEMPLATE("activations", S, float, double) {
  const image_shape in{3, 5, 2};
  const std::string shapes = "(3, 3, 5, 2) (0)";
  check_layer<images<S>>([]<class X>() { return relu<X>(); }, in, shapes);
  check_layer<images<S>>([]<class X>() { return kutta::layers::tanh<X>(); }, in, shapes);
  check_layer<images<S>>([]<class X>() { return sigmoid<X>(); }, in, shapes);
  check_layer<images<S>>([]<class X>() { return elu<X>(); }, in, shapes);
  check_layer<images<S>>([]<class X>() { return gelu<X>(); }, in, shapes);
  check_layer<images<S>>([]<class X>() { return gelu_tanh<X>(); }, in, shapes);
  check_layer<images<S>>([]<class X>() { return silu<X>(); }, in, shapes);
}

TEST_CASE_TEMPLATE("flatten leads to another rank", S, float, double) {
  const image_shape in{2, 3, 5};
  check_same_layer(flatten<eigen_images<S>>(in), kutta::detail::zero_images<eigen_images<S>>(3, in),
                   flatten<images<S>, rows<S>>(in), kutta::detail::zero_images<images<S>>(3, in),
                   "(3, 30) (0)");
}

TEST_CASE_TEMPLATE("embedding, with positions and padding", S, float, double) {
  const kutta::ids words({4, 0, 6, 2, 3, 3}, 3);
  const embedding_options how{.positions = true, .padding = 3};
  check_same_layer(embedding<eigen_images<S>>(7, 4, how), words,
                   embedding<xt::xtensor<S, 3>>(7, 4, how), words, "(2, 3, 4) {(7, 1, 4)}");
}

TEST_CASE("an array whose rank is known at run time gets as many axes as it needs") {
  using any = xt::xarray<double>;
  check_layer<any>(
      []<class X>() {
        return conv2d<X, true>({5, 4, 2}, 6);
      },
      {5, 4, 2}, "(3, 5, 4, 6) {(3, 3, 2, 6), (6)}");
  check_layer<any>(
      []<class X>() {
        return dense<X>({2, 3, 2}, 5);
      },
      {2, 3, 2}, "(3, 1, 1, 5) {(12, 5), (5)}");
  check_layer<any>([]<class X>() { return dropout<X>(); }, {2, 3, 2}, "(3, 2, 3, 2) (0)");
}
