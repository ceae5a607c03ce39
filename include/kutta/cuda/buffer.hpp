// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Memory of the device.

#include <cstddef>
#include <limits>
#include <new>
#include <type_traits>
#include <utility>

#include <kutta/cuda/error.hpp>
#include <kutta/cuda/stream.hpp>

namespace kutta::cuda {

/// n numbers in device memory, which nothing has been written to. Taken and given back in the order
/// of the work of a stream, that which is current where it is made: neither waits for the device.
template <class T>
class buffer {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  buffer() = default;
  /// @throws cuda_error if the device has not so much memory left (std::bad_alloc on a host).
  explicit buffer(std::size_t n) : size_(n), stream_(current_stream()) {
    if (n == 0) return;
    const bool addressable = n <= std::numeric_limits<std::ptrdiff_t>::max() / sizeof(T);
#ifdef __CUDACC__
    if (!addressable) check(cudaErrorMemoryAllocation, "cudaMallocAsync");
    void* p = nullptr;
    check(cudaMallocAsync(&p, n * sizeof(T), stream_), "cudaMallocAsync");
    data_ = static_cast<T*>(p);
#else
    if (!addressable) throw std::bad_alloc();
    data_ = static_cast<T*>(::operator new(n * sizeof(T), alignment));
#endif
  }
  buffer(buffer&& other) noexcept { swap(other); }
  buffer& operator=(buffer&& other) noexcept {
    buffer(std::move(other)).swap(*this);
    return *this;
  }
  ~buffer() {
    if (!data_) return;
#ifdef __CUDACC__
    cudaFreeAsync(data_, stream_);
#else
    ::operator delete(data_, alignment);
#endif
  }

  void swap(buffer& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(stream_, other.stream_);
  }

  /// An address of the device.
  T* data() const { return data_; }
  std::size_t size() const { return size_; }
  std::size_t heap_bytes() const { return size_ * sizeof(T); }

 private:
#ifndef __CUDACC__
  static constexpr std::align_val_t alignment{256};
#endif

  T* data_ = nullptr;
  std::size_t size_ = 0;
  stream_handle stream_ = nullptr;
};

/// Copies n numbers from host memory to the device, or back. When the call returns the host's
/// memory may be used again, unless it is pinned; from the device the numbers are there.
template <class T>
void copy_to_device(T* to, const T* from, std::size_t n) {
#ifdef __CUDACC__
  check(cudaMemcpyAsync(to, from, n * sizeof(T), cudaMemcpyHostToDevice, current_stream()),
        "cudaMemcpyAsync to the device");
#else
  for (std::size_t i = 0; i < n; ++i) to[i] = from[i];
#endif
}
template <class T>
void copy_to_host(T* to, const T* from, std::size_t n) {
#ifdef __CUDACC__
  check(cudaMemcpyAsync(to, from, n * sizeof(T), cudaMemcpyDeviceToHost, current_stream()),
        "cudaMemcpyAsync to the host");
  wait();
#else
  for (std::size_t i = 0; i < n; ++i) to[i] = from[i];
#endif
}

}  // namespace kutta::cuda
