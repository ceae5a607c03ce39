// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The Lorenz equations, and classical Runge–Kutta on them with every number in a variable.

#include <array>

#include "support/cost.hpp"

namespace kutta::bench {

/// dx/dt = 10 (y − x),  dy/dt = x (28 − z) − y,  dz/dt = x y − 8/3 z.
/// Source: Lorenz, Deterministic Nonperiodic Flow (1963), eqs. (25)–(27), σ = 10, r = 28, b = 8/3.
struct lorenz {
  template <class X>
  void operator()(const X& x, X& dx) const {
    dx[0] = 10 * (x[1] - x[0]);
    dx[1] = x[0] * (28 - x[2]) - x[1];
    dx[2] = x[0] * x[1] - 8. / 3 * x[2];
  }
};

inline constexpr cost lorenz_cost{2 + 3 + 3, 0};

/// x ← one step of the classical scheme, unrolled.
inline void lorenz_rk4_unrolled(double h, std::array<double, 3>& state) {
  const auto [x, y, z] = state;
  const double k1x = 10 * (y - x), k1y = x * (28 - z) - y, k1z = x * y - 8. / 3 * z;

  const double x2 = x + h / 2 * k1x, y2 = y + h / 2 * k1y, z2 = z + h / 2 * k1z;
  const double k2x = 10 * (y2 - x2), k2y = x2 * (28 - z2) - y2, k2z = x2 * y2 - 8. / 3 * z2;

  const double x3 = x + h / 2 * k2x, y3 = y + h / 2 * k2y, z3 = z + h / 2 * k2z;
  const double k3x = 10 * (y3 - x3), k3y = x3 * (28 - z3) - y3, k3z = x3 * y3 - 8. / 3 * z3;

  const double x4 = x + h * k3x, y4 = y + h * k3y, z4 = z + h * k3z;
  const double k4x = 10 * (y4 - x4), k4y = x4 * (28 - z4) - y4, k4z = x4 * y4 - 8. / 3 * z4;

  state = {x + h / 6 * k1x + h / 3 * k2x + h / 3 * k3x + h / 6 * k4x,
           y + h / 6 * k1y + h / 3 * k2y + h / 3 * k3y + h / 6 * k4y,
           z + h / 6 * k1z + h / 3 * k2z + h / 3 * k3z + h / 6 * k4z};
}

}  // namespace kutta::bench
