// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Weights that are a polynomial in depth, by Chebyshev's polynomials.

#include <cstddef>
#include <cstdint>
#include <vector>

#include <kutta/basis/basis.hpp>
#include <kutta/basis/depth.hpp>
#include <kutta/basis/global.hpp>
#include <kutta/schemes/rational.hpp>

namespace kutta::bases {

/// φ_k(t) = T_k(2t − 1) = cos(k arccos(2t − 1)), k < K: at most 1 in size, φ_k(1) = 1.
class chebyshev {
 public:
  static constexpr std::size_t support = 32;  // the largest K
  static constexpr bool hierarchical = true;

  /// @throws std::invalid_argument unless 1 ≤ K ≤ support.
  constexpr explicit chebyshev(std::int64_t size)
      : size_(detail::require_global_size("bases::chebyshev", size, support)) {}

  constexpr std::size_t size() const { return size_; }
  constexpr std::size_t degree() const { return size_ - 1; }
  constexpr std::vector<rational> breakpoints() const { return {0, 1}; }

  /// T_{k+1}(x) = 2 x T_k(x) − T_{k−1}(x).
  constexpr basis_values<support> operator()(const depth& s) const {
    const double x = 2 * detail::clamped(s) - 1;
    basis_values<support> v{{{0, 1.}, {1, x}}, size_};
    for (std::size_t k = 1; k + 1 < size_; ++k)
      v.values[k + 1] = {k + 1, 2 * x * v.values[k].phi - v.values[k - 1].phi};
    return v;
  }

  /// Twice as many members.
  constexpr chebyshev refined() const { return chebyshev(2 * static_cast<std::int64_t>(size_)); }

 private:
  std::size_t size_;
};

static_assert(hierarchical_basis<chebyshev> && integrable_basis<chebyshev>);

}  // namespace kutta::bases
