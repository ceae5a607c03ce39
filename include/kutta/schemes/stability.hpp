// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The step up to which an explicit scheme is stable on x' = λ x.

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <stdexcept>

#include <kutta/schemes/butcher_tableau.hpp>
#include <kutta/schemes/order.hpp>
#include <kutta/schemes/polynomial.hpp>

namespace kutta {

/// The coefficients R_0 … R_S of the polynomial that one step on x' = λ x multiplies x by,
///
///     x₁ = R(z) x₀,   R(z) = 1 + z bᵀ (I − z A)⁻¹ 1 = 1 + Σ_{k=1..S} bᵀ A^{k−1} 1 z^k,   z = h λ.
///
/// Exact for a rational table. Source: Hairer & Wanner, Solving ODEs II (2nd ed., 1996), § IV.2.
/// @throws std::invalid_argument if the table is not explicit: R is no polynomial then.
template <std::size_t S, class T>
constexpr std::array<T, S + 1> stability_polynomial(const butcher_tableau<S, T>& rk) {
  if (!is_explicit(rk))
    throw std::invalid_argument("stability_polynomial: an explicit table is expected");
  std::array<T, S + 1> r{};
  r[0] = T(1);
  T power[S];  // A^{k−1} 1
  for (T& x : power) x = T(1);
  for (std::size_t k = 1; k <= S; ++k) {
    for (std::size_t i = S; i-- > 0;) {  // backwards: row i needs the old entries before i
      r[k] = r[k] + rk.b[i] * power[i];
      T sum{};
      for (std::size_t j = 0; j < i; ++j) sum = sum + rk.a[i][j] * power[j];
      power[i] = sum;
    }
  }
  return r;
}

namespace detail {

/// What in a sum of terms of size 1 is taken for rounding.
template <std::size_t S, class T>
constexpr double rounding(const butcher_tableau<S, T>& rk) {
  return std::max(rk.tolerance, 16 * std::numeric_limits<double>::epsilon());
}

/// Σ_{k+l=2m} (−1)^{m−l} R_k R_l, the coefficient of y^{2m} in |R(i y)|²; 0 if that is rounding.
template <std::size_t N>
constexpr double squared_modulus(const std::array<double, N>& r, std::size_t m, double rounding) {
  double sum = 0;
  double size = 0;
  for (std::size_t l = 0; l < N; ++l) {
    if (l > 2 * m || 2 * m - l >= N) continue;
    const double term = r[2 * m - l] * r[l];
    sum += (m + l) % 2 == 0 ? term : -term;
    size += term < 0 ? -term : term;
  }
  return (sum < 0 ? -sum : sum) <= rounding * size ? 0 : sum;
}

template <std::size_t N, class T>
constexpr std::array<double, N> in_double(const std::array<T, N>& r) {
  std::array<double, N> x{};
  for (std::size_t k = 0; k < N; ++k) x[k] = to_double(r[k]);
  return x;
}

}  // namespace detail

/// The largest s with |R(−x)| ≤ 1 for all x in [0, s]: h |λ| may be that large on a decaying mode.
///
/// A modulus that only touches 1 does not end the interval. Infinite if R is constant.
/// @throws std::invalid_argument if the table is not explicit.
template <std::size_t S, class T>
constexpr double real_stability_interval(const butcher_tableau<S, T>& rk) {
  const std::array<double, S + 1> r = detail::in_double(stability_polynomial(rk));
  std::array<double, S + 1> above{};  // R(−x) − 1
  std::array<double, S + 1> below{};  // −1 − R(−x)
  for (std::size_t k = 1; k <= S; ++k) {
    above[k] = k % 2 == 0 ? r[k] : -r[k];
    below[k] = -above[k];
  }
  below[0] = -2;
  const double rounding = detail::rounding(rk);
  return std::min(detail::first_rise(above, rounding), detail::first_rise(below, rounding));
}

/// The largest s with |R(i y)| ≤ 1 for all y in [0, s]: h |λ| may be that large on an oscillation.
///
/// 0 if the modulus exceeds 1 at once, however little, as for every scheme of order 1 or 2 with as
/// many stages. What is below the table's tolerance in a coefficient of |R|² is taken for rounding.
/// @throws std::invalid_argument if the table is not explicit.
template <std::size_t S, class T>
constexpr double imaginary_stability_interval(const butcher_tableau<S, T>& rk) {
  const std::array<double, S + 1> r = detail::in_double(stability_polynomial(rk));
  std::array<double, S + 1> excess{};  // |R(i y)|² − 1 in powers of y²
  for (std::size_t m = 1; m <= S; ++m)
    excess[m] = detail::squared_modulus(r, m, detail::rounding(rk));
  return detail::constant_square_root(detail::first_rise(excess, detail::rounding(rk)));
}

}  // namespace kutta
