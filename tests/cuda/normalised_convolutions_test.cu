// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <limits>
#include <random>
#include <stdexcept>
#include <tuple>
#include <vector>

#include <doctest/doctest.h>

#include <kutta/basis/piecewise_constant.hpp>
#include <kutta/basis/running_statistics.hpp>
#include <kutta/cuda/graph.hpp>
#include <kutta/cuda/normalised_convolutions.hpp>
#include <kutta/cuda/tensor.hpp>
#include <kutta/layers/check_residual.hpp>
#include <kutta/layers/image_shape.hpp>
#include <kutta/layers/layer_pass.hpp>
#include <kutta/layers/normalised_convolutions.hpp>
#include <kutta/layers/stitch.hpp>
#include <kutta/ode/ode_block.hpp>
#include <kutta/schemes/fourth_order.hpp>
#include <kutta/tensor/heap_bytes.hpp>
#include <kutta/tensor/host_copy.hpp>

#include "support/heap.hpp"
#include "support/layer_results.hpp"

namespace {

using kutta::cuda::tensor;
using kutta::layers::image_shape;
using kutta::layers::normalised_convolutions;
using kutta::layers::padding;
using kutta::test::distance;
using kutta::test::numbers_like;
using kutta::test::results_of;
using host_array = std::vector<double>;

static_assert(kutta::residual<normalised_convolutions<tensor<float, 4>>>);
static_assert(kutta::has_jvp<normalised_convolutions<tensor<double, 4>>>);
static_assert(kutta::stateful<normalised_convolutions<tensor<double, 4>>>);

/// Against the host's layer in double: each of four layers adds a few ε of the largest number.
template <class T>
void check(const image_shape& in, std::size_t channels, std::size_t stride, padding where,
           std::size_t n) {
  CAPTURE(kutta::shape_text(in));
  CAPTURE(channels);
  const normalised_convolutions<tensor<T, 4>> device(in, channels, stride, where);
  const normalised_convolutions<host_array> host(in, channels, stride, where);
  const tensor<T, 4> x({n, in.height, in.width, in.channels});
  const auto found = results_of(device, x), expected = results_of(host, host_array(x.size()));
  CHECK(distance(found, expected) <= 32 * std::numeric_limits<T>::epsilon());
  CHECK(distance(results_of(device, x), found) == 0);
}

/// A block of two cells with weights from `results_of`'s grid, its state and its statistics.
template <class X>
struct training {
  using residual = normalised_convolutions<X>;
  using basis = kutta::bases::piecewise_constant;
  using block_type = kutta::ode_block<residual, kutta::schemes::rk4_classic, basis>;
  using statistics = kutta::running_statistics<typename residual::statistics, basis>;

  block_type f;
  typename block_type::coefficients theta, dtheta;
  X x0, x1, dx;
  statistics stats;
  typename block_type::workspace_type ws;

  training(const image_shape& in, const X& like, std::vector<typename residual::params> weights,
           X start)
      : f(residual(in, in.channels), basis(2), {.steps = 4, .horizon = .25}),
        theta(std::move(weights)),
        dtheta(kutta::zeros_like(theta)),
        x0(std::move(start)),
        x1(kutta::zeros_like(like)),
        dx(kutta::zeros_like(like)),
        stats(f.make_statistics(theta, x0, {.momentum = .25})),
        ws(f.make_workspace(theta, x0)) {}

  static training make(const image_shape& in, const X& like) {
    const residual r(in, in.channels);
    kutta::test::splitmix64 random(4);
    std::mt19937 generator(1);
    std::vector<typename residual::params> weights;
    for (int k = 0; k < 2; ++k) weights.push_back(numbers_like(r.make_params(generator), random));
    return training(in, like, std::move(weights), numbers_like(like, random));
  }

  /// Forward, the gradient of ½ |x₁|², and what inference makes of the updated statistics.
  void operator()() {
    kutta::set_zero(dtheta);
    kutta::assign(x1, f.train(theta, stats, x0, ws));
    kutta::assign(dx, x1);
    f.backprop(theta, dx, dtheta, ws);
    kutta::assign(x1, f.infer(theta, stats, x0, ws));
  }

