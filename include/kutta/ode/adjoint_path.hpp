// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What an adjoint is integrated along: x(t) as it comes out on the way back, or as it was
/// recorded.

#include <cstdint>
#include <type_traits>
#include <utility>

#include <kutta/basis/depth.hpp>
#include <kutta/basis/evaluate.hpp>
#include <kutta/layers/call.hpp>
#include <kutta/ode/hermite.hpp>
#include <kutta/ode/ode_block.hpp>
#include <kutta/ode/step.hpp>
#include <kutta/schemes/coefficients.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta::detail {

/// A residual at the depths of a block, and its transpose.
template <residual R, class S, weight_basis B, class W>
struct adjoint_rates {
  using state = typename R::state;
  using params = typename R::params;

  const ode_block<R, S, B>& f;
  const coefficients_t<B, params>& theta;
  W& ws;
  std::int64_t evaluations = 0;

  const params& theta_at(const depth& s) { return evaluate(f.basis(), s, theta, ws.theta_at); }
  context<R> at(const depth& s) {
    return {f.options().horizon * s.value(), ws.pass, 0, ws.scratch};
  }

  /// k ← R(θ(s), x).
  void value(const depth& s, const state& x, state& k) {
    detail::forward(f.residual(), theta_at(s), x, k, ws.tape, at(s));
    ++evaluations;
  }
  /// The same, with v ← (∂R/∂x)ᵀ a and g ← (∂R/∂θ)ᵀ a.
  void both(const depth& s, const state& x, const state& a, state& k, state& v, params& g) {
    const params& theta_s = theta_at(s);
    detail::forward(f.residual(), theta_s, x, k, ws.tape, at(s));
    kutta::set_zero(v);
    kutta::set_zero(g);
    detail::vjp(f.residual(), theta_s, x, ws.tape, a, v, g, at(s));
    ++evaluations;
  }
};

/// x(t) as it comes out of the integration backwards.
struct integrated_path {
  static constexpr bool integrated = true;

  template <class I, class Rates, class H>
  const auto& point(I, const depth&, H h, Rates& rates) {
    using S = typename std::remove_reference_t<decltype(rates.ws)>::scheme;
    auto& ws = rates.ws;
    if constexpr (I::value == 0) {
      return std::as_const(ws.x);
    } else {
      stage_point<S, I::value>(row_t<S, I::value>{}, -h, ws.x, ws.point, ws.k.data());
      return std::as_const(ws.point);
    }
  }
};

/// x(t) between the states of a recorded pass, by the cubic of `hermite.hpp`. R is evaluated at
/// both ends of each of its steps.
template <class Recorded>
struct recorded_path {
  static constexpr bool integrated = false;
  using state = typename Recorded::state;

  const Recorded& recorded;
  double h;        ///< of its steps
  state &f0, &f1;  ///< the rates at the ends of step `step`
  std::int64_t step = -1;

  template <class I, class Rates, class H>
  const state& point(I, const depth& s, H, Rates& rates) {
    const std::int64_t last = recorded.steps() - 1;
    const double position = s.value() * static_cast<double>(recorded.steps());
    auto n = static_cast<std::int64_t>(position);
    if (s.from == side::left && static_cast<double>(n) == position) --n;
    n = n < 0 ? 0 : n > last ? last : n;
    if (n != step) {
      rates.value(stage_depth(n, last + 1, rational(0)), recorded.x(n), f0);
      rates.value(stage_depth(n, last + 1, rational(1)), recorded.x(n + 1), f1);
      step = n;
    }
    hermite(static_cast<step_real_t<state>>(h), recorded.x(n), recorded.x(n + 1), f0, f1,
            static_cast<step_real_t<state>>(position - static_cast<double>(n)), rates.ws.point);
    return rates.ws.point;
  }
};

}  // namespace kutta::detail
