// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Weights that are constant on each of K equal cells of depth.

#include <cstddef>
#include <cstdint>

#include <kutta/basis/basis.hpp>
#include <kutta/basis/depth.hpp>

namespace kutta::bases {

/// φ_k = 1 on cell k of K, else 0. With Euler and as many steps as cells: a residual network.
///
/// Control points: the cell centres (k + 1/2)/K.
class piecewise_constant {
 public:
  static constexpr std::size_t support = 1;

  /// @throws std::invalid_argument if K < 1.
  constexpr explicit piecewise_constant(std::int64_t size)
      : size_(detail::require_size("bases::piecewise_constant", size)) {}

  constexpr std::size_t size() const { return size_; }

  constexpr basis_values<1> operator()(const depth& s) const {
    const auto cell = locate(s, static_cast<std::int64_t>(size_)).cell;
    return {{{static_cast<std::size_t>(cell), 1.}}, 1};
  }

  constexpr depth node(std::size_t k) const {
    return {.num = 2 * static_cast<std::int64_t>(k) + 1,
            .den = 2 * static_cast<std::int64_t>(size_)};
  }

  /// The family with every cell halved.
  constexpr piecewise_constant refined() const {
    return piecewise_constant(2 * static_cast<std::int64_t>(size_));
  }

 private:
  std::size_t size_;
};

static_assert(nodal_basis<piecewise_constant>);

}  // namespace kutta::bases
