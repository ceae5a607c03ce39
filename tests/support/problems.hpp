// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Differential equations with their exact solutions.

#include <cmath>
#include <concepts>

namespace kutta::test {

/// R(theta, x) = theta x (1 − x), as a residual.
template <std::floating_point T>
struct logistic {
  using state = T;
  using params = T;
  struct tape {};

  void forward(const T& theta, const T& x, T& y, tape&) const { y = theta * x * (1 - x); }
  void vjp(const T& theta, const T& x, const tape&, const T& dy, T& dx, T& dtheta) const {
    dx += theta * (1 - 2 * x) * dy;
    dtheta += x * (1 - x) * dy;
  }
  void jvp(const T& theta, const T& x, const tape&, const T& vx, const T& vtheta, T& vy) const {
    vy = theta * (1 - 2 * x) * vx + x * (1 - x) * vtheta;
  }

  /// x(T) for dx/dt = rate theta(t/T) x (1 − x), with `integral` that of rate theta over [0, T].
  static T exact(T x0, T integral) {
    const T growth = std::exp(integral);
    return x0 * growth / (1 - x0 + x0 * growth);
  }
};

/// dx/dt = cos t − u − u²,  u = x − sin t: not linear, not autonomous, not separable.
///
/// u is a logistic curve, so x(t) = sin t + u₀ e^{−t}/(1 + u₀ (1 − e^{−t})) with u₀ = x(0).
template <std::floating_point T>
struct driven_logistic {
  static T rate(T t, T x) {
    const T u = x - std::sin(t);
    return std::cos(t) - u - u * u;
  }
  static T exact(T t, T x0) {
    const T decay = std::exp(-t);
    return std::sin(t) + x0 * decay / (1 + x0 * (1 - decay));
  }
};

}  // namespace kutta::test
