// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Pairs that advance with order 2.

#include <kutta/schemes/butcher_tableau.hpp>
#include <kutta/schemes/order.hpp>

namespace kutta::schemes {

// clang-format off

/// `heun2` with Euler's step embedded: the least that can choose its step.
struct heun_euler21 {
  static constexpr butcher_tableau<2> tableau{
      .c     = {0,     1},
      .a     = {{},
                {1}},
      .b     = {1_r/2, 1_r/2},
      .b_hat = {1,     0}};
};
static_assert(order(heun_euler21::tableau) == 2 && embedded_order(heun_euler21::tableau) == 1);
static_assert(row_sums_hold(heun_euler21::tableau) && is_explicit(heun_euler21::tableau));
static_assert(!is_fsal(heun_euler21::tableau));

/// Fehlberg's pair of orders 1 and 2, advanced with the weights of order 2.
///
/// Its last stage lies on the result of order 1, so the pair is FSAL only if it advances with that.
/// Source: Fehlberg, Low-order classical Runge–Kutta formulas with stepsize control, NASA TR R-315
/// (1969), RK1(2). Used as Fehlberg 2(1) by Ott, Katiyar, Hennig & Tiemann, ResNet After All?
/// (2021).
struct fehlberg21 {
  static constexpr butcher_tableau<3> tableau{
      .c     = {0,       1_r/2,     1},
      .a     = {{},
                {1_r/2},
                {1_r/256, 255_r/256}},
      .b     = {1_r/512, 255_r/256, 1_r/512},
      .b_hat = {1_r/256, 255_r/256}};
};
static_assert(order(fehlberg21::tableau) == 2 && embedded_order(fehlberg21::tableau) == 1);
static_assert(row_sums_hold(fehlberg21::tableau) && is_explicit(fehlberg21::tableau));
static_assert(!is_fsal(fehlberg21::tableau));

// clang-format on

}  // namespace kutta::schemes
