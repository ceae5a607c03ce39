// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Derivatives through the time of an event.
///
/// t* is where g(t*, x(t*)) = 0. If x(t) moves by vx at fixed times, then to first order
///
///     vt* = −⟨∂g/∂x, vx⟩ / ġ,     vx* = vx + ẋ vt*,     ġ = ∂g/∂t + ⟨∂g/∂x, ẋ⟩.
///
/// Source: Chen, Amos & Nickel, Learning neural event functions for ordinary differential equations
/// (2021).

#include <stdexcept>

#include <kutta/tensor/tensor.hpp>

namespace kutta {

/// What an event depends on, at (t*, x(t*)).
template <tensor X>
struct event_slope {
  const X& rate;     ///< ẋ
  const X& dg;       ///< ∂g/∂x
  double dg_dt = 0;  ///< ∂g/∂t

  /// @throws std::invalid_argument where ġ = 0: the solution touches the event, t* has no
  /// derivative.
  double along_solution() const {
    const auto slope = dg_dt + static_cast<double>(kutta::inner_product(dg, rate));
    if (slope == 0)
      throw std::invalid_argument("event: expected a crossing, got dg/dt = 0 along the solution");
    return slope;
  }
};

/// vx, the tangent of x at fixed time, becomes that of x(t*). Returns vt*.
template <tensor X>
double event_jvp(const event_slope<X>& at, X& vx) {
  const double vt = -static_cast<double>(kutta::inner_product(at.dg, vx)) / at.along_solution();
  kutta::add(vx, vx, scaled<X>{vt, at.rate});
  return vt;
}

/// dx = ∂L/∂x(t*) becomes the gradient of L by x at fixed time; dt is ∂L/∂t*:
/// dx ← dx − ∂g/∂x (dt + ⟨dx, ẋ⟩)/ġ.
template <tensor X>
void event_vjp(const event_slope<X>& at, double dt, X& dx) {
  const double sum = dt + static_cast<double>(kutta::inner_product(dx, at.rate));
  kutta::add(dx, dx, scaled<X>{-sum / at.along_solution(), at.dg});
}

}  // namespace kutta
