// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Maps and sums over numbers in device memory.

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <utility>

#include <thrust/device_ptr.h>
#include <thrust/execution_policy.h>
#include <thrust/for_each.h>
#include <thrust/functional.h>
#include <thrust/iterator/counting_iterator.h>
#include <thrust/system_error.h>
#include <thrust/transform_reduce.h>

#include <kutta/cuda/error.hpp>
#include <kutta/cuda/stream.hpp>
#include <kutta/tensor/host_device.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta::cuda::detail {

/// The current stream; only what returns a value to the host waits for it.
inline auto queue() {
#ifdef __CUDACC__
  return thrust::cuda::par_nosync.on(current_stream());
#else
  return thrust::device;
#endif
}

/// f(), what Thrust throws in it as our error.
template <class F>
auto reported([[maybe_unused]] const char* call, const F& f) {
#ifdef __CUDACC__
  try {
    return f();
  } catch (const thrust::system_error& e) {
    cudaGetLastError();
    throw cuda_error(call, e.what(), e.code().value());
  }
#else
  return f();
#endif
}

/// Calls f(i) for i < n, in any order and in parallel.
template <class F>
void for_each_index(std::size_t n, const F& f) {
  if (n == 0) return;
  reported("kutta: kernel", [&] {
    thrust::for_each_n(queue(), thrust::counting_iterator<std::size_t>(0), n, f);
    return 0;
  });
}

struct place {
  std::size_t row, column;
};

/// i / columns and i % columns.
KUTTA_HD inline place place_of(std::size_t i, std::size_t columns) {
  if (i >> 32 == 0 && columns >> 32 == 0) {  // short divisions take a fraction of the time
    const auto n = static_cast<std::uint32_t>(i), c = static_cast<std::uint32_t>(columns);
    return {n / c, n % c};
  }
  return {i / columns, i % columns};
}

template <class F>
struct call_with_pair {
  F f;
  std::size_t columns;

  KUTTA_HD void operator()(std::size_t i) const {
    const place at = place_of(i, columns);
    f(at.row, at.column);
  }
};

/// Calls f(row, column) for all of them, in any order and in parallel: neighbours in a row by
/// neighbouring threads.
template <class F>
void for_each_pair(std::size_t rows, std::size_t columns, const F& f) {
  for_each_index(rows * columns, call_with_pair<F>{f, columns});
}

/// What a thread reads and writes in one access: 16 bytes.
template <class S>
struct alignas(16) pack {
  static constexpr std::size_t lanes = 16 / sizeof(S);
  S lane[lanes];
};

template <class S>
bool starts_a_pack(const S* p) {
  return reinterpret_cast<std::uintptr_t>(p) % sizeof(pack<S>) == 0;
}

/// y_i ← f(x₁ᵢ, …, xₙᵢ) for the elements of pack p of `size` elements, or, of the last pack, for
/// those that there are.
template <class F, class S, std::size_t N>
struct map_of_packs {
  F f;
  S* y;
  const S* x[N > 0 ? N : 1];
  std::size_t size;

  KUTTA_HD void operator()(std::size_t p) const { at(p, std::make_index_sequence<N>{}); }

 private:
  template <std::size_t... J>
  KUTTA_HD void at(std::size_t p, std::index_sequence<J...>) const {
    constexpr std::size_t lanes = pack<S>::lanes;
    const std::size_t first = p * lanes;
    if (first + lanes <= size) {
      [[maybe_unused]] const pack<S> in[N > 0 ? N : 1] = {
          *reinterpret_cast<const pack<S>*>(x[J] + first)...};
      pack<S> out;
      for (std::size_t l = 0; l < lanes; ++l) out.lane[l] = f(in[J].lane[l]...);
      *reinterpret_cast<pack<S>*>(y + first) = out;
    } else {
      for (std::size_t i = first; i < size; ++i) y[i] = f(x[J][i]...);
    }
  }
};

