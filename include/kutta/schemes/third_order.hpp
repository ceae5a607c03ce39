// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Schemes of order 3, three stages each.

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

/// Each stage from the rate before it alone, and two rates in the sum.
/// Source: Heun, Neue Methoden zur approximativen Integration der Differentialgleichungen einer
/// unabhängigen Veränderlichen, Z. Math. Phys. 45 (1900).
struct heun3 {
  static constexpr butcher_tableau<3> tableau{
      .c = {0,     1_r/3, 2_r/3},
      .a = {{},
            {1_r/3},
            {0,    2_r/3}},
      .b = {1_r/4, 0,     3_r/4}};
};
static_assert(order(heun3::tableau) == 3);
static_assert(row_sums_hold(heun3::tableau) && is_explicit(heun3::tableau));

/// A small principal error; the first three stages of `bogacki_shampine32`.
/// Source: Ralston, Runge–Kutta methods with minimum error bounds, Math. Comp. 16 (1962).
struct ralston3 {
  static constexpr butcher_tableau<3> tableau{
      .c = {0,     1_r/2, 3_r/4},
      .a = {{},
            {1_r/2},
            {0,    3_r/4}},
      .b = {2_r/9, 1_r/3, 4_r/9}};
};
static_assert(order(ralston3::tableau) == 3);
static_assert(row_sums_hold(ralston3::tableau) && is_explicit(ralston3::tableau));

// clang-format on

}  // namespace kutta::schemes
