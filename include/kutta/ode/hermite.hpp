// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The cubic through both ends of a step with the rates there: dense output of order 3 for any
/// scheme of order 3 or more.
///
///     x(t0 + θ h) ≈ (1 − s) x0 + s x1 + h θ (1 − θ)² f0 − h θ² (1 − θ) f1,   s = θ² (3 − 2θ)
///                 = x0 + θ h f0 + θ² (3 (x1 − x0) − h (2 f0 + f1)) + θ³ (h (f0 + f1) − 2 (x1 −
///                 x0)).
///
/// Source: Hairer, Nørsett & Wanner, Solving ODEs I (1993), § II.6, eq. (6.7).

#include <kutta/ode/step.hpp>
#include <kutta/tensor/tensor.hpp>
#include <kutta/tensor/vec.hpp>

namespace kutta::detail {

inline constexpr std::size_t hermite_degree = 3;

/// y ← the cubic at θ in [0, 1].
template <tensor X>
void hermite(step_real_t<X> h, const X& x0, const X& x1, const X& f0, const X& f1,
             step_real_t<X> theta, X& y) {
  const auto rest = 1 - theta, s = theta * theta * (3 - 2 * theta);
  kutta::combine(y, scaled<X>{1 - s, x0}, scaled<X>{s, x1}, scaled<X>{h * theta * rest * rest, f0},
                 scaled<X>{-h * theta * theta * rest, f1});
}

/// c_d ← the coefficient of θ^d; that of θ⁰ is x0.
template <tensor X>
void hermite_polynomial(step_real_t<X> h, const X& x0, const X& x1, const X& f0, const X& f1,
                        vec<X, hermite_degree>& c) {
  kutta::combine(c[0], scaled<X>{h, f0});
  kutta::combine(c[1], scaled<X>{3, x1}, scaled<X>{-3, x0}, scaled<X>{-2 * h, f0},
                 scaled<X>{-h, f1});
  kutta::combine(c[2], scaled<X>{2, x0}, scaled<X>{-2, x1}, scaled<X>{h, f0}, scaled<X>{h, f1});
}

}  // namespace kutta::detail
