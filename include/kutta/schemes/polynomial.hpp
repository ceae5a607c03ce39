// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Where a real polynomial first becomes positive.

#include <array>
#include <cstddef>
#include <limits>

namespace kutta::detail {

/// Σ_k p_k x^k.
template <std::size_t N>
constexpr double evaluate(const std::array<double, N>& p, double x) {
  double sum = 0;
  for (std::size_t k = N; k-- > 0;) sum = sum * x + p[k];
  return sum;
}

template <std::size_t N>
constexpr std::array<double, N> moduli(std::array<double, N> p) {
  for (double& c : p)
    if (c < 0) c = -c;
  return p;
}

/// The last number before p changes its sign in [low, high], where it is monotonic.
template <std::size_t N>
constexpr double bisected(const std::array<double, N>& p, double low, double high) {
  const bool positive_at_high = evaluate(p, high) > 0;
  while (true) {
    const double middle = low + (high - low) / 2;
    if (!(low < middle && middle < high)) return low;
    ((evaluate(p, middle) > 0) == positive_at_high ? high : low) = middle;
  }
}

/// The ends of intervals that cover [0, `end`], on each of which a polynomial is monotonic.
template <std::size_t N>
struct monotonic_pieces {
  std::array<double, N> end{};
  std::size_t count = 0;
};

/// The points where p' changes its sign, found between those where p'' does, and `end`.
template <std::size_t N>
constexpr monotonic_pieces<N> pieces_up_to(const std::array<double, N>& p, double end) {
  monotonic_pieces<N> pieces;
  if constexpr (N > 2) {
    std::array<double, N - 1> slope{};
    for (std::size_t k = 1; k < N; ++k) slope[k - 1] = static_cast<double>(k) * p[k];
    const monotonic_pieces<N - 1> coarse = pieces_up_to(slope, end);
    double low = 0;
    for (std::size_t n = 0; n < coarse.count; ++n) {
      const double high = coarse.end[n];
      if ((evaluate(slope, low) > 0) != (evaluate(slope, high) > 0))
        pieces.end[pieces.count++] = bisected(slope, low, high);
      low = high;
    }
  }
  pieces.end[pieces.count++] = end;
  return pieces;
}

/// The largest s with p(x) ≤ 0 for all x in [0, s], where p(0) ≤ 0; infinite if there is none.
///
/// A maximum counts as positive only if p there exceeds `rounding` Σ_k |p_k| x^k.
template <std::size_t N>
constexpr double first_rise(const std::array<double, N>& p, double rounding) {
  std::size_t lowest = 0;
  while (lowest < N && p[lowest] == 0) ++lowest;
  if (lowest == N) return std::numeric_limits<double>::infinity();
  if (p[lowest] > 0) return 0;

  std::array<double, N> q{};  // p without its zeros at 0
  std::size_t degree = 0;
  for (std::size_t k = lowest; k < N; ++k) {
    q[k - lowest] = p[k];
    if (p[k] != 0) degree = k - lowest;
  }
  const std::array<double, N> size = moduli(q);
  double bound = 1;  // Cauchy's: no zero lies beyond
  for (std::size_t k = 0; k < degree; ++k) {
    const double ratio = 1 + size[k] / size[degree];
    if (ratio > bound) bound = ratio;
  }

  const monotonic_pieces<N> pieces = pieces_up_to(q, bound);
  double low = 0;
  for (std::size_t n = 0; n < pieces.count; ++n) {
    const double high = pieces.end[n];
    if (evaluate(q, high) > rounding * evaluate(size, high)) return bisected(q, low, high);
    low = high;
  }
  return std::numeric_limits<double>::infinity();
}

}  // namespace kutta::detail
