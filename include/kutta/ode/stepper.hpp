// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What `integrate` asks of a stepper, and which stepper takes the steps of which scheme.
///
/// A stepper of states X advances dx/dt = f(t, x) by one scheme. It is made once for states of one
/// shape, and is called in this order:
///
///     start()                                     a new initial value
///     rate(f, t, x0, stats)                       f(t, x0); for the length of the first step
///     attempt(f, t, h, x0, x1, stats) → bool      x1 ← the step of length h; false: not solved.
///                                                 x1 may be x0 where steps are fixed
///     squared_error(scale, h, x0, x1)             of that attempt, in units of the tolerance
///     interpolate(f, t1, h, x0, x1, θ, y, stats)  y ← x(t0 + θ h), and
///     polynomial(f, t1, h, x0, x1, c, stats)      its coefficients, any number of times
///     accept()                                    x1 is the next x0
///
/// `error_order()` and `squared_error` are there if `has_error_estimate`. One may also have
/// `set_tolerance(adaptive)`, if it solves equations.

#include <concepts>

#include <kutta/ode/status.hpp>
#include <kutta/ode/step.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta {

namespace detail {

/// The stepper of a scheme: each kind of scheme specialises this beside its stepper.
template <class S, class X>
struct stepper_of;

struct any_rate {
  template <class T, class X>
  void operator()(const T&, const X&, X&) const {}
};

}  // namespace detail

/// A type that can be given to `integrate`.
template <class S>
concept stepper = requires(S& s, detail::any_rate& f, typename S::real t, typename S::state& x,
                           statistics& stats) {
  { S::has_error_estimate } -> std::convertible_to<bool>;
  s.start();
  { s.attempt(f, t, t, x, x, stats) } -> std::same_as<bool>;
  s.interpolate(f, t, t, x, x, t, x, stats);
  s.accept();
};

/// The stepper of scheme S on states X.
template <class S, tensor X>
using stepper_t = typename detail::stepper_of<S, X>::type;

}  // namespace kutta
