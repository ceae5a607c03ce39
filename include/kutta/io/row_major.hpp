// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// A leaf as a file holds it: row by row, the last index fastest.
///
/// Element (i, j) of a matrix is element [i, j] of the array that Python reads. An Eigen matrix
/// that lies column by column is transposed on the way; an Eigen vector has one extent, like a
/// vector of the standard library. So W (out × in) and b (out) are what Torch calls them, and a
/// state of d features × n samples opens as d × n.

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include <kutta/tensor/tensor.hpp>

namespace kutta::detail {

/// A matrix type that says it lies column by column, as Eigen's do.
template <class L>
concept column_major = requires { requires !static_cast<bool>(L::IsRowMajor); };

/// A matrix type of one row or column.
template <class L>
concept fixed_vector = requires { requires static_cast<bool>(L::IsVectorAtCompileTime); };

/// The extents of x in a file.
template <tensor L>
std::vector<std::uint64_t> file_shape(const L& x) {
  std::vector<std::uint64_t> extents;
  std::uint64_t count = 1;
  for (const auto n : tensor_traits<L>::shape(x)) {
    extents.push_back(static_cast<std::uint64_t>(n));
    count *= extents.back();
  }
  if constexpr (fixed_vector<L>) return {count};
  return extents;
}

/// to[j + cols i] ← from[i + rows j].
template <class S>
void transpose(const std::vector<S>& from, std::size_t rows, std::size_t cols, std::vector<S>& to) {
  for (std::size_t i = 0; i < rows; ++i)
    for (std::size_t j = 0; j < cols; ++j) to[j + cols * i] = from[i + rows * j];
}

/// The elements of x, row by row.
template <tensor L>
std::vector<scalar_t<L>> to_row_major(const L& x) {
  const auto shape = file_shape(x);
  std::size_t count = 1;
  for (const auto n : shape) count *= n;
  std::vector<scalar_t<L>> values(count);
  tensor_traits<L>::store(x, values.data());
  if constexpr (column_major<L> && !fixed_vector<L>) {
    std::vector<scalar_t<L>> rows(count);
    transpose(values, shape[0], shape[1], rows);
    return rows;
  }
  return values;
}

/// The transpose of `to_row_major`.
template <tensor L>
void from_row_major(std::vector<scalar_t<L>> values, L& x) {
  if constexpr (column_major<L> && !fixed_vector<L>) {
    const auto shape = file_shape(x);
    std::vector<scalar_t<L>> columns(values.size());
    transpose(values, shape[1], shape[0], columns);
    values = std::move(columns);
  }
  tensor_traits<L>::load(x, values.data());
}

}  // namespace kutta::detail
