// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <tuple>
#include <vector>

#include <doctest/doctest.h>

#include <kutta/basis/b_spline.hpp>
#include <kutta/basis/chebyshev.hpp>
#include <kutta/basis/depth.hpp>
#include <kutta/basis/discontinuous_linear.hpp>
#include <kutta/basis/evaluate.hpp>
#include <kutta/basis/fourier.hpp>
#include <kutta/basis/hat.hpp>
#include <kutta/basis/legendre.hpp>
#include <kutta/basis/monomial.hpp>
#include <kutta/basis/piecewise_constant.hpp>
#include <kutta/basis/piecewise_polynomial.hpp>
#include <kutta/basis/project.hpp>
#include <kutta/basis/refine.hpp>
#include <kutta/cuda.hpp>
#include <kutta/cuda/losses.hpp>
#include <kutta/cuda/matrix_kernels.hpp>
#include <kutta/layers/dense.hpp>
#include <kutta/layers/elementwise.hpp>
#include <kutta/layers/sequential.hpp>
#include <kutta/schemes/fourth_order.hpp>
#include <kutta/tensor/contiguous.hpp>
#include <kutta/train/adam.hpp>
#include <kutta/train/sgd.hpp>
#include <kutta/train/training_levels.hpp>

#include "cuda/device_layer.hpp"

namespace {

namespace bases = kutta::bases;
using array = kutta::cuda::tensor<double, 1>;
using host = std::vector<double>;

/// The same numbers, on the device.
std::vector<array> on_device(const std::vector<host>& theta) {
  std::vector<array> y;
  for (const host& of : theta) y.push_back(array({of.size()}, of));
  return y;
}

std::vector<host> some_coefficients(std::size_t n) {
  kutta::test::splitmix64 random(1);
  return kutta::test::random_like(std::vector<host>(n, host(5)), random);
}

/// The same operations in the same order, up to products and sums that are fused.
template <class A, class B>
void check_same(const A& device, const B& expected, double units = 16) {
  kutta::test::check_close(kutta::copy_to_host(device), kutta::copy_to_host(expected), units);
}

template <class B>
void check_family(const B& phi) {
  const auto theta = some_coefficients(phi.size());
  const auto given = on_device(theta);
  auto dtheta = theta;
  auto device_dtheta = on_device(theta);
  host at(5), g(5);
  array device_at({5}), device_g({5});
  for (const std::int64_t tenth : {0, 3, 5, 10}) {
    const kutta::depth s{tenth, 10};
    check_same(kutta::evaluate(phi, s, given, device_at), kutta::evaluate(phi, s, theta, at));
    const auto add = [&](auto& to) { kutta::add(to, to, kutta::scaled{.5, to}); };
    kutta::scatter(phi, s, add, dtheta, g);
    kutta::scatter(phi, s, add, device_dtheta, device_g);
  }
  check_same(device_dtheta, dtheta);
  check_same(kutta::project(given, phi, bases::piecewise_constant(3)),
             kutta::project(theta, phi, bases::piecewise_constant(3)), 64);
  check_same(kutta::refine(given, phi), kutta::refine(theta, phi), 64);
}

/// dx/dt of 3 numbers, by a network of one hidden layer.
template <class X>
auto network() {
  using namespace kutta::layers;
  return sequential{dense<X>({1, 1, 3}, 8), kutta::layers::tanh<X>{}, dense<X>({1, 1, 8}, 3)};
}
template <class X>
auto block() {
  using residual = decltype(network<X>());
  return kutta::ode_block<residual, kutta::schemes::rk4_classic, bases::hat>(
      network<X>(), bases::hat(3), {.steps = 4});
}

template <class P, class R>
std::vector<P> weights(const R& r) {
  std::vector<P> theta;
  std::mt19937 generator(1);
  for (int k = 0; k < 3; ++k) theta.push_back(r.make_params(generator));
  return theta;
}

}  // namespace

TEST_CASE("families with coefficients on the device are those of the host") {
  check_family(bases::piecewise_constant(4));
  check_family(bases::discontinuous_linear(4));
  check_family(bases::hat(4));
  check_family(bases::b_spline<3>(5));
  check_family(bases::continuous_polynomial<2>(7));
  check_family(bases::legendre(4));
  check_family(bases::chebyshev(4));
  check_family(bases::monomial(4));
  check_family(bases::fourier(5));
}

