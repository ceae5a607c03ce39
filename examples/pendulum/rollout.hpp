// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Trajectories by repeated steps, and how far they end from the truth.

#include <cstddef>
#include <vector>

#include <kutta/eigen.hpp>

#include "exact.hpp"

namespace pendulum {

/// When the end error is measured, in s.
inline constexpr double end_time = 2;

/// x(0), x(h), …, x(N h) of dx/dt = rate(x), by S.
template <kutta::explicit_scheme S, class F>
std::vector<point> rollout(const F& rate, const point& x0, double h, std::int64_t steps) {
  kutta::stage_points<S, point> points;
  kutta::stage_rates<S, point> k;
  const auto stage = [&](auto, const point& x, point& dx) { dx = rate(x); };
  std::vector<point> x{x0};
  x.reserve(static_cast<std::size_t>(steps) + 1);
  for (std::int64_t n = 0; n < steps; ++n) {
    point next;
    kutta::step<S>(stage, h, x.back(), next, points, k);
    x.push_back(next);
  }
  return x;
}

/// |x − x(end_time)|, of the angle in rad and the velocity in rad/s together.
inline double end_error(const point& x) {
  return (x - exact(end_time)).norm();
}

/// The end error of N steps of S.
template <kutta::explicit_scheme S, class F>
double end_error(const F& rate, std::int64_t steps) {
  const double h = end_time / static_cast<double>(steps);
  return end_error(rollout<S>(rate, start, h, steps).back());
}

}  // namespace pendulum
