// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// dx/dt = f(t, x) from t0 to t1.
///
///     const auto lorenz = [](double t, const auto& x, auto& dx) { … };
///     const auto end = kutta::integrate<kutta::schemes::dormand_prince54>(
///         lorenz, x0, {0.0, 10.0}, kutta::adaptive{.rtol = 1e-6, .atol = 1e-9});
///     if (!end) std::cerr << end.text() << '\n';

#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <utility>

#include <kutta/ode/accepted_step.hpp>
#include <kutta/ode/error_estimate.hpp>
#include <kutta/ode/explicit_stepper.hpp>
#include <kutta/ode/first_step.hpp>
#include <kutta/ode/fused_step.hpp>
#include <kutta/ode/low_storage_stepper.hpp>
#include <kutta/ode/notify.hpp>
#include <kutta/ode/shu_osher_stepper.hpp>
#include <kutta/ode/solution.hpp>
#include <kutta/ode/status.hpp>
#include <kutta/ode/step_control.hpp>
#include <kutta/ode/stepper.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta {

namespace detail {

/// A sum that keeps what rounding takes from it. Source: Kahan, Further remarks on reducing
/// truncation errors, Comm. ACM 8 (1965).
template <class T>
struct compensated_sum {
  T value;
  T lost = 0;

  void operator+=(T x) {
    const T y = x - lost, sum = value + y;
    lost = (sum - value) - y;
    value = sum;
  }
};

/// One more step in the statistics.
template <class T>
void count_step(statistics& stats, T h) {
  const double length = std::abs(static_cast<double>(h));
  if (stats.accepted == 0 || length < stats.smallest_step) stats.smallest_step = length;
  if (stats.accepted == 0 || length > stats.largest_step) stats.largest_step = length;
  ++stats.accepted;
}

}  // namespace detail

/// `integrate` with a stepper that the caller keeps: no stage is allocated, only the states that
/// come and go.
///
/// Inlined with all that a step calls, so that small states and rates stay in registers.
template <stepper Stepper, class F, class... O>
[[gnu::always_inline]] inline solution<typename Stepper::state> integrate(
    Stepper& stepper, F&& f, typename Stepper::state x0, time_span<typename Stepper::real> span,
    const fixed& how, O&&... observers) {
  using X = typename Stepper::state;
  using T = typename Stepper::real;
  detail::require_valid(span);
  detail::require_valid(how);
  const T h = (span.t1 - span.t0) / static_cast<T>(how.steps);
  X x = std::move(x0);
  T t = span.t0;
  status ended = status::success;
  statistics stats;
  stepper.start();
  detail::begin(t, x, observers...);
  const std::int64_t steps = span.t0 == span.t1 ? 0 : how.steps;
  const auto time = [&](std::int64_t n) {
    return n == steps ? span.t1 : span.t0 + static_cast<T>(n) * h;
  };
  if constexpr (sizeof...(O) == 0) {
    while (stats.accepted < steps) {
      if (!stepper.attempt(f, t, h, x, x, stats)) {
        ended = status::not_converged;
        break;
      }
      t = time(++stats.accepted);
      stepper.accept();
      if (how.check_finite && !detail::is_finite(x)) break;
    }
  } else {
    X x1 = kutta::zeros_like(x), event = kutta::zeros_like(x);
    while (stats.accepted < steps) {
      if (!stepper.attempt(f, t, h, x, x1, stats)) {
        ended = status::not_converged;
        break;
      }
      accepted_step step(stepper, f, t, time(++stats.accepted), x, x1, stats);
      const bool stop = detail::observe(step, event, observers...);
      t = step.t1;
      std::swap(x, stop ? event : x1);
      if (stop) {
        ended = status::event;
        break;
      }
      stepper.accept();
      if (how.check_finite && !detail::is_finite(x)) break;
    }
  }
  if (ended != status::not_converged && !detail::is_finite(x)) ended = status::non_finite;
  if (stats.accepted > 0) {
    stats.smallest_step = stats.largest_step = std::abs(static_cast<double>(h));
  }
  return {std::move(x), t, h, ended, stats};
}

/// The same with steps chosen by an estimate of their error.
template <stepper Stepper, class F, class... O>
  requires Stepper::has_error_estimate
