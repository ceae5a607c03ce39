// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// θ(s) = Σ_k φ_k(s) θ_k, and its transpose.

#include <vector>

#include <kutta/basis/basis.hpp>
#include <kutta/basis/depth.hpp>
#include <kutta/tensor/product.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta {

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
    kutta::combine(at, scaled{values[0].phi, theta[values[0].k]});
    for (std::size_t i = 1; i < values.count; ++i)
      kutta::add(at, at, scaled{values[i].phi, theta[values[i].k]});
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