/// i ↦ f(x₁ᵢ, …, xₙᵢ).
template <class Y, class F, class S, std::size_t N>
struct element {
  F f;
  const S* x[N > 0 ? N : 1];

  KUTTA_HD Y operator()(std::size_t i) const { return at(i, std::make_index_sequence<N>{}); }

 private:
  template <std::size_t... J>
  KUTTA_HD Y at([[maybe_unused]] std::size_t i, std::index_sequence<J...>) const {
    return static_cast<Y>(f(x[J][i]...));
  }
};

template <class F, class S, std::size_t N>
struct map_of_elements {
  S* y;
  element<S, F, S, N> f;

  KUTTA_HD void operator()(std::size_t i) const { y[i] = f(i); }
};

/// yᵢ ← f(x₁ᵢ, …, xₙᵢ), i < n, in one kernel: each x is read once and y written once. y may be one
/// of the x.
template <class S, class F, class... X>
void map_n(S* y, std::size_t n, const F& f, const X*... x) {
  constexpr std::size_t inputs = sizeof...(X), lanes = pack<S>::lanes;
  if ((starts_a_pack(y) && ... && starts_a_pack(x)))
    for_each_index((n + lanes - 1) / lanes, map_of_packs<F, S, inputs>{f, y, {x...}, n});
  else
    for_each_index(n, map_of_elements<F, S, inputs>{y, {f, {x...}}});
}

/// Σᵢ f(x₁ᵢ, …, xₙᵢ), i < n, in an order that depends on n and the device alone. Takes a temporary
/// from Thrust, and waits.
template <class S, class F, class... X>
accumulator_t<S> sum_n(std::size_t n, const F& f, const X*... x) {
  using sum = accumulator_t<S>;
  const thrust::counting_iterator<std::size_t> first(0), last(n);
  return reported("kutta: sum", [&] {
    return thrust::transform_reduce(queue(), first, last,
                                    element<sum, F, S, sizeof...(X)>{f, {x...}}, sum(0),
                                    thrust::plus<sum>());
  });
}

/// max f(x₁ᵢ, …, xₙᵢ), i < n, for f ≥ 0: 0 if there are none, NaN if one is NaN. Waits likewise.
template <class S, class F, class... X>
accumulator_t<S> largest_n(std::size_t n, const F& f, const X*... x) {
  using number = accumulator_t<S>;
  const thrust::counting_iterator<std::size_t> first(0), last(n);
  return reported("kutta: largest", [&] {
    return thrust::transform_reduce(queue(), first, last,
                                    element<number, F, S, sizeof...(X)>{f, {x...}}, number(0),
                                    kutta::detail::larger{});
  });
}

/// The base of the traits of what has `data()` in device memory and `size()`.
template <class X, std::floating_point T>
struct device_traits {
  using scalar = T;

  template <class F, class... Y>
  static void map(X& y, const F& f, const Y&... x) {
    cuda::detail::map_n(thrust::raw_pointer_cast(y.data()), y.size(), f,
                        thrust::raw_pointer_cast(x.data())...);
  }
  template <class F, class... Y>
  static accumulator_t<T> sum(const F& f, const X& x, const Y&... more) {
    return cuda::detail::sum_n<T>(x.size(), f, thrust::raw_pointer_cast(x.data()),
                                  thrust::raw_pointer_cast(more.data())...);
  }
  template <class F, class... Y>
  static accumulator_t<T> largest(const F& f, const X& x, const Y&... more) {
    return cuda::detail::largest_n<T>(x.size(), f, thrust::raw_pointer_cast(x.data()),
                                      thrust::raw_pointer_cast(more.data())...);
  }

  template <class F>
  static void for_each_pair(std::size_t rows, std::size_t columns, const F& f) {
    cuda::detail::for_each_pair(rows, columns, f);
  }
};

}  // namespace kutta::cuda::detail
