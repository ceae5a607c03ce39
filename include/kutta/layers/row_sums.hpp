// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Sums over a row of numbers, and its mean and variance.

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>

#include <kutta/layers/channel_sums.hpp>
#include <kutta/tensor/simd.hpp>

namespace kutta::detail {

/// f(V(), i) for all i < n, a register (V is `simd`) or a number (V is T) at a time.
template <std::floating_point T, class F>
void for_each_in_row(std::size_t n, const F& f) {
  using lanes = simd<T, register_lanes<T>>;
  std::size_t i = 0;
  for (; i + lanes::lanes <= n; i += lanes::lanes) f(lanes(), i);
  for (; i < n; ++i) f(T(), i);
}

/// Σ_{i < n} f(V(), i)[j], for J sums at once.
///
/// Addends are summed as T over 4096 of them and those sums as double, in an order that depends on
/// n alone.
template <std::floating_point T, std::size_t J, class F>
std::array<double, J> row_sums(std::size_t n, const F& f) {
  using lanes = simd<T, register_lanes<T>>;
  std::array<double, J> total{};
  for (std::size_t first = 0; first < n; first += 4096) {
    const std::size_t end = std::min(n, first + 4096);
    constexpr std::size_t chains = 4;  // as many additions as the processor has under way
    std::array<lanes, J> sum[chains];
    for (auto& of_chain : sum) of_chain.fill(lanes(T(0)));
    std::size_t i = first;
    const auto add = [&](std::size_t k) {
      const std::array<lanes, J> x = f(lanes(), i + k * lanes::lanes);
      for (std::size_t j = 0; j < J; ++j) sum[k][j] += x[j];
    };
    for (; i + chains * lanes::lanes <= end; i += chains * lanes::lanes)
#pragma GCC unroll 4
      for (std::size_t k = 0; k < chains; ++k) add(k);
    for (; i + lanes::lanes <= end; i += lanes::lanes) add(0);
    for (std::size_t j = 0; j < J; ++j)
      total[j] += static_cast<double>(((sum[0][j] + sum[1][j]) + (sum[2][j] + sum[3][j])).sum());
    for (; i < end; ++i) {
      const std::array<T, J> x = f(T(), i);
      for (std::size_t j = 0; j < J; ++j) total[j] += static_cast<double>(x[j]);
    }
  }
  return total;
}

struct mean_and_variance {
  double mean, variance;
};

/// Mean and Σ(x − μ)²/n, in two passes; of what rounding took from μ in the first, both are
/// corrected.
/// Source: Chan, Golub & LeVeque, Algorithms for computing the sample variance (1983), eq. (1.7).
template <std::floating_point T>
mean_and_variance row_moments(const T* x, std::size_t n) {
  const auto count = static_cast<double>(n);
  const auto shift = static_cast<T>(
      row_sums<T, 1>(n, [&]<class V>(V, std::size_t i) { return std::array{read<V>(x + i)}; })[0] /
      count);
  const auto [sum, squares] = row_sums<T, 2>(n, [&]<class V>(V, std::size_t i) {
    const V d = read<V>(x + i) - V(shift);
    return std::array{d, d * d};
  });
  const double rest = sum / count;
  return {static_cast<double>(shift) + rest, std::max(squares - rest * sum, 0.) / count};
}

}  // namespace kutta::detail
