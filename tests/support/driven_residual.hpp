// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// A residual that shows at which time each stage was evaluated.

#include <cmath>
#include <concepts>

#include <kutta/layers/layer.hpp>

#include "support/problems.hpp"

namespace kutta::test {

/// R(theta, x) = cos t − theta (u + u²), u = x − sin t: `driven_logistic` where theta = 1.
template <std::floating_point T>
struct driven_residual {
  using state = T;
  using params = T;
  struct tape {};

  void forward(const T& theta, const T& x, T& y, tape&, const context<driven_residual>& at) const {
    const T t = static_cast<T>(at.t), u = x - std::sin(t);
    y = std::cos(t) - theta * (u + u * u);
  }
  void vjp(const T& theta, const T& x, const tape&, const T& dy, T& dx, T& dtheta,
           const context<driven_residual>& at) const {
    const T u = x - std::sin(static_cast<T>(at.t));
    dx -= theta * (1 + 2 * u) * dy;
    dtheta -= (u + u * u) * dy;
  }
};

}  // namespace kutta::test
