// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// A tensor and a direction it moves in, as one tensor.

#include <tuple>
#include <utility>

#include <kutta/tensor/product.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta {

template <tensor X>
struct with_tangent {
  X value, tangent;
  static constexpr auto fields =
      std::tuple{field{"value", &with_tangent::value}, field{"tangent", &with_tangent::tangent}};
};

template <tensor X>
with_tangent(X, X) -> with_tangent<X>;

}  // namespace kutta
