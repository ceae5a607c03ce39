// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Schemes in 2N storage. Each has its Butcher form as well, and is a `scheme` like any other.

#include <kutta/schemes/butcher_tableau.hpp>
#include <kutta/schemes/low_storage_tableau.hpp>
#include <kutta/schemes/order.hpp>

namespace kutta::schemes {

// clang-format off

/// Order 3, three stages.
/// Source: Williamson, Low-storage Runge–Kutta schemes, J. Comput. Phys. 35 (1980), case 7.
struct williamson3 {
  static constexpr low_storage_tableau<3> low_storage{
      .a = {0,     -5_r/9,  -153_r/128},
      .b = {1_r/3, 15_r/16, 8_r/15}};
  static constexpr auto tableau = butcher_form(low_storage);
};
static_assert(order(williamson3::tableau) == 3);
static_assert(row_sums_hold(williamson3::tableau) && is_explicit(williamson3::tableau));

/// Order 4, five stages. Printed as fractions that are near to the irrational coefficients.
/// Source: Carpenter & Kennedy, Fourth-order 2N-storage Runge–Kutta schemes, NASA TM 109112 (1994),
/// solution 3.
struct carpenter_kennedy4 {
  static constexpr low_storage_tableau<5, double> low_storage{
      .a = {0,
            -567301805773.0  / 1357537059087,
            -2404267990393.0 / 2016746695238,
            -3550918686646.0 / 2091501179385,
            -1275806237668.0 / 842570457699},
      .b = {1432997174477.0  / 9575080441755,
            5161836677717.0  / 13612068292357,
            1720146321549.0  / 2090206949498,
            3134564353537.0  / 4481467310338,
            2277821191437.0  / 14882151754819},
      .tolerance = 1e-14};
  static constexpr auto tableau = butcher_form(low_storage);
};
static_assert(order(carpenter_kennedy4::tableau) == 4);
static_assert(row_sums_hold(carpenter_kennedy4::tableau));
static_assert(is_explicit(carpenter_kennedy4::tableau));

// clang-format on

}  // namespace kutta::schemes
