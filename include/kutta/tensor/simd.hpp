// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// `simd<T, W>`: W values that are computed on together, one in each lane.

#include <concepts>
#include <cstddef>
#include <cstring>
#include <utility>

#include <kutta/tensor/host_device.hpp>
#include <kutta/tensor/math.hpp>

#ifdef __CUDACC__  // `#pragma GCC unroll`, of the loops over registers: nvcc hands it on to GCC
#  pragma nv_diag_suppress 1675
#endif

namespace kutta {

/// The bytes of one vector register of the target. Wider vectors than the target's are slow.
#if defined(__AVX512F__)
inline constexpr std::size_t register_bytes = 64;
#elif defined(__AVX__)
inline constexpr std::size_t register_bytes = 32;
#else
inline constexpr std::size_t register_bytes = 16;
#endif

/// The lanes of one vector register.
template <std::floating_point T>
inline constexpr std::size_t register_lanes = register_bytes / sizeof(T);

/// a where x < y, else b. The same function takes `simd`, lane by lane.
template <std::floating_point T>
KUTTA_HD constexpr T where_less(T x, T y, T a, T b) {
  return x < y ? a : b;
}

/// |x|.
template <std::floating_point T>
KUTTA_HD inline T magnitude(T x) {
  return detail::math::fabs(x);
}

/// f(x). The same function takes `simd`, lane by lane.
template <std::floating_point T, class F>
KUTTA_HD T each_lane(T x, F&& f) {
  return f(x);
}

/// W numbers in as many registers as they need; every operation is done lane by lane.
///
/// A function that is generic in its number type runs on it unchanged, if it writes `using
/// std::sin; sin(x)`, and `where_less` for a branch. W is a multiple of the lanes of a register.
/// Compilers: GCC and Clang (vector extensions).
template <std::floating_point T, std::size_t W>
struct simd {
  static constexpr std::size_t lanes = W;
  static constexpr std::size_t registers = W / register_lanes<T>;
  static_assert(W % register_lanes<T> == 0, "simd: W must be a multiple of register_lanes<T>");

  typedef T native __attribute__((vector_size(register_bytes)));
  native v[registers];

  simd() = default;
  /// Every lane a.
  explicit simd(T a) {
    for (auto& r : v) r = native{} + a;
  }
  /// The lanes of x, each rounded to T.
  template <std::floating_point U>
    requires(!std::same_as<U, T>)
  [[gnu::always_inline]] explicit simd(const simd<U, W>& x) {
    U from[W];
    T to[W];
    x.store(from);
    for (std::size_t l = 0; l < W; ++l) to[l] = static_cast<T>(from[l]);
    *this = load_halves(to);
  }
  static simd load(const T* p) {
    simd x;
    for (std::size_t r = 0; r < registers; ++r)
      std::memcpy(&x.v[r], p + r * register_lanes<T>, sizeof(native));
    return x;
  }
  void store(T* p) const {
    for (std::size_t r = 0; r < registers; ++r)
      std::memcpy(p + r * register_lanes<T>, &v[r], sizeof(native));
  }

  T operator[](std::size_t lane) const {
    return v[lane / register_lanes<T>][lane % register_lanes<T>];
  }
  void set(std::size_t lane, T a) { v[lane / register_lanes<T>][lane % register_lanes<T>] = a; }

  /// this + a b, in one rounding where the target has it.
  simd plus_product(T a, const simd& b) const {
    simd x;
    for (std::size_t r = 0; r < registers; ++r) x.v[r] = v[r] + a * b.v[r];
    return x;
  }
  simd plus_product(const simd& a, const simd& b) const {
    simd x;
    for (std::size_t r = 0; r < registers; ++r) x.v[r] = v[r] + a.v[r] * b.v[r];
    return x;
  }

  friend simd operator+(const simd& a, const simd& b) {
    return zip(a, b, [](auto p, auto q) { return p + q; });
  }
  friend simd operator-(const simd& a, const simd& b) {
    return zip(a, b, [](auto p, auto q) { return p - q; });
  }
  friend simd operator*(const simd& a, const simd& b) {
    return zip(a, b, [](auto p, auto q) { return p * q; });
  }
  friend simd operator/(const simd& a, const simd& b) {
    return zip(a, b, [](auto p, auto q) { return p / q; });
  }
  friend simd operator-(const simd& a) {
    return each_register(a, [](auto p) { return -p; });
  }

  // A number counts as that number in every lane.
  friend simd operator+(T a, const simd& b) {
    return each_register(b, [a](auto q) { return a + q; });
  }
  friend simd operator-(T a, const simd& b) {
    return each_register(b, [a](auto q) { return a - q; });
  }
  friend simd operator*(T a, const simd& b) {
    return each_register(b, [a](auto q) { return a * q; });
  }
  friend simd operator/(T a, const simd& b) {
    return each_register(b, [a](auto q) { return a / q; });
  }
  friend simd operator+(const simd& a, T b) {
    return each_register(a, [b](auto p) { return p + b; });
  }
  friend simd operator-(const simd& a, T b) {
    return each_register(a, [b](auto p) { return p - b; });
  }
  friend simd operator*(const simd& a, T b) {
    return each_register(a, [b](auto p) { return p * b; });
  }
  friend simd operator/(const simd& a, T b) {
    return each_register(a, [b](auto p) { return p / b; });
  }

