// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Integrals over depth of what two families make: over the cells that they have in common.

#include <cstddef>
#include <vector>

#include <kutta/basis/basis.hpp>
#include <kutta/basis/cells.hpp>
#include <kutta/basis/depth.hpp>
#include <kutta/basis/quadrature.hpp>
#include <kutta/schemes/rational.hpp>

namespace kutta::detail {

/// Two ascending lists as one, equal numbers once.
inline std::vector<rational> merged(const std::vector<rational>& a,
                                    const std::vector<rational>& b) {
  std::vector<rational> all;
  all.reserve(a.size() + b.size());
  std::size_t i = 0, j = 0;
  while (i < a.size() || j < b.size()) {
    const bool take_b = i == a.size() || (j < b.size() && b[j] < a[i]);
    const rational& next = take_b ? b[j++] : a[i++];
    if (all.empty() || all.back() != next) all.push_back(next);
  }
  return all;
}

/// f(s, weight) at the points of a rule on every common cell of both families: Σ weight g(s) is
/// ∫_0^1 g, exact for products of two members.
template <integrable_basis B, integrable_basis C, class F>
void for_each_quadrature_point(const B& a, const C& b, F&& f) {
  const std::size_t degree = a.degree() > b.degree() ? a.degree() : b.degree();
  const quadrature rule = gauss_legendre(degree + 1);
  const std::vector<rational> ends = merged(a.breakpoints(), b.breakpoints());
  for (std::size_t cell = 0; cell + 1 < ends.size(); ++cell) {
    const double width = to_double(ends[cell + 1] - ends[cell]);
    for (std::size_t q = 0; q < rule.nodes.size(); ++q)
      f(point_between(ends[cell], ends[cell + 1], rule.nodes[q]), width * rule.weights[q]);
  }
}

}  // namespace kutta::detail
