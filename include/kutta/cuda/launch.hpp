// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Work of which one thread has much to do.

#include <cstddef>

#include <kutta/cuda/elementwise.hpp>
#include <kutta/cuda/error.hpp>
#include <kutta/cuda/stream.hpp>

namespace kutta::cuda::detail {

/// Threads that are started together.
inline constexpr std::size_t block_of_threads = 128;

#ifdef __CUDACC__
template <class F>
__global__ void __launch_bounds__(block_of_threads) call_each(std::size_t n, F f) {
  const std::size_t i = blockIdx.x * block_of_threads + threadIdx.x;
  if (i < n) f(i);
}
#endif

/// Calls f(i) for i < n, in any order and in parallel, as `for_each_index` does: but each i has a
/// thread of its own, where Thrust gives a thread two, and a kernel holds one copy of f, not four.
template <class F>
void for_each_thread(std::size_t n, const F& f) {
#ifdef __CUDACC__
  if (n == 0) return;
  const auto blocks = static_cast<unsigned>((n + block_of_threads - 1) / block_of_threads);
  call_each<<<blocks, static_cast<unsigned>(block_of_threads), 0, current_stream()>>>(n, f);
  check(cudaGetLastError(), "kutta: kernel");
#else
  for_each_index(n, f);
#endif
}

}  // namespace kutta::cuda::detail
