// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Solutions with their derivatives along a direction: dx/dt = f(t, x), dv/dt = (∂f/∂x) v.
///
///     kutta::tangent_rate rate(f, jvp);  // jvp(t, x, vx, vdx) writes vdx = (∂f/∂x) vx
///     const auto end = kutta::integrate<scheme>(rate, kutta::with_tangent{x0, v0}, span,
///                                               kutta::fixed{100});
///
/// A scheme takes the same steps on {x, v} as on x, and v becomes the derivative of those steps,
/// exactly. With steps chosen by the error, v has a say in them; `integrate_on` takes those that
/// another integration has taken.

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <kutta/ode/integrate.hpp>
#include <kutta/ode/solution.hpp>
#include <kutta/ode/step.hpp>
#include <kutta/ode/stepper.hpp>
#include <kutta/tensor/tensor.hpp>
#include <kutta/tensor/with_tangent.hpp>

namespace kutta {

/// The right-hand side of {x, v}.
template <class F, class J>
struct tangent_rate {
  F f;
  J jvp;

  tangent_rate(F rate, J derivative) : f(std::move(rate)), jvp(std::move(derivative)) {}

  template <class T, tensor X>
  void operator()(const T& t, const with_tangent<X>& x, with_tangent<X>& dx) {
    f(t, x.value, dx.value);
    jvp(t, x.value, x.tangent, dx.tangent);
  }
};

/// x(t_N) of dx/dt = f(t, x), x(t_0) = x0, by steps of S from each of the times to the next: those
/// of `save_steps`, say.
/// @throws std::invalid_argument if there is no time.
template <class S, class F, tensor X>
solution<X> integrate_on(const std::vector<detail::step_real_t<X>>& times, F&& f, X x0) {
  if (times.empty())
    throw std::invalid_argument("integrate_on: expected at least 1 time, got none");
  stepper_t<S, X> stepper(x0);
  solution<X> end{std::move(x0), times.front(), 0, status::success, {}};
  stepper.start();
  for (std::size_t n = 1; n < times.size(); ++n) {
    end.h = times[n] - times[n - 1];
    if (!stepper.attempt(f, times[n - 1], end.h, end.x, end.x, end.stats)) {
      end.status = status::not_converged;
      return end;
    }
    detail::count_step(end.stats, end.h);
    end.t = times[n];
    stepper.accept();
  }
  if (!detail::is_finite(end.x)) end.status = status::non_finite;
  return end;
}

}  // namespace kutta