TEST_CASE("optimisers step on the device as on the host") {
  auto theta = some_coefficients(3);
  auto device_theta = on_device(theta);
  const auto run = [&](auto on_the_host, auto on_the_device) {
    for (int step = 0; step < 5; ++step) {
      const auto dtheta = theta;
      const auto device_dtheta = on_device(theta);
      on_the_host.step(theta, dtheta);
      on_the_device.step(device_theta, device_dtheta);
    }
    check_same(device_theta, theta, 64);
  };
  for (const kutta::sgd_options& how : {kutta::sgd_options{},
                                        {.rate = .1, .momentum = .9, .weight_decay = .1},
                                        {.rate = .1, .momentum = .9, .nesterov = true}})
    run(kutta::sgd(theta, how), kutta::sgd(device_theta, how));
  run(kutta::adam(theta, {.rate = .1, .weight_decay = .1}),
      kutta::adam(device_theta, {.rate = .1, .weight_decay = .1}));
  run(kutta::adam(theta, {.decoupled_decay = .1}),
      kutta::adam(device_theta, {.decoupled_decay = .1}));
}

TEST_CASE("coefficients, moments and statistics go over to a finer family on the device") {
  auto theta = some_coefficients(3), positive = some_coefficients(3);
  for (auto& sigma : positive)
    for (double& v : sigma) v = std::abs(v);
  auto device_theta = on_device(theta);
  kutta::adam optimiser(theta);
  kutta::adam device_optimiser(device_theta);
  optimiser.step(theta, positive), device_optimiser.step(device_theta, on_device(positive));
  kutta::level_statistics<host> stats{positive, host(5, 1), {}};
  kutta::level_statistics<array> device_stats{on_device(positive), array({5}, host(5, 1)), {}};

  const auto go = [](const auto& from, const auto& to, auto... carried) {
    (kutta::detail::change_level(kutta::projection(from, to), from, to, false, *carried), ...);
  };
  const bases::hat coarse(3);
  go(coarse, coarse.refined(), &theta, &optimiser, &stats);
  go(coarse, coarse.refined(), &device_theta, &device_optimiser, &device_stats);
  check_same(device_theta, theta, 64);
  check_same(device_optimiser.moments().first, optimiser.moments().first, 64);
  check_same(device_stats.coefficients, stats.coefficients, 64);
  go(coarse.refined(), bases::legendre(4), &stats);
  go(coarse.refined(), bases::legendre(4), &device_stats);
  check_same(device_stats.coefficients, stats.coefficients, 256);
}

TEST_CASE("a network learns on the device by a replayed pass as on the host") {
  using matrix = kutta::cuda::tensor<double, 2>;
  const auto f = block<host>();
  const auto device = block<matrix>();
  auto theta = weights<decltype(network<host>())::params>(network<host>());
  auto device_theta = weights<decltype(network<matrix>())::params>(network<matrix>());

  const std::size_t n = 6;
  kutta::test::splitmix64 random(2);
  const auto x0 = kutta::test::random_like(host(3 * n), random);
  const std::vector<int> labels{0, 1, 2, 2, 1, 0};
  const matrix device_x0({n, 3}, x0);
  auto dx = kutta::zeros_like(device_x0);
  auto dtheta = kutta::zeros_like(theta);
  auto device_dtheta = kutta::zeros_like(device_theta);
  kutta::cuda::cross_entropy loss(labels);
  auto ws = device.make_workspace(device_theta, device_x0);
  kutta::sgd optimiser(theta, {.rate = .5, .momentum = .5});
  kutta::sgd device_optimiser(device_theta, {.rate = .5, .momentum = .5});

  // A step of sgd with a fixed rate is the same in each replay.
  const auto step = kutta::cuda::capture([&] {
    kutta::set_zero(dx), kutta::set_zero(device_dtheta);
    loss.queue(device.forward(device_theta, device_x0, ws), 0, dx);
    device.backprop(device_theta, dx, device_dtheta, ws);
    device_optimiser.step(device_theta, device_dtheta);
  });

  double first = 0, last = 0;
  for (int i = 0; i < 20; ++i) {
    CHECK(kutta::test::peak_of([&] { step.replay(); }) == 0);
    // On the host a vector is one sample: one at a time.
    kutta::set_zero(dtheta);
    double value = 0;
    for (std::size_t s = 0; s < n; ++s) {
      const auto at = x0.begin() + static_cast<std::ptrdiff_t>(3 * s);
      const host one(at, at + 3);
      host done(3);
      auto one_ws = f.make_workspace(theta, one);
      const kutta::cross_entropy one_loss(labels);
      value += f.gradient(
          theta, one, [&](const host& y, std::size_t, host& dy) { return one_loss(y, s, dy); },
          done, dtheta, one_ws);
    }
    optimiser.step(theta, dtheta);
    last = loss.value();
    if (i == 0) first = last;
    CHECK(std::abs(last - value) <= 1e-12);
  }
  CHECK(last < .9 * first);
  kutta::test::check_close(kutta::copy_to_host(device_theta), kutta::copy_to_host(theta), 1e4);
}
