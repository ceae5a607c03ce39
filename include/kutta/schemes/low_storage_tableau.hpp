// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// An explicit scheme that needs two vectors, whatever its number of stages.

#include <cstddef>

#include <kutta/schemes/butcher_tableau.hpp>

namespace kutta {

/// The 2N form of an explicit scheme of S stages: one vector for the state, one for its increment.
///
///     d ← A_i d + h f(t₀ + c_i h, x),   x ← x + B_i d        for i = 1..S,   A₁ = 0
///
/// Source: Williamson, Low-storage Runge–Kutta schemes, J. Comput. Phys. 35 (1980).
template <std::size_t S, class T = rational>
struct low_storage_tableau {
  static_assert(S >= 1, "low_storage_tableau: at least 1 stage is expected");

  using value_type = T;
  static constexpr std::size_t stages = S;

  T a[S]{};
  T b[S]{};
  double tolerance = 0;
};

/// The same scheme as a Butcher tableau, c from the row sums.
///
/// The two lines are run on the weights of the rates: d = h Σ_j d_j k_j and x = x₀ + h Σ_j x_j k_j
/// before stage i give row i of A, after the last stage b. A₁ is not read.
template <std::size_t S, class T>
constexpr butcher_tableau<S, T> butcher_form(const low_storage_tableau<S, T>& form) {
  butcher_tableau<S, T> rk;
  T d[S]{};
  T x[S]{};
  for (std::size_t i = 0; i < S; ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      rk.a[i][j] = x[j];
      rk.c[i] = rk.c[i] + x[j];
      d[j] = form.a[i] * d[j];
    }
    d[i] = T(1);
    for (std::size_t j = 0; j <= i; ++j) x[j] = x[j] + form.b[i] * d[j];
  }
  for (std::size_t j = 0; j < S; ++j) rk.b[j] = x[j];
  rk.tolerance = form.tolerance;
  return rk;
}

}  // namespace kutta
