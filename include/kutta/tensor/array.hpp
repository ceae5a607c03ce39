// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Arrays: tensors whose elements lie side by side, in memory of the host or of a device.

#include <concepts>
#include <cstddef>
#include <type_traits>

#include <kutta/tensor/host_device.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta {

/// An array in host memory, sample after sample.
template <class X>
concept host_array = tensor<X> && requires(const X& x, X& y) {
  { x.data() } -> std::convertible_to<const scalar_t<X>*>;
  { y.data() } -> std::convertible_to<scalar_t<X>*>;
  x.size();
};

/// An array in device memory, sample after sample: its `data()` is an object, such as
/// `thrust::device_ptr`, which a host loop does not take, and holds the address.
template <class X>
concept device_array = tensor<X> && !host_array<X> && requires(const X& x, X& y) {
  { x.data().get() } -> std::convertible_to<const scalar_t<X>*>;
  { y.data().get() } -> std::convertible_to<scalar_t<X>*>;
  x.size();
};

namespace detail {

/// The address of the first element, of the memory that x lies in: for `for_each_pair` alone.
template <class X>
  requires host_array<std::remove_const_t<X>> || device_array<std::remove_const_t<X>>
auto* elements(X& x) {
  if constexpr (host_array<std::remove_const_t<X>>)
    return x.data();
  else
    return x.data().get();
}

/// f(row, column) for all of them, in any order, where arrays of type X are computed: one after the
/// other on the host, one thread each on a device. f is a functor that holds `elements`, and each
/// call writes what no other reads or writes.
template <class X, class F>
void for_each_pair(std::size_t rows, std::size_t columns, const F& f) {
  if constexpr (requires { tensor_traits<X>::for_each_pair(rows, columns, f); })
    tensor_traits<X>::for_each_pair(rows, columns, f);
  else
    for (std::size_t row = 0; row < rows; ++row)
      for (std::size_t column = 0; column < columns; ++column) f(row, column);
}

/// f(row, column, column + 1).
template <class F>
struct one_column {
  F f;

  KUTTA_HD void operator()(std::size_t row, std::size_t column) const {
    f(row, column, column + 1);
  }
};

/// f(row, first, last) for all rows: of each row all columns in one call on the host, where they
/// are one loop, and one column a thread on a device.
template <class X, class F>
void for_each_row(std::size_t rows, std::size_t columns, const F& f) {
  if constexpr (host_array<X>)
    for (std::size_t row = 0; row < rows; ++row) f(row, std::size_t(0), columns);
  else
    kutta::detail::for_each_pair<X>(rows, columns, one_column<F>{f});
}

}  // namespace detail
}  // namespace kutta
