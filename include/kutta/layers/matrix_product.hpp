// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Products of matrices of some tens to hundreds of rows and columns, without packing.

#include <algorithm>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstring>

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
    return std::min<std::size_t>(sums / q, 12);
  }

 public:
  std::size_t rows, columns, depth;  ///< at least 1
  const T* a;                        ///< rows × depth
  matrix_view<T> b;                  ///< depth × columns

  /// The columns of S and of C are that far apart; 0: S has one column, for all. S may be C.
  void add_to(const T* s, std::size_t s_column, T* c, std::size_t c_column) const {
    rows_from<most_registers>(0, {s, s_column, c, c_column});
  }

 private:
  struct ends {
    const T* s;
    std::size_t s_column;
    T* c;
    std::size_t c_column;

    ends from(std::size_t row, std::size_t column) const {
      return {s + row + column * s_column, s_column, c + row + column * c_column, c_column};
    }
  };

  /// The last columns of A, padded to whole registers that would else end behind A.
  template <std::size_t Q>
  struct padded_columns {
    std::size_t count;
    T data[(Q == 1 ? w - 1 : 1) * Q * w];
  };

  /// Tiles of Q registers while more than Q/2 registers of rows are left, then smaller ones.
  template <std::size_t Q>
  void rows_from(std::size_t row, const ends& at) const {
    padded_columns<Q> last;
    for (; row + Q / 2 * w < rows; row += Q * w) {
      const std::size_t n = std::min(Q * w, rows - row);
      last.count = std::min(depth, (Q * w - n + rows - 1) / rows);
      for (std::size_t d = 0; d < last.count; ++d)
        copy_column(a + (depth - last.count + d) * rows + row, n, last.data + d * Q * w, Q * w);
      columns_from<most_columns(Q), Q>(0, row, n, last, at);
    }
    if constexpr (Q > 1) rows_from<Q / 2>(row, at);
  }

  template <std::size_t P, std::size_t Q>
  void columns_from(std::size_t column, std::size_t row, std::size_t n,
                    const padded_columns<Q>& last, const ends& at) const {
    for (; column + P <= columns; column += P) {
      const ends tile = at.from(row, column);
      if (n == Q * w) {
        multiply<P, Q>(row, column, last, tile);
        continue;
      }
      T part[P * Q * w];
      for (std::size_t p = 0; p < P; ++p)
        copy_column(tile.s + p * tile.s_column, n, part + p * Q * w, Q * w);
      multiply<P, Q>(row, column, last, {part, Q * w, part, Q * w});
      for (std::size_t p = 0; p < P; ++p)
        copy_column(part + p * Q * w, n, tile.c + p * tile.c_column, n);
    }
    if constexpr (P > 1) columns_from<std::bit_floor(P - 1), Q>(column, row, n, last, at);
  }

  /// One tile.
  template <std::size_t P, std::size_t Q>
  [[gnu::noinline]] void multiply(std::size_t row, std::size_t column,
                                  const padded_columns<Q>& last, const ends& at) const {
    vector sum[P][Q];
#pragma GCC unroll 16
    for (std::size_t p = 0; p < P; ++p)
#pragma GCC unroll 4
      for (std::size_t q = 0; q < Q; ++q) sum[p][q] = load(at.s + p * at.s_column + q * w);

    const std::size_t a_column = rows, b_row = b.row, b_column = b.column;
    const T* ad = a + row;
    const T* bd = b.data + column * b_column;
    for (std::size_t d = last.count; d < depth; ++d, ad += a_column, bd += b_row)
      add_products<P, Q>(ad, bd, b_column, sum);
    ad = last.data;
    for (std::size_t d = 0; d < last.count; ++d, ad += Q * w, bd += b_row)
      add_products<P, Q>(ad, bd, b_column, sum);

#pragma GCC unroll 16
    for (std::size_t p = 0; p < P; ++p)
#pragma GCC unroll 4
      for (std::size_t q = 0; q < Q; ++q) store(at.c + p * at.c_column + q * w, sum[p][q]);
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
