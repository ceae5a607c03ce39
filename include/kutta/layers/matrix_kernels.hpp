// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The products and sums of matrices that an affine layer is made of.

#include <algorithm>
#include <cstddef>

#include <kutta/layers/matrix_product.hpp>
#include <kutta/tensor/array.hpp>
#include <kutta/tensor/host_device.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta {

/// A matrix of rows × columns numbers that lie row after row, or, `transposed`, column after
/// column.
template <class T>
struct row_major {
  const T* data;
  std::size_t rows, columns;
  bool transposed = false;

  constexpr row_major transpose() const { return {data, columns, rows, !transposed}; }
};

namespace detail {

/// c ← aᵀ B, or with `add` c + aᵀ B: nothing is read twice, and nothing copied.
template <class T>
void multiply_row(const T* a, const row_major<T>& b, bool add, T* c) {
  if (!add)
    for (std::size_t j = 0; j < b.columns; ++j) c[j] = 0;
  if (b.transposed)
    for (std::size_t j = 0; j < b.columns; ++j) {
      T sum = c[j];
      for (std::size_t d = 0; d < b.rows; ++d) sum += a[d] * b.data[j * b.rows + d];
      c[j] = sum;
    }
  else
    for (std::size_t d = 0; d < b.rows; ++d) {
      const T factor = a[d], *const row = b.data + d * b.columns;
      for (std::size_t j = 0; j < b.columns; ++j) c[j] += factor * row[j];
    }
}

/// C ← A B, or with `add` C + A B, on the host; C lies row after row.
///
/// The rows of such a matrix are the columns of its transpose: Cᵀ = Bᵀ Aᵀ is computed. A transposed
/// B is copied block by block.
template <class T>
void multiply_matrices(const row_major<T>& a, const row_major<T>& b, bool add, T* c) {
  const std::size_t rows = a.rows, columns = b.columns, depth = a.columns;
  if (rows == 0 || columns == 0) return;
  if (rows == 1) return multiply_row(a.data, b, add, c);
  if (depth == 0) {
    for (std::size_t i = 0; !add && i < rows * columns; ++i) c[i] = 0;
    return;
  }
  const matrix_view<T> at{a.data, a.transposed ? rows : 1, a.transposed ? 1 : depth};
  if (!b.transposed) {
    const matrix_product<T> product{columns, rows, depth, b.data, at};
    return product.add_to(add ? c : nullptr, columns, c, columns);
  }
  constexpr std::size_t most = 64;
  T block[most * most];
  for (std::size_t d = 0; d < depth; d += most)
    for (std::size_t j = 0; j < columns; j += most) {
      const std::size_t deep = std::min(most, depth - d), wide = std::min(most, columns - j);
      for (std::size_t row = 0; row < deep; ++row)
        for (std::size_t column = 0; column < wide; ++column)
          block[row * wide + column] = b.data[(j + column) * depth + d + row];
      const matrix_product<T> product{
          wide, rows, deep, block, {at.data + d * at.row, at.row, at.column}};
      product.add_to(add || d > 0 ? c + j : nullptr, columns, c + j, columns);
    }
}

/// For affine maps of up to `samples` rows of numbers to rows of `out`. Device arrays have theirs
/// in `cuda/matrix_kernels.hpp`.
template <class X>
class matrix_kernels;

template <host_array X>
class matrix_kernels<X> {
  using scalar = scalar_t<X>;

 public:
  matrix_kernels() = default;
  matrix_kernels(std::size_t, std::size_t) {}

  /// C ← C + A B.
  void add_product(const row_major<scalar>& a, const row_major<scalar>& b, scalar* c) const {
    multiply_matrices(a, b, true, c);
  }

  /// sum_j ← sum_j + Σ_i a_ij, for rows of `out` numbers.
  void add_rows(std::size_t rows, std::size_t out, const scalar* a, scalar* sum) const {
    for (; rows > 0; --rows, a += out)
      for (std::size_t j = 0; j < out; ++j) sum[j] += a[j];
  }

  std::size_t heap_bytes() const { return 0; }
};

/// y[row] ← b, for every row.
template <class T>
struct repeat_row {
  const T* b;
  T* y;
  std::size_t columns;

  KUTTA_HD void operator()(std::size_t row, std::size_t first, std::size_t last) const {
    T* const to = y + row * columns;
    for (std::size_t j = first; j < last; ++j) to[j] = b[j];
  }
};

}  // namespace detail
}  // namespace kutta
