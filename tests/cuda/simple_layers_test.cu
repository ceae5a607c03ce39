// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cstddef>
#include <random>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <kutta/cuda/matrix_kernels.hpp>
#include <kutta/cuda/tensor.hpp>
#include <kutta/layers/augment.hpp>
#include <kutta/layers/average_pool.hpp>
#include <kutta/layers/dense.hpp>
#include <kutta/layers/dropout.hpp>
#include <kutta/layers/elementwise.hpp>
#include <kutta/layers/flatten.hpp>
#include <kutta/layers/parallel.hpp>
#include <kutta/layers/relu.hpp>
#include <kutta/layers/sequential.hpp>
#include <kutta/tensor/contiguous.hpp>

#include "cuda/device_layer.hpp"

namespace {

using namespace kutta::layers;

template <class T>
using on_host = std::vector<T>;
template <class T>
using images = kutta::cuda::tensor<T, 4>;
template <class T>
using matrix = kutta::cuda::tensor<T, 2>;

template <class T>
std::vector<T> some_numbers(std::size_t n) {
  kutta::test::splitmix64 random(3);
  return kutta::test::random_like(std::vector<T>(n), random);
}

/// The passes on n images, and the derivatives on the device. Equal operations in equal order
/// differ where a product and a sum are fused: by a rounding or two.
template <class H, class D>
void check_images(const H& host, const D& device, const image_shape& s, std::size_t n,
                  double units = 4) {
  using T = kutta::scalar_t<kutta::output_t<D>>;
  CAPTURE(s.channels);
  std::mt19937 generator(1);
  const auto x = some_numbers<T>(n * s.size());
  const typename images<T>::extents extents{n, s.height, s.width, s.channels};
  kutta::test::check_on_device(host, host.make_params(generator), x, device,
                               device.make_params(generator), images<T>(extents, x), units);
  const auto report =
      kutta::check_residual(device, device.make_params(generator), images<T>(extents, x));
  CHECK_MESSAGE(report.ok(), report.text());
}

}  // namespace

TEST_CASE_TEMPLATE("means of windows on the device", T, float, double) {
  const auto check = [](const image_shape& s, const pool_options& how, std::size_t n) {
    check_images(average_pool<on_host<T>>(s, how), average_pool<images<T>>(s, how), s, n);
  };
  check({1, 1, 1}, {1, 1, 1}, 1);
  check({7, 9, 3}, {2, 2, 2}, 2);
  check({7, 9, 3}, {3, 3, 2}, 2);   // windows overlap
  check({8, 5, 10}, {2, 1, 3}, 3);  // and do not meet
  check({6, 6, 17}, {6, 6, 1}, 2);
}

TEST_CASE_TEMPLATE("more channels on the device", T, float, double) {
  for (const image_shape s : {image_shape{1, 1, 1}, {3, 5, 3}, {4, 4, 17}})
    check_images(augment<on_host<T>>(s, 5), augment<images<T>>(s, 5), s, 3, 0);
}

TEST_CASE_TEMPLATE("activations on the device", T, float, double) {
  const image_shape s{3, 5, 7};
  check_images(relu<on_host<T>>{}, relu<images<T>>{}, s, 2);
  check_images(elu<on_host<T>>{}, elu<images<T>>{}, s, 2, 16);
  check_images(gelu<on_host<T>>{}, gelu<images<T>>{}, s, 2, 16);
  check_images(gelu_tanh<on_host<T>>{}, gelu_tanh<images<T>>{}, s, 2, 16);
  check_images(silu<on_host<T>>{}, silu<images<T>>{}, s, 2, 16);
  check_images(kutta::layers::tanh<on_host<T>>{}, kutta::layers::tanh<images<T>>{}, s, 2, 16);
  check_images(sigmoid<on_host<T>>{}, sigmoid<images<T>>{}, s, 2, 16);
}

TEST_CASE_TEMPLATE("images become rows on the device", T, float, double) {
  const image_shape s{3, 5, 7};
  check_images(flatten<on_host<T>>(s), flatten<images<T>, matrix<T>>(s), s, 3, 0);
  const flatten<images<T>, matrix<T>> rows(s);
  CHECK(rows.make_output({}, images<T>({2, 3, 5, 7})).shape() ==
        std::array<std::size_t, 2>{2, 105});
}

TEST_CASE_TEMPLATE("the device drops what the host drops", T, float, double) {
  // A vector is one sample: so is the batch of one.
  for (const std::size_t size : {1U, 7U, 300U})
    check_images(dropout<on_host<T>>({.rate = .3, .seed = 5}),
                 dropout<images<T>>({.rate = .3, .seed = 5}), {1, 1, size}, 1);

  // Other samples of a tile drop as they do in the batch.
  const dropout<matrix<T>> drop({.rate = .5});
  const matrix<T> ones({6, 50}, std::vector<T>(300, T(1)));
  const matrix<T> some({2, 50}, std::vector<T>(100, T(1)));
  auto y = kutta::zeros_like(ones), z = kutta::zeros_like(some);
  typename dropout<matrix<T>>::tape tape;
  kutta::nothing scratch;
  drop.forward({}, ones, y, tape, {0, 9, 0, scratch});
  drop.forward({}, some, z, tape, {0, 9, 3, scratch});
  const auto all = kutta::copy_to_host(y), tile = kutta::copy_to_host(z);
  CHECK(tile == std::vector<T>(all.begin() + 150, all.begin() + 250));
  drop.infer({}, {}, ones, y, tape);
  CHECK(kutta::copy_to_host(y) == std::vector<T>(300, T(1)));
}

TEST_CASE_TEMPLATE("layers made of layers on the device", T, float, double) {
  const image_shape s{5, 4, 3};
  const auto model = [&]<class X>(const X&) {
    return sequential{parallel{identity<X>{}, sequential{gelu<X>{}, dropout<X>({.rate = .2})}},
                      average_pool<X>(s, {2, 2, 1}), augment<X>({4, 3, 3}, 2),
                      dense<X>({4, 3, 5}, 6)};
  };
  const auto host = model(on_host<T>());
  const auto device = model(images<T>());
  // Sums of 60 products.
  check_images(host, device, s, 1, 2 * 62);
}
