// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// A function of depth from samples of it: the least-squares fit of a cloud of points.

#include <cstddef>
#include <stdexcept>
#include <vector>

#include <kutta/basis/basis.hpp>
#include <kutta/basis/basis_operator.hpp>
#include <kutta/basis/depth.hpp>
#include <kutta/basis/evaluate.hpp>
#include <kutta/basis/minimum_norm.hpp>
#include <kutta/basis/refine.hpp>
#include <kutta/tensor/host_device.hpp>
#include <kutta/tensor/shape.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta {

/// The value at one depth.
template <tensor P>
struct depth_sample {
  depth s;
  P value;
};

/// A family of non-negative members that sum to 1: what it makes lies between its coefficients.
template <class B>
concept averaging_basis = basis<B> && B::non_negative;

namespace detail {

struct smaller {
  template <class V>
  KUTTA_HD constexpr V operator()(const V& x, const V& y) const {
    return y < x ? y : x;
  }
};

/// x, or `least` where x is not positive and `where` is not 0.
struct raise_to {
  template <class V>
  KUTTA_HD constexpr V operator()(const V& x, const V& least, const V& where) const {
    return where != V(0) && x <= V(0) ? least : x;
  }
};

/// A_ik = φ_k(s_i).
template <basis B, tensor P>
basis_operator sampled(const B& phi, const std::vector<depth_sample<P>>& cloud) {
  basis_operator a(cloud.size(), phi.size());
  for (std::size_t i = 0; i < cloud.size(); ++i)
    for (const auto& [k, value] : phi(cloud[i].s)) a(i, k) += value;
  return a;
}

}  // namespace detail

/// The θ nearest to the samples (s_i, v_i): Σ_i |θ(s_i) − v_i|² is smallest.
///
///     θ = old + A⁺ (v − A old),   A_ik = φ_k(s_i)
///
/// Where the samples leave θ open, the smallest change of `old`: a coefficient that no sample
/// touches keeps its old value, and an empty cloud changes nothing.
/// Cost: 10 n K min(n, K) multiplications for n samples, once; n K passes over a P.
/// @throws std::invalid_argument if `old` does not belong to `phi`, or the shapes differ.
template <basis B, tensor P>
std::vector<P> fit(const std::vector<depth_sample<P>>& cloud, const B& phi,
                   const std::vector<P>& old) {
  detail::require_coefficients_of_one_shape("fit: old", phi, old);
  std::vector<P> residuals;
  residuals.reserve(cloud.size());
  P room = kutta::zeros_like(old[0]);
  for (const auto& [s, value] : cloud) {
    detail::require_same_shape("fit: a sample", old[0], value);
    residuals.push_back(kutta::zeros_like(value));
    kutta::add(residuals.back(), value, scaled{-1, evaluate(phi, s, old, room)});
  }
  std::vector<P> theta = kutta::zeros_like(old);
  kutta::assign(theta, old);
  if (cloud.empty()) return theta;
  const auto change = detail::pseudo_inverse(detail::sampled(phi, cloud)).apply(residuals);
  for (std::size_t k = 0; k < theta.size(); ++k)
    kutta::add(theta[k], theta[k], scaled{1, change[k]});
  return theta;
}

/// `fit` for a state of which some elements must stay positive at every depth, such as a variance:
/// those for which `positive`, a P, is not 0.
///
/// A fit may extrapolate below 0. Where it does, the coefficient becomes the smallest of the
/// samples that touch it. What a family of averages makes of positive coefficients is positive
/// everywhere.
/// @throws std::invalid_argument as `fit`, and if the shape of `positive` differs.
template <averaging_basis B, tensor P>
std::vector<P> fit(const std::vector<depth_sample<P>>& cloud, const B& phi,
                   const std::vector<P>& old, const P& positive) {
  std::vector<P> theta = fit(cloud, phi, old);
  detail::require_same_shape("fit: positive", old[0], positive);
  const basis_operator a = detail::sampled(phi, cloud);
  P least = kutta::zeros_like(old[0]);
  for (std::size_t k = 0; k < theta.size(); ++k) {
    bool touched = false;
    for (std::size_t i = 0; i < cloud.size(); ++i) {
      if (a(i, k) == 0) continue;
      if (touched)
        kutta::map(least, detail::smaller{}, least, cloud[i].value);
      else
        kutta::assign(least, cloud[i].value);
      touched = true;
    }
    if (touched) kutta::map(theta[k], detail::raise_to{}, theta[k], least, positive);
  }
  return theta;
}

}  // namespace kutta
