// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <limits>
#include <random>
#include <stdexcept>
#include <vector>

#include <doctest/doctest.h>

#include <kutta/cuda/graph.hpp>
#include <kutta/cuda/group_norm.hpp>
#include <kutta/cuda/layer_norm.hpp>
#include <kutta/cuda/tensor.hpp>
#include <kutta/layers/check_residual.hpp>
#include <kutta/layers/group_norm.hpp>
#include <kutta/layers/image_shape.hpp>
#include <kutta/layers/layer_norm.hpp>
#include <kutta/tensor/host_copy.hpp>

#include "support/heap.hpp"
#include "support/layer_results.hpp"

namespace {

using kutta::cuda::tensor;
using kutta::layers::group_norm;
using kutta::layers::image_shape;
using kutta::layers::layer_norm;
using kutta::test::distance;
using kutta::test::numbers_like;
using kutta::test::results_of;
using host_array = std::vector<double>;

static_assert(kutta::residual<layer_norm<tensor<float, 2>>>);
static_assert(kutta::has_jvp<group_norm<tensor<double, 4>>>);
static_assert(kutta::samples_independent<layer_norm<tensor<float, 3>>>);

// Both against the host's layer in double: by products that are rounded, sums lose a few ε of the
// sum of magnitudes; μ and r lose ε |μ|/σ.

template <class T>
void check_layer(std::size_t rows, std::size_t features, double mean = 0) {
  CAPTURE(rows);
  CAPTURE(features);
  const layer_norm<tensor<T, 2>> device(features, {.epsilon = 1e-3});
  const layer_norm<host_array> host(features, {.epsilon = 1e-3});
  const auto found = results_of(device, tensor<T, 2>({rows, features}), mean);
  const auto expected = results_of(host, host_array(rows * features), mean);
  CHECK(distance(found, expected) <= (16 + 4 * mean) * std::numeric_limits<T>::epsilon());
}

template <class T>
void check_group(std::size_t n, const image_shape& in, std::size_t groups, double mean = 0) {
  CAPTURE(kutta::shape_text(in));
  CAPTURE(groups);
  const group_norm<tensor<T, 4>> device(in, groups, {.epsilon = 1e-3});
  const group_norm<host_array> host(in, groups, {.epsilon = 1e-3});
  const tensor<T, 4> x({n, in.height, in.width, in.channels});
  const auto found = results_of(device, x, mean);
  const auto expected = results_of(host, host_array(x.size()), mean);
  CHECK(distance(found, expected) <= (16 + 4 * mean) * std::numeric_limits<T>::epsilon());
}

}  // namespace

TEST_CASE_TEMPLATE("layer norm on a device is that of the host", T, float, double) {
  for (const std::size_t features : {2U, 3U, 10U, 64U, 129U})
    for (const std::size_t rows : {1U, 7U, 300U}) check_layer<T>(rows, features);
  check_layer<T>(5, 3000, 1000);
}

TEST_CASE_TEMPLATE("group norm on a device is that of the host", T, float, double) {
  check_group<T>(1, {1, 1, 4}, 2);
  check_group<T>(3, {1, 3, 1}, 1);
  check_group<T>(2, {5, 4, 3}, 3);
  check_group<T>(5, {7, 9, 10}, 5);
  check_group<T>(4, {8, 8, 16}, 4);
  check_group<T>(2, {6, 5, 17}, 1);
  check_group<T>(2, {16, 16, 6}, 2, 1000);
}

TEST_CASE("vjp and jvp of layer and group norm on a device pass check_residual") {
  const auto passes = [](const auto& layer, const auto& like) {
    kutta::test::splitmix64 random(6);
    std::mt19937 generator(1);
    const auto theta = numbers_like(layer.make_params(generator), random);
    const auto report = kutta::check_residual(layer, theta, numbers_like(like, random));
    CHECK_MESSAGE(report.ok(), report.text());
  };
  passes(layer_norm<tensor<double, 3>>(5), tensor<double, 3>({2, 3, 5}));
  passes(group_norm<tensor<double, 4>>({3, 2, 6}, 3), tensor<double, 4>({2, 3, 2, 6}));
}

TEST_CASE("a recorded pass of group norm has the same bits, and takes nothing from the heap") {
  using layer_type = group_norm<tensor<float, 4>>;
  const layer_type layer({9, 7, 6}, 2);
  kutta::test::splitmix64 random(6);
  std::mt19937 generator(1);
  const auto theta = numbers_like(layer.make_params(generator), random);
  const auto x = numbers_like(tensor<float, 4>({5, 9, 7, 6}), random);
  auto y = kutta::zeros_like(x), dx = kutta::zeros_like(x);
  auto dtheta = kutta::zeros_like(theta);
  auto saved = layer.make_tape(theta, x);
  auto scratch = layer.make_scratch(theta, x);
  const auto work = [&] {
    const kutta::context<layer_type> at{0, 0, 0, scratch};
    kutta::set_zero(dx), kutta::set_zero(dtheta);
    layer.forward(theta, x, y, saved, at);
    layer.vjp(theta, x, saved, y, dx, dtheta, at);
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

TEST_CASE("layer and group norms of wrong shapes are refused in the words of the host") {
  using rows = tensor<float, 2>;
  const layer_norm<rows> layer(3);
  std::mt19937 generator(1);
  CHECK_THROWS_WITH_AS(layer.make_tape(layer.make_params(generator), rows({2, 4})),
                       "layer_norm: expected samples in rows of 3 features, got shape (2, 4)",
                       std::invalid_argument);
  using images = tensor<float, 4>;
  CHECK_THROWS_WITH_AS(group_norm<images>({2, 2, 3}, 2),
                       "group_norm: expected groups of as many channels each, got 2 groups of "
                       "images of shape (2, 2, 3)",
                       std::invalid_argument);
  const group_norm<images> groups({2, 2, 4}, 2);
  CHECK_THROWS_WITH_AS(groups.make_tape(groups.make_params(generator), images({1, 2, 2, 3})),
                       "group_norm: expected images of shape (2, 2, 4), got shape (1, 2, 2, 3)",
                       std::invalid_argument);
}
