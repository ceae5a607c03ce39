// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Strong-stability-preserving schemes: convex combinations of Euler steps, so that every convex
/// bound that Euler's scheme keeps up to some step is kept up to a multiple of it.

#include <kutta/schemes/order.hpp>
#include <kutta/schemes/shu_osher_tableau.hpp>

namespace kutta::schemes {

// clang-format off

/// Three stages: what Euler's scheme keeps bounded at step h, this keeps bounded at h.
/// Source: Shu & Osher, Efficient implementation of essentially non-oscillatory shock-capturing
/// schemes, J. Comput. Phys. 77 (1988), eq. (2.18).
struct ssprk33 {
  static constexpr shu_osher_tableau<3> shu_osher{
      .alpha = {{1},
                {3_r/4, 1_r/4},
                {1_r/3, 0,     2_r/3}},
      .beta  = {{1},
                {0,     1_r/4},
                {0,     0,     2_r/3}}};
  static constexpr auto tableau = butcher_form(shu_osher);
};
static_assert(order(ssprk33::tableau) == 3);
static_assert(row_sums_hold(ssprk33::tableau) && is_explicit(ssprk33::tableau));
static_assert(combinations_hold(ssprk33::shu_osher) && ssp_coefficient(ssprk33::shu_osher) == 1);

/// Five stages: what Euler's scheme keeps bounded at step h, this keeps bounded at 1.508 h. Printed
/// to 15 digits.
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
