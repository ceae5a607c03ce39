// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The first step of an integration with an estimate of its error.

#include <cmath>
#include <limits>
#include <utility>

#include <kutta/ode/error_estimate.hpp>
#include <kutta/ode/status.hpp>
#include <kutta/tensor/host_device.hpp>
#include <kutta/tensor/tensor.hpp>

KUTTA_HD_BEGIN

namespace kutta {

/// The first step, from the size of the state and of its first two derivatives, all in units of the
/// tolerance: d0 = ‖x₀‖, d1 = ‖f(t₀, x₀)‖, and second_derivative(h) ≈ ‖x''‖ by an Euler step of
/// length h. p is the order of the scheme's lower-order member.
///
/// Source: Hairer, Nørsett & Wanner, Solving ODEs I (1993), § II.4, "Starting Step Size".
template <class F>
[[gnu::always_inline]] KUTTA_HD inline double initial_step(double d0, double d1, int p,
                                                           F&& second_derivative) {
  const double h0 = d0 < 1e-5 || d1 < 1e-5 ? 1e-6 : 0.01 * (d0 / d1);
  const double d2 = second_derivative(h0);
  const double d = d1 < d2 ? d2 : d1;
  const double h1 =
      d <= 1e-15 ? (1e-6 < h0 * 1e-3 ? h0 * 1e-3 : 1e-6) : std::pow(0.01 / d, 1. / (p + 1));
  const double h = 100 * h0 < h1 ? 100 * h0 : h1;
  constexpr double infinity = std::numeric_limits<double>::infinity();
  return h > 0 && h < infinity ? h : 1e-6;
}

namespace detail {

/// The shortest step at time t: so much of |t| that the stages have different times.
template <class T>
KUTTA_HD T shortest_step(T t) {
  constexpr T epsilon = std::numeric_limits<T>::epsilon();
  return 16 * epsilon * std::abs(t);
}

/// The first step by `initial_step`, or the first that time resolves.
///
/// Inlined by force: an integration keeps no small state in registers whose address it hands out.
template <class Stepper, class F, class X, class T>
[[gnu::always_inline]] inline T first_step(Stepper& stepper, F& f, const error_scale<X>& scale,
                                           const X& x0, T t0, T length, X& point, X& second,
                                           statistics& stats) {
  const X& rate = stepper.rate(f, t0, x0, stats);
  const auto norm = [&](const auto&... terms) {
    return std::sqrt(static_cast<double>(scale.squared(x0, x0, terms...)));
  };
  const T direction = length < 0 ? -1 : 1;
  const double d0 = norm(scaled<X>{1, x0}), d1 = norm(scaled<X>{1, rate});
  const double h = initial_step(d0, d1, Stepper::error_order(), [&](double h0) {
    h0 = std::fmin(h0, std::abs(static_cast<double>(length)));
    kutta::add(point, x0, scaled<X>{direction * static_cast<T>(h0), rate});
    f(t0 + direction * static_cast<T>(h0), std::as_const(point), second);
    ++stats.evaluations;
    return norm(scaled<X>{1, second}, scaled<X>{-1, rate}) / h0;
  });
  return direction * std::fmax(static_cast<T>(h), 2 * shortest_step(t0));
}

}  // namespace detail

}  // namespace kutta

KUTTA_HD_END
