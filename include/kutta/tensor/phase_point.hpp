// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// A point in phase space.

#include <tuple>

#include <kutta/tensor/product.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta {

/// Positions and momenta, of one shape.
template <tensor X>
struct phase_point {
  X q, p;
  static constexpr auto fields =
      std::tuple{field{"q", &phase_point::q}, field{"p", &phase_point::p}};
};

}  // namespace kutta
