// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The model, and its training on finer and finer graphs.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

#include <kutta/eigen.hpp>
#include <kutta/train/training_levels.hpp>

#include "data.hpp"

namespace spirals {

/// dx/dt = A(t) tanh(W(t) x + b(t)) + a(t) in eight dimensions; the first two of x(1) are the
/// scores of the two spirals.
using network = kutta::layers::mlp<float, kutta::layers::sizes<width, 16, width>>;
using cells = kutta::bases::piecewise_constant;
using block = kutta::ode_block<network, kutta::schemes::rk4_classic, cells>;
using weights = kutta::coefficients_t<cells, network::params>;

struct options {
  std::int64_t epochs_per_level = 400;
  std::uint64_t seed = 1;
  double rate = 4e-3;
  Eigen::Index points = 500;  ///< from each spiral
};

/// K = N = 1, 2, 4, 8, 16, each for so many epochs.
inline std::vector<kutta::training_level<block>> levels(std::int64_t epochs_each) {
  block f{network{}, cells(1), {.steps = 1, .rate = 2}};
  std::vector<kutta::training_level<block>> result;
  for (std::int64_t level = 0; level < 5; ++level) {
    result.push_back({level * epochs_each, f});
    f = kutta::finer(f);
  }
  return result;
}

/// Trains on all points at once; `report(epoch, block, loss)` is called behind each epoch.
/// @throws std::runtime_error if the loss is not finite any more.
template <class F>
weights train(const options& how, const labelled_points& points, F&& report) {
  std::mt19937_64 generator(how.seed);
  weights theta{network{}.make_params(generator)};
  kutta::adam optimiser(theta, {.rate = how.rate});
  const kutta::cross_entropy loss(points.labels);
  network::state dx = points.x;
  const auto epoch_of = [&](const block& f, std::int64_t epoch) {
    auto ws = f.make_workspace(theta, points.x, kutta::execution{});
    weights dtheta = kutta::zeros_like(theta);
    const double value = f.gradient(theta, points.x, loss, dx, dtheta, ws);
    if (!std::isfinite(value))
      throw std::runtime_error("training: the loss is not finite in epoch " +
                               std::to_string(epoch));
    optimiser.step(theta, dtheta);
    report(epoch, f, value);
  };
  kutta::train_in_levels(levels(how.epochs_per_level), 0, 5 * how.epochs_per_level,
                         std::tie(theta, optimiser), epoch_of);
  return theta;
}

struct score {
  double loss;
  double error;  ///< the share of points on the wrong spiral
};

/// What a graph of the model makes of the points.
template <class Block>
score judge(const Block& f, const typename Block::coefficients& theta,
            const labelled_points& points) {
  const network::state x1 = f(theta, points.x);
  std::size_t wrong = 0;
  for (Eigen::Index i = 0; i < x1.cols(); ++i)
    if ((x1(1, i) > x1(0, i)) != (points.labels[static_cast<std::size_t>(i)] == 1)) ++wrong;
  return {kutta::cross_entropy(points.labels)(x1),
          static_cast<double>(wrong) / static_cast<double>(x1.cols())};
}

}  // namespace spirals
