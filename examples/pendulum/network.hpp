// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The net G in dx/dt = G(x), and its training as one step of a scheme.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include <Eigen/Core>

#include <kutta/eigen.hpp>

#include "exact.hpp"

namespace pendulum {

/// G(x) = A tanh(W x + b) + a with 50 hidden units, on a batch and on one state: the same weights.
using widths = kutta::layers::sizes<2, 50, 2>;
using network = kutta::layers::mlp<double, widths>;
using single_network = kutta::layers::mlp<double, widths, kutta::activations::tanh, 1>;

/// The weights do not depend on time: one coefficient.
using constant = kutta::bases::piecewise_constant;
using weights = kutta::coefficients_t<constant, network::params>;

struct training {
  double dt;  ///< the sampling rate of the data, in s
  std::int64_t iterations;
  std::uint64_t seed;
  double data_end = 10;  ///< in s
  Eigen::Index batch = 128;
  double learning_rate = 1e-4;
};

/// x(k dt), k = 0 … n, one a column.
inline network::state sampled_motion(double dt, Eigen::Index n) {
  network::state x(2, n + 1);
  for (Eigen::Index k = 0; k <= n; ++k) x.col(k) = exact(dt * static_cast<double>(k));
  return x;
}

/// Fits G so that one step of S leads from each sample to the next; `report(iteration, loss)` is
/// called after every iteration.
/// @throws std::runtime_error if the loss is not finite any more.
template <kutta::explicit_scheme S, class F>
weights train(const training& how, F&& report) {
  const auto pairs = static_cast<Eigen::Index>(std::lround(how.data_end / how.dt));
  const network::state data = sampled_motion(how.dt, pairs);

  std::mt19937_64 generator(how.seed);
  std::uniform_int_distribution<Eigen::Index> pick(0, pairs - 1);
  const kutta::ode_block<network, S, constant> f{
      network{}, constant{1}, {.steps = 1, .horizon = how.dt}};
  weights theta{f.residual().make_params(generator)};
  weights dtheta = kutta::zeros_like(theta);

  network::state now(2, how.batch), next(2, how.batch), dnow(2, how.batch);
  auto ws = f.make_workspace(theta, now, kutta::execution{});
  const kutta::mean_squared_error loss(next);
  kutta::adam optimiser(theta, {.rate = how.learning_rate});
  for (std::int64_t i = 1; i <= how.iterations; ++i) {
    for (Eigen::Index n = 0; n < how.batch; ++n) {
      const Eigen::Index k = pick(generator);
      now.col(n) = data.col(k), next.col(n) = data.col(k + 1);
    }
    kutta::set_zero(dtheta);
    const double value = f.gradient(theta, now, loss, dnow, dtheta, ws);
    if (!std::isfinite(value))
      throw std::runtime_error("training: the loss is not finite at iteration " +
                               std::to_string(i));
    optimiser.step(theta, dtheta);
    report(i, value);
  }
  return theta;
}

/// x(0), x(h), …, x(N h) of the net's motion by S, be it the scheme that it was trained in or not.
template <kutta::explicit_scheme S>
std::vector<point> rollout(const weights& theta, const point& x0, double h, std::int64_t steps) {
  const kutta::ode_block<single_network, S, constant> f{
      single_network{}, constant{1}, {.steps = steps, .horizon = h * static_cast<double>(steps)}};
  auto ws = f.make_workspace(theta, x0);
  f.forward(theta, x0, ws);
  std::vector<point> x;
  for (std::int64_t n = 0; n <= steps; ++n) x.push_back(ws.x(n));
  return x;
}

}  // namespace pendulum
