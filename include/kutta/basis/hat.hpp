// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Weights that are continuous and piecewise linear in depth.

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include <kutta/basis/basis.hpp>
#include <kutta/basis/cells.hpp>
#include <kutta/basis/depth.hpp>
#include <kutta/schemes/rational.hpp>

namespace kutta::bases {

/// The finite-element hat functions on K nodes, φ_k(node(j)) = δ_kj; K = 1 is constant.
///
/// The φ_k are non-negative and sum to 1. Control points: the breakpoints, k/(K − 1) on equal
/// cells, and 1/2 for K = 1.
class hat {
 public:
  static constexpr std::size_t support = 2;
  static constexpr bool non_negative = true;

  /// K − 1 equal cells.
  /// @throws std::invalid_argument if K < 1.
  constexpr explicit hat(std::int64_t size)
      : size_(detail::require_size("bases::hat", size)), cells_(size_ == 1 ? 1 : size_ - 1) {}

  /// One node at each breakpoint.
  /// @throws std::invalid_argument unless the breakpoints ascend from 0 to 1.
  constexpr explicit hat(std::vector<rational> breakpoints)
      : size_(breakpoints.size()), cells_("bases::hat", std::move(breakpoints)) {}

  constexpr std::size_t size() const { return size_; }
  constexpr std::size_t degree() const { return size_ == 1 ? 0 : 1; }
  constexpr std::vector<rational> breakpoints() const { return cells_.breakpoints(); }

  constexpr basis_values<2> operator()(const depth& s) const {
    if (size_ == 1) return {{{0, 1.}}, 1};
    const auto [cell, u] = cells_.locate(s);
    const auto k = static_cast<std::size_t>(cell);
    return {{{k, 1 - u}, {k + 1, u}}, 2};
  }

  constexpr depth node(std::size_t k) const {
    return size_ == 1 ? cells_.at(0, 1, 2) : cells_.edge(k);
  }

  /// The family with every cell halved: 2K − 1 nodes, and 2 for K = 1.
  constexpr hat refined() const {
    hat result(2);
    if (size_ == 1) return result;
    result.size_ = 2 * size_ - 1;
    result.cells_ = cells_.halved();
    return result;
  }

 private:
  std::size_t size_;
  cells cells_;
};

static_assert(nodal_basis<hat> && integrable_basis<hat>);

}  // namespace kutta::bases
