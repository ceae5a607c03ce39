// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Activations y = σ(x) whose derivative is no function of y: σ'(x) as a function of x. On numbers
/// and on `simd`.
///
/// Source: Hendrycks & Gimpel, Gaussian error linear units (2016), § 2.

#include <kutta/layers/activation.hpp>
#include <kutta/layers/normal.hpp>
#include <kutta/layers/tanh.hpp>
#include <kutta/tensor/host_device.hpp>

namespace kutta::activations {

/// σ(x) = x Φ(x), σ' = Φ(x) + x φ(x), of the normal distribution Φ(x) = (1 + erf(x/√2))/2.
struct gelu {
  template <class T>
  KUTTA_HD T operator()(T x) const {
    return x * kutta::normal(x).distribution;
  }
  template <class T>
  KUTTA_HD static T slope(T x) {
    const auto normal = kutta::normal(x);
    return normal.distribution + x * normal.density;
  }
};

/// The approximation σ(x) = x (1 + tanh u)/2, u = √(2/π) (x + 0.044715 x³), within 5e-4 of `gelu`;
/// σ' = (1 + tanh u)/2 + x (1 − tanh² u) u'/2.
struct gelu_tanh {
  template <class T>
  KUTTA_HD T operator()(T x) const {
    return x * ((T(1) + tanh_u(x)) / T(2));
  }
  template <class T>
  KUTTA_HD static T slope(T x) {
    const T t = tanh_u(x);
    const T du = detail::number_like(x, root) + detail::number_like(x, 3 * cubic) * x * x;
    return (T(1) + t) / T(2) + x * (T(1) - t * t) * du / T(2);
  }

 private:
  static constexpr double root = 0.7978845608028653559;  // √(2/π)
  static constexpr double cubic = 0.044715 * root;

  template <class T>
  KUTTA_HD static T tanh_u(T x) {
    return kutta::tanh(x * (detail::number_like(x, root) + detail::number_like(x, cubic) * x * x));
  }
};

/// σ(x) = x s, s = 1/(1 + e⁻ˣ); σ' = s (1 + x (1 − s)).
struct silu {
  template <class T>
  KUTTA_HD T operator()(T x) const {
    return x * sigmoid{}(x);
  }
  template <class T>
  KUTTA_HD static T slope(T x) {
    const T s = sigmoid{}(x);
    return s * (T(1) + x * (T(1) - s));
  }
};

}  // namespace kutta::activations
