// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The scheme of order 5 without an embedding.

#include <kutta/schemes/butcher_tableau.hpp>
#include <kutta/schemes/order.hpp>

namespace kutta::schemes {

// clang-format off

/// Six stages, the least for order 5: Kutta's scheme of 1901 with its mistakes put right.
/// Source: Nyström, Über die numerische Integration von Differentialgleichungen, Acta Soc. Sci.
/// Fenn. 50 (1925).
struct nystrom5 {
  static constexpr butcher_tableau<6> tableau{
      .c = {0,        1_r/3,   2_r/5,     1,      2_r/3,    4_r/5},
      .a = {{},
            {1_r/3},
            {4_r/25,   6_r/25},
            {1_r/4,    -3,      15_r/4},
            {2_r/27,   10_r/9,  -50_r/81,  8_r/81},
            {2_r/25,   12_r/25, 2_r/15,    8_r/75}},
      .b = {23_r/192,  0,       125_r/192, 0,      -27_r/64, 125_r/192}};
};
static_assert(order(nystrom5::tableau) == 5);
static_assert(row_sums_hold(nystrom5::tableau) && is_explicit(nystrom5::tableau));

// clang-format on

}  // namespace kutta::schemes