  simd& operator+=(const simd& b) { return *this = *this + b; }
  simd& operator-=(const simd& b) { return *this = *this - b; }
  simd& operator*=(const simd& b) { return *this = *this * b; }
  simd& operator/=(const simd& b) { return *this = *this / b; }
  simd& operator+=(T b) { return *this = *this + b; }
  simd& operator-=(T b) { return *this = *this - b; }
  simd& operator*=(T b) { return *this = *this * b; }
  simd& operator/=(T b) { return *this = *this / b; }

  /// f of each lane.
  template <class F>
  [[gnu::always_inline]] friend simd each_lane(const simd& a, F&& f) {
    T from[W], to[W];
    a.store(from);
    for (std::size_t l = 0; l < W; ++l) to[l] = f(from[l]);
    return load_halves(to);
  }

  // <cmath>, one lane after the other: what a single number gives, bit for bit.
  friend simd abs(const simd& x) { return magnitude(x); }
  friend simd sqrt(const simd& x) {
    return each_lane(x, [](T a) { return detail::math::sqrt(a); });
  }
  friend simd exp(const simd& x) {
    return each_lane(x, [](T a) { return detail::math::exp(a); });
  }
  friend simd log(const simd& x) {
    return each_lane(x, [](T a) { return detail::math::log(a); });
  }
  friend simd sin(const simd& x) {
    return each_lane(x, [](T a) { return detail::math::sin(a); });
  }
  friend simd cos(const simd& x) {
    return each_lane(x, [](T a) { return detail::math::cos(a); });
  }
  friend simd tan(const simd& x) {
    return each_lane(x, [](T a) { return detail::math::tan(a); });
  }
  friend simd tanh(const simd& x) {
    return each_lane(x, [](T a) { return detail::math::tanh(a); });
  }
  friend simd pow(const simd& x, T exponent) {
    return each_lane(x, [exponent](T a) { return detail::math::pow(a, exponent); });
  }

  /// a where x < y, else b.
  friend simd where_less(const simd& x, const simd& y, const simd& a, const simd& b) {
    return from_registers([&](std::size_t r) { return x.v[r] < y.v[r] ? a.v[r] : b.v[r]; });
  }

  friend simd magnitude(const simd& x) {
    return each_register(x, [](auto p) { return p < 0 ? -p : p; });
  }

  /// The sum of the lanes, always in the same order: halves are added until one lane is left.
  T sum() const {
#ifdef __CUDACC__
    T lane[W];
    store(lane);
    for (std::size_t n = W / 2; n > 0; n /= 2)
      for (std::size_t l = 0; l < n; ++l) lane[l] += lane[l + n];
    return lane[0];
#else
    simd x = *this;
    for (std::size_t n = registers / 2; n > 0; n /= 2)
      for (std::size_t r = 0; r < n; ++r) x.v[r] += x.v[r + n];
    return add_halves<register_lanes<T> / 2>(x.v[0])[0];
#endif
  }

 private:
  /// Register r of the result is f(r).
  template <class F>
  static simd from_registers(F f) {
    simd x;
    for (std::size_t r = 0; r < registers; ++r) x.v[r] = f(r);
    return x;
  }
  /// `load`, for what was just written: the loop may have stored half registers, and a wider load
  /// would wait until they are in the cache.
  static simd load_halves(const T* p) {
#ifdef __CUDACC__
    return load(p);
#else
    constexpr std::size_t w = register_lanes<T>;
    typedef T half __attribute__((vector_size(register_bytes / 2)));
    simd x;
    for (std::size_t r = 0; r < registers; ++r) {
      half low, high;
      std::memcpy(&low, p + r * w, sizeof(half));
      std::memcpy(&high, p + r * w + w / 2, sizeof(half));
      x.v[r] = [&]<std::size_t... L>(std::index_sequence<L...>) {
        return __builtin_shufflevector(low, high, static_cast<int>(L)...);
      }(std::make_index_sequence<w>{});
    }
    return x;
#endif
  }
  /// On lane 0 the sum of the first 2 N lanes.
  template <std::size_t N>
  static native add_halves(native a) {
#ifndef __CUDACC__
    if constexpr (N > 0) {
      const native upper = [&]<std::size_t... L>(std::index_sequence<L...>) {
        return __builtin_shufflevector(a, a, static_cast<int>(L + N)...);
      }(std::make_index_sequence<register_lanes<T>>{});
      return add_halves<N / 2>(a + upper);
    }
#endif
    return a;
  }
  template <class F>
  static simd each_register(const simd& a, F f) {
    return from_registers([&](std::size_t r) { return f(a.v[r]); });
  }
  template <class F>
  static simd zip(const simd& a, const simd& b, F f) {
    return from_registers([&](std::size_t r) { return f(a.v[r], b.v[r]); });
  }
};

}  // namespace kutta
