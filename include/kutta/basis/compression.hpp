// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What fewer coefficients cost: a table over families and K.
///
///     const auto table = kutta::compression_table(
///         theta, from, kutta::candidates<bases::hat>{"hat", {2, 3, 5}},
///         kutta::candidates<bases::legendre>{"legendre", {1, 2, 3}});

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <kutta/basis/basis.hpp>
#include <kutta/basis/basis_operator.hpp>
#include <kutta/basis/depth.hpp>
#include <kutta/basis/gram.hpp>
#include <kutta/basis/merged_cells.hpp>
#include <kutta/basis/project.hpp>
#include <kutta/basis/refine.hpp>
#include <kutta/tensor/number_text.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta {

/// What a projection leaves out of one leaf of θ, d(s) = θ(s) − θ'(s).
///
/// |d(s)| is the root of the sum of squares over the elements: no element is off by more than
/// `largest`. Below about 6e-8 of θ an error is rounding and counts 0.
struct leaf_error {
  std::string name;
  double l2 = 0;                // √∫ |d|² ds
  double relative_l2 = 0;       // over √∫ |θ|² ds; 0 of 0 is 0
  double largest = 0;           // max |d(s)| over the depths that are looked at
  double relative_largest = 0;  // over max |θ(s)|
};

/// One line of the table: a family and what the projection onto it costs.
struct compression {
  std::string family;
  std::size_t size;        // K
  std::size_t parameters;  // K times the elements of a θ_k
  std::vector<leaf_error> errors;
};

/// Families of one kind to try: B(K) for each K, called `name` in the table.
template <integrable_basis B>
struct candidates {
  std::string name;
  std::vector<std::int64_t> sizes;
};

namespace detail {

struct depth_norms {
  double l2 = 0, largest = 0;

  void add(double square, double weight) {
    l2 += weight * square;
    largest = larger{}(largest, square);
  }
  depth_norms root() const { return {std::sqrt(l2), std::sqrt(largest)}; }
};

/// f(s, weight) where the norms of a function in both families are looked at: the points of the
/// quadrature, and both limits at every breakpoint, which weigh nothing.
template <integrable_basis B, integrable_basis C, class F>
void for_each_norm_point(const B& a, const C& b, F&& f) {
  for_each_quadrature_point(a, b, f);
  for (const rational& end : merged(a.breakpoints(), b.breakpoints()))
    for (const side from : {side::left, side::right})
      f(depth{.num = end.num, .den = end.den, .offset = 0, .from = from}, 0.);
}

/// The norms of θ(s) for every leaf.
template <integrable_basis B>
std::vector<depth_norms> norms(const std::vector<gram_matrix>& leaves, const B& phi) {
  std::vector<depth_norms> result(leaves.size());
  std::vector<double> a(phi.size());
  for_each_norm_point(phi, phi, [&](const depth& s, double weight) {
    for (double& v : a) v = 0;
    for (const auto& [k, value] : phi(s)) a[k] += value;
    for (std::size_t i = 0; i < leaves.size(); ++i) result[i].add(leaves[i].square(a), weight);
  });
  for (depth_norms& of : result) of = of.root();
  return result;
}

/// The norms of what the projection leaves out: d(s) = Σ_k r_k(s) θ_k,
/// r_k = φ_k − Σ_j M_jk φ'_j.
template <integrable_basis B, integrable_basis C>
std::vector<depth_norms> left_out(const std::vector<gram_matrix>& leaves, const B& from,
                                  const C& to) {
  const basis_operator m = projection(from, to);
  std::vector<depth_norms> result(leaves.size());
  std::vector<double> r(from.size());
  for_each_norm_point(from, to, [&](const depth& s, double weight) {
    for (double& v : r) v = 0;
    for (const auto& [k, value] : from(s)) r[k] += value;
    for (const auto& [j, value] : to(s))
      for (std::size_t k = 0; k < r.size(); ++k) r[k] -= m(j, k) * value;
    for (double& v : r)
      if (std::abs(v) < 0x1p-46) v = 0;  // rounding
    for (std::size_t i = 0; i < leaves.size(); ++i) result[i].add(leaves[i].square(r), weight);
  });
  for (depth_norms& of : result) of = of.root();
  return result;
}

inline double ratio(double x, double y) {
  return x == 0 ? 0 : x / y;
}

template <integrable_basis B, integrable_basis C>
compression compressed(const std::string& family, const std::vector<gram_matrix>& leaves,
                       const std::vector<depth_norms>& whole, const B& from, const C& to) {
  compression line{family, to.size(), 0, {}};
  const auto errors = left_out(leaves, from, to);
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    line.parameters += to.size() * leaves[i].elements;
    line.errors.push_back({leaves[i].name, errors[i].l2, ratio(errors[i].l2, whole[i].l2),
                           errors[i].largest, ratio(errors[i].largest, whole[i].largest)});
  }
  return line;
}

}  // namespace detail

/// One line for every K of every candidate: what `project(theta, from, B(K))` would leave out.
///
/// Cost: one pass over the weights for the inner products of the coefficients; then, whatever the
/// number of weights, for each line K² multiplications a leaf at every point of the quadrature.
/// @throws std::invalid_argument if `theta` does not belong to `from`, the shapes differ, or a
/// candidate cannot have that K.
template <integrable_basis B, tensor P, integrable_basis... C>
std::vector<compression> compression_table(const std::vector<P>& theta, const B& from,
                                           const candidates<C>&... families) {
  detail::require_coefficients_of_one_shape("compression_table: theta", from, theta);
  const std::vector<gram_matrix> leaves = gram(theta);
  const auto whole = detail::norms(leaves, from);
  std::vector<compression> table;
  const auto add = [&]<class D>(const candidates<D>& family) {
    for (const std::int64_t k : family.sizes)
      table.push_back(detail::compressed(family.name, leaves, whole, from, D(k)));
  };
  (add(families), ...);
  return table;
}

/// The table as text: a line for each family and leaf.
inline std::string table_text(const std::vector<compression>& table) {
  std::string text = "family\tK\tparameters\tleaf\tL2\trelative\tlargest\trelative\n";
  for (const compression& line : table)
    for (const leaf_error& e : line.errors) {
      text += line.family + '\t' + std::to_string(line.size) + '\t' +
              std::to_string(line.parameters) + '\t' + e.name;
      for (const double value : {e.l2, e.relative_l2, e.largest, e.relative_largest})
        text += '\t' + detail::number_text(value, 3);
      text += '\n';
    }
  return text;
}

}  // namespace kutta
