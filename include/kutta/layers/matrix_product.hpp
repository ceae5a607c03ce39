// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Products of matrices of some tens to hundreds of rows and columns, without packing.

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstring>

#include <kutta/tensor/index.hpp>
#include <kutta/tensor/simd.hpp>

namespace kutta::detail {

/// A matrix to read: (i, j) lies at `data + i row + j column`.
template <std::floating_point T>
struct matrix_view {
  const T* data;
  std::size_t row, column;
};

/// C ← S + A B, where A, S and C lie column after column.
///
/// C is cut into tiles of P columns of Q registers that stay in registers: the Q registers of a
/// column of A and P numbers of B feed P Q multiplications and additions of a register. Every
/// element is a sum in the order of `depth`, whatever the tile it lies in.
template <std::floating_point T>
class matrix_product {
  static constexpr std::size_t w = register_lanes<T>;
  using vector = typename simd<T, w>::native;

  /// The target has 32 registers with AVX-512, else at least 16: three quarters hold sums.
  static constexpr std::size_t most_registers = register_bytes == 64 ? 4 : 2;
  static constexpr std::size_t sums = 6 * most_registers;
  static constexpr std::size_t most_columns(std::size_t q) {
    return std::min<std::size_t>(sums / q, 8);
  }

 public:
  std::size_t rows, columns, depth;  ///< at least 1
  const T* a;                        ///< rows × depth
  matrix_view<T> b;                  ///< depth × columns

  /// The columns of S and of C are that far apart; 0: S has one column, for all. S may be C.
  void add_to(const T* s, std::size_t s_column, T* c, std::size_t c_column) const {
    rows_from<most_registers>(0, {s, s_column, c, c_column});
  }
  /// S = 0.
  void assign_to(T* c, std::size_t c_column) const { add_to(nullptr, 0, c, c_column); }

 private:
  struct ends {
    const T* s;  ///< null: 0
    std::size_t s_column;
    T* c;
    std::size_t c_column;

    ends from(std::size_t row, std::size_t column) const {
      return {s ? s + row + column * s_column : s, s_column, c + row + column * c_column, c_column};
    }
  };

  /// Columns of A, in some rows of one tile.
  struct run {
    const T* first;
    std::size_t apart, count;
  };

  /// Tiles of Q registers while more than Q/2 registers of rows are left, then smaller ones.
  template <std::size_t Q>
  void rows_from(std::size_t row, const ends& at) const {
    for (; row + Q * w <= rows; row += Q * w)
      each_tile<Q>([&]<std::size_t P>(index_constant<P>, std::size_t column) {
        multiply<P, Q>({a + row, rows, depth}, b_at(0, column), at.from(row, column));
      });
    if (row + Q / 2 * w < rows)
      last_rows<Q>(row, at);
    else if constexpr (Q > 1)
      rows_from<Q / 2>(row, at);
  }

  /// A tile with fewer rows than Q registers hold. The last columns of A, which would be read to
  /// behind its end, are copied.
  template <std::size_t Q>
  void last_rows(std::size_t row, const ends& at) const {
    const std::size_t n = rows - row;
    const std::size_t copied = std::min(depth, (Q * w - n + rows - 1) / rows);
    const std::size_t rest = depth - copied;
    T last[(Q == 1 ? w - 1 : 1) * Q * w];
    for (std::size_t d = 0; d < copied; ++d)
      copy_column(a + (rest + d) * rows + row, n, last + d * Q * w, Q * w);
    each_tile<Q>([&]<std::size_t P>(index_constant<P>, std::size_t column) {
      const ends tile = at.from(row, column);
      T part[P * Q * w] = {};
      const ends in_part = {part, Q * w, part, Q * w};
      if (tile.s)
        for (std::size_t p = 0; p < P; ++p)
          copy_column(tile.s + p * tile.s_column, n, part + p * Q * w, Q * w);
      if (rest > 0) multiply<P, Q>({a + row, rows, rest}, b_at(0, column), in_part);
      multiply<P, Q>({last, Q * w, copied}, b_at(rest, column), in_part);
      for (std::size_t p = 0; p < P; ++p)
        copy_column(part + p * Q * w, n, tile.c + p * tile.c_column, n);
    });
  }

  /// f(P, column) for as few tiles as there can be, whose widths P differ by one at most.
  template <std::size_t Q, class F>
  void each_tile(const F& f) const {
    constexpr std::size_t most = most_columns(Q);
    const std::size_t tiles = (columns + most - 1) / most, narrow = columns / tiles;
    const std::size_t wide_end = columns % tiles * (narrow + 1);
    tiles_of<most>(narrow + 1, 0, wide_end, f);
    tiles_of<most>(narrow, wide_end, columns, f);
  }
  template <std::size_t P, class F>
  static void tiles_of(std::size_t width, std::size_t column, std::size_t end, const F& f) {
    if (width == P)
      for (; column < end; column += P) f(index_constant<P>{}, column);
    else if constexpr (P > 1)
      tiles_of<P - 1>(width, column, end, f);
  }

  const T* b_at(std::size_t row, std::size_t column) const {
    return b.data + row * b.row + column * b.column;
  }

  /// One tile.
  template <std::size_t P, std::size_t Q>
  [[gnu::noinline]] void multiply(const run& from, const T* b_first, const ends& at) const {
    const auto [s, s_column, c, c_column] = at;
    const auto [a_first, a_column, count] = from;
    const std::size_t b_row = b.row, b_column = b.column;
    vector sum[P][Q] = {};
    if (s) {
#pragma GCC unroll 16
      for (std::size_t p = 0; p < P; ++p)
#pragma GCC unroll 4
        for (std::size_t q = 0; q < Q; ++q) sum[p][q] = load(s + p * s_column + q * w);
    }
    const T* ad = a_first;
    const T* const end = ad + count * a_column;
    do {
      add_products<P, Q>(ad, b_first, b_column, sum);
      ad += a_column, b_first += b_row;
    } while (ad != end);
#pragma GCC unroll 16
    for (std::size_t p = 0; p < P; ++p)
#pragma GCC unroll 4
      for (std::size_t q = 0; q < Q; ++q) store(c + p * c_column + q * w, sum[p][q]);
  }

  template <std::size_t P, std::size_t Q>
  [[gnu::always_inline]] static void add_products(const T* a, const T* b, std::size_t b_column,
                                                  vector (&sum)[P][Q]) {
    vector v[Q];
#pragma GCC unroll 4
    for (std::size_t q = 0; q < Q; ++q) v[q] = load(a + q * w);
#pragma GCC unroll 16
    for (std::size_t p = 0; p < P; ++p) {
      const T bp = b[p * b_column];
#pragma GCC unroll 4
      for (std::size_t q = 0; q < Q; ++q) sum[p][q] += bp * v[q];
    }
  }

  /// The first n of `size` numbers, 0 behind them.
  static void copy_column(const T* from, std::size_t n, T* to, std::size_t size) {
    std::size_t i = 0;
    for (; i + w <= n; i += w) store(to + i, load(from + i));
    for (; i < n; ++i) to[i] = from[i];
    for (; i < size; ++i) to[i] = T(0);
  }

  [[gnu::always_inline]] static vector load(const T* p) {
    vector v;
    std::memcpy(&v, p, sizeof(v));
    return v;
  }
  [[gnu::always_inline]] static void store(T* p, const vector& v) { std::memcpy(p, &v, sizeof(v)); }
};

}  // namespace kutta::detail