  kutta::test::layer_results results() const {
    kutta::test::layer_results all;
    all.keep("x1", x1), all.keep("dx", dx), all.keep("dtheta", dtheta);
    all.keep("stats", stats.coefficients());
    return all;
  }
};

}  // namespace

TEST_CASE_TEMPLATE("normalised convolutions on a device are those of the host", T, float, double) {
  check<T>({5, 4, 3}, 3, 1, padding::torch, 2);
  check<T>({1, 1, 1}, 1, 1, padding::torch, 9);
  check<T>({7, 9, 10}, 10, 1, padding::torch, 5);
  check<T>({8, 8, 16}, 16, 1, padding::flax, 3);
  check<T>({6, 5, 3}, 10, 2, padding::torch, 4);
  check<T>({8, 8, 16}, 32, 2, padding::flax, 3);
  check<T>({4, 6, 3}, 17, 1, padding::torch, 1);
}

TEST_CASE("vjp and jvp of normalised convolutions on a device pass check_residual") {
  const normalised_convolutions<tensor<double, 4>> layer({4, 5, 3}, 6, 2);
  kutta::test::splitmix64 random(4);
  std::mt19937 generator(1);
  const auto theta = numbers_like(layer.make_params(generator), random);
  const auto report =
      kutta::check_residual(layer, theta, numbers_like(tensor<double, 4>({6, 4, 5, 3}), random));
  CHECK_MESSAGE(report.ok(), report.text());
}

TEST_CASE("the units around blocks are those of the host") {
  using device = tensor<double, 4>;
  const image_shape in{6, 5, 4};
  const device x({3, 6, 5, 4});
  const auto agree = [&](const auto& on_device, const auto& on_host) {
    CHECK(distance(results_of(on_device, x), results_of(on_host, host_array(x.size()))) <= 1e-14);
  };
  agree(kutta::layers::residual_unit<device>(in), kutta::layers::residual_unit<host_array>(in));
  agree(kutta::layers::stitch<device>(in, 8), kutta::layers::stitch<host_array>(in, 8));
}

TEST_CASE("training of a block with statistics is that of the host, and can be recorded") {
  const image_shape in{5, 4, 3};
  using device = tensor<double, 4>;
  auto on_host = training<host_array>::make(in, host_array(6 * in.size()));
  auto on_device = training<device>::make(in, device({6, 5, 4, 3}));
  const auto sigma = kutta::copy_to_host(on_device.stats.coefficients());
  on_host();
  if (kutta::test::heap_is_counted)
    CHECK(kutta::test::peak_of(on_device) == 0);
  else
    on_device();
  const auto found = on_device.results();
  CHECK(distance(found, on_host.results()) <= 1e-12);

  auto again = training<device>::make(in, device({6, 5, 4, 3}));
  const auto pass = kutta::cuda::capture([&] { again(); });
  CHECK(kutta::copy_to_host(again.stats.coefficients()) == sigma);  // recorded, not done
  pass.replay();
  kutta::cuda::wait();
  CHECK(distance(again.results(), found) == 0);
}

TEST_CASE("on a device the tape holds one array, and what does not grow with the batch") {
  const image_shape in{7, 6, 10};
  const normalised_convolutions<tensor<float, 4>> layer(in, 10);
  std::mt19937 generator(1);
  const auto theta = layer.make_params(generator);
  const auto bytes = [&](std::size_t n) {
    return kutta::heap_bytes(layer.make_tape(theta, tensor<float, 4>({n, 7, 6, 10})));
  };
  CHECK(bytes(17) - bytes(1) == 16 * in.size() * sizeof(float));
}

TEST_CASE("images of another shape are refused in the words of the host") {
  const normalised_convolutions<tensor<double, 4>> layer({5, 4, 3}, 3);
  std::mt19937 generator(1);
  const auto theta = layer.make_params(generator);
  CHECK_THROWS_WITH_AS(
      layer.make_tape(theta, tensor<double, 4>({2, 5, 4, 2})),
      "normalised_convolutions: expected images of shape (5, 4, 3), got shape (2, 5, 4, 2)",
      std::invalid_argument);
  CHECK_THROWS_AS(layer.make_scratch(theta, tensor<double, 4>({2, 5, 4, 2})),
                  std::invalid_argument);
}
