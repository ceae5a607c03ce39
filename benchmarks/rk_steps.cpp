// SPDX-License-Identifier: Apache-2.0

/// @file
/// What does a Runge–Kutta step cost: kutta::step, the loops one would write, Boost.odeint?
///
/// Names: step/<problem>/<state>/<scheme>/<contender>. `by_hand` is loops on the same type,
/// `unrolled` has every number in a variable; `odeint` is the stepper of that scheme
/// (explicit_generic_rk for the midpoint rule), `odeint_classic` the hand-tuned
/// runge_kutta4_classic.

#include <array>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <string>
#include <type_traits>
#include <vector>

#include <benchmark/benchmark.h>
#include <boost/numeric/odeint/stepper/euler.hpp>
#include <boost/numeric/odeint/stepper/explicit_generic_rk.hpp>
#include <boost/numeric/odeint/stepper/runge_kutta4.hpp>
#include <boost/numeric/odeint/stepper/runge_kutta4_classic.hpp>

#include <kutta/ode/step.hpp>
#include <kutta/schemes/first_order.hpp>
#include <kutta/schemes/fourth_order.hpp>
#include <kutta/schemes/second_order.hpp>
#include <kutta/schemes/third_order.hpp>
#include <kutta/tensor/contiguous.hpp>
#include <kutta/tensor/vec.hpp>

#include "support/agreement.hpp"
#include "support/aligned_vector.hpp"
#include "support/cost.hpp"
#include "support/lorenz.hpp"
#include "support/oscillator_chain.hpp"
#include "support/report.hpp"
#include "support/rk_by_hand.hpp"

namespace {

namespace odeint = boost::numeric::odeint;
namespace schemes = kutta::schemes;
using kutta::bench::lorenz;
using kutta::bench::oscillator_chain;

template <class S, class F, class X>
class kutta_steps {
 public:
  explicit kutta_steps(const X& x) {
    for (auto& point : points_) point = x;
    for (auto& rate : k_) rate = x;
  }
  void operator()(double h, X& x) {
    kutta::step<S>([](auto, const X& point, X& k) { F{}(point, k); }, h, x, x, points_, k_);
  }

 private:
  kutta::stage_points<S, X> points_;
  kutta::stage_rates<S, X> k_;
};

template <class S, class F, class X>
class hand_written_steps {
 public:
  explicit hand_written_steps(const X& x) : rk_(x) {}
  void operator()(double h, X& x) { rk_.step(S{}, F{}, h, x); }

 private:
  kutta::bench::rk_by_hand<X> rk_;
};

template <class S, class F, class X>
struct unrolled_steps {
  explicit unrolled_steps(const X&) {}
  void operator()(double h, X& x) { kutta::bench::lorenz_rk4_unrolled(h, x); }
};

/// odeint's midpoint rule: its only two-stage stepper is the generic one with a table.
template <class X>
struct odeint_midpoint : odeint::explicit_generic_rk<2, 2, X> {
  using base = odeint::explicit_generic_rk<2, 2, X>;
  odeint_midpoint()
      : base(typename base::coef_a_type(boost::array<double, 1>{{.5}}),
             typename base::coef_b_type{{0, 1}}, typename base::coef_c_type{{0, .5}}) {}
};

template <class S, class X>
struct odeint_stepper;
template <class X>
struct odeint_stepper<schemes::euler, X> {
  using type = odeint::euler<X>;
};
template <class X>
struct odeint_stepper<schemes::midpoint, X> {
  using type = odeint_midpoint<X>;
};
template <class X>
struct odeint_stepper<schemes::rk4_classic, X> {
  using type = odeint::runge_kutta4<X>;
};

template <class S, class X>
concept in_odeint = requires { typename odeint_stepper<S, X>::type; };

template <class F, class X, class Stepper>
class odeint_steps {
 public:
  explicit odeint_steps(const X&) {}
  void operator()(double h, X& x) {
    stepper_.do_step([](const X& point, X& k, double) { F{}(point, k); }, x, 0., h);
  }

