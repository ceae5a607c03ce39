// SPDX-License-Identifier: Apache-2.0

/// @file
/// What does a step cost inside of `kutta::integrate`: hand-written loops, Boost.odeint?
///
/// Names: fixed/<problem>/<state>/<contender>, a step of the classical scheme, and
/// adaptive/<problem>/<tolerance>/<state>/<contender>, an attempted step of the Dormand–Prince
/// pair. `by_hand` has every number in a variable (lorenz) or is loops (heat); `kutta_fused` is
/// given the right-hand side inside the stage sums. An adaptive run counts its evaluations.

#include <array>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <Eigen/Core>
#include <benchmark/benchmark.h>
#include <boost/numeric/odeint/integrate/integrate_adaptive.hpp>
#include <boost/numeric/odeint/integrate/integrate_n_steps.hpp>
#include <boost/numeric/odeint/stepper/generation.hpp>
#include <boost/numeric/odeint/stepper/runge_kutta4.hpp>
#include <boost/numeric/odeint/stepper/runge_kutta_dopri5.hpp>

#include <kutta/eigen/tensor.hpp>
#include <kutta/ode/integrate.hpp>
#include <kutta/schemes/embedded_fifth_order.hpp>
#include <kutta/schemes/fourth_order.hpp>

#include "support/agreement.hpp"
#include "support/aligned_vector.hpp"
#include "support/heat_line.hpp"
#include "support/kepler.hpp"
#include "support/lorenz.hpp"
#include "support/report.hpp"
#include "support/rk_by_hand.hpp"

