// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Contenders must agree before they are timed.

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace kutta::bench {

/// max |xᵢ − yᵢ| ≤ tolerance max(1, |yᵢ|); false if anything is NaN.
template <class X, class Y>
bool agree(const X& x, const Y& y, double tolerance) {
  const auto n = static_cast<std::size_t>(y.size());
  if (static_cast<std::size_t>(x.size()) != n) return false;
  for (std::size_t i = 0; i < n; ++i) {
    const double a = static_cast<double>(x.data()[i]), b = static_cast<double>(y.data()[i]);
    if (!(std::abs(a - b) <= tolerance * std::max(1., std::abs(b)))) return false;
  }
  return true;
}

}  // namespace kutta::bench
