// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// An explicit scheme written as a combination of Euler steps.

#include <cstddef>
#include <limits>

#include <kutta/schemes/butcher_tableau.hpp>

namespace kutta {

/// The Shu–Osher form of an explicit scheme of S stages; row i of α and β makes u_{i+1}:
///
///     u₀ = x₀,   u_{i+1} = Σ_{j≤i} ( α_ij u_j + β_ij h f(u_j) ),   x₁ = u_S.
///
/// Source: Shu & Osher, J. Comput. Phys. 77 (1988), eq. (2.10).
template <std::size_t S, class T = rational>
struct shu_osher_tableau {
  using value_type = T;
  static constexpr std::size_t stages = S;

  T alpha[S][S]{};
  T beta[S][S]{};
  double tolerance = 0;
};

/// Σ_j α_ij = 1 for every i: a constant solution stays constant.
template <std::size_t S, class T>
constexpr bool combinations_hold(const shu_osher_tableau<S, T>& form) {
  for (const auto& row : form.alpha) {
    T defect = -T(1);
    for (const T& alpha : row) defect = defect + alpha;
    if (!detail::vanishes(defect, form.tolerance)) return false;
  }
  return true;
}

/// min α_ij/β_ij over β_ij > 0: the step, in units of Euler's, up to which every bound that Euler
/// steps keep is kept. 0 if some α or β is negative, or some α = 0 < β.
template <std::size_t S, class T>
constexpr double ssp_coefficient(const shu_osher_tableau<S, T>& form) {
  double least = std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < S; ++i)
    for (std::size_t j = 0; j <= i; ++j) {
      const double alpha = to_double(form.alpha[i][j]);
      const double beta = to_double(form.beta[i][j]);
      if (!(alpha >= 0 && beta >= 0)) return 0;
      if (beta > 0 && alpha / beta < least) least = alpha / beta;
    }
  return least;
}

/// The same scheme as a Butcher tableau, c from the row sums.
///
/// With u_i = x₀ + h Σ_k w_ik k_k: w_{i+1} = Σ_{j≤i} (α_ij w_j + β_ij e_j), the rows of A and b.
template <std::size_t S, class T>
constexpr butcher_tableau<S, T> butcher_form(const shu_osher_tableau<S, T>& form) {
  T w[S + 1][S]{};
  for (std::size_t i = 0; i < S; ++i)
    for (std::size_t j = 0; j <= i; ++j) {
      for (std::size_t k = 0; k < j; ++k) w[i + 1][k] = w[i + 1][k] + form.alpha[i][j] * w[j][k];
      w[i + 1][j] = w[i + 1][j] + form.beta[i][j];
    }

  butcher_tableau<S, T> rk;
  for (std::size_t i = 0; i < S; ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      rk.a[i][j] = w[i][j];
      rk.c[i] = rk.c[i] + w[i][j];
    }
    rk.b[i] = w[S][i];
  }
  rk.tolerance = form.tolerance;
  return rk;
}

}  // namespace kutta
