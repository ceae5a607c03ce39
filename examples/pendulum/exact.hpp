// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The pendulum, and where it is at any time.

#include <cmath>
#include <numbers>

#include <Eigen/Core>

#include "jacobi.hpp"

namespace pendulum {

/// Angle from the lowest position in rad, angular velocity in rad/s.
using point = Eigen::Vector2d;

inline constexpr double gravity = 9.81;  // m/s², on a rod of 1 m
inline const point start{3 * std::numbers::pi / 4, 0};

/// dx/dt of x = (angle, velocity).
inline point true_rate(const point& x) {
  return {x[1], -gravity * std::sin(x[0])};
}

/// x(t) for x(0) = x, whether the pendulum swings or goes round.
///
/// With ω = √g and m = sin²(θ/2) + (v/2ω)², which the motion conserves: for m < 1
///
///     sin(θ/2) = √m sn(u; m),   cos(θ/2) = dn(u; m),   v = 2ω √m cn(u; m),   u = u₀ + ω t,
///
/// and sn, cn, dn of u₀ + ω t follow from those of u₀, which x states, and of ω t by the addition
/// theorems. For m > 1 the same holds with sn → sn/√m, dn ↔ cn, at the argument √m u and the
/// parameter 1/m.
/// Source: Abramowitz & Stegun, Handbook of Mathematical Functions (1964), §§ 16.11, 16.17.
inline point flow(const point& x, double t) {
  const double omega = std::sqrt(gravity);
  const double turn = 2 * std::numbers::pi * std::round(x[0] / (2 * std::numbers::pi));
  const double s0 = std::sin((x[0] - turn) / 2), c0 = std::cos((x[0] - turn) / 2);
  const double w0 = x[1] / (2 * omega);
  const double k = std::hypot(s0, w0);
  if (k == 0) return x;

  const bool swings = k < 1;
  const double m = swings ? k * k : 1 / (k * k);
  const auto [sn, cn, dn] = jacobi(m)(omega * t * (swings ? 1 : k));
  const double sn0 = swings ? s0 / k : s0;
  const double cn0 = swings ? w0 / k : c0;
  const double dn0 = swings ? c0 : w0 / k;

  const double d = 1 - m * sn0 * sn0 * sn * sn;
  const double sn1 = (sn0 * cn * dn + sn * cn0 * dn0) / d;
  const double cn1 = (cn0 * cn - sn0 * sn * dn0 * dn) / d;
  const double dn1 = (dn0 * dn - m * sn0 * sn * cn0 * cn) / d;
  const double s1 = swings ? k * sn1 : sn1;
  const double c1 = swings ? dn1 : cn1;
  const double w1 = k * (swings ? cn1 : dn1);

  // half the angle gained, from sin and cos of the difference
  const double half = std::atan2(s1 * c0 - c1 * s0, c1 * c0 + s1 * s0);
  return {x[0] + 2 * half, 2 * omega * w1};
}

/// x(t) of the pendulum that is released at `start`.
inline point exact(double t) {
  return flow(start, t);
}

/// The time after which it is back, 4 K(m)/ω, in s.
inline double period() {
  const double s = std::sin(start[0] / 2);
  return 4 * jacobi(s * s).quarter_period() / std::sqrt(gravity);
}

}  // namespace pendulum
