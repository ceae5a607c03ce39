// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The solution between the ends of a step, from the stages the step has anyway.

#include <cstddef>

#include <kutta/schemes/butcher_tableau.hpp>
#include <kutta/schemes/order.hpp>
#include <kutta/schemes/rooted_trees.hpp>

namespace kutta {

/// Weights that depend on where in the step the solution is asked for, polynomials of degree D:
///
///     x(t₀ + θ h) ≈ x₀ + h Σ_i b_i(θ) k_i,    b_i(θ) = Σ_{d=1..D} b[i][d−1] θ^d,    θ in [0, 1].
///
/// A scheme that has one carries it as the static constant `dense` beside its `tableau`.
/// Source: Hairer, Nørsett & Wanner, Solving ODEs I (2nd ed., 1993), § II.6.
template <std::size_t S, std::size_t D, class T = rational>
struct dense_output {
  static_assert(D >= 1, "dense_output: a degree of at least 1 is expected");

  using value_type = T;
  static constexpr std::size_t stages = S;
  static constexpr std::size_t degree = D;

  T b[S][D]{};
};

/// b_i(1) = b_i: the curve ends in x₁.
template <std::size_t S, std::size_t D, class T>
constexpr bool ends_in_step(const butcher_tableau<S, T>& rk, const dense_output<S, D, T>& dense) {
  for (std::size_t i = 0; i < S; ++i) {
    T defect = -rk.b[i];
    for (const T& coefficient : dense.b[i]) defect = defect + coefficient;
    if (!detail::vanishes(defect, rk.tolerance)) return false;
  }
  return true;
}

/// The largest q ≤ D for which the curve is of order q at every θ: its error is O(h^{q+1}).
///
/// For every rooted tree t of at most q vertices, as an identity of polynomials in θ,
///
///     Σ_i b_i(θ) Φ_i(t) = θ^|t| / γ(t).
///
/// 0 unless c = A 1. No curve of degree D has a higher order. In doubles as `order`, for each
/// power of θ. Source: Hairer, Nørsett & Wanner, Solving ODEs I (1993), § II.6, Theorem 6.1.
template <std::size_t S, std::size_t D, class T>
constexpr int dense_order(const butcher_tableau<S, T>& rk, const dense_output<S, D, T>& dense) {
  static_assert(D <= max_order, "dense_order: a degree of at most max_order is expected");
  if (!row_sums_hold(rk)) return 0;
  int q = D;
  for (std::size_t d = 1; d <= D; ++d) {
    T power[S]{};  // the coefficients of θ^d
    for (std::size_t i = 0; i < S; ++i) power[i] = dense.b[i][d - 1];
    detail::for_each_tree<static_cast<int>(D)>(
        rk, power, [&](const rooted_tree& t, const T& weight) {
          const T expected(t.order == static_cast<int>(d) ? 1 : 0);
          const bool holds = detail::vanishes(T(t.gamma) * weight - expected, rk.tolerance);
          if (!holds && t.order <= q) q = t.order - 1;
          return holds;
        });
  }
  return q;
}

/// A scheme with a table of dense output.
template <class S>
concept has_dense_output = requires { dense_order(S::tableau, S::dense); };

}  // namespace kutta
