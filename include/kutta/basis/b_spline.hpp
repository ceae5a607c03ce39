// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Weights that are smooth in depth: splines.

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

/// B-splines of degree p on n cells, p − 1 times continuously differentiable: K = n + p.
///
/// The knots are the breakpoints, the first and the last p + 1 times, so that θ(0) and θ(1) are the
/// first and the last coefficient. The φ_k are non-negative and sum to 1. p = 0 is
/// `piecewise_constant`, p = 1 is `hat`.
/// Source: Piegl & Tiller, The NURBS Book (1997), eq. 2.5 and algorithm A2.2 (Cox and de Boor).
template <std::size_t Degree>
class b_spline {
 public:
  static constexpr std::size_t support = Degree + 1;
  static constexpr bool non_negative = true;

  /// K − p equal cells.
  /// @throws std::invalid_argument if K < p + 1.
  constexpr explicit b_spline(std::int64_t size) : cells_(cell_count(size)) {}

  /// One cell between each two breakpoints.
  /// @throws std::invalid_argument unless the breakpoints ascend from 0 to 1.
  constexpr explicit b_spline(std::vector<rational> breakpoints)
      : cells_("bases::b_spline", std::move(breakpoints)) {}

  constexpr std::size_t size() const { return cells_.count() + Degree; }
  constexpr std::size_t degree() const { return Degree; }
  constexpr std::vector<rational> breakpoints() const { return cells_.breakpoints(); }

  /// N_{i,q} = (x − x_i)/(x_{i+q} − x_i) N_{i,q−1} + (x_{i+q+1} − x)/(x_{i+q+1} − x_{i+1})
  /// N_{i+1,q−1} for q = 1 … p, from N_{c,0} = 1 on cell c.
  constexpr basis_values<support> operator()(const depth& s) const {
    const auto [cell, u] = cells_.locate(s);
    const auto c = static_cast<std::size_t>(cell);
    const double width = knot(c, 1) - knot(c, 0);
    basis_values<support> v{};
    v.count = support;
    double behind[support]{}, ahead[support]{};  // from knot c + 1 − j to x, from x to knot c + j
    v.values[0] = {c, 1};
    for (std::size_t j = 1; j <= Degree; ++j) {
      const auto distance = static_cast<std::int64_t>(j);
      behind[j] = (knot(c, 0) - knot(c, 1 - distance)) + u * width;
      ahead[j] = (knot(c, distance) - knot(c, 1)) + (1 - u) * width;
      double carried = 0;
      for (std::size_t r = 0; r < j; ++r) {
        const double part = v.values[r].phi / (ahead[r + 1] + behind[j - r]);
        v.values[r].phi = carried + ahead[r + 1] * part;
        carried = behind[j - r] * part;
      }
      v.values[j] = {c + j, carried};
    }
    return v;
  }

  /// The family with every cell halved.
  constexpr b_spline refined() const {
    b_spline result(static_cast<std::int64_t>(Degree) + 1);
    result.cells_ = cells_.halved();
    return result;
  }

 private:
  static constexpr std::size_t cell_count(std::int64_t size) {
    if (size < static_cast<std::int64_t>(Degree) + 1)
      throw std::invalid_argument("bases::b_spline: K must be at least p + 1 = " +
                                  std::to_string(Degree + 1) + ", got " + std::to_string(size));
    return static_cast<std::size_t>(size) - Degree;
  }

  /// The breakpoint `offset` after b_c, the ends repeated; in cells if they are equal.
  constexpr double knot(std::size_t c, std::int64_t offset) const {
    const auto last = static_cast<std::int64_t>(cells_.count());
    std::int64_t i = static_cast<std::int64_t>(c) + offset;
    i = i < 0 ? 0 : i > last ? last : i;
    return cells_.equal() ? static_cast<double>(i)
                          : to_double(cells_.breakpoint(static_cast<std::size_t>(i)));
  }

  cells cells_;
};

static_assert(integrable_basis<b_spline<3>>);

}  // namespace kutta::bases
