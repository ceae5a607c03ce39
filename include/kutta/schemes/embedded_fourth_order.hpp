// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The pair that advances with order 4.

#include <kutta/schemes/butcher_tableau.hpp>
#include <kutta/schemes/order.hpp>

namespace kutta::schemes {

// clang-format off

/// Fehlberg's pair of orders 4 and 5, advanced with order 4 as he does; b̂ has the higher order.
///
/// Source: Fehlberg, Klassische Runge–Kutta-Formeln vierter und niedrigerer Ordnung mit
/// Schrittweiten-Kontrolle, Computing 6 (1970), RK4(5), formula 2.
struct fehlberg45 {
  static constexpr butcher_tableau<6> tableau{
      .c     = {0,           1_r/4,        3_r/8,        12_r/13,       1,       1_r/2},
      .a     = {{},
                {1_r/4},
                {3_r/32,      9_r/32},
                {1932_r/2197, -7200_r/2197, 7296_r/2197},
                {439_r/216,   -8,           3680_r/513,   -845_r/4104},
                {-8_r/27,     2,            -3544_r/2565, 1859_r/4104,   -11_r/40}},
      .b     = {25_r/216,     0,            1408_r/2565,  2197_r/4104,   -1_r/5,  0},
      .b_hat = {16_r/135,     0,            6656_r/12825, 28561_r/56430, -9_r/50, 2_r/55}};
};
static_assert(order(fehlberg45::tableau) == 4 && embedded_order(fehlberg45::tableau) == 5);
static_assert(row_sums_hold(fehlberg45::tableau) && is_explicit(fehlberg45::tableau));
static_assert(!is_fsal(fehlberg45::tableau));

// clang-format on

}  // namespace kutta::schemes
