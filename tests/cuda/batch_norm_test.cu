// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <limits>
#include <random>
#include <stdexcept>
#include <vector>

#include <doctest/doctest.h>

#include <kutta/cuda/batch_norm.hpp>
#include <kutta/cuda/graph.hpp>
#include <kutta/cuda/tensor.hpp>
#include <kutta/layers/batch_norm.hpp>
#include <kutta/layers/check_residual.hpp>
#include <kutta/tensor/host_copy.hpp>

#include "support/heap.hpp"
#include "support/layer_results.hpp"

namespace {

using kutta::cuda::tensor;
using kutta::layers::batch_norm;
using kutta::test::distance;
using kutta::test::numbers_like;
using kutta::test::results_of;

static_assert(kutta::residual<batch_norm<tensor<float, 4>>>);
static_assert(kutta::has_jvp<batch_norm<tensor<double, 2>, true>>);
static_assert(kutta::stateful<batch_norm<tensor<float, 4>, true>>);
static_assert(!kutta::samples_independent<batch_norm<tensor<float, 4>>>);

/// Against the host's layer in double. By products that are rounded, sums over pixels lose a few ε
/// of the sum of magnitudes; μ and γ r lose ε |μ|/σ.
template <class T, bool Relu>
void check(std::size_t pixels, std::size_t channels, double mean = 0) {
  CAPTURE(pixels);
  CAPTURE(channels);
  const batch_norm<tensor<T, 2>, Relu> device(channels);
  const batch_norm<std::vector<double>, Relu> host(channels);
  const auto found = results_of(device, tensor<T, 2>({pixels, channels}), mean);
  const auto expected = results_of(host, std::vector<double>(pixels * channels), mean);
  CHECK(distance(found, expected) <= (16 + 4 * mean) * std::numeric_limits<T>::epsilon());
}

}  // namespace

TEST_CASE_TEMPLATE("batch norm on a device is that of the host", T, float, double) {
  for (const std::size_t channels : {1U, 3U, 10U, 16U, 17U})
    for (const std::size_t pixels : {2U, 7U, 33U, 3001U}) {
      check<T, false>(pixels, channels);
      check<T, true>(pixels, channels);
    }
}

TEST_CASE_TEMPLATE("on a device a mean far from zero does not spoil the variance", T, float,
                   double) {
  check<T, false>(20000, 3, 1000);
  check<T, false>(5000, 16, 1000);
}

TEST_CASE("a first pixel far from the others does not spoil the variance") {
  const std::size_t n = 2048;
  std::vector<float> values(n, 1);
  for (std::size_t i = 1; i < n; i += 2) values[i] = 2;
  values[0] = 1e6F;
  const double mean = (1e6 + 1023 * 1. + 1024 * 2.) / n;
  double squares = 0;
  for (const float v : values) squares += (double(v) - mean) * (double(v) - mean);
  using layer_type = batch_norm<tensor<float, 2>>;
  const layer_type layer(1, {.unbiased = true});
  std::mt19937 generator(1);
  const auto theta = layer.make_params(generator);
  const tensor<float, 2> x({n, 1}, values);
  auto y = kutta::zeros_like(x);
  auto saved = layer.make_tape(theta, x);
  auto scratch = layer.make_scratch(theta, x);
  layer.forward(theta, x, y, saved, kutta::context<layer_type>{0, 0, 0, scratch});
  const auto found = kutta::copy_to_host(layer.observed(saved));
  CHECK(found == std::vector{float(mean), float(squares / (n - 1))});
}

TEST_CASE("vjp and jvp of batch norm on a device pass check_residual") {
  const auto passes = [](const auto& layer) {
    kutta::test::splitmix64 random(6);
    std::mt19937 generator(1);
    const auto theta = numbers_like(layer.make_params(generator), random);
    const tensor<double, 2> like({7, layer.channels()});
    const auto report = kutta::check_residual(layer, theta, numbers_like(like, random));
    CHECK_MESSAGE(report.ok(), report.text());
  };
  for (const std::size_t channels : {1U, 3U, 10U, 16U}) {
    passes(batch_norm<tensor<double, 2>>(channels));
    passes(batch_norm<tensor<double, 2>, true>(channels));
  }
}

TEST_CASE("a recorded pass of batch norm has the same bits, and takes nothing from the heap") {
  using layer_type = batch_norm<tensor<float, 4>, true>;
  const layer_type layer(10);
  kutta::test::splitmix64 random(6);
  std::mt19937 generator(1);
  const auto theta = numbers_like(layer.make_params(generator), random);
  const auto x = numbers_like(tensor<float, 4>({5, 9, 7, 10}), random);
  auto y = kutta::zeros_like(x), dx = kutta::zeros_like(x);
  auto dtheta = kutta::zeros_like(theta);
  auto saved = layer.make_tape(theta, x);
  auto scratch = layer.make_scratch(theta, x);
  const auto work = [&] {
    const kutta::context<layer_type> at{0, 0, 0, scratch};
    kutta::set_zero(dx), kutta::set_zero(dtheta);
    layer.forward(theta, x, y, saved, at);
    layer.vjp(theta, x, saved, y, dx, dtheta, at);
    layer.infer(theta, layer.observed(saved), x, y, saved, at);
  };
  if (kutta::test::heap_is_counted) CHECK(kutta::test::peak_of(work) == 0);
  work();
  const auto dx_plain = kutta::copy_to_host(dx), dtheta_plain = kutta::copy_to_host(dtheta);
  const auto pass = kutta::cuda::capture(work);
  kutta::set_zero(dx);
  pass.replay();
  kutta::cuda::wait();
  CHECK(kutta::copy_to_host(dx) == dx_plain);
  CHECK(kutta::copy_to_host(dtheta) == dtheta_plain);
}

TEST_CASE("a batch norm of wrong shapes is refused in the words of the host") {
  using images = tensor<float, 2>;
  CHECK_THROWS_WITH_AS(batch_norm<images>(0), "batch_norm: expected at least 1 channel, got 0",
                       std::invalid_argument);
  const batch_norm<images> layer(3), unbiased(3, {.unbiased = true});
  std::mt19937 generator(1);
  auto theta = layer.make_params(generator);
  CHECK_THROWS_WITH_AS(layer.make_tape(theta, images({2, 4})),
                       "batch_norm: expected pixels of 3 channels, got shape (2, 4)",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(unbiased.make_tape(theta, images({1, 3})),
                       "batch_norm: expected at least 2 pixels for an unbiased variance, got 1",
                       std::invalid_argument);
  theta.beta = images({2, 1});
  CHECK_THROWS_WITH_AS(layer.make_tape(theta, images({2, 3})),
                       "batch_norm: beta: expected 3 elements, got shape (2, 1)",
                       std::invalid_argument);
}
