// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What a change of basis costs: how far the new θ(s) is from the old one, tensor by tensor.

#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include <kutta/basis/basis.hpp>
#include <kutta/basis/depth.hpp>
#include <kutta/basis/evaluate.hpp>
#include <kutta/basis/merged_cells.hpp>
#include <kutta/basis/project.hpp>
#include <kutta/tensor/host_device.hpp>
#include <kutta/tensor/named_leaves.hpp>
#include <kutta/tensor/product.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta {

/// The distance of two functions of depth in one of their tensors, named by its path: "theta.w".
struct leaf_distance {
  std::string name;
  double l2 = 0;       // √∫ |d|² ds, |d| the root of the sum of squares over the elements
  double largest = 0;  // max |d_i| over the elements and the depths that are looked at
};

namespace detail {

struct modulus {
  template <class V>
  KUTTA_HD constexpr V operator()(const V& x) const {
    return x < V(0) ? -x : x;
  }
};

}  // namespace detail

/// How far θ in `phi` and `other` in `other_phi` are apart, for every leaf of a P.
///
/// The integral is exact but for rounding. The maximum is that over the points of the quadrature
/// and both limits at every breakpoint: exact for families of degree 1 and less.
/// @throws std::invalid_argument if coefficients and family do not fit, or the shapes differ.
template <integrable_basis B, integrable_basis C, tensor P>
std::vector<leaf_distance> depth_distance(const std::vector<P>& theta, const B& phi,
                                          const std::vector<P>& other, const C& other_phi) {
  detail::require_coefficients_of_one_shape("depth_distance: theta", phi, theta);
  detail::require_coefficients_of_one_shape("depth_distance: other", other_phi, other);
  detail::require_same_shape("depth_distance: other", theta[0], other[0]);
  P d = kutta::zeros_like(theta[0]), theta_at = d, other_at = d;
  std::vector<leaf_distance> result;
  for_each_named_leaf([&](const std::string& name, const auto&) { result.push_back({name}); },
                      "theta", d);

  const auto add_at = [&](const depth& s, double weight) {
    kutta::add(d, evaluate(phi, s, theta, theta_at),
               scaled{-1, evaluate(other_phi, s, other, other_at)});
    std::size_t leaf = 0;
    for_each_leaf(
        [&](const auto& part) {
          leaf_distance& of = result[leaf++];
          of.l2 += weight * static_cast<double>(kutta::inner_product(part, part));
          const auto largest = static_cast<double>(kutta::largest(detail::modulus{}, part));
          of.largest = detail::larger{}(of.largest, largest);
        },
        d);
  };
  detail::for_each_quadrature_point(phi, other_phi, add_at);
  for (const rational& b : detail::merged(phi.breakpoints(), other_phi.breakpoints()))
    for (const side from : {side::left, side::right})
      add_at({.num = b.num, .den = b.den, .offset = 0, .from = from}, 0);
  for (leaf_distance& of : result) of.l2 = std::sqrt(of.l2);
  return result;
}

/// What `project(theta, from, to)` leaves out of θ.
/// @throws std::invalid_argument as `project`.
template <integrable_basis B, integrable_basis C, tensor P>
std::vector<leaf_distance> projection_error(const std::vector<P>& theta, const B& from,
                                            const C& to) {
  return kutta::depth_distance(theta, from, project(theta, from, to), to);
}

}  // namespace kutta
