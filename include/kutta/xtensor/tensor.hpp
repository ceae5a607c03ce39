// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// xtensor's containers as tensors: `xt::xtensor` and `xt::xarray`, stored row by row.
///
/// Column-major, dynamic-layout and optional containers are no tensors: their first axis, the
/// sample, is not outermost in memory.

#include <concepts>
#include <cstddef>
#include <span>
#include <stdexcept>

#include <xtensor/xarray.hpp>
#include <xtensor/xtensor.hpp>

#include <kutta/tensor/contiguous.hpp>
#include <kutta/tensor/tensor.hpp>
#include <kutta/xtensor/strided.hpp>

namespace kutta {

namespace detail {

/// An array with axes is a batch: one sample for each index of the first.
///
/// `map` and `sum` read views and adaptors beside arrays, where their elements lie side by side,
/// and throw std::invalid_argument where not. `shape` refers to the array: a copy of an
/// `xt::xarray`'s shape may allocate.
template <class T, class S, bool HasAxes>
struct xtensor_traits : contiguous_batch_traits<T, S, xtensor_traits<T, S, HasAxes>> {
  using base = contiguous_traits<T, S>;

  template <class F, class... X>
  static void map(T& y, const F& f, const X&... x) {
    base::map(y, f, readable<T>(x)...);
  }
  template <class F, class... X>
  static accumulator_t<S> sum(const F& f, const T& x, const X&... more) {
    return base::sum(f, x, readable<T>(more)...);
  }
  template <class F, class... X>
  static accumulator_t<S> largest(const F& f, const T& x, const X&... more) {
    return base::largest(f, x, readable<T>(more)...);
  }

  static T zeros_like(const T& x) { return T(x.shape(), S(0)); }

  /// @throws std::invalid_argument if x has no axis.
  static T zeros_like(const T& x, std::size_t n)
    requires HasAxes
  {
    require_axis(x);
    auto extents = x.shape();
    extents[0] = n;
    return T(extents, S(0));
  }

  /// @throws std::invalid_argument if x has no axis.
  static std::size_t samples(const T& x)
    requires HasAxes
  {
    require_axis(x);
    return x.shape()[0];
  }

  static std::span<const std::size_t> shape(const T& x) {
    return {x.shape().data(), x.shape().size()};
  }

 private:
  static void require_axis(const T& x) {
    if (x.dimension() == 0)
      throw std::invalid_argument("xtensor: a batch needs at least 1 axis, got 0");
  }
};

}  // namespace detail

template <class C, std::size_t N>
  requires std::floating_point<typename C::value_type>
struct tensor_traits<
    xt::xtensor_container<C, N, xt::layout_type::row_major, xt::xtensor_expression_tag>>
    : detail::xtensor_traits<
          xt::xtensor_container<C, N, xt::layout_type::row_major, xt::xtensor_expression_tag>,
          typename C::value_type, (N > 0)> {};

template <class C, class E>
  requires std::floating_point<typename C::value_type>
struct tensor_traits<
    xt::xarray_container<C, xt::layout_type::row_major, E, xt::xtensor_expression_tag>>
    : detail::xtensor_traits<
          xt::xarray_container<C, xt::layout_type::row_major, E, xt::xtensor_expression_tag>,
          typename C::value_type, true> {};

}  // namespace kutta
