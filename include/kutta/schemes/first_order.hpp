// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The scheme of order 1.

#include <kutta/schemes/butcher_tableau.hpp>
#include <kutta/schemes/order.hpp>

namespace kutta::schemes {

// clang-format off

/// x₁ = x₀ + h f(t₀, x₀). Source: Euler, Institutionum calculi integralis I (1768), § 650.
struct euler {
  static constexpr butcher_tableau<1> tableau{
      .c = {0},
      .a = {{}},
      .b = {1}};
};
static_assert(order(euler::tableau) == 1);
static_assert(row_sums_hold(euler::tableau) && is_explicit(euler::tableau));

// clang-format on

}  // namespace kutta::schemes
