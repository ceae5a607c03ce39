// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Linear systems with a symmetric positive definite matrix whose entries lie near the diagonal.

#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

namespace kutta::detail {

/// H = L Lᵀ, H (n × n) with H_ij = 0 for |i − j| > band, in long double.
/// Cost: n band² multiplications to factor, 2 n band to solve.
class banded_cholesky {
 public:
  /// A zero.
  banded_cholesky(std::size_t n, std::size_t band) : n_(n), band_(band), l_(n * (band + 1)) {}

  /// H_ij for i ≥ j ≥ i − band, and after `factor` L_ij.
  long double& operator()(std::size_t i, std::size_t j) { return l_[i * band_ + j + band_]; }
  long double operator()(std::size_t i, std::size_t j) const { return l_[i * band_ + j + band_]; }

  /// Replaces H by L. Returns n, or the first row that depends on those before it but for rounding.
  std::size_t factor() {
    auto& l = *this;
    for (std::size_t i = 0; i < n_; ++i) {
      for (std::size_t j = first(i); j < i; ++j) {
        for (std::size_t m = first(i) > first(j) ? first(i) : first(j); m < j; ++m)
          l(i, j) -= l(i, m) * l(j, m);
        l(i, j) /= l(j, j);
      }
      const long double diagonal = l(i, i);
      for (std::size_t m = first(i); m < i; ++m) l(i, i) -= l(i, m) * l(i, m);
      if (!(l(i, i) > 4 * std::numeric_limits<long double>::epsilon() * diagonal)) return i;
      l(i, i) = std::sqrt(l(i, i));
    }
    return n_;
  }

  /// x ← H⁻¹ x, after `factor`.
  void solve(std::vector<long double>& x) const {
    const auto& l = *this;
    for (std::size_t i = 0; i < n_; ++i) {
      for (std::size_t j = first(i); j < i; ++j) x[i] -= l(i, j) * x[j];
      x[i] /= l(i, i);
    }
    for (std::size_t i = n_; i-- > 0;) {
      x[i] /= l(i, i);
      for (std::size_t j = first(i); j < i; ++j) x[j] -= l(i, j) * x[i];
    }
  }

 private:
  std::size_t first(std::size_t i) const { return i > band_ ? i - band_ : 0; }

  std::size_t n_, band_;
  std::vector<long double> l_;  // row after row, each band + 1 entries that end on the diagonal
};

}  // namespace kutta::detail
