// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The stepper of symplectic schemes.
///
///     struct kepler {
///       void position_rate(double t, const vec2& p, vec2& dq) const { … }
///       void momentum_rate(double t, const vec2& q, vec2& dp) const { … }
///     };
///     const auto end = kutta::integrate<kutta::schemes::stoermer_verlet>(
///         kepler{}, kutta::phase_point<vec2>{q, p}, {0.0, 100.0}, kutta::fixed{.steps = 10000});

#include <kutta/ode/end_rates.hpp>
#include <kutta/ode/integrate.hpp>
#include <kutta/ode/partitioned_step.hpp>
#include <kutta/ode/stepper.hpp>
#include <kutta/schemes/symplectic.hpp>
#include <kutta/tensor/index.hpp>
#include <kutta/tensor/phase_point.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta {

/// Steps of drifts and kicks on q' = v(t, p), p' = a(t, q): `f.position_rate(t, p, dq)` writes v,
/// `f.momentum_rate(t, q, dp)` writes a.
template <partitioned_scheme S, tensor X>
class partitioned_stepper {
 public:
  using state = phase_point<X>;
  using real = detail::step_real_t<state>;
  static constexpr bool has_error_estimate = false;

  explicit partitioned_stepper(const state& x) : k_(kutta::zeros_like(x.q)) {}

  void start() { ends_.start(); }

  template <class F>
  bool attempt(F& f, real t, real h, const state& x0, state& x1, statistics& stats) {
    ends_.attempt();
    if (&x1 != &x0) kutta::assign(x1, x0);
    const auto position_rate = [&](auto i, const X& p, X& dq) {
      f.position_rate(t + h * drift_time_v<S, decltype(i)::value, real>, p, dq);
    };
    const auto momentum_rate = [&](auto i, const X& q, X& dp) {
      f.momentum_rate(t + h * kick_time_v<S, decltype(i)::value, real>, q, dp);
      ++stats.evaluations;
    };
    partitioned_step<S>(position_rate, momentum_rate, h, x1.q, x1.p, k_);
    return true;
  }

  template <class F>
  void interpolate(F& f, real t1, real h, const state& x0, const state& x1, real theta, state& y,
                   statistics& stats) {
    auto rate = both_rates(f);
    ends_.interpolate(rate, t1, h, x0, x1, theta, y, stats);
  }

  template <class F>
  void polynomial(F& f, real t1, real h, const state& x0, const state& x1,
                  vec<state, detail::hermite_degree>& c, statistics& stats) {
    auto rate = both_rates(f);
    ends_.polynomial(rate, t1, h, x0, x1, c, stats);
  }

  void accept() { ends_.accept(); }

 private:
  template <class F>
  static auto both_rates(F& f) {
    return [&f](real t, const state& x, state& dx) {
      f.position_rate(t, x.p, dx.q);
      f.momentum_rate(t, x.q, dx.p);
    };
  }

  detail::end_rates<state> ends_;
  X k_;
};

template <partitioned_scheme S, tensor X>
struct detail::stepper_of<S, phase_point<X>> {
  using type = partitioned_stepper<S, X>;
};

}  // namespace kutta
