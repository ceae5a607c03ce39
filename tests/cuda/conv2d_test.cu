// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstddef>
#include <limits>
#include <random>
#include <stdexcept>
#include <vector>

#include <doctest/doctest.h>

#include <kutta/cuda/convolution.hpp>
#include <kutta/cuda/graph.hpp>
#include <kutta/cuda/tensor.hpp>
#include <kutta/layers/check_residual.hpp>
#include <kutta/layers/conv2d.hpp>
#include <kutta/tensor/heap_bytes.hpp>
#include <kutta/tensor/host_copy.hpp>

#include "support/random.hpp"
#ifndef __CUDACC__
#  include "support/heap.hpp"
#endif

namespace {

using kutta::layers::conv2d;
using kutta::layers::image_shape;
using kutta::layers::padding;
using kutta::test::random_like;
using images = kutta::cuda::tensor<double, 4>;

static_assert(kutta::residual<conv2d<images>> && kutta::has_jvp<conv2d<images, true>>);
static_assert(kutta::samples_independent<conv2d<images>>);

template <class L>
auto random_params(const L& layer, kutta::test::splitmix64& random) {
  std::mt19937 generator(1);
  return random_like(layer.make_params(generator), random);
}

}  // namespace

// 2 × 2 pixels with stride 2 have, as Flax pads, no zeros in front: 3 taps are more than the row.
TEST_CASE_TEMPLATE("a convolution on the device is that of the host", T, float, double) {
  using there_type = conv2d<kutta::cuda::tensor<T, 4>, true>;
  using here_type = conv2d<std::vector<T>, true>;
  for (const image_shape& in : {image_shape{5, 6, 3}, image_shape{2, 2, 3}})
    for (const padding where : {padding::torch, padding::flax})
      for (const std::size_t stride : {1U, 2U}) {
        const there_type there(in, 10, {.stride = stride, .padding = where});
        const here_type here(in, 10, {.stride = stride, .padding = where});
        kutta::test::splitmix64 random(7), again(7);
        const auto theta = random_params(there, random);
        const auto theta_here = random_params(here, again);
        CHECK(kutta::copy_to_host(theta.w) == theta_here.w);
        CHECK(theta.w.shape() == images::extents{3, 3, 3, 10});
        const std::vector<T> x_here = random_like(std::vector<T>(2 * in.size()), random);
        const kutta::cuda::tensor<T, 4> x({2, in.height, in.width, in.channels}, x_here);

        auto scratch = there.make_scratch(theta, x);
        auto scratch_here = here.make_scratch(theta_here, x_here);
        auto y = there.make_output(theta, x);
        auto y_here = here.make_output(theta_here, x_here);
        kutta::nothing tape;
        there.forward(theta, x, y, tape, kutta::context<there_type>{0, 0, 0, scratch});
        here.forward(theta_here, x_here, y_here, tape,
                     kutta::context<here_type>{0, 0, 0, scratch_here});
        CHECK(kutta::heap_bytes(scratch) > 0);
        const auto found = kutta::copy_to_host(y);
        REQUIRE(found.size() == y_here.size());
        for (std::size_t i = 0; i < found.size(); ++i)  // sums of 28 numbers in [−1, 1)
          REQUIRE(std::abs(found[i] - y_here[i]) <= 28 * 2 * std::numeric_limits<T>::epsilon());
      }
}

TEST_CASE("vjp and jvp of a convolution on the device pass check_residual") {
  const auto check = [](const auto& layer, std::size_t samples) {
    kutta::test::splitmix64 random(5);
    const image_shape& in = layer.input_shape();
    const images x = random_like(images({samples, in.height, in.width, in.channels}), random);
    const auto report = kutta::check_residual(layer, random_params(layer, random), x);
    INFO(report.text());
    CHECK(report.ok());
  };
  check(conv2d<images, true>({1, 1, 1}, 1), 1);
  check(conv2d<images, true>({5, 4, 3}, 10), 2);
  check(conv2d<images>({5, 4, 10}, 3, {.kernel = 1, .stride = 2}), 2);
  check(conv2d<images>({6, 3, 17}, 16, {.stride = 2, .padding = padding::flax}), 3);
}

TEST_CASE("a recorded convolution and its gradient take nothing from the heap") {
  using layer = conv2d<kutta::cuda::tensor<float, 4>, true>;
  const layer conv({6, 6, 4}, 8);
  kutta::test::splitmix64 random(3);
  const auto theta = random_params(conv, random);
  const auto x = random_like(kutta::cuda::tensor<float, 4>({3, 6, 6, 4}), random);
  auto scratch = conv.make_scratch(theta, x);
  auto y = conv.make_output(theta, x);
  auto dx = kutta::zeros_like(x);
  auto dtheta = kutta::zeros_like(theta);
  kutta::nothing tape;
  const auto work = [&] {
    kutta::set_zero(dx);
    kutta::set_zero(dtheta);
    const kutta::context<layer> at{0, 0, 0, scratch};
    conv.forward(theta, x, y, tape, at);
    conv.vjp(theta, x, tape, y, dx, dtheta, at);
  };
#ifndef __CUDACC__
  if (kutta::test::heap_is_counted) CHECK(kutta::test::peak_of(work) == 0);
#endif
  work();
  const auto dx_plain = kutta::copy_to_host(dx);
  const auto dtheta_plain = kutta::copy_to_host(dtheta);
  const auto pass = kutta::cuda::capture(work);
  kutta::set_zero(y);
  pass.replay();
  kutta::cuda::wait();
  CHECK(kutta::copy_to_host(dx) == dx_plain);
  CHECK(kutta::copy_to_host(dtheta) == dtheta_plain);
}

TEST_CASE("wrong shapes are refused in the words of the host") {
  const conv2d<images, true> layer({4, 4, 3}, 5);
  std::mt19937 generator(1);
  const auto theta = layer.make_params(generator);
  CHECK_THROWS_WITH_AS(layer.make_scratch(theta, images({2, 4, 4, 2})),
                       "conv2d: expected images of shape (4, 4, 3), got shape (2, 4, 4, 2)",
                       std::invalid_argument);
}
