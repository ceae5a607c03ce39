// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// `vec<simd<T, W>, N>`: W states of N elements side by side, one in each lane.

#include <array>
#include <concepts>
#include <cstddef>

#include <kutta/tensor/simd.hpp>
#include <kutta/tensor/tensor.hpp>
#include <kutta/tensor/vec.hpp>

namespace kutta {

/// A vector space over T, of dimension N W: the lanes are elements like any other, and a factor is
/// the same in all of them. Functors see W elements at once, as a `simd`.
template <std::floating_point T, std::size_t W, std::size_t N>
struct tensor_traits<vec<simd<T, W>, N>> {
  using scalar = T;
  using state = vec<simd<T, W>, N>;

  static state zeros_like(const state&) {
    state x;
    for (auto& lanes : x) lanes = simd<T, W>(0);
    return x;
  }

  template <class F, class... X>
  static void map(state& y, const F& f, const X&... x) {
    for (std::size_t i = 0; i < N; ++i) y[i] = simd<T, W>(f(x[i]...));
  }

  template <class F, class... X>
  static accumulator_t<T> sum(const F& f, const state& x, const X&... more) {
    accumulator_t<T> total = 0;
    for (std::size_t i = 0; i < N; ++i) {
      const simd<T, W> values = f(x[i], more[i]...);
      for (std::size_t l = 0; l < W; ++l) total += static_cast<accumulator_t<T>>(values[l]);
    }
    return total;
  }

  static std::array<std::size_t, 2> shape(const state&) { return {{N, W}}; }
  static void store(const state& x, T* to) {
    for (std::size_t i = 0; i < N; ++i) x[i].store(to + i * W);
  }
  static void load(state& y, const T* from) {
    for (std::size_t i = 0; i < N; ++i) y[i] = simd<T, W>::load(from + i * W);
  }
};

/// y ← x in lane l.
template <std::floating_point T, std::size_t W, std::size_t N>
void set_lane(vec<simd<T, W>, N>& y, std::size_t l, const vec<T, N>& x) {
  for (std::size_t i = 0; i < N; ++i) y[i].set(l, x[i]);
}

/// Lane l of x.
template <std::floating_point T, std::size_t W, std::size_t N>
vec<T, N> lane(const vec<simd<T, W>, N>& x, std::size_t l) {
  vec<T, N> y{};
  for (std::size_t i = 0; i < N; ++i) y[i] = x[i][l];
  return y;
}

}  // namespace kutta