namespace {

namespace odeint = boost::numeric::odeint;
using kutta::bench::aligned_vector, kutta::bench::heat_line, kutta::bench::kepler,
    kutta::bench::lorenz;

/// x'' = μ (1 − x²) x' − x with μ = 100: the step is limited by stability.
struct van_der_pol {
  template <class X>
  void operator()(const X& x, X& dx) const {
    dx[0] = x[1];
    dx[1] = 100 * (1 - x[0] * x[0]) * x[1] - x[0];
  }
};

template <class X>
X state_of(std::initializer_list<double> values) {
  X x{};
  using index = decltype(x.size());
  if constexpr (requires { x.resize(index{}); }) x.resize(static_cast<index>(values.size()));
  index i = 0;
  for (const double v : values) x[i++] = v;
  return x;
}

/// F as kutta calls it.
template <class F>
struct timed {
  template <class X>
  void operator()(double, const X& x, X& dx) const {
    F{}(x, dx);
  }
};

/// The same with the rate inside the stage sums.
template <class F>
struct timed_fused : timed<F> {
  template <class X, class... V>
  void fused(double t, const X& x, X& y, double beta, const V&... terms) const {
    F{}.fused(t, x, y, beta, terms...);
  }
};

// A contender is made for states like x; then it takes `steps` steps of length h from x.

/// The stepper is a local of `integrate`, where it can stay in registers.
template <class F, class X>
struct kutta_rk4 {
  explicit kutta_rk4(const X&) {}
  void operator()(X& x, double h, std::int64_t steps) {
    x = kutta::integrate<kutta::schemes::rk4_classic>(timed<F>{}, std::move(x),
                                                      {0., h * static_cast<double>(steps)},
                                                      kutta::fixed{.steps = steps})
            .x;
  }
};

/// The stepper is kept, and with it the memory of long states.
template <class F, class Stepper>
struct kept_stepper {
  using X = typename Stepper::state;
  Stepper stepper;
  explicit kept_stepper(const X& x) : stepper(x) {}
  void operator()(X& x, double h, std::int64_t steps) {
    x = kutta::integrate(stepper, F{}, std::move(x), {0., h * static_cast<double>(steps)},
                         kutta::fixed{.steps = steps})
            .x;
  }
};

template <class F, class X>
struct odeint_rk4 {
  odeint::runge_kutta4<X> stepper;
  explicit odeint_rk4(const X&) {}
  void operator()(X& x, double h, std::int64_t steps) {
    odeint::integrate_n_steps(
        stepper, [](const X& at, X& dx, double) { F{}(at, dx); }, x, 0., h,
        static_cast<std::size_t>(steps));
  }
};

template <class F, class X>
struct loops_rk4 {
  kutta::bench::rk_by_hand<X> rk;
  explicit loops_rk4(const X& x) : rk(x) {}
  void operator()(X& x, double h, std::int64_t steps) {
    for (std::int64_t i = 0; i < steps; ++i) rk.step(kutta::schemes::rk4_classic{}, F{}, h, x);
  }
};

template <class X>
struct unrolled_rk4 {
  explicit unrolled_rk4(const X&) {}
  void operator()(X& from, double h, std::int64_t steps) {
    std::array<double, 3> x{from[0], from[1], from[2]};
    for (std::int64_t i = 0; i < steps; ++i) kutta::bench::lorenz_rk4_unrolled(h, x);
    from[0] = x[0], from[1] = x[1], from[2] = x[2];
  }
};

template <class Baseline, class Contender, class X>
void fixed(benchmark::State& state, X x, double h, std::int64_t steps) {
  X y = x;
  Baseline baseline(x);
  Contender contender(x);
  baseline(x, h, 10);
  contender(y, h, 10);
  if (!kutta::bench::require(state, kutta::bench::agree(y, x, 1e-13))) return;
  for (auto _ : state) {
    contender(y, h, steps);
    benchmark::DoNotOptimize(y.data());
    benchmark::ClobberMemory();
  }
  state.counters["operations"] = static_cast<double>(steps);
}

// An adaptive contender goes from x to time t, and returns the attempted steps.

template <class F, class X>
struct kutta_dp54 {
  static std::int64_t run(X& x, double t, double tolerance, std::int64_t& evaluations) {
    auto end = kutta::integrate<kutta::schemes::dormand_prince54>(
        timed<F>{}, std::move(x), {0., t}, kutta::adaptive{.rtol = tolerance, .atol = tolerance});
    x = std::move(end.x);
    evaluations = end.stats.evaluations;
    return end.stats.accepted + end.stats.rejected;
  }
};

/// odeint scales errors by atol + rtol (|x| + h |dx/dt|) in the maximum norm.
template <class F, class X>
struct odeint_dp54 {
  static std::int64_t run(X& x, double t, double tolerance, std::int64_t& evaluations) {
    evaluations = 0;
    odeint::integrate_adaptive(
        odeint::make_controlled(tolerance, tolerance, odeint::runge_kutta_dopri5<X>()),
        [&](const X& at, X& dx, double) {
          ++evaluations;
          F{}(at, dx);
        },
        x, 0., t, 1e-3);
    return evaluations / 6;
  }
};

template <class Contender, class X>
void adaptive(benchmark::State& state, X from, double t, double tolerance) {
  std::int64_t attempts = 0, evaluations = 0;
  for (auto _ : state) {
    X x = from;
    attempts = Contender::run(x, t, tolerance, evaluations);
    benchmark::DoNotOptimize(x.data());
    benchmark::ClobberMemory();
  }
  state.counters["operations"] = static_cast<double>(attempts);
  state.counters["evaluations"] = static_cast<double>(evaluations);
}

template <class... A, class... B>
void add(const std::string& name, void (*f)(benchmark::State&, B...), A... a) {
  benchmark::RegisterBenchmark(name.c_str(), f, static_cast<B>(a)...);
}

template <class X>
void register_lorenz(const std::string& state) {
  const std::string name = "fixed/lorenz/" + state + "/";
  const X x = state_of<X>({1, 2, 20});
  add(name + "by_hand", fixed<unrolled_rk4<X>, unrolled_rk4<X>, X>, x, 1e-3, 1000);
  add(name + "kutta", fixed<unrolled_rk4<X>, kutta_rk4<lorenz, X>, X>, x, 1e-3, 1000);
  if constexpr (!requires { x.squaredNorm(); })  // not a container for odeint
    add(name + "odeint", fixed<unrolled_rk4<X>, odeint_rk4<lorenz, X>, X>, x, 1e-3, 1000);
}

void register_heat(std::size_t n) {
  using X = aligned_vector<double>;
  using scheme = kutta::schemes::rk4_classic;
  const std::string name = "fixed/heat/n:" + std::to_string(n) + "/";
  X x(n);
  for (std::size_t i = 0; i < n; ++i) x[i] = std::sin(.01 * static_cast<double>(i));
  const auto steps = static_cast<std::int64_t>(n < 100'000 ? 1'000'000 / n : 10);
  using plain = kept_stepper<timed<heat_line>, kutta::explicit_stepper<scheme, X>>;
  using fused = kept_stepper<timed_fused<heat_line>, kutta::fused_stepper<scheme, X>>;
  add(name + "by_hand", fixed<loops_rk4<heat_line, X>, loops_rk4<heat_line, X>, X>, x, .1, steps);
  add(name + "kutta", fixed<loops_rk4<heat_line, X>, plain, X>, x, .1, steps);
  add(name + "kutta_fused", fixed<loops_rk4<heat_line, X>, fused, X>, x, .1, steps);
  add(name + "odeint", fixed<loops_rk4<heat_line, X>, odeint_rk4<heat_line, X>, X>, x, .1, steps);
}

template <class F, class X>
void register_adaptive(const std::string& problem, const std::string& state,
                       std::initializer_list<double> x, double t) {
  for (const int digits : {6, 9}) {
    const std::string name =
        "adaptive/" + problem + "/1e-" + std::to_string(digits) + "/" + state + "/";
    const double tolerance = std::pow(10., -digits);
    add(name + "kutta", adaptive<kutta_dp54<F, X>, X>, state_of<X>(x), t, tolerance);
    if constexpr (!requires(X y) { y.squaredNorm(); })
      add(name + "odeint", adaptive<odeint_dp54<F, X>, X>, state_of<X>(x), t, tolerance);
  }
}

[[maybe_unused]] const bool registered = [] {
  register_lorenz<std::array<double, 3>>("array");
  register_lorenz<std::vector<double>>("vector");
  register_lorenz<Eigen::Vector3d>("Vector3d");
  register_lorenz<Eigen::VectorXd>("VectorXd");
  for (const std::size_t n : {1000u, 10000u, 100000u, 1000000u, 10000000u}) register_heat(n);
  const std::initializer_list<double> at_pole{.4, 0, 0, 2};  // eccentricity 0.6
  register_adaptive<lorenz, std::array<double, 3>>("lorenz", "array", {1, 2, 20}, 100);
  register_adaptive<lorenz, std::vector<double>>("lorenz", "vector", {1, 2, 20}, 100);
  register_adaptive<lorenz, Eigen::Vector3d>("lorenz", "Vector3d", {1, 2, 20}, 100);
  register_adaptive<lorenz, Eigen::VectorXd>("lorenz", "VectorXd", {1, 2, 20}, 100);
  register_adaptive<kepler, std::array<double, 4>>("kepler", "array", at_pole, 100);
  register_adaptive<kepler, std::vector<double>>("kepler", "vector", at_pole, 100);
  register_adaptive<van_der_pol, std::array<double, 2>>("van_der_pol", "array", {2, 0}, 100);
  return true;
}();

}  // namespace
