// SPDX-License-Identifier: Apache-2.0

/// @file
/// What does the gradient of an ensemble cost, by initial values and three shared parameters?
///
/// Names: lorenz_gradient/<pass>/<scalar>/n:<trajectories>/kutta. 100 steps of the classical scheme
/// of 0.01; an operation is a step of one trajectory, of 74 floating-point operations forward and
/// 176 in reverse. The gradient of ½ |x(1)|² writes the states before each step and reads them
/// back; it returns the loss to the host.

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include <kutta/cuda/ensemble_block.hpp>
#include <kutta/schemes/fourth_order.hpp>
#include <kutta/tensor/host_device.hpp>
#include <kutta/tensor/vec.hpp>

#include "device/measure.hpp"
#include "device/starts.hpp"
#include "support/agreement.hpp"
#include "support/cost.hpp"
#include "support/lorenz.hpp"
#include "support/lorenz_gradient.hpp"

namespace {

using kutta::vec;
using kutta::schemes::rk4_classic;

constexpr kutta::block_options graph{.steps = 100, .horizon = 1};
constexpr double step_flops =
    kutta::bench::step_cost<rk4_classic>(3, kutta::bench::lorenz_cost).flops;
static_assert(step_flops == 74);

/// Trajectories whose states are in memory at once: of floats 1.2 GB.
constexpr std::size_t most_room = std::size_t(1) << 20;

template <class T>
using block = kutta::cuda::ensemble_block<kutta::bench::lorenz_residual, rk4_classic, T>;

template <class T>
vec<T, 3> parameters() {
  return {{T(10), T(28), T(8) / T(3)}};
}

struct half_square {
  template <class X>
  KUTTA_HD double operator()(const X& x, std::size_t, X& dx) const {
    for (std::size_t i = 0; i < 3; ++i) dx[i] += x[i];
    return static_cast<double>(x[0] * x[0] + x[1] * x[1] + x[2] * x[2]) / 2;
  }
};

/// 50 trajectories, against the code with every number in a variable.
template <class T>
bool right() {
  const block<T> f(graph);
  const auto x0 = f.to_device(kutta::bench::lorenz_starts<T>(50));
  auto x1 = kutta::zeros_like(x0), dx = kutta::zeros_like(x0);
  vec<T, 3> dtheta{};
  auto ws = f.make_workspace(20);
  f.forward(parameters<T>(), x0, x1);
  f.gradient(parameters<T>(), x0, half_square{}, dx, dtheta, ws);
  const auto ends = f.to_host(x1), gradients = f.to_host(dx);

  const double tolerance = sizeof(T) == sizeof(double) ? 1e-9 : 2e-3;
  const auto starts = kutta::bench::lorenz_starts<double>(50);
  std::vector<vec<double, 3>> record(static_cast<std::size_t>(graph.steps) + 1);
  vec<double, 3> sum{};
  bool agreed = true;
  for (std::size_t i = 0; i < starts.size(); ++i) {
    const auto end = kutta::bench::lorenz_forward_by_hand(parameters<double>(), starts[i],
                                                          graph.steps, graph.horizon);
    const auto g = kutta::bench::lorenz_gradient_by_hand(parameters<double>(), starts[i],
                                                         graph.steps, graph.horizon, record, sum);
    agreed = agreed && kutta::bench::agree(ends[i], end, tolerance) &&
             kutta::bench::agree(gradients[i], g, tolerance);
  }
  return agreed && kutta::bench::agree(dtheta, sum, tolerance);
}

template <class T>
void add(kutta::bench::records& all, const std::string& scalar, std::size_t n) {
  const block<T> f(graph);
  const std::string end = "/" + scalar + "/n:" + std::to_string(n) + "/kutta";
  const double steps = static_cast<double>(n) * static_cast<double>(graph.steps);
  const double ends = static_cast<double>(2 * 3 * n * sizeof(T));
  all.add("lorenz_gradient/forward" + end, [&](kutta::bench::record& r) {
    r.require(right<T>());
    const auto x0 = f.to_device(kutta::bench::lorenz_starts<T>(n));
    auto x1 = kutta::zeros_like(x0);
    r.operations = steps, r.flops = steps * step_flops, r.bytes = ends;
    r.time([&] { f.forward(parameters<T>(), x0, x1); });
  });
  all.add("lorenz_gradient/gradient" + end, [&](kutta::bench::record& r) {
    r.require(right<T>());
    const auto x0 = f.to_device(kutta::bench::lorenz_starts<T>(n));
    auto dx = kutta::zeros_like(x0);
    vec<T, 3> dtheta{};
    auto ws = f.make_workspace(std::min(n, most_room));
    r.operations = steps;
    r.flops = steps * (step_flops + kutta::bench::lorenz_step_vjp_cost.flops);
    r.bytes = ends + steps * static_cast<double>(2 * 3 * sizeof(T));
    r.time([&] { f.gradient(parameters<T>(), x0, half_square{}, dx, dtheta, ws); });
  });
}

}  // namespace

int main(int argc, char** argv) {
  kutta::bench::records all(argc, argv);
  for (std::size_t n = all.smoke() ? 10 : 1000; n <= (all.smoke() ? 10u : 10000000u); n *= 10) {
    add<float>(all, "float", n);
    add<double>(all, "double", n);
  }
  return all.status();
}
