// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Mean and variance from one pass over numbers in device memory.
///
/// Summed are d = x − x₀ and d², as doubles, x₀ being the first of the n numbers:
///
///     μ = x₀ + Σd/n,   Σ(x − μ)² = Σd² − (Σd)²/n
///
/// Since (x₀ − μ)² ≤ Σ(x − μ)², the difference loses a factor of n at most, and for an x₀ that is
/// as near to μ as others nothing: however large μ/σ is, and for floats always.
/// Source: Chan, Golub & LeVeque, Algorithms for computing the sample variance (1983), section 3.

#include <cstddef>

#include <kutta/cuda/sums.hpp>
#include <kutta/tensor/host_device.hpp>

namespace kutta::cuda::detail {

/// d and d².
template <class T>
KUTTA_HD numbers<double, 2> shifted_powers(T x, T first) {
  const double d = static_cast<double>(x) - static_cast<double>(first);
  return {{d, d * d}};
}

/// μ and Σ(x − μ)² by their sums over n numbers.
struct mean_and_squares {
  double mean, squares;

  template <class T>
  KUTTA_HD mean_and_squares(T first, const numbers<double, 2>& sums, double n)
      : mean(static_cast<double>(first) + sums.value[0] / n),
        squares(sums.value[1] - sums.value[0] * (sums.value[0] / n)) {
    if (squares < 0) squares = 0;
  }
};

}  // namespace kutta::cuda::detail
