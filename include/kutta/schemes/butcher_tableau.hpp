// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The table of a Runge–Kutta method, and what can be read off it.

#include <cstddef>

#include <kutta/schemes/rational.hpp>

namespace kutta {

/// An S-stage Runge–Kutta method, typed in as it is printed: zeros at the end of a row may be left
/// out.
///
///      c │ A         k_i = f(t₀ + c_i h, x₀ + h Σ_j a_ij k_j)
///     ───┼────       x₁  = x₀ + h Σ_i b_i k_i
///        │ bᵀ        x̂₁  = x₀ + h Σ_i b̂_i k_i        (embedded, optional)
///        │ b̂ᵀ
///
/// T is `rational`, or `double` for an irrational table; such a table states the `tolerance` within
/// which its row sums and its order conditions hold. A rational one holds exactly.
/// Source: Hairer, Nørsett & Wanner, Solving ODEs I (2nd ed., 1993), §§ II.1, II.4.
template <std::size_t S, class T = rational>
struct butcher_tableau {
  static_assert(S >= 1, "butcher_tableau: at least 1 stage is expected");

  using value_type = T;
  static constexpr std::size_t stages = S;

  T c[S]{};
  T a[S][S]{};
  T b[S]{};
  T b_hat[S]{};
  double tolerance = 0;
};

namespace detail {

/// |x| ≤ tolerance; exact for a rational, false for NaN.
constexpr bool vanishes(const rational& x, double /*tolerance*/) {
  return x.num == 0;
}
constexpr bool vanishes(double x, double tolerance) {
  return x <= tolerance && -x <= tolerance;
}

}  // namespace detail

/// Whether a second set of weights b̂ is given.
template <std::size_t S, class T>
constexpr bool has_embedding(const butcher_tableau<S, T>& rk) {
  for (const T& weight : rk.b_hat)
    if (weight != T{}) return true;
  return false;
}

/// a_ij = 0 for j ≥ i: each stage needs only the stages before it.
template <std::size_t S, class T>
constexpr bool is_explicit(const butcher_tableau<S, T>& rk) {
  for (std::size_t i = 0; i < S; ++i)
    for (std::size_t j = i; j < S; ++j)
      if (rk.a[i][j] != T{}) return false;
  return true;
}

/// First same as last: the last stage is f(t₀ + h, x₁), which is the first stage of the next step.
///
/// Needs a last row of A equal to b, c_s = 1, and a first stage that is f(t₀, x₀).
template <std::size_t S, class T>
constexpr bool is_fsal(const butcher_tableau<S, T>& rk) {
  if (rk.c[0] != T{} || rk.c[S - 1] != T(1)) return false;
  for (std::size_t j = 0; j < S; ++j)
    if (rk.a[0][j] != T{} || rk.a[S - 1][j] != rk.b[j]) return false;
  return true;
}

/// c_i = Σ_j a_ij: the method treats f(t, x) and the autonomous (t, x)' = (1, f) alike.
template <std::size_t S, class T>
constexpr bool row_sums_hold(const butcher_tableau<S, T>& rk) {
  for (std::size_t i = 0; i < S; ++i) {
    T defect = -rk.c[i];
    for (const T& a : rk.a[i]) defect = defect + a;
    if (!detail::vanishes(defect, rk.tolerance)) return false;
  }
  return true;
}

}  // namespace kutta
