// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Copies within device memory.

#include <cstddef>
#ifndef __CUDACC__
#  include <cstring>
#endif

#include <kutta/cuda/buffer.hpp>
#include <kutta/cuda/elementwise.hpp>
#include <kutta/cuda/error.hpp>
#include <kutta/cuda/stream.hpp>
#include <kutta/tensor/host_device.hpp>

namespace kutta::bench {

/// to ← from, n elements, as the runtime copies.
template <class T>
void copy_in_device(T* to, const T* from, std::size_t n) {
#ifdef __CUDACC__
  cuda::check(
      cudaMemcpyAsync(to, from, n * sizeof(T), cudaMemcpyDeviceToDevice, cuda::current_stream()),
      "cudaMemcpyAsync");
#else
  std::memcpy(to, from, n * sizeof(T));
#endif
}

struct set_byte {
  unsigned char* to;

  KUTTA_HD void operator()(std::size_t i) const { to[i] = static_cast<unsigned char>(i); }
};

/// A copy of so many bytes, which are not all the same.
class device_copy {
 public:
  explicit device_copy(std::size_t bytes) : from_(bytes), to_(bytes) {
    cuda::detail::for_each_index(bytes, set_byte{from_.data()});
  }
  void operator()() { copy_in_device(to_.data(), from_.data(), from_.size()); }

 private:
  cuda::buffer<unsigned char> from_, to_;
};

}  // namespace kutta::bench
