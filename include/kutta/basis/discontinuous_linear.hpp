// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Weights that are linear on each cell of depth and jump between cells.

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <kutta/basis/basis.hpp>
#include <kutta/basis/cells.hpp>
#include <kutta/basis/depth.hpp>
#include <kutta/schemes/rational.hpp>

namespace kutta::bases {

/// θ(s) = (1 − u) θ_2e + u θ_2e+1 at u across cell e of K/2.
///
/// The φ_k are non-negative and sum to 1. Control points: both ends of each cell, seen from inside.
class discontinuous_linear {
 public:
  static constexpr std::size_t support = 2;
  static constexpr bool non_negative = true;

  /// K/2 equal cells.
  /// @throws std::invalid_argument unless K is even and at least 2.
  constexpr explicit discontinuous_linear(std::int64_t size) : cells_(cell_count(size)) {}

  /// One cell between each two breakpoints.
  /// @throws std::invalid_argument unless the breakpoints ascend from 0 to 1.
  constexpr explicit discontinuous_linear(std::vector<rational> breakpoints)
      : cells_("bases::discontinuous_linear", std::move(breakpoints)) {}

  constexpr std::size_t size() const { return 2 * cells_.count(); }
  constexpr std::size_t degree() const { return 1; }
  constexpr std::vector<rational> breakpoints() const { return cells_.breakpoints(); }

  constexpr basis_values<2> operator()(const depth& s) const {
    const auto [cell, u] = cells_.locate(s);
    const auto k = 2 * static_cast<std::size_t>(cell);
    return {{{k, 1 - u}, {k + 1, u}}, 2};
  }

  constexpr depth node(std::size_t k) const {
    depth s = cells_.edge((k + 1) / 2);
    s.from = k % 2 == 0 ? side::right : side::left;
    return s;
  }

  /// The family with every cell halved.
  constexpr discontinuous_linear refined() const {
    discontinuous_linear result(2);
    result.cells_ = cells_.halved();
    return result;
  }

 private:
  static constexpr std::size_t cell_count(std::int64_t size) {
    if (size < 2 || size % 2 != 0)
      throw std::invalid_argument(
          "bases::discontinuous_linear: K must be even and at least 2, got " +
          std::to_string(size));
    return static_cast<std::size_t>(size / 2);
  }

  cells cells_;
};

static_assert(nodal_basis<discontinuous_linear> && integrable_basis<discontinuous_linear>);

}  // namespace kutta::bases
