// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Schemes of order 4.

#include <kutta/schemes/butcher_tableau.hpp>
#include <kutta/schemes/order.hpp>
#include <kutta/schemes/shu_osher_tableau.hpp>

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

/// Five stages, a convex combination of Euler steps: what Euler's scheme keeps bounded at step h,
/// this keeps bounded at 1.508 h. Printed to 15 digits.
/// Source: Spiteri & Ruuth, A new class of optimal high-order strong-stability-preserving time
/// discretization methods, SIAM J. Numer. Anal. 40 (2002).
struct ssprk54 {
  static constexpr shu_osher_tableau<5, double> shu_osher{
      .alpha = {{1},
                {0.444370493651235, 0.555629506348765},
                {0.620101851488403, 0, 0.379898148511597},
                {0.178079954393132, 0, 0, 0.821920045606868},
                {0, 0, 0.517231671970585, 0.096059710526147, 0.386708617503268}},
      .beta  = {{0.391752226571890},
                {0, 0.368410593050371},
                {0, 0, 0.251891774271694},
                {0, 0, 0, 0.544974750228521},
                {0, 0, 0, 0.063692468666290, 0.226007483236906}},
      .tolerance = 1e-14};
  static constexpr auto tableau = butcher_form(shu_osher);
};
static_assert(order(ssprk54::tableau) == 4);
static_assert(row_sums_hold(ssprk54::tableau) && is_explicit(ssprk54::tableau));
static_assert(combinations_hold(ssprk54::shu_osher));

// clang-format on

}  // namespace kutta::schemes
