// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The sums of the lanes of many registers.

#include <concepts>
#include <cstddef>
#include <utility>

#include <kutta/tensor/simd.hpp>

namespace kutta {

#ifndef __CUDACC__  // nvcc does not expand a pack in the arguments of a builtin
namespace detail {

/// Of two registers the lanes that bit D tells apart are added: a's sums to the lanes without that
/// bit, b's to those with it.
template <std::size_t D, class V, std::size_t... L>
inline V fold_lanes(V a, V b, std::index_sequence<L...>) {
  constexpr int w = sizeof...(L);
  return __builtin_shufflevector(a, b,
                                 ((L & D) ? w + static_cast<int>(L) : static_cast<int>(L))...) +
         __builtin_shufflevector(
             a, b, ((L & D) ? w + static_cast<int>(L ^ D) : static_cast<int>(L ^ D))...);
}

/// Leaves in r[0] the sum of the lanes of r[l] on lane l. 2 D registers of W lanes.
template <std::size_t D, std::size_t W, class V>
inline void fold_registers(V* r) {
  for (std::size_t i = 0; i < D; ++i)
    r[i] = fold_lanes<D>(r[i], r[i + D], std::make_index_sequence<W>{});
  if constexpr (D > 1) fold_registers<D / 2, W>(r);
}

}  // namespace detail
#endif

/// y_i += the sum of the lanes of x_i, for n of them: a register's worth of sums at once, by
/// shuffles, in an order that depends on n and the position alone.
template <std::floating_point T>
void add_lane_sums(const simd<T, register_lanes<T>>* x, std::size_t n, T* y) {
  std::size_t i = 0;
#ifndef __CUDACC__
  constexpr std::size_t w = register_lanes<T>;
  for (; i + w <= n; i += w) {
    typename simd<T, w>::native r[w];
    for (std::size_t l = 0; l < w; ++l) r[l] = x[i + l].v[0];
    detail::fold_registers<w / 2, w>(r);
    auto sums = simd<T, w>::load(y + i);
    sums.v[0] += r[0];
    sums.store(y + i);
  }
#endif
  for (; i < n; ++i) y[i] += x[i].sum();
}

}  // namespace kutta
