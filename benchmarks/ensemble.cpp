// SPDX-License-Identifier: Apache-2.0

/// @file
/// What does a step of one trajectory cost, alone and as one of many in SIMD lanes?
///
/// Names: ensemble/<problem>/<scheme>/<scalar>/<contender>. `alone` is kutta::integrate on one
/// trajectory; `lanes:W` is kutta::integrate_ensemble on one thread, W trajectories at a time. The
/// counter `step` is the time of one step of one trajectory (one attempt, where steps are chosen).

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include <kutta/ode/ensemble.hpp>
#include <kutta/ode/integrate.hpp>
#include <kutta/schemes/embedded_fifth_order.hpp>
#include <kutta/schemes/fourth_order.hpp>
#include <kutta/tensor/vec.hpp>

#include "support/agreement.hpp"
#include "support/cost.hpp"
#include "support/lorenz.hpp"
#include "support/report.hpp"

namespace {

namespace schemes = kutta::schemes;
using kutta::adaptive;
using kutta::fixed;

/// The equations of `bench::lorenz`, in any kind of number.
struct lorenz {
  template <class V, class X>
  void operator()(const V&, const X& x, X& dx) const {
    dx[0] = 10 * (x[1] - x[0]);
    dx[1] = x[0] * (28 - x[2]) - x[1];
    dx[2] = x[0] * x[1] - b<V> * x[2];
  }
  template <class V>
  static constexpr double b = 8. / 3;
};
template <>
constexpr float lorenz::b<float> = 8.f / 3;
template <std::size_t W>
constexpr float lorenz::b<kutta::simd<float, W>> = 8.f / 3;

/// Initial values beside each other; their trajectories part soon.
template <class T>
std::vector<kutta::vec<T, 3>> initial_states(std::size_t n) {
  std::vector<kutta::vec<T, 3>> x0;
  for (std::size_t i = 0; i < n; ++i) x0.push_back({{1 + T(.01) * static_cast<T>(i), 2, 20}});
  return x0;
}

constexpr fixed equal_steps{.steps = 1000};
constexpr adaptive chosen_steps{.rtol = 1e-6, .atol = 1e-9};
constexpr adaptive chosen_float_steps{.rtol = 1e-4, .atol = 1e-6};

template <class T, class How>
constexpr auto how = chosen_steps;
template <class T>
constexpr auto how<T, fixed> = equal_steps;
template <>
constexpr auto how<float, adaptive> = chosen_float_steps;

/// A fixed run has steps of 1e-3; an adaptive one is long enough that its beginning does not show.
template <class How>
constexpr kutta::time_span<double> span{0, 20};
template <>
constexpr kutta::time_span<double> span<fixed>{0, 1};

template <class S>
void report(benchmark::State& state, double steps) {
  state.counters["step"] = benchmark::Counter(
      steps, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
  kutta::bench::report(state, kutta::bench::step_cost<S>(3, kutta::bench::lorenz_cost), steps);
  state.counters.erase("bytes/s");  // three numbers, in registers
}

template <class S, class T, class How>
void alone(benchmark::State& state) {
  const auto x0 = initial_states<T>(1).front();
  double steps = 0;
  for (auto _ : state) {
    const auto end = kutta::integrate<S>(
        [](double t, const auto& x, auto& dx) { lorenz{}(static_cast<T>(t), x, dx); }, x0,
        span<How>, how<T, How>);
    benchmark::DoNotOptimize(end.x);
    steps = static_cast<double>(end.stats.accepted + end.stats.rejected);
  }
  report<S>(state, steps);
}

template <class S, class T, class How, std::size_t W>
void in_lanes(benchmark::State& state) {
  const auto x0 = initial_states<T>(8 * W);
  const auto single = kutta::integrate<S>(
      [](double t, const auto& x, auto& dx) { lorenz{}(static_cast<T>(t), x, dx); }, x0.front(),
      {0., .5}, how<T, How>);
  const auto all = kutta::integrate_ensemble<S, W>(lorenz{}, x0, {0., .5}, how<T, How>);
  const double tolerance = std::same_as<T, double> && std::same_as<How, fixed> ? 1e-10 : 1e-3;
  if (!kutta::bench::require(state, kutta::bench::agree(single.x, all.front().x, tolerance)))
    return;

  double steps = 0;
  for (auto _ : state) {
    const auto ends = kutta::integrate_ensemble<S, W>(lorenz{}, x0, span<How>, how<T, How>);
    benchmark::DoNotOptimize(ends.data());
    benchmark::ClobberMemory();
    steps = 0;
    for (const auto& end : ends)
      steps += static_cast<double>(end.stats.accepted + end.stats.rejected);
  }
  report<S>(state, steps);
}

template <class S, class T, class How>
void register_all(const std::string& name) {
  const auto add = [&](const char* contender, auto* run) {
    benchmark::RegisterBenchmark((name + contender).c_str(), run);
  };
  add("alone", alone<S, T, How>);
  if constexpr (kutta::register_lanes<T> <= 8) add("lanes:8", in_lanes<S, T, How, 8>);
  add("lanes:16", in_lanes<S, T, How, 16>);
  add("lanes:32", in_lanes<S, T, How, 32>);
}

[[maybe_unused]] const bool registered = [] {
  register_all<schemes::rk4_classic, double, fixed>("ensemble/lorenz/rk4_classic/double/");
  register_all<schemes::rk4_classic, float, fixed>("ensemble/lorenz/rk4_classic/float/");
  register_all<schemes::dormand_prince54, double, adaptive>(
      "ensemble/lorenz/dormand_prince54/double/");
  register_all<schemes::dormand_prince54, float, adaptive>(
      "ensemble/lorenz/dormand_prince54/float/");
  return true;
}();

}  // namespace
