// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Thrust's vectors as tensors: `thrust::device_vector` and `thrust::host_vector`.

#include <array>
#include <concepts>
#include <cstddef>
#include <utility>

#include <thrust/copy.h>
#include <thrust/device_vector.h>
#include <thrust/execution_policy.h>
#include <thrust/functional.h>
#include <thrust/host_vector.h>
#include <thrust/iterator/counting_iterator.h>
#include <thrust/tabulate.h>
#include <thrust/transform_reduce.h>

#include <kutta/tensor/contiguous.hpp>
#include <kutta/tensor/host_device.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta {

namespace detail {

/// Queues work on the device; only what returns a value to the host waits for it.
inline auto device_queue() {
#ifdef __CUDACC__
  return thrust::cuda::par_nosync;
#else
  return thrust::device;
#endif
}

/// i ↦ f(x₁ᵢ, …, xₙᵢ), the x in device memory.
template <class Y, class F, class S, std::size_t N>
struct elementwise {
  F f;
  const S* x[N > 0 ? N : 1];

  KUTTA_HD Y operator()(std::size_t i) const { return at(i, std::make_index_sequence<N>{}); }

 private:
  template <std::size_t... J>
  KUTTA_HD Y at([[maybe_unused]] std::size_t i, std::index_sequence<J...>) const {
    return static_cast<Y>(f(x[J][i]...));
  }
};

}  // namespace detail

/// One kernel for each `map`, whatever the number of terms. `sum` takes a temporary from Thrust and
/// waits for its result; nothing else waits, nothing but `zeros_like` and `sum` allocates.
template <std::floating_point S, class A>
struct tensor_traits<thrust::device_vector<S, A>> {
  using scalar = S;
  using type = thrust::device_vector<S, A>;

  static type zeros_like(const type& x) { return type(x.size(), S(0)); }

  template <class F, class... X>
  static void map(type& y, const F& f, const X&... x) {
    thrust::tabulate(detail::device_queue(), y.begin(), y.end(), element<S>(f, x...));
  }

  template <class F, class... X>
  static accumulator_t<S> sum(const F& f, const type& x, const X&... more) {
    using accumulator = accumulator_t<S>;
    const thrust::counting_iterator<std::size_t> first(0), last(x.size());
    return thrust::transform_reduce(detail::device_queue(), first, last,
                                    element<accumulator>(f, x, more...), accumulator(0),
                                    thrust::plus<accumulator>());
  }

  template <class F, class... X>
  static accumulator_t<S> largest(const F& f, const type& x, const X&... more) {
    using accumulator = accumulator_t<S>;
    const thrust::counting_iterator<std::size_t> first(0), last(x.size());
    return thrust::transform_reduce(detail::device_queue(), first, last,
                                    element<accumulator>(f, x, more...), accumulator(0),
                                    detail::larger{});
  }

  static std::array<std::size_t, 1> shape(const type& x) { return {{x.size()}}; }
  static void store(const type& x, S* to) { thrust::copy(x.begin(), x.end(), to); }
  static void load(type& y, const S* from) { thrust::copy(from, from + y.size(), y.begin()); }

 private:
  template <class Y, class F, class... X>
  static detail::elementwise<Y, F, S, sizeof...(X)> element(const F& f, const X&... x) {
    return {f, {thrust::raw_pointer_cast(x.data())...}};
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
