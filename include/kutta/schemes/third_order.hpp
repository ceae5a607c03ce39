// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The scheme of order 3.

#include <kutta/schemes/butcher_tableau.hpp>
#include <kutta/schemes/order.hpp>

namespace kutta::schemes {

// clang-format off

/// Simpson's rule with three stages.
/// Source: Kutta, Beitrag zur näherungsweisen Integration totaler Differentialgleichungen,
/// Z. Math. Phys. 46 (1901).
struct kutta3 {
  static constexpr butcher_tableau<3> tableau{
      .c = {0,     1_r/2, 1},
      .a = {{},
            {1_r/2},
            {-1,   2}},
      .b = {1_r/6, 2_r/3, 1_r/6}};
};
static_assert(order(kutta3::tableau) == 3);
static_assert(row_sums_hold(kutta3::tableau) && is_explicit(kutta3::tableau));

// clang-format on

}  // namespace kutta::schemes
