// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Implicit pairs that can choose their step.
///
/// All are ESDIRK: an explicit first stage, then one equal diagonal entry γ, so that a step
/// factorises one matrix; stiffly accurate, hence FSAL; L-stable.

#include <kutta/schemes/butcher_tableau.hpp>
#include <kutta/schemes/order.hpp>
#include <kutta/schemes/stage_structure.hpp>

namespace kutta::schemes {

// clang-format off

/// The trapezoidal rule to 2 − √2 of the step, then a backward difference over both points, of
/// order 2; the embedding has order 3 and is unbounded on stiff decay.
/// Source: Bank, Coughran, Fichtner, Grosse, Rose & Smith, Transient simulation of silicon devices
/// and circuits, IEEE Trans. CAD 4 (1985); Hosea & Shampine, Analysis and implementation of TR-BDF2,
/// Appl. Numer. Math. 20 (1996).
struct tr_bdf2 {
  static constexpr double r = 1.4142135623730950488;  // √2
  static constexpr double d = 1 - r/2;                // γ
  static constexpr double w = r/4;
  static constexpr butcher_tableau<3, double> tableau{
      .c     = {0,         2*d,           1},
      .a     = {{},
                {d,        d},
                {w,        w,             d}},
      .b     = {w,         w,             d},
      .b_hat = {(1 - w)/3, (3*w + 1)/3,   d/3},
      .tolerance = 1e-15};
};
static_assert(order(tr_bdf2::tableau) == 2 && embedded_order(tr_bdf2::tableau) == 3);
static_assert(row_sums_hold(tr_bdf2::tableau) && is_fsal(tr_bdf2::tableau));
static_assert(is_diagonally_implicit(tr_bdf2::tableau) && is_stiffly_accurate(tr_bdf2::tableau));

/// Kværnø's pair of orders 3 and 2, advanced with order 3; the embedded result is the third stage
/// point. γ ≈ 0.43586652 solves γ³ − 3γ² + 3γ/2 − 1/6 = 0.
/// Source: Kværnø, Singly diagonally implicit Runge–Kutta methods with an explicit first stage,
/// BIT 44 (2004), ESDIRK 3/2.
struct kvaerno32 {
  static constexpr double g = 0.43586652150845899942;  // γ
  static constexpr double a31 = (-4*g*g + 6*g - 1)/(4*g), a32 = (1 - 2*g)/(4*g);
  static constexpr double b1 = (6*g - 1)/(12*g), b2 = -1/((24*g - 12)*g),
                          b3 = (-6*g*g + 6*g - 1)/(6*g - 3);
  static constexpr butcher_tableau<4, double> tableau{
      .c     = {0,   2*g, 1,  1},
      .a     = {{},
                {g,   g},
                {a31, a32, g},
                {b1,  b2,  b3, g}},
      .b     = {b1,  b2,  b3, g},
      .b_hat = {a31, a32, g},
      .tolerance = 1e-14};
};
static_assert(order(kvaerno32::tableau) == 3 && embedded_order(kvaerno32::tableau) == 2);
static_assert(row_sums_hold(kvaerno32::tableau) && is_fsal(kvaerno32::tableau));
static_assert(is_diagonally_implicit(kvaerno32::tableau));
static_assert(is_stiffly_accurate(kvaerno32::tableau));

/// Kennedy and Carpenter's pair of orders 4 and 3, advanced with order 4: six stages, γ = 1/4. The
/// implicit half of ARK4(3)6L[2]SA.
/// Source: Kennedy & Carpenter, Additive Runge–Kutta schemes for convection-diffusion-reaction
/// equations, Appl. Numer. Math. 44 (2003).
struct kennedy_carpenter43 {
  static constexpr butcher_tableau<6, double> tableau{
      .c     = {0, 1./2, 83./250, 31./50, 17./20, 1},
      .a     = {{},
                {1./4, 1./4},
                {8611./62500, -1743./31250, 1./4},
                {5012029./34652500, -654441./2922500, 174375./388108, 1./4},
                {15267082809./155376265600, -71443401./120774400, 730878875./902184768,
                 2285395./8070912, 1./4},
                {82889./524892, 0, 15625./83664, 69875./102672, -2260./8211, 1./4}},
      .b     = {82889./524892, 0, 15625./83664, 69875./102672, -2260./8211, 1./4},
      .b_hat = {4586570599./29645900160, 0, 178811875./945068544, 814220225./1159782912,
                -3700637./11593932, 61727./225920},
      .tolerance = 1e-14};
};
static_assert(order(kennedy_carpenter43::tableau) == 4);
static_assert(embedded_order(kennedy_carpenter43::tableau) == 3);
static_assert(row_sums_hold(kennedy_carpenter43::tableau) && is_fsal(kennedy_carpenter43::tableau));
static_assert(is_diagonally_implicit(kennedy_carpenter43::tableau));
static_assert(is_stiffly_accurate(kennedy_carpenter43::tableau));

// clang-format on

}  // namespace kutta::schemes
