// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The contenders for y ← x + Σ a k, over one to six terms.

#include <array>
#include <cstddef>
#include <utility>

#include <benchmark/benchmark.h>

#include <kutta/tensor/contiguous.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta::bench {

inline constexpr std::size_t most_terms = 6;

/// n numbers near `value`.
template <class T>
T make_operand(std::size_t n, double value) {
  T x{};
  if constexpr (requires { x.resize(x.size()); }) x.resize(static_cast<decltype(x.size())>(n));
  for (std::size_t i = 0; i < n; ++i)
    x.data()[i] = static_cast<kutta::scalar_t<T>>(value + 1e-3 * static_cast<double>(i % 7));
  return x;
}

/// The operands. a is read at run time: nothing folds.
template <class T>
struct operands {
  using scalar = kutta::scalar_t<T>;
  T y, x;
  std::array<T, most_terms> k;
  std::array<scalar, most_terms> a{.1f, .2f, .3f, .4f, .5f, .6f};

  operands(std::size_t n, std::size_t terms) : y(make_operand<T>(n, 0)), x(make_operand<T>(n, 1)) {
    for (std::size_t j = 0; j < terms; ++j)
      k[j] = make_operand<T>(n, .5 - .1 * static_cast<double>(j));
    benchmark::DoNotOptimize(a);
  }
};

/// The library.
struct library {
  template <std::size_t Terms, class T>
  static void run(operands<T>& o) {
    [&]<std::size_t... J>(std::index_sequence<J...>) {
      kutta::add(o.y, o.x, kutta::scaled<T>{o.a[J], o.k[J]}...);
    }(std::make_index_sequence<Terms>{});
  }
};

/// The loop one would write.
struct by_hand {
  template <std::size_t Terms, class T>
  static void run(operands<T>& o) {
    const std::size_t n = static_cast<std::size_t>(o.x.size());
    const auto [a0, a1, a2, a3, a4, a5] = o.a;
    auto* y = o.y.data();
    const auto *x = o.x.data(), *k0 = o.k[0].data(), *k1 = o.k[1].data(), *k2 = o.k[2].data(),
               *k3 = o.k[3].data(), *k4 = o.k[4].data(), *k5 = o.k[5].data();
    if constexpr (Terms == 1)
      for (std::size_t i = 0; i < n; ++i) y[i] = x[i] + a0 * k0[i];
    else if constexpr (Terms == 2)
      for (std::size_t i = 0; i < n; ++i) y[i] = x[i] + a0 * k0[i] + a1 * k1[i];
    else if constexpr (Terms == 3)
      for (std::size_t i = 0; i < n; ++i) y[i] = x[i] + a0 * k0[i] + a1 * k1[i] + a2 * k2[i];
    else if constexpr (Terms == 4)
      for (std::size_t i = 0; i < n; ++i)
        y[i] = x[i] + a0 * k0[i] + a1 * k1[i] + a2 * k2[i] + a3 * k3[i];
    else if constexpr (Terms == 5)
      for (std::size_t i = 0; i < n; ++i)
        y[i] = x[i] + a0 * k0[i] + a1 * k1[i] + a2 * k2[i] + a3 * k3[i] + a4 * k4[i];
    else
      for (std::size_t i = 0; i < n; ++i)
        y[i] = x[i] + a0 * k0[i] + a1 * k1[i] + a2 * k2[i] + a3 * k3[i] + a4 * k4[i] + a5 * k5[i];
  }
};

/// Eigen's own.
struct expression {
  template <std::size_t Terms, class T>
  static void run(operands<T>& o) {
    [&]<std::size_t... J>(std::index_sequence<J...>) {
      o.y = (o.x + ... + (o.a[J] * o.k[J]));
    }(std::make_index_sequence<Terms>{});
  }
};

}  // namespace kutta::bench
