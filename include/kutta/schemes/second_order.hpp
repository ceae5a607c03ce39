// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Schemes of order 2, two stages each.

#include <kutta/schemes/butcher_tableau.hpp>
#include <kutta/schemes/order.hpp>

namespace kutta::schemes {

// clang-format off

/// One rate, in the middle of the step.
/// Source: Runge, Über die numerische Auflösung von Differentialgleichungen, Math. Ann. 46 (1895).
struct midpoint {
  static constexpr butcher_tableau<2> tableau{
      .c = {0, 1_r/2},
      .a = {{},
            {1_r/2}},
      .b = {0, 1}};
};
static_assert(order(midpoint::tableau) == 2);
static_assert(row_sums_hold(midpoint::tableau) && is_explicit(midpoint::tableau));

/// The mean of the rates at both ends, the explicit trapezoidal rule.
/// Source: Heun, Neue Methoden zur approximativen Integration der Differentialgleichungen einer
/// unabhängigen Veränderlichen, Z. Math. Phys. 45 (1900).
struct heun2 {
  static constexpr butcher_tableau<2> tableau{
      .c = {0,     1},
      .a = {{},
            {1}},
      .b = {1_r/2, 1_r/2}};
};
static_assert(order(heun2::tableau) == 2);
static_assert(row_sums_hold(heun2::tableau) && is_explicit(heun2::tableau));

/// The least principal error of the two-stage schemes of order 2.
/// Source: Ralston, Runge–Kutta methods with minimum error bounds, Math. Comp. 16 (1962).
struct ralston2 {
  static constexpr butcher_tableau<2> tableau{
      .c = {0,     2_r/3},
      .a = {{},
            {2_r/3}},
      .b = {1_r/4, 3_r/4}};
};
static_assert(order(ralston2::tableau) == 2);
static_assert(row_sums_hold(ralston2::tableau) && is_explicit(ralston2::tableau));

// clang-format on

}  // namespace kutta::schemes
