// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// θ(s) = Σ_k φ_k(s) θ_k, and its transpose.

#include <cstddef>
#include <vector>

#include <kutta/basis/basis.hpp>
#include <kutta/basis/depth.hpp>
#include <kutta/tensor/product.hpp>
#include <kutta/tensor/shape.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta {

namespace detail {

/// y ← Σ_i a_i θ_{k_i} over n pairs (k, a), four terms a pass.
template <tensor P>
void weighted_sum(const basis_value* terms, std::size_t n, const std::vector<P>& theta, P& y) {
  const auto term = [&](std::size_t i) { return scaled{terms[i].phi, theta[terms[i].k]}; };
  std::size_t i = 0;
  if (n >= 4) {
    kutta::combine(y, term(0), term(1), term(2), term(3));
    i = 4;
  } else if (n >= 1) {
    kutta::combine(y, term(0));
    i = 1;
  } else {
    kutta::set_zero(y);
  }
  for (; i + 4 <= n; i += 4) kutta::add(y, y, term(i), term(i + 1), term(i + 2), term(i + 3));
  for (; i < n; ++i) kutta::add(y, y, term(i));
}

/// What has the shape of θ(s). A mixed basis has overloads of this and of what follows.
template <basis B, tensor P>
const P& value_like(const B&, const std::vector<P>& theta) {
  return theta.front();
}

/// @throws std::invalid_argument unless there is a coefficient for each member, all shaped like
/// `like`.
template <basis B, tensor P>
void require_coefficients_like(const char* what, const B& phi, const std::vector<P>& theta,
                               const P& like) {
  require_coefficients(what, phi, theta);
  for (const P& theta_k : theta) require_same_shape(what, like, theta_k);
}

/// @throws std::invalid_argument unless there is a coefficient for each member, all of one shape.
template <basis B, tensor P>
void require_coefficients_of_one_shape(const char* what, const B& phi,
                                       const std::vector<P>& theta) {
  require_coefficients(what, phi, theta);
  for (const P& theta_k : theta) require_same_shape(what, theta.front(), theta_k);
}

}  // namespace detail

/// θ(s) = Σ_k φ_k(s) θ_k, computed into `at` — or, where one coefficient is all of it, that
/// coefficient itself, without a copy. The result refers to `theta` or to `at`.
template <basis B, tensor P>
const P& evaluate(const B& phi, const depth& s, const std::vector<P>& theta, P& at) {
  const auto values = phi(s);
  if constexpr (B::support == 1) {
    return theta[values[0].k];
  } else {
    if (values.count == 1 && values[0].phi == 1) return theta[values[0].k];
    if (values.count == 2) {
      kutta::combine(at, scaled{values[0].phi, theta[values[0].k]},
                     scaled{values[1].phi, theta[values[1].k]});
      return at;
    }
    if constexpr (B::support == 2)
      kutta::combine(at, scaled{values[0].phi, theta[values[0].k]});
    else
      detail::weighted_sum(values.begin(), values.count, theta, at);
    return at;
  }
}

/// The transpose of `evaluate`: dtheta_k += φ_k(s) g, where g is what `f(g)` adds to a zero.
///
/// Where one coefficient is all of θ(s), f adds to its gradient directly and `g` is not used.
template <basis B, tensor P, class F>
void scatter(const B& phi, const depth& s, F&& f, std::vector<P>& dtheta, P& g) {
  const auto values = phi(s);
  if (B::support == 1 || (values.count == 1 && values[0].phi == 1)) {
    f(dtheta[values[0].k]);
  } else {
    kutta::set_zero(g);
    f(g);
    for (const auto& [k, value] : values) kutta::add(dtheta[k], dtheta[k], scaled{value, g});
  }
}

}  // namespace kutta
