// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Activations: y = σ(x), and σ'(x) as a function of y, so that only y is kept. On numbers and on
/// `simd`.

#include <kutta/layers/tanh.hpp>
#include <kutta/tensor/host_device.hpp>
#include <kutta/tensor/simd.hpp>

namespace kutta::activations {

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

}  // namespace kutta::activations
