// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The heat equation on a line of n points: a long state, where memory decides.

#include <cstddef>

#include <kutta/tensor/tensor.hpp>

namespace kutta::bench {

/// du_i/dt = u_{i−1} − 2 u_i + u_{i+1},   u_{−1} = u_n = 0.
struct heat_line {
  template <class X>
  void operator()(const X& u, X& du) const {
    fused(0., u, du, 1.);
  }

  /// y ← Σ a v + beta du/dt. y may be one of the v.
  template <class X, class... V>
  void fused(double, const X& u, X& y, double beta, const V&... terms) const {
    const std::size_t n = u.size();
    const auto* x = u.data();
    auto* to = y.data();
    const auto sum = [&](std::size_t i, double rate) {
      to[i] = ((terms.a * terms.x.data()[i]) + ... + (beta * rate));
    };
    sum(0, x[1] - 2 * x[0]);
    for (std::size_t i = 1; i + 1 < n; ++i) sum(i, x[i - 1] - 2 * x[i] + x[i + 1]);
    sum(n - 1, x[n - 2] - 2 * x[n - 1]);
  }
};

}  // namespace kutta::bench
