// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Weights that are periodic in depth.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <vector>

#include <kutta/basis/basis.hpp>
#include <kutta/basis/depth.hpp>
#include <kutta/basis/global.hpp>
#include <kutta/schemes/rational.hpp>

namespace kutta::bases {

/// 1, cos 2πt, sin 2πt, cos 4πt, sin 4πt, …: K of them, orthogonal on [0, 1]. θ(0) = θ(1).
class fourier {
 public:
  static constexpr std::size_t support = 32;  // the largest K
  static constexpr bool hierarchical = true;

  /// @throws std::invalid_argument unless 1 ≤ K ≤ support.
  constexpr explicit fourier(std::int64_t size)
      : size_(detail::require_global_size("bases::fourier", size, support)) {}

  constexpr std::size_t size() const { return size_; }

  /// Gauss's rule of this degree integrates products of members to rounding.
  constexpr std::size_t degree() const { return 2 * size_ + 20; }
  constexpr std::vector<rational> breakpoints() const { return {0, 1}; }

  basis_values<support> operator()(const depth& s) const {
    const double t = detail::clamped(s);
    basis_values<support> v{{{0, 1.}}, size_};
    for (std::size_t k = 1; k < size_; ++k) {
      const std::size_t wave = (k + 1) / 2;
      const double angle = 2 * std::numbers::pi * static_cast<double>(wave) * t;
      v.values[k] = {k, k % 2 == 1 ? std::cos(angle) : std::sin(angle)};
    }
    return v;
  }

  /// Twice as many members.
  constexpr fourier refined() const { return fourier(2 * static_cast<std::int64_t>(size_)); }

 private:
  std::size_t size_;
};

static_assert(hierarchical_basis<fourier> && integrable_basis<fourier>);

}  // namespace kutta::bases