 private:
  Stepper stepper_;
};

template <class X>
X initial_state(lorenz, std::size_t) {
  X x{};
  if constexpr (requires { x.resize(3); }) x.resize(3);
  x[0] = 1, x[1] = 2, x[2] = 20;
  return x;
}

template <class X>
X initial_state(oscillator_chain, std::size_t n) {
  X x(n);
  for (std::size_t i = 0; i < n / 2; ++i) x[i] = std::sin(.01 * static_cast<double>(i));
  return x;
}

kutta::bench::cost cost_of(lorenz, std::size_t) {
  return kutta::bench::lorenz_cost;
}
kutta::bench::cost cost_of(oscillator_chain, std::size_t n) {
  return kutta::bench::oscillator_chain_cost(n);
}

// Four rates, three stage sums of one term, one of four: 8 + 9 + 6 arrays of doubles.
static_assert(
    kutta::bench::step_cost<schemes::rk4_classic>(2, kutta::bench::oscillator_chain_cost(2)) ==
    kutta::bench::cost{4 * 3 + 2 * 14, 23 * 2 * 8});

constexpr double h = 1e-3;

/// Steps on and on from one state: a step waits for the one before.
template <class S, class F, class X, class Contender>
void steps(benchmark::State& state, std::size_t n) {
  X x = initial_state<X>(F{}, n), expected = x;
  Contender contender(x);
  hand_written_steps<S, F, X> baseline(x);
  for (int i = 0; i < 10; ++i) contender(h, x), baseline(h, expected);
  if (!kutta::bench::require(state, kutta::bench::agree(x, expected, 1e-13))) return;

  const std::size_t repeats = n < 1000 ? 1000 : 1;  // so that the timing loop does not show
  for (auto _ : state) {
    for (std::size_t r = 0; r < repeats; ++r) contender(h, x);
    benchmark::DoNotOptimize(x.data());
    benchmark::ClobberMemory();
  }
  auto cost = kutta::bench::step_cost<S>(n, cost_of(F{}, n));
  if constexpr (std::same_as<F, lorenz>) cost.bytes = 0;  // three numbers, in registers
  kutta::bench::report(state, cost, static_cast<double>(repeats));
}

template <class S, class F, class X>
void register_scheme(std::string name, const char* scheme, std::size_t n) {
  name += std::string("/") + scheme + "/";
  const auto add = [&]<class Contender>(std::type_identity<Contender>, const char* contender) {
    benchmark::RegisterBenchmark((name + contender).c_str(), steps<S, F, X, Contender>, n);
  };
  add(std::type_identity<hand_written_steps<S, F, X>>{}, "by_hand");
  add(std::type_identity<kutta_steps<S, F, X>>{}, "kutta");
  if constexpr (!std::same_as<X, kutta::vec<double, 3>>) {  // not a container for odeint
    if constexpr (in_odeint<S, X>)
      add(std::type_identity<odeint_steps<F, X, typename odeint_stepper<S, X>::type>>{}, "odeint");
    if constexpr (std::same_as<S, schemes::rk4_classic>)
      add(std::type_identity<odeint_steps<F, X, odeint::runge_kutta4_classic<X>>>{},
          "odeint_classic");
  }
  if constexpr (std::same_as<S, schemes::rk4_classic> && std::same_as<X, std::array<double, 3>>)
    add(std::type_identity<unrolled_steps<S, F, X>>{}, "unrolled");
}

template <class F, class X>
void register_problem(const std::string& name, std::size_t n) {
  register_scheme<schemes::euler, F, X>(name, "euler", n);
  register_scheme<schemes::midpoint, F, X>(name, "midpoint", n);
  register_scheme<schemes::heun2, F, X>(name, "heun2", n);
  register_scheme<schemes::ralston2, F, X>(name, "ralston2", n);
  register_scheme<schemes::kutta3, F, X>(name, "kutta3", n);
  register_scheme<schemes::rk4_classic, F, X>(name, "rk4_classic", n);
  register_scheme<schemes::rk4_38, F, X>(name, "rk4_38", n);
}

[[maybe_unused]] const bool registered = [] {
  register_problem<lorenz, std::array<double, 3>>("step/lorenz/array", 3);
  register_problem<lorenz, kutta::vec<double, 3>>("step/lorenz/vec", 3);
  register_problem<lorenz, std::vector<double>>("step/lorenz/vector", 3);
  register_problem<oscillator_chain, kutta::bench::aligned_vector<double>>("step/chain/n:4096",
                                                                           4096);
  register_problem<oscillator_chain, kutta::bench::aligned_vector<double>>("step/chain/n:1000000",
                                                                           1'000'000);
  return true;
}();

}  // namespace
