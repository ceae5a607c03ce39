// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// A long state with a cheap rate: memory decides.

#include <cstddef>

#include "support/cost.hpp"

namespace kutta::bench {

/// m masses on a line, springs between neighbours and to fixed walls; n = 2m numbers (q, p):
///
///     dq_i/dt = p_i,   dp_i/dt = q_{i−1} − 2 q_i + q_{i+1},   q_{−1} = q_m = 0.
struct oscillator_chain {
  template <class X>
  void operator()(const X& x, X& dx) const {
    const std::size_t m = x.size() / 2;
    const auto* q = x.data();
    const auto* p = q + m;
    auto* dq = dx.data();
    auto* dp = dq + m;
    for (std::size_t i = 0; i < m; ++i) dq[i] = p[i];
    dp[0] = q[1] - 2 * q[0];
    for (std::size_t i = 1; i + 1 < m; ++i) dp[i] = q[i - 1] - 2 * q[i] + q[i + 1];
    dp[m - 1] = q[m - 2] - 2 * q[m - 1];
  }
};

/// Three operations a mass; reads n numbers and writes n.
constexpr cost oscillator_chain_cost(std::size_t n) {
  return {3 * static_cast<double>(n / 2), static_cast<double>(2 * n * sizeof(double))};
}
static_assert(oscillator_chain_cost(4) == cost{6, 64});

}  // namespace kutta::bench
