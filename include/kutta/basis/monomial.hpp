// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Weights that are a polynomial in depth, by its powers.

#include <cstddef>
#include <cstdint>
#include <vector>

#include <kutta/basis/basis.hpp>
#include <kutta/basis/depth.hpp>
#include <kutta/basis/global.hpp>
#include <kutta/schemes/rational.hpp>

namespace kutta::bases {

/// φ_k(t) = t^k, k < K.
///
/// For few members: they are nearly dependent, and θ(s) is a small difference of large coefficients
/// (some 10³ times its size for K = 8). `legendre` spans the same polynomials without that loss.
class monomial {
 public:
  static constexpr std::size_t support = 8;  // the largest K
  static constexpr bool hierarchical = true;

  /// @throws std::invalid_argument unless 1 ≤ K ≤ support.
  constexpr explicit monomial(std::int64_t size)
      : size_(detail::require_global_size("bases::monomial", size, support)) {}

  constexpr std::size_t size() const { return size_; }
  constexpr std::size_t degree() const { return size_ - 1; }
  constexpr std::vector<rational> breakpoints() const { return {0, 1}; }

  constexpr basis_values<support> operator()(const depth& s) const {
    const double t = detail::clamped(s);
    basis_values<support> v{{{0, 1.}}, size_};
    for (std::size_t k = 1; k < size_; ++k) v.values[k] = {k, v.values[k - 1].phi * t};
    return v;
  }

  /// Twice as many members.
  constexpr monomial refined() const { return monomial(2 * static_cast<std::int64_t>(size_)); }

 private:
  std::size_t size_;
};

static_assert(hierarchical_basis<monomial> && integrable_basis<monomial>);

}  // namespace kutta::bases
