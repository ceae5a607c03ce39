// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The net that Euler would train if training were perfect, without training.

#include "exact.hpp"

namespace pendulum {

/// G(x) = (Φ_D(x) − x)/D with the exact flow Φ_D: one Euler step of length D is exact.
///
/// G is not dx/dt, but the mean of it over the next D. In any other graph it is wrong by O(D).
struct oracle {
  double interval;  // D, in s

  point operator()(const point& x) const { return (flow(x, interval) - x) / interval; }
};

}  // namespace pendulum
