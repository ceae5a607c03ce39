// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The observed order of something that converges.

#include <cmath>

namespace kutta::test {

/// The exponent p of error(h) = C h^p, from h and h/2.
///
/// A test on it is two-sided: an order that is too high is a mistake too.
template <class F>
double observed_slope(F&& error, double h) {
  return static_cast<double>(std::log2(error(h) / error(h / 2)));
}

}  // namespace kutta::test
