// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Random numbers from the bits of a generator, the same with every standard library.
///
/// The standard says what `std::mt19937` gives, but not what `std::normal_distribution` makes of
/// it. Here the steps are fixed: uniform numbers agree to the last bit, and normal ones up to the
/// rounding of `std::log` and of x² + y², which a compiler may fuse.

#include <cmath>
#include <random>

namespace kutta::detail {

/// A number u of [0, 1): Σ_i g_i Rⁱ / Rᵐ, i < m, of m numbers g_i of a generator with R values, m
/// the smallest with Rᵐ ≥ 2⁵³.
template <std::uniform_random_bit_generator G>
double uniform_number(G& generator) {
  constexpr double range = static_cast<double>(G::max() - G::min()) + 1;
  double sum = 0, unit = 1;
  while (unit < 0x1p53) {
    sum += static_cast<double>(generator() - G::min()) * unit;
    unit *= range;
  }
  const double u = sum / unit;
  return u < 1 ? u : 1 - 0x1p-53;  // what was rounded up
}

/// Numbers of N(0, 1), two at a time: of (x, y) uniform in the unit disc, r² = x² + y²,
/// y √(−2 log r²/r²) and then x √(−2 log r²/r²).
/// Source: Marsaglia & Bray, A convenient method for generating normal variables (1964).
class normal_numbers {
 public:
  template <std::uniform_random_bit_generator G>
  double operator()(G& generator) {
    has_next_ = !has_next_;
    if (!has_next_) return next_;
    double x, y, squares;
    do {
      x = 2 * uniform_number(generator) - 1;
      y = 2 * uniform_number(generator) - 1;
      squares = x * x + y * y;
    } while (squares > 1 || squares == 0);
    const double stretch = std::sqrt(-2 * std::log(squares) / squares);
    next_ = x * stretch;
    return y * stretch;
  }

 private:
  bool has_next_ = false;
  double next_ = 0;
};

}  // namespace kutta::detail
