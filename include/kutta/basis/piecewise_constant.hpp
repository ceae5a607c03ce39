// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Weights that are constant on each cell of depth.

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include <kutta/basis/basis.hpp>
#include <kutta/basis/cells.hpp>
#include <kutta/basis/depth.hpp>
#include <kutta/schemes/rational.hpp>

namespace kutta::bases {

/// φ_k = 1 on cell k of K, else 0. With Euler and as many steps as cells: a residual network.
///
/// The φ_k are non-negative and sum to 1. Control points: the cell centres, (k + 1/2)/K on equal
/// cells.
class piecewise_constant {
 public:
  static constexpr std::size_t support = 1;
  static constexpr bool non_negative = true;

  /// K equal cells.
  /// @throws std::invalid_argument if K < 1.
  constexpr explicit piecewise_constant(std::int64_t size)
      : cells_(detail::require_size("bases::piecewise_constant", size)) {}

  /// One cell between each two breakpoints.
  /// @throws std::invalid_argument unless the breakpoints ascend from 0 to 1.
  constexpr explicit piecewise_constant(std::vector<rational> breakpoints)
      : cells_("bases::piecewise_constant", std::move(breakpoints)) {}

  constexpr std::size_t size() const { return cells_.count(); }
  constexpr std::size_t degree() const { return 0; }
  constexpr std::vector<rational> breakpoints() const { return cells_.breakpoints(); }

  constexpr basis_values<1> operator()(const depth& s) const {
    return {{{static_cast<std::size_t>(cells_.locate(s).cell), 1.}}, 1};
  }

  constexpr depth node(std::size_t k) const { return cells_.at(k, 1, 2); }

  /// The family with every cell halved.
  constexpr piecewise_constant refined() const {
    piecewise_constant result(1);
    result.cells_ = cells_.halved();
    return result;
  }

 private:
  cells cells_;
};

static_assert(nodal_basis<piecewise_constant> && integrable_basis<piecewise_constant>);

}  // namespace kutta::bases
