// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The least-squares solution of least norm, of systems that may be singular.

#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include <kutta/basis/basis_operator.hpp>

namespace kutta::detail {

/// Turns columns p and q of W, and of V with them, until those of W are orthogonal. Returns whether
/// they were not.
/// Source: Hestenes, Inversion of matrices by biorthogonalization (1958).
inline bool orthogonalise(basis_operator& w, basis_operator& v, std::size_t p, std::size_t q) {
  double pp = 0, qq = 0, pq = 0;
  for (std::size_t i = 0; i < w.rows(); ++i) {
    pp += w(i, p) * w(i, p);
    qq += w(i, q) * w(i, q);
    pq += w(i, p) * w(i, q);
  }
  if (!(std::abs(pq) > std::numeric_limits<double>::epsilon() * std::sqrt(pp * qq))) return false;
  const double zeta = (qq - pp) / (2 * pq);
  const double t = (zeta < 0 ? -1 : 1) / (std::abs(zeta) + std::sqrt(1 + zeta * zeta));
  const double c = 1 / std::sqrt(1 + t * t), s = c * t;
  for (basis_operator* m : {&w, &v})
    for (std::size_t i = 0; i < m->rows(); ++i) {
      const double x = (*m)(i, p), y = (*m)(i, q);
      (*m)(i, p) = c * x - s * y;
      (*m)(i, q) = s * x + c * y;
    }
  return true;
}

/// A⁺ (n × m) of A (m × n): x = A⁺ b has the least |A x − b|, and among those the least |x|.
///
/// From the singular values, by rotations; one below max(m, n) ε times the largest counts as 0.
/// Where a column of A is 0 the row of A⁺ is. Cost: some 10 m n min(m, n) multiplications.
inline basis_operator pseudo_inverse(const basis_operator& a) {
  const bool wide = a.columns() > a.rows();
  const std::size_t m = wide ? a.columns() : a.rows(), n = wide ? a.rows() : a.columns();
  basis_operator w(m, n), v(n, n);  // w = A V, or Aᵀ V where A is wide
  for (std::size_t i = 0; i < m; ++i)
    for (std::size_t j = 0; j < n; ++j) w(i, j) = wide ? a(j, i) : a(i, j);
  for (std::size_t j = 0; j < n; ++j) v(j, j) = 1;
  bool turned = true;
  for (int sweep = 0; turned && sweep < 60; ++sweep) {
    turned = false;
    for (std::size_t p = 0; p < n; ++p)
      for (std::size_t q = p + 1; q < n; ++q)
        if (orthogonalise(w, v, p, q)) turned = true;
  }

  std::vector<double> squares(n);
  double largest = 0;
  for (std::size_t j = 0; j < n; ++j) {
    for (std::size_t i = 0; i < m; ++i) squares[j] += w(i, j) * w(i, j);
    if (squares[j] > largest) largest = squares[j];
  }
  const double cut = static_cast<double>(m) * std::numeric_limits<double>::epsilon();
  basis_operator x(a.columns(), a.rows());
  for (std::size_t j = 0; j < n; ++j) {
    if (!(squares[j] > cut * cut * largest)) continue;
    for (std::size_t i = 0; i < m; ++i)
      for (std::size_t k = 0; k < n; ++k)
        (wide ? x(i, k) : x(k, i)) += v(k, j) * w(i, j) / squares[j];
  }
  return x;
}

}  // namespace kutta::detail
