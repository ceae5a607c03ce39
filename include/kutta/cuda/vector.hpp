// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Thrust's vectors as tensors: `thrust::device_vector` and `thrust::host_vector`.

#include <array>
#include <concepts>
#include <cstddef>

#include <thrust/device_vector.h>
#include <thrust/host_vector.h>

#include <kutta/cuda/buffer.hpp>
#include <kutta/cuda/elementwise.hpp>
#include <kutta/tensor/contiguous.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta {

/// One kernel for each `map`, whatever the number of terms. `sum` takes a temporary from Thrust and
/// waits for its result; nothing else waits, nothing but `zeros_like` and `sum` allocates.
template <std::floating_point S, class A>
struct tensor_traits<thrust::device_vector<S, A>>
    : cuda::detail::device_traits<thrust::device_vector<S, A>, S> {
  using type = thrust::device_vector<S, A>;

  static type zeros_like(const type& x) { return type(x.size(), S(0)); }

  static std::array<std::size_t, 1> shape(const type& x) { return {{x.size()}}; }
  static void store(const type& x, S* to) {
    cuda::copy_to_host(to, thrust::raw_pointer_cast(x.data()), x.size());
  }
  static void load(type& y, const S* from) {
    cuda::copy_to_device(thrust::raw_pointer_cast(y.data()), from, y.size());
  }
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