[[gnu::always_inline]] inline solution<typename Stepper::state> integrate(
    Stepper& stepper, F&& f, typename Stepper::state x0, time_span<typename Stepper::real> span,
    const adaptive& how, O&&... observers) {
  using X = typename Stepper::state;
  using T = typename Stepper::real;
  detail::require_valid(span);
  detail::require_valid(how);
  const error_scale<X> scale(how, x0);
  if constexpr (requires { stepper.set_tolerance(how); }) stepper.set_tolerance(how);
  X x = std::move(x0);
  T t = span.t0, h = 0;
  statistics stats;
  const auto ended = [&](status why) { return solution<X>{std::move(x), t, h, why, stats}; };
  stepper.start();
  detail::begin(t, x, observers...);
  if (!detail::is_finite(x)) return ended(status::non_finite);
  if (span.t0 == span.t1) return ended(status::success);

  X x1 = kutta::zeros_like(x), event = kutta::zeros_like(x);
  const T length = span.t1 - span.t0, largest = static_cast<T>(how.largest_step);
  h = how.first_step > 0
          ? std::copysign(static_cast<T>(how.first_step), length)
          : detail::first_step(stepper, f, scale, x, span.t0, length, x1, event, stats);
  detail::step_controller controller(how, Stepper::error_order() + 1);
  detail::compensated_sum<T> time{span.t0};
  status obstacle = status::step_too_small;  // what a step that became too small failed of

  while (true) {
    if (std::abs(h) > largest) [[unlikely]]
      h = std::copysign(largest, length);
    const T rest = (span.t1 - time.value) + time.lost;
    const bool last = !(std::abs(h) * T(1.01) < std::abs(rest));  // no sliver of a step at the end
    if (last) [[unlikely]]
      h = rest;
    if (stats.accepted + stats.rejected >= how.max_steps) return ended(status::max_steps);
    if (!last && !(std::abs(h) > detail::shortest_step(t))) return ended(obstacle);

    const bool solved = stepper.attempt(f, t, h, x, x1, stats);
    const double error = solved ? static_cast<double>(stepper.squared_error(scale, h, x, x1))
                                : std::numeric_limits<double>::quiet_NaN();
    if (!(error <= 1)) [[unlikely]] {
      ++stats.rejected;
      obstacle = !solved             ? status::not_converged
                 : std::isnan(error) ? status::non_finite
                                     : status::step_too_small;
      h *= static_cast<T>(controller.reject(error));
      continue;
    }

    detail::count_step(stats, h);
    time += h;
    if (last) time = {span.t1};
    if constexpr (sizeof...(O) > 0) {
      accepted_step<Stepper, std::remove_reference_t<F>> step(stepper, f, t, time.value, x, x1,
                                                              stats);
      if (detail::observe(step, event, observers...)) {
        t = step.t1;
        std::swap(x, event);
        return ended(status::event);
      }
    }
    t = time.value;
    std::swap(x, x1);
    stepper.accept();
    if (last) return ended(status::success);
    h = static_cast<T>(controller.accept(error, static_cast<double>(h)));
  }
}

namespace detail {

template <class S, class F, class X, class How>
inline constexpr bool takes_fused_steps = false;
template <class S, class F, class X>
  requires fused_rate<std::remove_reference_t<F>, X>
inline constexpr bool takes_fused_steps<S, F, X, fixed> = fusable_scheme<S>;

}  // namespace detail

/// x(t1) of dx/dt = f(t, x), x(t0) = x0, by the scheme S.
///
/// `f(t, x, dx)` writes dx, for t, x; it is called by reference and may have state. `how` is
/// `fixed` or, for a scheme with an embedded pair, `adaptive`. Observers are called after every
/// accepted step with an `accepted_step`; see `observers.hpp` and `event.hpp`. The last step ends
/// in t1 exactly; the other times are t0 + n h, or a compensated sum.
/// With fixed steps an f that has `fused` is evaluated inside the stage sums; see `fused_step.hpp`.
/// @throws std::invalid_argument for a span that is not finite, or options that make no sense.
/// Whatever goes wrong on the way is a `status`; nothing is thrown, and nothing hangs.
template <class S, class F, tensor X, class How, class... O>
solution<X> integrate(F&& f, X x0, time_span<detail::step_real_t<X>> span, const How& how,
                      O&&... observers) {
  if constexpr (detail::takes_fused_steps<S, F, X, How>) {
    fused_stepper<S, X> stepper(x0);
    return integrate(stepper, f, std::move(x0), span, how, observers...);
  } else {
    stepper_t<S, X> stepper(x0);
    return integrate(stepper, f, std::move(x0), span, how, observers...);
  }
}

}  // namespace kutta
