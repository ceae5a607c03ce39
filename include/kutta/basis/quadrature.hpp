// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Gauss's rules on [0, 1]: integrals of polynomials, exact but for rounding.

#include <cmath>
#include <cstddef>
#include <numbers>
#include <vector>

namespace kutta {

/// ∫_0^1 f ≈ Σ_i weight_i f(node_i).
struct quadrature {
  std::vector<double> nodes;    // ascending
  std::vector<double> weights;  // positive
};

namespace detail {

/// P_n(x) and P_{n−1}(x).
struct legendre_pair {
  long double last, before;
};

/// (m + 1) P_{m+1} = (2m + 1) x P_m − m P_{m−1}.
inline legendre_pair legendre_at(std::size_t n, long double x) {
  legendre_pair p{1, 0};
  for (std::size_t m = 0; m < n; ++m) {
    const auto k = static_cast<long double>(m);
    p = {((2 * k + 1) * x * p.last - k * p.before) / (k + 1), p.last};
  }
  return p;
}

}  // namespace detail

/// Exact for polynomials of degree 2n − 1; n ≥ 1.
///
/// The nodes x are the zeros of P_n on [−1, 1], found by Newton's method; weights
/// 2 (1 − x²)/(n P_{n−1}(x))². Source: Abramowitz & Stegun (1964), 25.4.29 and 22.8.5.
inline quadrature gauss_legendre(std::size_t n) {
  quadrature rule{std::vector<double>(n), std::vector<double>(n)};
  const auto m = static_cast<long double>(n);
  for (std::size_t i = 0; i < n; ++i) {
    long double x = -std::cos(std::numbers::pi_v<long double> *
                              (static_cast<long double>(i) + 0.75L) / (m + 0.5L));
    for (int times = 0; times < 8; ++times) {
      const auto [p, before] = detail::legendre_at(n, x);
      x -= p * (1 - x * x) / (m * (before - x * p));
    }
    const long double before = detail::legendre_at(n, x).before;
    rule.nodes[i] = static_cast<double>((1 + x) / 2);
    rule.weights[i] = static_cast<double>((1 - x * x) / (m * m * before * before));
  }
  return rule;
}

/// The nodes of the rule that has both ends, exact for degree 2n − 3; n ≥ 2.
///
/// 0, 1 and, on [−1, 1], the zeros of P'_{n−1}. Source: Abramowitz & Stegun (1964), 25.4.32.
inline std::vector<double> gauss_lobatto_nodes(std::size_t n) {
  std::vector<double> nodes(n);
  const std::size_t m = n - 1;
  const auto degree = static_cast<long double>(m);
  for (std::size_t i = 1; i < m; ++i) {
    long double x =
        -std::cos(std::numbers::pi_v<long double> * static_cast<long double>(i) / degree);
    for (int times = 0; times < 16; ++times) {
      const auto [p, before] = detail::legendre_at(m, x);
      const long double slope = degree * (before - x * p) / (1 - x * x);  // P'_m
      const long double curvature = (2 * x * slope - degree * (degree + 1) * p) / (1 - x * x);
      x -= slope / curvature;
    }
    nodes[i] = static_cast<double>((1 + x) / 2);
  }
  nodes[m] = 1;
  return nodes;
}

}  // namespace kutta
