// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Jacobi's elliptic functions by the arithmetic-geometric mean.

#include <cmath>
#include <cstddef>
#include <numbers>

namespace pendulum {

struct jacobi_values {
  double sn, cn, dn;
};

/// sn, cn, dn of the parameter m = k² in [0, 1].
///
/// From a = 1, b = √(1 − m), c = √m the means a ← (a + b)/2, b ← √(a b), c ← (a − b)/2 are taken
/// until c vanishes. Then K = π/2a, and the amplitude φ of u, which is 2ᴺ a u after N means, is
/// walked back by φ ← (φ + asin(c/a sin φ))/2.
/// Source: Abramowitz & Stegun, Handbook of Mathematical Functions (1964), §§ 16.4, 17.6.
class jacobi {
 public:
  explicit jacobi(double m) : m_(m) {
    double b = std::sqrt(1 - m);
    a_[0] = 1, c_[0] = std::sqrt(m);
    while (c_[means_] > 1e-17 && means_ + 1 < most) {
      const double a = a_[means_++];
      a_[means_] = (a + b) / 2, c_[means_] = (a - b) / 2;
      b = std::sqrt(a * b);
    }
  }

  /// K(m), a quarter of the period of sn and cn; m < 1.
  double quarter_period() const { return std::numbers::pi / (2 * a_[means_]); }

  jacobi_values operator()(double u) const {
    if (m_ == 1) return {std::tanh(u), 1 / std::cosh(u), 1 / std::cosh(u)};
    double phi = std::ldexp(a_[means_] * u, static_cast<int>(means_));
    for (std::size_t n = means_; n > 0; --n)
      phi = (phi + std::asin(c_[n] / a_[n] * std::sin(phi))) / 2;
    const double sn = std::sin(phi);
    return {sn, std::cos(phi), std::sqrt(1 - m_ * sn * sn)};
  }

 private:
  static constexpr std::size_t most = 10;

  double m_;
  double a_[most] = {}, c_[most] = {};
  std::size_t means_ = 0;
};

}  // namespace pendulum
