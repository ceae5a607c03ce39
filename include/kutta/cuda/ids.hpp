// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Integers in device memory as the input of a layer.

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>

#include <kutta/cuda/buffer.hpp>
#include <kutta/cuda/elementwise.hpp>
#include <kutta/layers/ids.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta {

namespace cuda {

/// `kutta::ids` on the device.
///
///     cuda::ids words(kutta::ids({4, 0, 17, 2, 3, 3}, 3));   // two sentences of three words
///     words.assign(kutta::ids({1, 1, 0, 9, 8, 7}, 3));       // two others, in the same memory
class ids {
 public:
  ids() = default;
  explicit ids(const kutta::ids& values) : ids(values.size(), values.per_sample()) {
    assign(values);
  }
  ids(ids&&) = default;
  ids& operator=(ids&&) = default;

  ids copy() const {
    ids y(size(), per_sample_);
    y.assign(*this);
    return y;
  }

  /// Where these were, as a captured pass needs it. Queued on the current stream; ids in host
  /// memory may change when the call returns.
  /// @throws std::invalid_argument unless there are as many.
  void assign(const kutta::ids& values) {
    require_as_many(values);
    copy_to_device(data(), values.data(), size());
  }
  void assign(const ids& other) {
    require_as_many(other);
    cuda::detail::map_n(data(), size(), kutta::detail::copy{},
                        static_cast<const std::int32_t*>(other.data()));
  }

  std::size_t size() const { return values_.size(); }
  std::size_t per_sample() const { return per_sample_; }
  std::size_t samples() const { return size() / per_sample_; }

  /// An address of the device.
  std::int32_t* data() { return values_.data(); }
  const std::int32_t* data() const { return values_.data(); }

  std::size_t heap_bytes() const { return values_.heap_bytes(); }

 private:
  ids(std::size_t n, std::size_t per_sample) : values_(n), per_sample_(per_sample) {}

  template <class Ids>
  void require_as_many(const Ids& values) const {
    if (values.size() != size() || values.per_sample() != per_sample_)
      throw std::invalid_argument("cuda::ids: expected " + std::to_string(per_sample_) +
                                  " ids for each of " + std::to_string(samples()) +
                                  " samples, got " + std::to_string(values.per_sample()) + " for " +
                                  std::to_string(values.samples()));
  }

  buffer<std::int32_t> values_;
  std::size_t per_sample_ = 1;
};

}  // namespace cuda

/// A tensor without numbers, as `kutta::ids` are.
template <>
struct tensor_traits<cuda::ids> {
  using scalar = double;

  static cuda::ids zeros_like(const cuda::ids& x) { return x.copy(); }

  template <class F, class... X>
  static void map(cuda::ids& y, const F&, const X&... x) {
    if constexpr (std::same_as<F, detail::copy>) (y.assign(x), ...);
  }
  template <class F, class... X>
  static double sum(const F&, const X&...) {
    return 0;
  }
  template <class F, class... X>
  static double largest(const F&, const X&...) {
    return 0;
  }

  /// (samples, ids of a sample, 0 numbers each).
  static std::array<std::size_t, 3> shape(const cuda::ids& x) {
    return {x.samples(), x.per_sample(), 0};
  }
  static void store(const cuda::ids&, double*) {}
  static void load(cuda::ids&, const double*) {}
};

}  // namespace kutta
