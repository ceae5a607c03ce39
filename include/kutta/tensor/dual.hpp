// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Dual numbers a + b ε, ε² = 0: f(a + b ε) = f(a) + f'(a) b ε, whatever f is computed from.
///
/// For right-hand sides that are written for any scalar, where no derivative is at hand, and as a
/// check of one that is. Source: Griewank & Walther, Evaluating Derivatives (2008), § 3.1.

#include <cmath>
#include <concepts>
#include <cstddef>

#include <kutta/tensor/vec.hpp>

namespace kutta {

/// A number, and how fast it changes.
template <std::floating_point T>
struct dual {
  T value = 0, tangent = 0;

  constexpr dual() = default;
  constexpr dual(T v) : value(v) {}  // NOLINT: a number is a constant
  constexpr dual(T v, T t) : value(v), tangent(t) {}

  constexpr dual operator-() const { return {-value, -tangent}; }

  friend constexpr dual operator+(const dual& x, const dual& y) {
    return {x.value + y.value, x.tangent + y.tangent};
  }
  friend constexpr dual operator-(const dual& x, const dual& y) {
    return {x.value - y.value, x.tangent - y.tangent};
  }
  friend constexpr dual operator*(const dual& x, const dual& y) {
    return {x.value * y.value, x.tangent * y.value + x.value * y.tangent};
  }
  friend constexpr dual operator/(const dual& x, const dual& y) {
    const T quotient = x.value / y.value;
    return {quotient, (x.tangent - quotient * y.tangent) / y.value};
  }
  constexpr dual& operator+=(const dual& x) { return *this = *this + x; }
  constexpr dual& operator-=(const dual& x) { return *this = *this - x; }
  constexpr dual& operator*=(const dual& x) { return *this = *this * x; }
  constexpr dual& operator/=(const dual& x) { return *this = *this / x; }

  /// By the value alone.
  friend constexpr bool operator<(const dual& x, const dual& y) { return x.value < y.value; }
  friend constexpr bool operator>(const dual& x, const dual& y) { return x.value > y.value; }
  friend constexpr bool operator<=(const dual& x, const dual& y) { return x.value <= y.value; }
  friend constexpr bool operator>=(const dual& x, const dual& y) { return x.value >= y.value; }
  friend constexpr bool operator==(const dual& x, const dual& y) { return x.value == y.value; }
};

template <class T>
dual<T> sin(const dual<T>& x) {
  return {std::sin(x.value), std::cos(x.value) * x.tangent};
}
template <class T>
dual<T> cos(const dual<T>& x) {
  return {std::cos(x.value), -std::sin(x.value) * x.tangent};
}
template <class T>
dual<T> tan(const dual<T>& x) {
  const T y = std::tan(x.value);
  return {y, (1 + y * y) * x.tangent};
}
template <class T>
dual<T> exp(const dual<T>& x) {
  const T y = std::exp(x.value);
  return {y, y * x.tangent};
}
template <class T>
dual<T> log(const dual<T>& x) {
  return {std::log(x.value), x.tangent / x.value};
}
template <class T>
dual<T> sqrt(const dual<T>& x) {
  const T y = std::sqrt(x.value);
  return {y, x.tangent / (2 * y)};
}
template <class T>
dual<T> tanh(const dual<T>& x) {
  const T y = std::tanh(x.value);
  return {y, (1 - y * y) * x.tangent};
}
/// x^p for a constant p.
template <class T>
dual<T> pow(const dual<T>& x, T p) {
  return {std::pow(x.value, p), p * std::pow(x.value, p - 1) * x.tangent};
}
/// |x|; the derivative at 0 is 0.
template <class T>
dual<T> abs(const dual<T>& x) {
  return {std::abs(x.value), x.value > 0 ? x.tangent : x.value < 0 ? -x.tangent : 0};
}
/// a < b ? x : y.
template <class T>
constexpr dual<T> where_less(const dual<T>& a, const dual<T>& b, const dual<T>& x,
                             const dual<T>& y) {
  return a.value < b.value ? x : y;
}

/// The derivative of f(t, x, dx), a right-hand side on `vec` for any scalar: called as
/// jvp(t, x, vx, vdx), it writes vdx = (∂f/∂x) vx.
template <class F>
struct dual_jvp {
  F f;

  template <std::floating_point T, std::size_t N>
  void operator()(T t, const vec<T, N>& x, const vec<T, N>& vx, vec<T, N>& vdx) const {
    vec<dual<T>, N> moving, rate;
    for (std::size_t i = 0; i < N; ++i) moving[i] = {x[i], vx[i]};
    f(dual<T>(t), moving, rate);
    for (std::size_t i = 0; i < N; ++i) vdx[i] = rate[i].tangent;
  }
};

template <class F>
dual_jvp(F) -> dual_jvp<F>;

}  // namespace kutta
