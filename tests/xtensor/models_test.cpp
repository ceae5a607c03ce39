// SPDX-License-Identifier: Apache-2.0
// Compiled with -ffp-contract=off: see resnet_test.cpp.
#include <cstddef>
#include <string>

#include <doctest/doctest.h>

#include <kutta/layers/average_pool.hpp>
#include <kutta/layers/batch_norm.hpp>
#include <kutta/layers/conv2d.hpp>
#include <kutta/layers/dense.hpp>
#include <kutta/layers/elementwise.hpp>
#include <kutta/layers/group_norm.hpp>
#include <kutta/layers/layer_norm.hpp>
#include <kutta/layers/normalised_convolutions.hpp>
#include <kutta/layers/relu.hpp>
#include <kutta/layers/sequential.hpp>
#include <kutta/layers/skip.hpp>
#include <kutta/layers/stitch.hpp>

#include "xtensor/check_layer.hpp"

using namespace kutta::layers;
using kutta::test::check_layer;

namespace {

template <class S>
using images = xt::xtensor<S, 4>;
template <class S>
using rows = xt::xtensor<S, 2>;

}  // namespace

TEST_CASE_TEMPLATE("normalisation: of a batch, of rows, of groups of channels", S, float, double) {
  const image_shape in{3, 5, 6};
  const std::string per_channel = "(3, 3, 5, 6) {(1, 1, 1, 6), (1, 1, 1, 6)}";
  check_layer<images<S>>([]<class X>() { return batch_norm<X>(6, {.unbiased = true}); }, in,
                         per_channel);
  check_layer<images<S>>([]<class X>() { return batch_norm<X, true>(6); }, in, per_channel);
  check_layer<images<S>>([]<class X>() { return layer_norm<X>(6); }, in, per_channel);
  check_layer<images<S>>([&]<class X>() { return group_norm<X>(in, 3); }, in, per_channel);
  const std::string of_rows = "(3, 90) {(1, 6), (1, 6)}";
  check_layer<rows<S>>([]<class X>() { return batch_norm<X>(6); }, in, of_rows);
  check_layer<rows<S>>([]<class X>() { return layer_norm<X>(6); }, in, of_rows);
}

TEST_CASE_TEMPLATE("a residual of images, and layers behind each other", S, float, double) {
  const image_shape in{4, 6, 3};
  check_layer<images<S>>([&]<class X>() { return normalised_convolutions<X>(in, 3); }, in,
                         "(3, 4, 6, 3) {{(1, 1, 1, 3), (1, 1, 1, 3)}, {(3, 3, 3, 3)}, "
                         "{(1, 1, 1, 3), (1, 1, 1, 3)}, {(3, 3, 3, 3)}}");
  check_layer<images<S>>(
      [&]<class X>() {
        return sequential{conv2d<X, true>(in, 4, {.stride = 2}), batch_norm<X, true>(4), gelu<X>(),
                          global_average_pool<X>({2, 3, 4}), dense<X>({1, 1, 4}, 2)};
      },
      in,
      "(3, 1, 1, 2) {{(3, 3, 3, 4), (1, 1, 1, 4)}, {(1, 1, 1, 4), (1, 1, 1, 4)}, (0), (0), "
      "{(4, 1, 1, 2), (1, 1, 1, 2)}}");
}

TEST_CASE("a skip and the units around blocks") {
  const image_shape in{4, 6, 3};
  check_layer<images<float>>(
      [&]<class X>() {
        return skip(sequential{conv2d<X>(in, 3), relu<X>()});
      },
      in, "(3, 4, 6, 3) {{{(3, 3, 3, 3)}, (0)}, ()}");
  check_layer<images<float>>([&]<class X>() { return residual_unit<X>(in); }, in,
                             "(3, 4, 6, 3) {(0), {{(1, 1, 1, 3), (1, 1, 1, 3)}, {(3, 3, 3, 3)}, "
                             "{(1, 1, 1, 3), (1, 1, 1, 3)}, {(3, 3, 3, 3)}}}");
  check_layer<images<float>>([&]<class X>() { return stitch<X>(in, 5, 2, padding::flax); }, in,
                             "(3, 2, 3, 5) {{{(1, 1, 3, 5)}, {(1, 1, 1, 5), (1, 1, 1, 5)}}, "
                             "{{(1, 1, 1, 3), (1, 1, 1, 3)}, {(3, 3, 3, 5)}, "
                             "{(1, 1, 1, 5), (1, 1, 1, 5)}, {(3, 3, 5, 5)}}}");
}
