// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// One step of an explicit table on a problem with an exact solution.

#include <cmath>
#include <cstddef>

#include <kutta/schemes/butcher_tableau.hpp>

#include "support/problems.hpp"
#include "support/slope.hpp"

namespace kutta::test {

/// x₀ + h Σ_i b_i k_i − x(t₀ + θ h) for `driven_logistic` on the solution through (0, x(0)).
template <std::size_t S, class T, class W>
long double defect_of_step(const butcher_tableau<S, T>& rk, const W (&b)[S], long double t0,
                           long double x_at_0, long double h, long double theta) {
  using real = long double;
  using problem = driven_logistic<real>;
  const real x0 = problem::exact(t0, x_at_0);
  real k[S]{};
  real sum = 0;
  for (std::size_t i = 0; i < S; ++i) {
    real x = x0;
    for (std::size_t j = 0; j < i; ++j) x += h * to_real<real>(rk.a[i][j]) * k[j];
    k[i] = problem::rate(t0 + h * to_real<real>(rk.c[i]), x);
    sum += static_cast<real>(b[i]) * k[i];
  }
  return x0 + h * sum - problem::exact(t0 + theta * h, x_at_0);
}

/// The root of the sum of squares over several starts, so that no one start that happens to cancel
/// the leading term hides it.
template <std::size_t S, class T, class W>
double error_of_step(const butcher_tableau<S, T>& rk, const W (&b)[S], double h, double theta = 1) {
  long double squares = 0;
  for (const long double t0 : {0.L, 0.5L, 1.L, 2.L})
    for (const long double x_at_0 : {-0.3L, 0.5L, 1.L}) {
      const long double defect = defect_of_step(rk, b, t0, x_at_0, h, theta);
      squares += defect * defect;
    }
  return static_cast<double>(std::sqrt(squares));
}

/// The observed exponent extrapolated to h = 0: it is p + C h, so C is eliminated between 2h and h.
///
/// Where the leading term is small beside the next one, rounding is reached before the exponent is.
template <class F>
double extrapolated_slope(F&& error, double h) {
  return 2 * observed_slope(error, h) - observed_slope(error, 2 * h);
}

}  // namespace kutta::test
