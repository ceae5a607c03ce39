// SPDX-License-Identifier: Apache-2.0

/// @file
/// What does the gradient of an ensemble cost, a step of one trajectory?
///
/// Names: ensemble_gradient/<pass>/<contender>. 10⁵ Lorenz trajectories, 100 steps of the classical
/// scheme, one thread; ½ |x(T)|² is differentiated by x0 and three shared parameters. `by_hand` is
/// a loop over trajectories with every number in a variable, `one` the same loop around an
/// ode_block, `double_lanes:W` and `float_lanes:W` are kutta::ensemble_block. The counter `step` is
/// the time of one step of one trajectory. `peak/<scalar>` is what the machine does where nothing
/// waits: FLOP/s of independent multiply-adds in registers.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include <kutta/ode/ensemble_block.hpp>
#include <kutta/schemes/fourth_order.hpp>
#include <kutta/tensor/simd.hpp>
#include <kutta/tensor/vec.hpp>

#include "support/agreement.hpp"
#include "support/cost.hpp"
#include "support/lorenz.hpp"
#include "support/lorenz_gradient.hpp"
#include "support/report.hpp"

namespace {

using kutta::bench::cost;
using kutta::bench::lorenz_residual;
using kutta::schemes::rk4_classic;

constexpr std::size_t trajectories = 100000;
constexpr kutta::block_options graph{.steps = 100, .horizon = 1};

template <class T>
constexpr kutta::vec<T, 3> theta{T(10), T(28), T(8) / T(3)};

/// Initial values beside each other.
template <class T>
std::vector<kutta::vec<T, 3>> initial_states(std::size_t n) {
  std::vector<kutta::vec<T, 3>> x0;
  for (std::size_t i = 0; i < n; ++i)
    x0.push_back({{T(1) + T(8) * static_cast<T>(i) / static_cast<T>(n), 2, 20}});
  return x0;
}

/// ½ |x|².
template <class T>
double half_square(const kutta::vec<T, 3>& x, std::size_t, kutta::vec<T, 3>& dx) {
  for (std::size_t i = 0; i < 3; ++i) dx[i] += x[i];
  return static_cast<double>((x[0] * x[0] + x[1] * x[1] + x[2] * x[2]) / 2);
}

/// What a pass computes: ends or their gradient, and the gradient of the parameters.
template <class T>
struct result {
  std::vector<kutta::vec<T, 3>> x;
  kutta::vec<T, 3> dtheta;
};

void forward_by_hand(const std::vector<kutta::vec<double, 3>>& x0, result<double>& out) {
  for (std::size_t i = 0; i < x0.size(); ++i)
    out.x[i] =
        kutta::bench::lorenz_forward_by_hand(theta<double>, x0[i], graph.steps, graph.horizon);
}

void gradient_by_hand(const std::vector<kutta::vec<double, 3>>& x0, result<double>& out) {
  std::vector<kutta::vec<double, 3>> record(static_cast<std::size_t>(graph.steps) + 1);
  out.dtheta = {};
  for (std::size_t i = 0; i < x0.size(); ++i)
    out.x[i] = kutta::bench::lorenz_gradient_by_hand(theta<double>, x0[i], graph.steps,
                                                     graph.horizon, record, out.dtheta);
}

using one_block =
    kutta::ode_block<lorenz_residual<double>, rk4_classic, kutta::bases::piecewise_constant>;
const one_block one{lorenz_residual<double>{}, kutta::bases::piecewise_constant(1), graph};

void forward_one(const std::vector<kutta::vec<double, 3>>& x0, result<double>& out) {
  const one_block::coefficients c{theta<double>};
  auto ws = one.make_workspace(c, x0[0]);
  for (std::size_t i = 0; i < x0.size(); ++i) out.x[i] = one.forward(c, x0[i], ws);
}

void gradient_one(const std::vector<kutta::vec<double, 3>>& x0, result<double>& out) {
  const one_block::coefficients c{theta<double>};
  one_block::coefficients dtheta{{}};
  auto ws = one.make_workspace(c, x0[0]);
  for (std::size_t i = 0; i < x0.size(); ++i)
    one.gradient(c, x0[i], half_square<double>, out.x[i], dtheta, ws);
  out.dtheta = dtheta[0];
}

template <class T, std::size_t W>
struct lanes {
  using block = kutta::ensemble_block<lorenz_residual, rk4_classic, T, W>;

