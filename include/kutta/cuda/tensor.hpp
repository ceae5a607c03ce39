// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Arrays with a shape in device memory.

#include <array>
#include <concepts>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <thrust/device_ptr.h>

#include <kutta/cuda/buffer.hpp>
#include <kutta/cuda/elementwise.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta {

namespace cuda {

/// A device array of Rank axes, the last side by side in memory: images are {samples, height,
/// width, channels}, the matrix of a batch {samples, features}.
///
///     cuda::tensor<float, 2> x({128, 64});                  // zeros
///     cuda::tensor<float, 1> b({3}, std::vector{1.f, 2.f, 3.f});
///     auto y = x.copy();                                    // never by accident
///     std::vector<float> values = kutta::copy_to_host(y);
///
/// Memory is taken, and given back, in the order of the stream that is current where it is made.
template <std::floating_point T, std::size_t Rank>
  requires(Rank >= 1)
class tensor {
 public:
  using value_type = T;
  using extents = std::array<std::size_t, Rank>;

  /// No elements.
  tensor() = default;
  /// Zeros.
  /// @throws cuda_error if the device has not enough memory (std::bad_alloc on a host system).
  explicit tensor(const extents& shape) : tensor(shape, uninitialised{}) {
    cuda::detail::map_n(values_.data(), size(), kutta::detail::zero<T>{});
  }
  /// These elements, in the order of memory.
  /// @throws std::invalid_argument if there are more or fewer than `shape` says.
  tensor(const extents& shape, const std::vector<T>& elements) : tensor(shape, uninitialised{}) {
    if (elements.size() != size())
      throw std::invalid_argument("cuda::tensor: expected " + std::to_string(size()) +
                                  " elements, got " + std::to_string(elements.size()));
    copy_to_device(values_.data(), elements.data(), size());
  }

  tensor(tensor&& other) noexcept
      : shape_(std::exchange(other.shape_, {})), values_(std::move(other.values_)) {}
  tensor& operator=(tensor&& other) noexcept {
    shape_ = std::exchange(other.shape_, {});
    values_ = std::move(other.values_);
    return *this;
  }

  tensor copy() const {
    tensor y(shape_, uninitialised{});
    cuda::detail::map_n(y.values_.data(), size(), kutta::detail::copy{},
                        static_cast<const T*>(values_.data()));
    return y;
  }

  const extents& shape() const { return shape_; }
  std::size_t size() const { return values_.size(); }

  /// Of the device: not to be read by the host.
  thrust::device_ptr<T> data() { return thrust::device_pointer_cast(values_.data()); }
  thrust::device_ptr<const T> data() const {
    return thrust::device_pointer_cast(static_cast<const T*>(values_.data()));
  }

 private:
  struct uninitialised {};

  tensor(const extents& shape, uninitialised) : shape_(shape), values_(count(shape)) {}

  static std::size_t count(const extents& shape) {
    std::size_t n = 1;
    for (const std::size_t extent : shape) n *= extent;
    return n;
  }

  extents shape_{};
  buffer<T> values_;
};

/// Samples of a tensor, to be read by `map` and `sum`.
template <std::floating_point T>
struct window {
  const T* first;
  std::size_t count;

  thrust::device_ptr<const T> data() const { return thrust::device_pointer_cast(first); }
  std::size_t size() const { return count; }
};

}  // namespace cuda

template <std::floating_point T>
struct tensor_traits<cuda::window<T>> : cuda::detail::device_traits<cuda::window<T>, T> {};

/// One kernel for each `map`, whatever the number of terms. `sum` takes a temporary from Thrust and
/// waits for its result, `store` waits; nothing else does, and nothing else but `zeros_like`
/// allocates. The samples of a batch are along the first of two or more axes.
template <std::floating_point T, std::size_t Rank>
struct tensor_traits<cuda::tensor<T, Rank>>
    : cuda::detail::device_traits<cuda::tensor<T, Rank>, T> {
  using type = cuda::tensor<T, Rank>;

  static type zeros_like(const type& x) { return type(x.shape()); }

  static const std::array<std::size_t, Rank>& shape(const type& x) { return x.shape(); }
  static void store(const type& x, T* to) {
    cuda::copy_to_host(to, thrust::raw_pointer_cast(x.data()), x.size());
  }
  static void load(type& y, const T* from) {
    cuda::copy_to_device(thrust::raw_pointer_cast(y.data()), from, y.size());
  }

  static std::size_t samples(const type& x)
    requires(Rank >= 2)
  {
    return x.shape()[0];
  }
  static type zeros_like(const type& x, std::size_t n)
    requires(Rank >= 2)
  {
    auto shape = x.shape();
    shape[0] = n;
    return type(shape);
  }
  static cuda::window<T> window(const type& x, std::size_t first, std::size_t n)
    requires(Rank >= 2)
  {
    const std::size_t size = sample_size(x);
    return {thrust::raw_pointer_cast(x.data()) + first * size, n * size};
  }
  static void copy_samples(const type& from, std::size_t first, std::size_t n, type& to,
                           std::size_t at)
    requires(Rank >= 2)
  {
    const std::size_t size = sample_size(from);
    cuda::detail::map_n(thrust::raw_pointer_cast(to.data()) + at * size, n * size,
                        kutta::detail::copy{},
                        thrust::raw_pointer_cast(from.data()) + first * size);
  }

 private:
  static std::size_t sample_size(const type& x) {
    std::size_t n = 1;
    for (std::size_t i = 1; i < Rank; ++i) n *= x.shape()[i];
    return n;
  }
};

}  // namespace kutta
