// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Weights that are continuous and piecewise linear in depth.

#include <cstddef>
#include <cstdint>

#include <kutta/basis/basis.hpp>
#include <kutta/basis/depth.hpp>

namespace kutta::bases {

/// The finite-element hat functions on K equispaced nodes, φ_k(j/(K − 1)) = δ_kj; K = 1 is
/// constant.
///
/// The φ_k are non-negative and sum to 1. Control points: k/(K − 1), and 1/2 for K = 1.
class hat {
 public:
  static constexpr std::size_t support = 2;

  /// @throws std::invalid_argument if K < 1.
  constexpr explicit hat(std::int64_t size) : size_(detail::require_size("bases::hat", size)) {}

  constexpr std::size_t size() const { return size_; }

  constexpr basis_values<2> operator()(const depth& s) const {
    if (size_ == 1) return {{{0, 1.}}, 1};
    const auto [cell, u] = locate(s, static_cast<std::int64_t>(size_) - 1);
    const auto k = static_cast<std::size_t>(cell);
    return {{{k, 1 - u}, {k + 1, u}}, 2};
  }

  constexpr depth node(std::size_t k) const {
    if (size_ == 1) return {.num = 1, .den = 2};
    return {.num = static_cast<std::int64_t>(k), .den = static_cast<std::int64_t>(size_) - 1};
  }

  /// The family with every cell halved: 2K − 1 nodes, and 2 for K = 1.
  constexpr hat refined() const {
    return hat(size_ == 1 ? 2 : 2 * static_cast<std::int64_t>(size_) - 1);
  }

 private:
  std::size_t size_;
};

static_assert(nodal_basis<hat>);

}  // namespace kutta::bases
