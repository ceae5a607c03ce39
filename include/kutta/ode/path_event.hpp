// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The steps of a block shown to the observers of `integrate`: saved times, events.

#include <cstddef>

#include <kutta/layers/layer.hpp>
#include <kutta/ode/accepted_step.hpp>
#include <kutta/ode/notify.hpp>
#include <kutta/ode/observed_step.hpp>
#include <kutta/ode/status.hpp>
#include <kutta/ode/step.hpp>
#include <kutta/tensor/heap_bytes.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta {

/// Where an observer ended a pass.
template <tensor X>
struct path_event {
  X state;  ///< x(t)
  X rate;   ///< dx/dt there, the derivative of the dense output
  detail::step_real_t<X> t = 0;

  explicit path_event(const X& like)
      : state(kutta::zeros_like(like)), rate(kutta::zeros_like(like)) {}

  std::size_t heap_bytes() const { return kutta::heap_bytes(state, rate); }
};

namespace detail {

/// The dense output of a step whose rates are still there, as `accepted_step` asks for it.
template <explicit_scheme S, tensor X>
struct known_rates {
  using state = X;
  using real = step_real_t<X>;

  real h;
  const stage_rates<S, X>& k;

  template <class F>
  void interpolate(F&, real, real, const X& x0, const X&, real theta, X& y, statistics&) const
    requires has_dense_output<S>
  {
    detail::interpolate<S>(h, theta, x0, k, y);
  }
};

/// Shows the step from (t0, x0) to (t1, x1), with h and the rates k, to all observers. Whether one
/// of them ends the pass; `event` is where.
template <explicit_scheme S, tensor X, class... O>
bool show_step(step_real_t<X> t0, step_real_t<X> t1, step_real_t<X> h, const X& x0, const X& x1,
               const stage_rates<S, X>& k, path_event<X>& event, O&... observers) {
  known_rates<S, X> rates{h, k};
  nothing rate;
  statistics stats;
  accepted_step<known_rates<S, X>, nothing> step(rates, rate, t0, t1, x0, x1, stats);
  if (!detail::observe(step, event.state, observers...)) return false;
  event.t = step.t1;
  if constexpr (has_dense_output<S>)
    interpolate_rate<S>(h / (t1 - t0), (event.t - t0) / (t1 - t0), k, event.rate);
  return true;
}

}  // namespace detail

}  // namespace kutta
