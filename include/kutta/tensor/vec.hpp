// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// `vec<T, N>`: N values in a row, usable in device code (`std::array` is not: its operator[] is a
/// host function there).

#include <array>
#include <concepts>
#include <cstddef>

#include <kutta/tensor/contiguous.hpp>
#include <kutta/tensor/host_device.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta {

template <class T, std::size_t N>
struct vec {
  T values[N];

  KUTTA_HD constexpr T& operator[](std::size_t i) { return values[i]; }
  KUTTA_HD constexpr const T& operator[](std::size_t i) const { return values[i]; }
  KUTTA_HD constexpr T* data() { return values; }
  KUTTA_HD constexpr const T* data() const { return values; }
  KUTTA_HD static constexpr std::size_t size() { return N; }
  KUTTA_HD constexpr T* begin() { return values; }
  KUTTA_HD constexpr const T* begin() const { return values; }
  KUTTA_HD constexpr T* end() { return values + N; }
  KUTTA_HD constexpr const T* end() const { return values + N; }

  KUTTA_HD constexpr bool operator==(const vec& other) const {
    for (std::size_t i = 0; i < N; ++i)
      if (!(values[i] == other.values[i])) return false;
    return true;
  }
};

template <class T>
struct vec<T, 0> {
  /// There is no element: no index may be given, in code that no run reaches it may be written.
  KUTTA_HD const T& operator[](std::size_t) const { __builtin_unreachable(); }
  KUTTA_HD static constexpr T* data() { return nullptr; }
  KUTTA_HD static constexpr std::size_t size() { return 0; }
  KUTTA_HD static constexpr T* begin() { return nullptr; }
  KUTTA_HD static constexpr T* end() { return nullptr; }
  constexpr bool operator==(const vec&) const = default;
};

template <std::floating_point T, std::size_t N>
struct tensor_traits<vec<T, N>> : contiguous_traits<vec<T, N>, T> {
  KUTTA_HD static constexpr vec<T, N> zeros_like(const vec<T, N>&) { return {}; }
  static constexpr std::array<std::size_t, 1> shape(const vec<T, N>&) { return {{N}}; }
};

}  // namespace kutta
