// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Schemes of order 4.

#include <kutta/schemes/butcher_tableau.hpp>
#include <kutta/schemes/order.hpp>

namespace kutta::schemes {

// clang-format off

/// The classical scheme: Simpson's rule, with two rates in the middle of the step.
/// Source: Kutta, Beitrag zur näherungsweisen Integration totaler Differentialgleichungen,
/// Z. Math. Phys. 46 (1901).
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
/// Source: Kutta (1901), as above.
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

/// Four stages, irrational, made for a small bound on the local error.
/// Source: Ralston, Runge–Kutta methods with minimum error bounds, Math. Comp. 16 (1962).
struct ralston4 {
  static constexpr double r = 2.236067977499789696;  // √5
  static constexpr butcher_tableau<4, double> tableau{
      .c = {0, 0.4, (14 - 3*r)/16, 1},
      .a = {{},
            {0.4},
            {(-2889 + 1428*r)/1024, (3785 - 1620*r)/1024},
            {(-3365 + 2094*r)/6040, (-975 - 3046*r)/2552, (467040 + 203968*r)/240845}},
      .b = {(263 + 24*r)/1812, (125 - 1000*r)/3828, 1024*(3346 + 1623*r)/5924787, (30 - 4*r)/123},
      .tolerance = 1e-14};
};
static_assert(order(ralston4::tableau) == 4);
static_assert(row_sums_hold(ralston4::tableau) && is_explicit(ralston4::tableau));

// clang-format on

}  // namespace kutta::schemes
