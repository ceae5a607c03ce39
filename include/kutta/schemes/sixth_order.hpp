// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The scheme of order 6 without an embedding.
///
/// Its 37 order conditions are asserted in a test of kutta, not in every program that includes it.

#include <kutta/schemes/butcher_tableau.hpp>

namespace kutta::schemes {

// clang-format off

/// Order 6 with seven stages, the least for it.
/// Source: Butcher, On Runge–Kutta processes of high order, J. Austral. Math. Soc. 4 (1964).
struct butcher6 {
  static constexpr butcher_tableau<7> tableau{
      .c = {0,        1_r/3,   2_r/3,   1_r/3,   1_r/2,   1_r/2,    1},
      .a = {{},
            {1_r/3},
            {0,        2_r/3},
            {1_r/12,   1_r/3,   -1_r/12},
            {-1_r/16,  9_r/8,   -3_r/16, -3_r/8},
            {0,        9_r/8,   -3_r/8,  -3_r/4,  1_r/2},
            {9_r/44,   -9_r/11, 63_r/44, 18_r/11, 0,       -16_r/11}},
      .b = {11_r/120,  0,       27_r/40, 27_r/40, -4_r/15, -4_r/15, 11_r/120}};
};

// clang-format on

}  // namespace kutta::schemes
