// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Thrust's vectors as tensors: `thrust::device_vector` and `thrust::host_vector`.

#include <array>
#include <concepts>
#include <cstddef>

#include <thrust/copy.h>
#include <thrust/device_vector.h>
#include <thrust/host_vector.h>

#include <kutta/cuda/elementwise.hpp>
#include <kutta/tensor/contiguous.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta {

/// One kernel for each `map`, whatever the number of terms. `sum` takes a temporary from Thrust and
/// waits for its result; nothing else waits, nothing but `zeros_like` and `sum` allocates.
template <std::floating_point S, class A>
struct tensor_traits<thrust::device_vector<S, A>> {
  using scalar = S;
  using type = thrust::device_vector<S, A>;

  static type zeros_like(const type& x) { return type(x.size(), S(0)); }

  template <class F, class... X>
  static void map(type& y, const F& f, const X&... x) {
    cuda::detail::map_n(thrust::raw_pointer_cast(y.data()), y.size(), f,
                        thrust::raw_pointer_cast(x.data())...);
  }
  template <class F, class... X>
  static accumulator_t<S> sum(const F& f, const type& x, const X&... more) {
    return cuda::detail::sum_n<S>(x.size(), f, thrust::raw_pointer_cast(x.data()),
                                  thrust::raw_pointer_cast(more.data())...);
  }
  template <class F, class... X>
  static accumulator_t<S> largest(const F& f, const type& x, const X&... more) {
    return cuda::detail::largest_n<S>(x.size(), f, thrust::raw_pointer_cast(x.data()),
                                      thrust::raw_pointer_cast(more.data())...);
  }

  static std::array<std::size_t, 1> shape(const type& x) { return {{x.size()}}; }
  static void store(const type& x, S* to) { thrust::copy(x.begin(), x.end(), to); }
  static void load(type& y, const S* from) { thrust::copy(from, from + y.size(), y.begin()); }
};

template <std::floating_point S, class A>
struct tensor_traits<thrust::host_vector<S, A>> : contiguous_traits<thrust::host_vector<S, A>, S> {
  static thrust::host_vector<S, A> zeros_like(const thrust::host_vector<S, A>& x) {
    return thrust::host_vector<S, A>(x.size(), S(0));
  }
  static std::array<std::size_t, 1> shape(const thrust::host_vector<S, A>& x) {
    return {{x.size()}};
  }
};

}  // namespace kutta
