// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Which equations the stages of a table must solve.

#include <cstddef>

#include <kutta/schemes/butcher_tableau.hpp>

namespace kutta {

/// a_ij = 0 for j > i: the stages are found one after the other, each by an equation of its own.
template <std::size_t S, class T>
constexpr bool is_diagonally_implicit(const butcher_tableau<S, T>& rk) {
  for (std::size_t i = 0; i < S; ++i)
    for (std::size_t j = i + 1; j < S; ++j)
      if (rk.a[i][j] != T{}) return false;
  return true;
}

/// a_ij = 0 for j ≥ i: stage i needs no solver.
template <std::size_t S, class T>
constexpr bool is_explicit_stage(const butcher_tableau<S, T>& rk, std::size_t i) {
  for (std::size_t j = i; j < S; ++j)
    if (rk.a[i][j] != T{}) return false;
  return true;
}

/// a_sj = b_j: x₁ is the last stage point.
///
/// Source: Prothero & Robinson, On the stability and accuracy of one-step methods for solving stiff
/// systems of ordinary differential equations, Math. Comp. 28 (1974).
template <std::size_t S, class T>
constexpr bool is_stiffly_accurate(const butcher_tableau<S, T>& rk) {
  for (std::size_t j = 0; j < S; ++j)
    if (rk.a[S - 1][j] != rk.b[j]) return false;
  return true;
}

}  // namespace kutta
