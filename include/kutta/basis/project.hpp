// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Changes of basis: interpolation, least-squares projection and refinement, as matrices.
///
///     const auto theta2 = kutta::project(theta, bases::hat(9), bases::piecewise_constant(4));
///
///     const auto m = kutta::projection(bases::hat(9), bases::piecewise_constant(4));
///     const auto theta2 = m.apply(theta);                    // the same
///     const auto moments = m.apply(optimiser.moments());     // what moves with it

#include <cmath>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <vector>

#include <kutta/basis/banded_cholesky.hpp>
#include <kutta/basis/basis.hpp>
#include <kutta/basis/basis_operator.hpp>
#include <kutta/basis/merged_cells.hpp>
#include <kutta/basis/refine.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta {

namespace detail {

/// An entry of a sparse column.
struct entry {
  std::size_t row;
  long double value;
};

inline void add_to(std::vector<entry>& column, std::size_t row, long double value) {
  for (entry& e : column)
    if (e.row == row) {
      e.value += value;
      return;
    }
  column.push_back({row, value});
}

template <basis B, basis C>
void require_members(const char* what, const B& from, const C& to) {
  if (from.size() < 1 || to.size() < 1)
    throw std::invalid_argument(std::string(what) + ": both families must have a member, got K = " +
                                std::to_string(from.size()) + " and " + std::to_string(to.size()));
}

}  // namespace detail

/// The matrix of `interpolate`.
/// @throws std::invalid_argument if a family is empty.
template <basis B, nodal_basis C>
basis_operator interpolation(const B& from, const C& to) {
  detail::require_members("interpolation", from, to);
  basis_operator m(to.size(), from.size());
  for (std::size_t j = 0; j < to.size(); ++j) {
    const auto [left, right] = detail::limits_at_node(to, j);
    depth s = to.node(j);
    s.from = side::left;
    if (left != 0)
      for (const auto& [k, phi] : from(s)) m(j, k) += left * phi;
    s.from = side::right;
    if (right != 0)
      for (const auto& [k, phi] : from(s)) m(j, k) += right * phi;
  }
  return m;
}

/// The θ' in `to` that is nearest to θ: ∫_0^1 |θ' − θ|² is smallest.
///
///     M = H⁻¹ G,   H_ij = ∫ φ'_i φ'_j,   G_ik = ∫ φ'_i φ_k
///
/// Exact but for rounding: Gauss's rule over the breakpoints of both families, sums and solution in
/// long double; entries below 2⁻⁶⁴ of their column are 0.
///
/// Cost: K' K b multiplications, b how far apart in index two members of `to` overlap; 8 K' K
/// bytes.
///
/// Source: Queiruga, Erichson, Hodgkinson & Mahoney, Stateful ODE-Nets using Basis Function
/// Expansions (2021), eq. 24.
/// @throws std::invalid_argument if a family is empty, or a member of `to` is a combination of the
/// others but for rounding.
template <integrable_basis B, integrable_basis C>
basis_operator projection(const B& from, const C& to) {
  detail::require_members("projection", from, to);
  std::size_t band = 0;
  detail::for_each_quadrature_point(from, to, [&](const depth& s, double) {
    const auto values = to(s);
    for (const basis_value& v : values)
      for (const basis_value& w : values)
        if (v.k > w.k + band) band = v.k - w.k;
  });

  detail::banded_cholesky h(to.size(), band);
  std::vector<std::vector<detail::entry>> g(from.size());
  detail::for_each_quadrature_point(from, to, [&](const depth& s, double weight) {
    const auto values = to(s);
    const auto old_values = from(s);
    for (const basis_value& v : values) {
      const long double a = static_cast<long double>(weight) * v.phi;
      for (const basis_value& w : values)
        if (v.k >= w.k) h(v.k, w.k) += a * w.phi;
      for (const basis_value& w : old_values) detail::add_to(g[w.k], v.k, a * w.phi);
    }
  });

  if (const std::size_t row = h.factor(); row < to.size())
    throw std::invalid_argument("projection: member " + std::to_string(row) +
                                " of K = " + std::to_string(to.size()) +
                                " is a combination of the others but for rounding");
  basis_operator m(to.size(), from.size());
  std::vector<long double> x(to.size());
  for (std::size_t k = 0; k < from.size(); ++k) {
    for (long double& v : x) v = 0;
    for (const detail::entry& e : g[k]) x[e.row] = e.value;
    h.solve(x);
    long double largest = 0;
    for (const long double v : x)
      if (std::abs(v) > largest) largest = std::abs(v);
    for (std::size_t j = 0; j < to.size(); ++j)
      if (!(std::abs(x[j]) < 0x1p-64L * largest)) m(j, k) = static_cast<double>(x[j]);
  }
  return m;
}

/// The matrix from a family to `from.refined()`, which contains it.
/// @throws std::invalid_argument if the family is empty or cannot be refined further.
template <basis B>
basis_operator refinement(const B& from) {
  const B to = from.refined();
  if constexpr (nodal_basis<B>) {
    return interpolation(from, to);
  } else if constexpr (hierarchical_basis<B>) {
    basis_operator m(to.size(), from.size());
    for (std::size_t k = 0; k < from.size(); ++k) m(k, k) = 1;
    return m;
  } else {
    return projection(from, to);
  }
}

/// theta in `from` becomes the nearest coefficients in `to`: `projection`, applied.
/// @throws std::invalid_argument also if `theta` does not belong to `from`, or the shapes differ.
template <integrable_basis B, integrable_basis C, tensor P>
std::vector<P> project(const std::vector<P>& theta, const B& from, const C& to) {
  detail::require_coefficients_of_one_shape("project: theta", from, theta);
  return projection(from, to).apply(theta);
}

/// `refine` for a family without control points.
/// @throws std::invalid_argument if `theta` does not belong to `from`, or the shapes differ.
template <integrable_basis B, tensor P>
  requires(!nodal_basis<B> && !hierarchical_basis<B>)
std::vector<P> refine(const std::vector<P>& theta, const B& from) {
  return project(theta, from, from.refined());
}

}  // namespace kutta
