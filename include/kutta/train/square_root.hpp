// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// √v without a call, so that a loop over it vectorises. (A compiler that minds errno keeps a
/// branch to std::sqrt in the loop, and with it one element at a time.)

#include <bit>
#include <concepts>
#include <cstdint>

#include <kutta/tensor/host_device.hpp>
#include <kutta/tensor/math.hpp>

namespace kutta::detail {

/// The bits of 1/√v are close to `magic` less half the bits of v: to 3.5 %, which each Newton step
/// squares (and multiplies by 3/2).
template <class T>
struct square_root_format;

template <>
struct square_root_format<double> {
  using bits = std::uint64_t;
  static constexpr bits magic = 0x5fe6eb50c7b537a9;
  static constexpr int steps = 3;
};

template <>
struct square_root_format<float> {
  using bits = std::uint32_t;
  static constexpr bits magic = 0x5f3759df;
  static constexpr int steps = 2;
};

/// √v for v ≥ 0. Error: at most ε √v for v = 0 and all normal v; below those, at most √v. Infinity
/// gives NaN: a moment that overflowed shows.
///
/// y ← y (3/2 − v y²/2) for 1/√v, and the last step for s = v y itself: s + y (v − s²)/2.
/// Source of the constants: Lomont, Fast Inverse Square Root (2003); Robertson, A Brief History of
/// InvSqrt (2012).
template <std::floating_point T>
KUTTA_HD inline T square_root(T v) {
#ifdef __CUDA_ARCH__
  return ::sqrt(v);
#else
  if constexpr (std::same_as<T, float> || std::same_as<T, double>) {
    using format = square_root_format<T>;
    using bits = typename format::bits;
    T y = std::bit_cast<T>(static_cast<bits>(format::magic - (std::bit_cast<bits>(v) >> 1)));
    const T half = T(0.5) * v;
    for (int i = 0; i < format::steps; ++i) y = y * (T(1.5) - half * y * y);
    const T s = v * y;
    return s + T(0.5) * y * (v - s * s);
  } else {
    return detail::math::sqrt(v);
  }
#endif
}

}  // namespace kutta::detail
