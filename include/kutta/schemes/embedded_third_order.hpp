// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The pair that advances with order 3.

#include <kutta/schemes/butcher_tableau.hpp>
#include <kutta/schemes/dense_output.hpp>
#include <kutta/schemes/order.hpp>

namespace kutta::schemes {

// clang-format off

/// `ralston3` with a fourth stage at its end for an embedded order 2: three new rates a step.
///
/// The dense output is the cubic Hermite interpolant of both ends, of order 3.
/// Source: Bogacki & Shampine, A 3(2) pair of Runge–Kutta formulas, Appl. Math. Lett. 2 (1989).
struct bogacki_shampine32 {
  static constexpr butcher_tableau<4> tableau{
      .c     = {0,      1_r/2, 3_r/4, 1},
      .a     = {{},
                {1_r/2},
                {0,     3_r/4},
                {2_r/9, 1_r/3, 4_r/9}},
      .b     = {2_r/9,  1_r/3, 4_r/9, 0},
      .b_hat = {7_r/24, 1_r/4, 1_r/3, 1_r/8}};

  static constexpr dense_output<4, 3> dense{
      .b = {{1, -4_r/3, 5_r/9},
            {0, 1,      -2_r/3},
            {0, 4_r/3,  -8_r/9},
            {0, -1,     1}}};
};
static_assert(order(bogacki_shampine32::tableau) == 3);
static_assert(embedded_order(bogacki_shampine32::tableau) == 2);
static_assert(row_sums_hold(bogacki_shampine32::tableau));
static_assert(is_explicit(bogacki_shampine32::tableau) && is_fsal(bogacki_shampine32::tableau));
static_assert(dense_order(bogacki_shampine32::tableau, bogacki_shampine32::dense) == 3);
static_assert(ends_in_step(bogacki_shampine32::tableau, bogacki_shampine32::dense));

// clang-format on

}  // namespace kutta::schemes
