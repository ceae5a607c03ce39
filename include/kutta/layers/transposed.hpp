// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The transpose of a matrix, a register of its rows at a time.

#include <concepts>
#include <cstddef>
#include <utility>

#include <kutta/tensor/simd.hpp>

namespace kutta::detail {

#ifndef __CUDACC__  // nvcc does not expand a pack in the arguments of a builtin

/// Exchanges, of two registers, the lanes of `a` with bit D and those of `b` without it.
template <std::size_t D, class V, std::size_t... L>
[[gnu::always_inline]] inline void exchange_lanes(V& a, V& b, std::index_sequence<L...>) {
  constexpr int w = sizeof...(L);
  const V low = __builtin_shufflevector(
      a, b, ((L & D) ? w + static_cast<int>(L ^ D) : static_cast<int>(L))...);
  b = __builtin_shufflevector(a, b,
                              ((L & D) ? w + static_cast<int>(L) : static_cast<int>(L | D))...);
  a = low;
}

/// Lane l of register i goes to lane i of register l: bit by bit of i and l, D and below.
template <std::size_t D, std::size_t W, class V>
[[gnu::always_inline]] inline void transpose_registers(V (&r)[W]) {
#  pragma GCC unroll 16
  for (std::size_t i = 0; i < W; ++i)
    if ((i & D) == 0) exchange_lanes<D>(r[i], r[i | D], std::make_index_sequence<W>{});
  if constexpr (D > 1) transpose_registers<D / 2>(r);
}

#else

template <std::size_t D, std::size_t W, class V>
inline void transpose_registers(V (&r)[W]) {
  for (std::size_t i = 0; i < W; ++i)
    for (std::size_t l = 0; l < i; ++l) {
      const auto a = r[i][l];
      r[i][l] = r[l][i];
      r[l][i] = a;
    }
}

#endif

/// y ← xᵀ, x rows × columns, both column after column.
template <std::floating_point T>
void transpose(const T* x, std::size_t rows, std::size_t columns, T* y) {
  std::size_t blocks_end = 0;  // rows of x that are done in the columns before `whole`
  std::size_t whole = 0;
#ifndef __CUDACC__
  constexpr std::size_t w = register_lanes<T>;
  using lanes = simd<T, w>;
  blocks_end = rows - rows % w;
  whole = columns - columns % w;
  for (std::size_t j = 0; j < whole; j += w)
    for (std::size_t i = 0; i < blocks_end; i += w) {
      typename lanes::native r[w];
      for (std::size_t l = 0; l < w; ++l) r[l] = lanes::load(x + i + (j + l) * rows).v[0];
      transpose_registers<w / 2>(r);
      for (std::size_t l = 0; l < w; ++l) {
        lanes column;
        column.v[0] = r[l];
        column.store(y + j + (i + l) * columns);
      }
    }
#endif
  for (std::size_t j = 0; j < columns; ++j)
    for (std::size_t i = j < whole ? blocks_end : 0; i < rows; ++i)
      y[j + i * columns] = x[i + j * rows];
}

}  // namespace kutta::detail