  static void forward(const std::vector<kutta::vec<T, 3>>& x0, result<T>& out) {
    const block f{graph};
    auto ws = f.make_workspace();
    f.forward(theta<T>, x0, out.x, ws);
  }
  static void gradient(const std::vector<kutta::vec<T, 3>>& x0, result<T>& out) {
    const block f{graph};
    auto ws = f.make_workspace();
    out.dtheta = {};
    f.gradient(theta<T>, x0, half_square<T>, out.x, out.dtheta, ws);
  }
};

template <class T>
using pass = void (*)(const std::vector<kutta::vec<T, 3>>&, result<T>&);

template <class T>
bool agree(pass<T> contender, pass<double> baseline) {
  const auto x0 = initial_states<T>(50);
  const auto same_x0 = initial_states<double>(50);
  result<T> out{x0, {}};
  result<double> expected{same_x0, {}};
  contender(x0, out);
  baseline(same_x0, expected);
  const double tolerance = sizeof(T) == sizeof(double) ? 1e-11 : 2e-3;
  bool agreed = kutta::bench::agree(out.dtheta, expected.dtheta, tolerance);
  for (std::size_t i = 0; i < x0.size(); ++i)
    agreed = agreed && kutta::bench::agree(out.x[i], expected.x[i], tolerance);
  return agreed;
}

template <class T>
void run(benchmark::State& state, pass<T> contender, pass<double> baseline, cost each) {
  if (!kutta::bench::require(state, agree(contender, baseline))) return;
  const auto x0 = initial_states<T>(trajectories);
  result<T> out{x0, {}};
  for (auto _ : state) {
    contender(x0, out);
    benchmark::DoNotOptimize(out);
  }
  const double steps = static_cast<double>(trajectories) * static_cast<double>(graph.steps);
  state.counters["step"] = benchmark::Counter(
      steps, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
  kutta::bench::report(state, each, steps);
}

template <class T>
void peak(benchmark::State& state) {
  using number = kutta::simd<T, kutta::register_lanes<T>>;
  constexpr int rounds = 1000, chains = 12;
  const T factor = T(.999);
  number a[chains];
  for (int i = 0; i < chains; ++i) a[i] = number(static_cast<T>(i));
  const number b(T(1e-3));
  for (auto _ : state) {
    benchmark::DoNotOptimize(a);
    for (int n = 0; n < rounds; ++n)
      for (auto& v : a) v = b.plus_product(factor, v);
    benchmark::DoNotOptimize(a);
  }
  kutta::bench::report(state, {2. * kutta::register_lanes<T> * chains, 0}, rounds);
}

constexpr cost step_cost{kutta::bench::step_cost<rk4_classic>(3, kutta::bench::lorenz_cost).flops,
                         0};
constexpr cost gradient_cost = step_cost + kutta::bench::lorenz_step_vjp_cost;
static_assert(gradient_cost.flops == 74 + 176);

template <class T>
void add(const std::string& name, pass<T> forward, pass<T> gradient) {
  const auto add_pass = [&](const std::string& which, pass<T> contender, pass<double> baseline,
                            cost each) {
    benchmark::RegisterBenchmark(
        ("ensemble_gradient/" + which + name).c_str(),
        [=](benchmark::State& state) { run(state, contender, baseline, each); })
        ->Unit(benchmark::kMillisecond);
  };
  add_pass("forward/", forward, forward_by_hand, step_cost);
  add_pass("gradient/", gradient, gradient_by_hand, gradient_cost);
}

template <class T, std::size_t W>
void add_lanes(const std::string& scalar) {
  add<T>(scalar + "_lanes:" + std::to_string(W), lanes<T, W>::forward, lanes<T, W>::gradient);
}

[[maybe_unused]] const bool registered = [] {
  constexpr std::size_t w = kutta::register_lanes<double>;
  add<double>("by_hand", forward_by_hand, gradient_by_hand);
  add<double>("one", forward_one, gradient_one);
  add_lanes<double, w>("double");
  add_lanes<double, 2 * w>("double");
  add_lanes<double, 4 * w>("double");
  add_lanes<float, 4 * w>("float");
  add_lanes<float, 8 * w>("float");
  benchmark::RegisterBenchmark("ensemble_gradient/peak/double", peak<double>);
  benchmark::RegisterBenchmark("ensemble_gradient/peak/float", peak<float>);
  return true;
}();

}  // namespace
