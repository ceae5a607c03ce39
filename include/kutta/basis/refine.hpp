// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The same θ(s) in another basis.

#include <concepts>
#include <cstddef>
#include <vector>

#include <kutta/basis/basis.hpp>
#include <kutta/basis/depth.hpp>
#include <kutta/basis/evaluate.hpp>
#include <kutta/tensor/shape.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta {

namespace detail {

/// What the two limits of θ count at a control point.
struct limit_weights {
  double left, right;
};

/// Half each; where φ_k jumps at its control point, only the side on which φ_k is not 0.
template <nodal_basis B>
constexpr limit_weights limits_at_node(const B& phi, std::size_t k) {
  const auto touches = [&](side from) {
    depth s = phi.node(k);
    s.from = from;
    for (const basis_value& v : phi(s))
      if (v.k == k && v.phi != 0) return true;
    return false;
  };
  if (!touches(side::left)) return {0, 1};
  if (!touches(side::right)) return {1, 0};
  return {0.5, 0.5};
}

}  // namespace detail

/// The coefficients in `to` that agree with θ at the control points of `to`. At a control point on
/// a jump of θ: the mean of both limits, or where `to` jumps there too, the limit from inside.
/// @throws std::invalid_argument if `theta` does not belong to `from`, or the shapes differ.
template <basis B, nodal_basis C, tensor P>
std::vector<P> interpolate(const std::vector<P>& theta, const B& from, const C& to) {
  detail::require_coefficients_of_one_shape("interpolate: theta", from, theta);
  std::vector<P> result;
  result.reserve(to.size());
  P left_at = kutta::zeros_like(theta[0]), right_at = kutta::zeros_like(theta[0]);
  for (std::size_t k = 0; k < to.size(); ++k) {
    depth s = to.node(k);
    s.from = side::left;
    const P& left = evaluate(from, s, theta, left_at);
    s.from = side::right;
    const P& right = evaluate(from, s, theta, right_at);
    result.push_back(kutta::zeros_like(theta[0]));
    const auto [a, b] = detail::limits_at_node(to, k);
    if (a == 0)
      kutta::assign(result.back(), right);
    else if (b == 0)
      kutta::assign(result.back(), left);
    else
      kutta::combine(result.back(), scaled{a, left}, scaled{b, right});
  }
  return result;
}

/// A family with control points or a hierarchy that contains a finer copy of itself.
template <class B>
concept refinable = (nodal_basis<B> || hierarchical_basis<B>)&&requires(const B phi) {
  { phi.refined() } -> std::same_as<B>;
};

/// The same θ(s) with more coefficients: theta in `from` becomes the result in `from.refined()`,
/// every cell halved, or in a hierarchical family zeros appended.
///
/// Exact: the families are nested, so interpolation loses nothing but rounding.
/// @throws std::invalid_argument if `theta` does not belong to `from`, or the shapes differ.
template <refinable B, tensor P>
std::vector<P> refine(const std::vector<P>& theta, const B& from) {
  const B to = from.refined();
  if constexpr (nodal_basis<B>) {
    return interpolate(theta, from, to);
  } else {
    detail::require_coefficients_of_one_shape("refine: theta", from, theta);
    std::vector<P> result;
    result.reserve(to.size());
    for (std::size_t k = 0; k < to.size(); ++k) {
      result.push_back(kutta::zeros_like(theta[0]));
      if (k < theta.size()) kutta::assign(result.back(), theta[k]);
    }
    return result;
  }
}

}  // namespace kutta
