// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstdint>
#include <iostream>
#include <tuple>
#include <vector>

#include <kutta/kutta.hpp>
#include <kutta/study/manifestation.hpp>
#include <kutta/train/training_levels.hpp>

struct growth {  // R(theta, x) = theta x
  using state = double;
  using params = double;
  struct tape {};
  void forward(const params& theta, const state& x, state& y, tape&) const { y = theta * x; }
  void vjp(const params& theta, const state& x, const tape&, const state& dy, state& dx,
           params& dtheta) const {
    dx += theta * dy;
    dtheta += x * dy;
  }
};

using namespace kutta::schemes;
using cells = kutta::bases::piecewise_constant;

int main() {
  // K = N = 1 from the start, 2 from epoch 100 and 4 from epoch 200 on.
  const kutta::ode_block<growth, rk4_classic, cells> f{growth{}, cells{1}, {.steps = 1}};
  const std::vector<kutta::training_level<decltype(f)>> levels{
      {0, f}, {100, kutta::finer(f)}, {200, kutta::finer(kutta::finer(f))}};

  const double target = 5;  // exp(∫ theta)
  const kutta::mean_squared_error loss(target);
  std::vector<double> theta{0};
  kutta::adam optimiser(theta, {.rate = .05});
  const auto epoch = [&](const auto& block, std::int64_t) {
    auto ws = block.make_workspace(theta, 1);
    auto dtheta = kutta::zeros_like(theta);
    double dx = 0;
    block.gradient(theta, 1, loss, dx, dtheta, ws);
    optimiser.step(theta, dtheta);
  };
  kutta::train_in_levels(levels, 0, 300, std::tie(theta, optimiser), epoch);

  // The same weights in other schemes and steps, and in a basis of two cells.
  const auto error = [](const auto& block, const auto& weights) { return block(weights, 1) - 5; };
  const auto table = kutta::manifestations<euler, midpoint, rk4_classic>(
      levels.back().block, theta, {2, 4, 8}, std::tuple{cells{4}, cells{2}}, error);
  kutta::write_csv(std::cout, table, "error");
  return std::abs(table.back().result) < 1e-2 ? 0 : 1;
}
