// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Schemes of order 4, four stages each.
///
/// Source: Kutta, Beitrag zur näherungsweisen Integration totaler Differentialgleichungen,
/// Z. Math. Phys. 46 (1901).

#include <kutta/schemes/butcher_tableau.hpp>
#include <kutta/schemes/order.hpp>

namespace kutta::schemes {

// clang-format off

/// The classical scheme: Simpson's rule, with two rates in the middle of the step.
struct rk4_classic {
  static constexpr butcher_tableau<4> tableau{
      .c = {0,     1_r/2, 1_r/2, 1},
      .a = {{},
            {1_r/2},
            {0,    1_r/2},
            {0,    0,     1}},
      .b = {1_r/6, 1_r/3, 1_r/3, 1_r/6}};
};
static_assert(order(rk4_classic::tableau) == 4);
static_assert(row_sums_hold(rk4_classic::tableau) && is_explicit(rk4_classic::tableau));

/// The 3/8 rule: a smaller principal error than the classical scheme's, but six entries in A for
/// its three.
struct rk4_38 {
  static constexpr butcher_tableau<4> tableau{
      .c = {0,       1_r/3, 2_r/3, 1},
      .a = {{},
            {1_r/3},
            {-1_r/3, 1},
            {1,      -1,    1}},
      .b = {1_r/8,   3_r/8, 3_r/8, 1_r/8}};
};
static_assert(order(rk4_38::tableau) == 4);
static_assert(row_sums_hold(rk4_38::tableau) && is_explicit(rk4_38::tableau));

// clang-format on

}  // namespace kutta::schemes
