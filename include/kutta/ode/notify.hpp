// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// How an integration tells its observers.

#include <concepts>
#include <utility>

namespace kutta::detail {

/// Tells every observer of the initial value, if it wants to know.
template <class T, class X, class... O>
void begin(T t, const X& x, O&... observers) {
  [[maybe_unused]] const auto tell = [&](auto& observer) {
    if constexpr (requires { observer.begin(t, x); }) observer.begin(t, x);
  };
  (tell(observers), ...);
}

/// An observer that may end the integration: observer.stops(step, x) returns whether it does, and
/// has then cut the step at the time of its event, where x is the solution.
template <class O, class Step>
concept terminating = requires(O& observer, Step& step, typename Step::state& x) {
  { observer.stops(step, x) } -> std::same_as<bool>;
};

/// Shows a step to all observers; returns whether one of them stops, with `event` the solution
/// there. Those that may stop come first, so that the others see no step past the end; what they
/// found past it, they forget.
template <class Step, class X, class... O>
bool observe(Step& step, X& event, O&... observers) {
  bool stop = false;
  const auto ask = [&](auto& observer) {
    if constexpr (terminating<decltype(observer), Step>) stop = observer.stops(step, event) || stop;
  };
  const auto show = [&](auto& observer) {
    if constexpr (!terminating<decltype(observer), Step>) observer(std::as_const(step));
  };
  const auto end = [&](auto& observer) {
    if constexpr (requires { observer.forget_past(std::as_const(step)); })
      observer.forget_past(std::as_const(step));
  };
  (ask(observers), ...);
  if (stop) (end(observers), ...);
  (show(observers), ...);
  return stop;
}

}  // namespace kutta::detail
