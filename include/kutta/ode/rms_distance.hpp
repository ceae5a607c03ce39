// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// How far a reconstructed state is from the original.

#include <cmath>

#include <kutta/tensor/host_device.hpp>
#include <kutta/tensor/shape.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta::detail {

struct squared_gap {
  template <class V>
  KUTTA_HD constexpr V operator()(const V& x, const V& y) const {
    return (x - y) * (x - y);
  }
};

/// √ of the mean of (x − y)² over the elements.
template <tensor X>
double rms_distance(const X& x, const X& y) {
  const auto n = static_cast<double>(element_count(x));
  return n > 0 ? std::sqrt(static_cast<double>(kutta::sum(squared_gap{}, x, y)) / n) : 0;
}

}  // namespace kutta::detail
