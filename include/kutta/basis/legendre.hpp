// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Weights that are a polynomial in depth, by Legendre's orthogonal polynomials.

#include <cstddef>
#include <cstdint>
#include <vector>

#include <kutta/basis/basis.hpp>
#include <kutta/basis/depth.hpp>
#include <kutta/basis/global.hpp>
#include <kutta/schemes/rational.hpp>

namespace kutta::bases {

/// φ_k(t) = P_k(2t − 1), k < K: orthogonal on [0, 1], ∫ φ_k² = 1/(2k + 1), φ_k(1) = 1.
class legendre {
 public:
  static constexpr std::size_t support = 32;  // the largest K
  static constexpr bool hierarchical = true;

  /// @throws std::invalid_argument unless 1 ≤ K ≤ support.
  constexpr explicit legendre(std::int64_t size)
      : size_(detail::require_global_size("bases::legendre", size, support)) {}

  constexpr std::size_t size() const { return size_; }
  constexpr std::size_t degree() const { return size_ - 1; }
  constexpr std::vector<rational> breakpoints() const { return {0, 1}; }

  /// (k + 1) P_{k+1}(x) = (2k + 1) x P_k(x) − k P_{k−1}(x).
  constexpr basis_values<support> operator()(const depth& s) const {
    const double x = 2 * detail::clamped(s) - 1;
    basis_values<support> v{{{0, 1.}, {1, x}}, size_};
    for (std::size_t k = 1; k + 1 < size_; ++k) {
      const auto n = static_cast<double>(k);
      v.values[k + 1] = {k + 1,
                         ((2 * n + 1) * x * v.values[k].phi - n * v.values[k - 1].phi) / (n + 1)};
    }
    return v;
  }

  /// Twice as many members.
  constexpr legendre refined() const { return legendre(2 * static_cast<std::int64_t>(size_)); }

 private:
  std::size_t size_;
};

static_assert(hierarchical_basis<legendre> && integrable_basis<legendre>);

}  // namespace kutta::bases
