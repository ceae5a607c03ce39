// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The same θ(s) in another basis.

#include <concepts>
#include <vector>

#include <kutta/basis/basis.hpp>
#include <kutta/basis/evaluate.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta {

/// The coefficients in `to` that agree with θ at the control points of `to`. At a control point on
/// a jump of θ: the mean of both limits.
/// @throws std::invalid_argument if `theta` does not belong to `from`.
template <basis B, nodal_basis C, tensor P>
std::vector<P> interpolate(const std::vector<P>& theta, const B& from, const C& to) {
  detail::require_coefficients("interpolate: theta", from, theta);
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
    kutta::combine(result.back(), scaled{0.5, left}, scaled{0.5, right});
  }
  return result;
}

/// A family that contains a finer copy of itself.
template <class B>
concept refinable = nodal_basis<B> && requires(const B phi) {
  { phi.refined() } -> std::same_as<B>;
};

/// The same θ(s), every cell halved: theta in `from` becomes the result in `from.refined()`.
///
/// Exact: the families are nested, so interpolation loses nothing but rounding.
template <refinable B, tensor P>
std::vector<P> refine(const std::vector<P>& theta, const B& from) {
  return interpolate(theta, from, from.refined());
}

}  // namespace kutta
