// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// `simd<T, W>`: W values that are computed on together, one in each lane.

#include <concepts>
#include <cstddef>
#include <cstring>

#include <kutta/tensor/host_device.hpp>

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

/// W numbers in as many registers as they need; every operation is done lane by lane.
///
/// W is a multiple of the lanes of a register. Compilers: GCC and Clang (vector extensions).
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

  /// a where x < y, else b.
  friend simd where_less(const simd& x, const simd& y, const simd& a, const simd& b) {
    simd z;
    for (std::size_t r = 0; r < registers; ++r) z.v[r] = x.v[r] < y.v[r] ? a.v[r] : b.v[r];
    return z;
  }

  /// The sum of the lanes, always in the same order: halves are added until one lane is left.
  T sum() const {
    T lane[W];
    store(lane);
    for (std::size_t n = W / 2; n > 0; n /= 2)
      for (std::size_t l = 0; l < n; ++l) lane[l] += lane[l + n];
    return lane[0];
  }

 private:
  template <class F>
  static simd zip(const simd& a, const simd& b, F f) {
    simd x;
    for (std::size_t r = 0; r < registers; ++r) x.v[r] = f(a.v[r], b.v[r]);
    return x;
  }
};

}  // namespace kutta
