// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Activations: y = σ(x), and σ'(x) as a function of y, so that only y is kept. On numbers and on
/// `simd`. (`gelu.hpp` has some that need x.)

#include <concepts>
#include <cstddef>
#include <stdexcept>

#include <kutta/layers/tanh.hpp>
#include <kutta/tensor/host_device.hpp>
#include <kutta/tensor/math.hpp>
#include <kutta/tensor/number_text.hpp>
#include <kutta/tensor/simd.hpp>

namespace kutta {

namespace detail {

/// a as a number of x's kind: in every lane, if it has lanes.
template <std::floating_point T>
KUTTA_HD constexpr T number_like(const T&, double a) {
  return static_cast<T>(a);
}
template <std::floating_point T, std::size_t W>
simd<T, W> number_like(const simd<T, W>&, double a) {
  return simd<T, W>(static_cast<T>(a));
}

}  // namespace detail

namespace activations {

/// σ(x) = x.
struct identity {
  template <class T>
  KUTTA_HD constexpr T operator()(T x) const {
    return x;
  }
  template <class T>
  KUTTA_HD static constexpr T derivative(T) {
    return T(1);
  }
};

/// σ(x) = max(x, 0); the derivative at 0 is 0. NaN stays NaN.
struct relu {
  template <class T>
  KUTTA_HD constexpr T operator()(T x) const {
    return where_less(x, T(0), T(0), x);
  }
  template <class T>
  KUTTA_HD static constexpr T derivative(T y) {
    return where_less(T(0), y, T(1), T(0));
  }
};

/// σ(x) = tanh x, σ' = 1 − y².
struct tanh {
  template <class T>
  KUTTA_HD T operator()(T x) const {
    return kutta::tanh(x);
  }
  template <class T>
  KUTTA_HD static constexpr T derivative(T y) {
    return T(1) - y * y;
  }
};

/// σ(x) = 1/(1 + e⁻ˣ) = (1 + tanh(x/2))/2, σ' = y (1 − y).
struct sigmoid {
  template <class T>
  KUTTA_HD T operator()(T x) const {
    return (T(1) + kutta::tanh(x / T(2))) / T(2);
  }
  template <class T>
  KUTTA_HD static constexpr T derivative(T y) {
    return y * (T(1) - y);
  }
};

/// σ(x) = x where x > 0, else α (eˣ − 1); σ' = 1 where y > 0, else y + α. α > 0.
///
/// eˣ − 1 = 2 t/(1 − t), t = tanh(x/2): no digits are lost near 0.
/// Source: Clevert, Unterthiner & Hochreiter, Fast and accurate deep network learning by
/// exponential linear units (2015), § 3.
class elu {
 public:
  elu() = default;
  /// @throws std::invalid_argument if alpha is not positive and finite.
  explicit elu(double alpha) : alpha_(alpha) {
    if (!(alpha > 0 && detail::math::isfinite(alpha)))
      throw std::invalid_argument("elu: expected a positive, finite alpha, got " +
                                  detail::number_text(alpha));
  }

  double alpha() const { return alpha_; }

  template <class T>
  KUTTA_HD T operator()(T x) const {
    const T t = half_tanh(x);
    return where_less(T(0), x, x, detail::number_like(x, 2 * alpha_) * t / (T(1) - t));
  }
  template <class T>
  KUTTA_HD constexpr T derivative(T y) const {
    return where_less(T(0), y, T(1), y + detail::number_like(y, alpha_));
  }
  /// σ'(x) = 1 where x > 0, else α eˣ = α (1 + t)/(1 − t).
  template <class T>
  KUTTA_HD T slope(T x) const {
    const T t = half_tanh(x);
    return where_less(T(0), x, T(1), detail::number_like(x, alpha_) * (T(1) + t) / (T(1) - t));
  }

 private:
  /// tanh(x/2) where x ≤ 0, and 1 − t is not 0 elsewhere.
  template <class T>
  KUTTA_HD static T half_tanh(T x) {
    return kutta::tanh(-magnitude(x) / T(2));
  }

  double alpha_ = 1;
};

}  // namespace activations
}  // namespace kutta
