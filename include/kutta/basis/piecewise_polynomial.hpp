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

/// Continuous, of degree p on each of n cells: K = p n + 1; p = 1 is `hat`.
///
/// The φ_k sum to 1. Control points: p + 1 in each cell, its ends shared with its neighbours. They
/// are equally spaced or those of Gauss and Lobatto, which keep |φ_k| ≤ 1 for every p.
template <std::size_t Degree>
class continuous_polynomial {
  static_assert(Degree >= 1, "of degree 0 there is only piecewise_constant");

 public:
  static constexpr std::size_t support = Degree + 1;

  /// (K − 1)/p equal cells.
  /// @throws std::invalid_argument unless K = p n + 1 with n ≥ 1.
  explicit continuous_polynomial(std::int64_t size,
                                 node_spacing spacing = node_spacing::gauss_lobatto)
      : cells_(detail::cells_for("bases::continuous_polynomial", size, p, 1)), in_cell_(spacing) {}

  /// One cell between each two breakpoints.
  /// @throws std::invalid_argument unless the breakpoints ascend from 0 to 1.
  explicit continuous_polynomial(std::vector<rational> breakpoints,
                                 node_spacing spacing = node_spacing::gauss_lobatto)
      : cells_("bases::continuous_polynomial", std::move(breakpoints)), in_cell_(spacing) {}

  std::size_t size() const { return Degree * cells_.count() + 1; }
  std::size_t degree() const { return Degree; }
  std::vector<rational> breakpoints() const { return cells_.breakpoints(); }

  basis_values<support> operator()(const depth& s) const {
    const auto [cell, u] = cells_.locate(s);
    basis_values<support> v;
    v.count = support;
    for (std::size_t j = 0; j < support; ++j)
      v.values[j] = {Degree * static_cast<std::size_t>(cell) + j, in_cell_(j, u)};
    return v;
  }

  depth node(std::size_t k) const {
    const bool at_end = k + 1 == size();
    return in_cell_.node(cells_, at_end ? cells_.count() - 1 : k / Degree,
                         at_end ? Degree : k % Degree);
  }

  /// The family with every cell halved.
  continuous_polynomial refined() const {
    continuous_polynomial result = *this;
    result.cells_ = cells_.halved();
    return result;
  }

 private:
  static constexpr auto p = static_cast<std::int64_t>(Degree);

  cells cells_;
  detail::lagrange<support> in_cell_;
};

/// Of degree p on each of n cells, with jumps between them: K = (p + 1) n; p = 1 is
/// `discontinuous_linear`.
///
/// The φ_k sum to 1. Control points: p + 1 in each cell, its ends included and seen from inside.
template <std::size_t Degree>
class discontinuous_polynomial {
  static_assert(Degree >= 1, "of degree 0 there is only piecewise_constant");

 public:
  static constexpr std::size_t support = Degree + 1;

  /// K/(p + 1) equal cells.
  /// @throws std::invalid_argument unless K = (p + 1) n with n ≥ 1.
  explicit discontinuous_polynomial(std::int64_t size,
                                    node_spacing spacing = node_spacing::gauss_lobatto)
      : cells_(detail::cells_for("bases::discontinuous_polynomial", size, p + 1, 0)),
        in_cell_(spacing) {}

  /// One cell between each two breakpoints.
  /// @throws std::invalid_argument unless the breakpoints ascend from 0 to 1.
  explicit discontinuous_polynomial(std::vector<rational> breakpoints,
                                    node_spacing spacing = node_spacing::gauss_lobatto)
      : cells_("bases::discontinuous_polynomial", std::move(breakpoints)), in_cell_(spacing) {}

  std::size_t size() const { return support * cells_.count(); }
  std::size_t degree() const { return Degree; }
  std::vector<rational> breakpoints() const { return cells_.breakpoints(); }

  basis_values<support> operator()(const depth& s) const {
    const auto [cell, u] = cells_.locate(s);
    basis_values<support> v;
    v.count = support;
    for (std::size_t j = 0; j < support; ++j)
      v.values[j] = {support * static_cast<std::size_t>(cell) + j, in_cell_(j, u)};
    return v;
  }

  depth node(std::size_t k) const { return in_cell_.node(cells_, k / support, k % support); }

  /// The family with every cell halved.
  discontinuous_polynomial refined() const {
    discontinuous_polynomial result = *this;
    result.cells_ = cells_.halved();
    return result;
  }

 private:
  static constexpr auto p = static_cast<std::int64_t>(Degree);

  cells cells_;
  detail::lagrange<support> in_cell_;
};

static_assert(nodal_basis<continuous_polynomial<2>> && integrable_basis<continuous_polynomial<2>>);
static_assert(nodal_basis<discontinuous_polynomial<2>> &&
              integrable_basis<discontinuous_polynomial<2>>);

}  // namespace kutta::bases
