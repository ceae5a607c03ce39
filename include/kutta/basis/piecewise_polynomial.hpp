// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Weights that are a polynomial on each cell of depth, continuous or not.

#include <array>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <kutta/basis/basis.hpp>
#include <kutta/basis/cells.hpp>
#include <kutta/basis/depth.hpp>
#include <kutta/basis/quadrature.hpp>
#include <kutta/schemes/rational.hpp>

namespace kutta::bases {

/// Where the control points of a cell lie, its ends included.
enum class node_spacing : unsigned char { equal, gauss_lobatto };

}  // namespace kutta::bases

namespace kutta::detail {

/// Lagrange's polynomials on N nodes of [0, 1], ℓ_j(x) = Π_{m≠j} (x − x_m)/(x_j − x_m), the first
/// node 0 and the last 1.
template <std::size_t N>
class lagrange {
 public:
  explicit lagrange(bases::node_spacing spacing) : exact_(spacing == bases::node_spacing::equal) {
    if (exact_)
      for (std::size_t j = 0; j < N; ++j)
        nodes_[j] = static_cast<double>(j) / static_cast<double>(N - 1);
    else
      for (std::size_t j = 0; const double x : gauss_lobatto_nodes(N)) nodes_[j++] = x;
  }

  double operator()(std::size_t j, double x) const {
    double value = 1;
    for (std::size_t m = 0; m < N; ++m)
      if (m != j) value *= (x - nodes_[m]) / (nodes_[j] - nodes_[m]);
    return value;
  }

  /// Node j of a cell, seen from inside.
  depth node(const cells& in, std::size_t cell, std::size_t j) const {
    depth s;
    if (exact_ || j == 0 || j + 1 == N)
      s = in.at(cell, static_cast<std::int64_t>(j), static_cast<std::int64_t>(N - 1));
    else
      s = point_between(in.breakpoint(cell), in.breakpoint(cell + 1), nodes_[j]);
    if (j + 1 == N) s.from = side::left;
    return s;
  }

 private:
  std::array<double, N> nodes_{};
  bool exact_;
};

/// Cells of `each` coefficients and `extra` at the end.
/// @throws std::invalid_argument unless K = each n + extra with n ≥ 1.
inline std::size_t cells_for(const char* family, std::int64_t size, std::int64_t each,
                             std::int64_t extra) {
  if (size < each + extra || (size - extra) % each != 0)
    throw std::invalid_argument(std::string(family) + ": K must be " + std::to_string(each) + " n" +
                                (extra == 0 ? "" : " + " + std::to_string(extra)) +
                                " with n at least 1, got " + std::to_string(size));
  return static_cast<std::size_t>((size - extra) / each);
}

}  // namespace kutta::detail

namespace kutta::bases {

/// Of degree p on each of n cells, with values shared at the edges between them or with jumps
/// there.
///
/// The φ_k sum to 1. Control points: p + 1 in each cell, its ends included: shared with its
/// neighbours, or seen from inside. They are equally spaced or those of Gauss and Lobatto, which
/// keep |φ_k| ≤ 1 for every p.
template <std::size_t Degree, bool IsContinuous>
class piecewise_polynomial {
  static_assert(Degree >= 1, "of degree 0 there is only piecewise_constant");

 public:
  static constexpr std::size_t support = Degree + 1;

  /// Equal cells.
  /// @throws std::invalid_argument unless K = p n + 1, with jumps (p + 1) n, for an n ≥ 1.
  explicit piecewise_polynomial(std::int64_t size,
                                node_spacing spacing = node_spacing::gauss_lobatto)
      : cells_(detail::cells_for(family, size, static_cast<std::int64_t>(each),
                                 static_cast<std::int64_t>(extra))),
        in_cell_(spacing) {}

  /// One cell between each two breakpoints.
  /// @throws std::invalid_argument unless the breakpoints ascend from 0 to 1.
  explicit piecewise_polynomial(std::vector<rational> breakpoints,
                                node_spacing spacing = node_spacing::gauss_lobatto)
      : cells_(family, std::move(breakpoints)), in_cell_(spacing) {}

  std::size_t size() const { return each * cells_.count() + extra; }
  std::size_t degree() const { return Degree; }
  std::vector<rational> breakpoints() const { return cells_.breakpoints(); }

  basis_values<support> operator()(const depth& s) const {
    const auto [cell, u] = cells_.locate(s);
    basis_values<support> v;
    v.count = support;
    for (std::size_t j = 0; j < support; ++j)
      v.values[j] = {each * static_cast<std::size_t>(cell) + j, in_cell_(j, u)};
    return v;
  }

  depth node(std::size_t k) const {
    const bool beyond = k == each * cells_.count();  // the last of shared ends
    return beyond ? in_cell_.node(cells_, cells_.count() - 1, Degree)
                  : in_cell_.node(cells_, k / each, k % each);
  }

  /// The family with every cell halved.
  piecewise_polynomial refined() const {
    piecewise_polynomial result = *this;
    result.cells_ = cells_.halved();
    return result;
  }

 private:
  static constexpr const char* family =
      IsContinuous ? "bases::continuous_polynomial" : "bases::discontinuous_polynomial";
  // K = each n + extra
  static constexpr std::size_t each = IsContinuous ? Degree : Degree + 1;
  static constexpr std::size_t extra = IsContinuous ? 1 : 0;

  cells cells_;
  detail::lagrange<support> in_cell_;
};

/// Continuous: K = p n + 1; p = 1 is `hat`.
template <std::size_t Degree>
using continuous_polynomial = piecewise_polynomial<Degree, true>;

/// With jumps between the cells: K = (p + 1) n; p = 1 is `discontinuous_linear`.
template <std::size_t Degree>
using discontinuous_polynomial = piecewise_polynomial<Degree, false>;

static_assert(nodal_basis<continuous_polynomial<2>> && integrable_basis<continuous_polynomial<2>>);
static_assert(nodal_basis<discontinuous_polynomial<2>> &&
              integrable_basis<discontinuous_polynomial<2>>);

}  // namespace kutta::bases
