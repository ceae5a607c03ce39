// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Integers as the input of a layer: a batch of tokens.

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <kutta/tensor/tensor.hpp>

namespace kutta {

/// `per_sample` integers for each sample, those of a sample side by side.
///
///     const ids words({4, 0, 17, 2, 3, 3}, 3);             // two sentences of three words
///
/// A tensor without numbers: nothing can be added to an id, and no derivative taken by one. The
/// vector space is {0}: `map` and `combine` leave the ids alone, sums are 0, a gradient with
/// respect to ids is empty. Only `assign` and the copies of samples carry ids over.
class ids {
 public:
  ids() = default;
  /// @throws std::invalid_argument if the integers are not as many for each sample.
  explicit ids(std::vector<std::int32_t> values, std::size_t per_sample = 1)
      : values_(std::move(values)), per_sample_(per_sample) {
    if (per_sample == 0 || values_.size() % per_sample != 0)
      throw std::invalid_argument("ids: expected " + std::to_string(per_sample) +
                                  " ids a sample, got " + std::to_string(values_.size()));
  }

  std::size_t size() const { return values_.size(); }
  std::size_t per_sample() const { return per_sample_; }
  std::size_t samples() const { return values_.size() / per_sample_; }

  const std::int32_t* data() const { return values_.data(); }
  std::int32_t* data() { return values_.data(); }
  std::int32_t operator[](std::size_t i) const { return values_[i]; }

  bool operator==(const ids&) const = default;

  std::size_t heap_bytes() const { return values_.size() * sizeof(std::int32_t); }

 private:
  std::vector<std::int32_t> values_;
  std::size_t per_sample_ = 1;
};

template <>
struct tensor_traits<ids> {
  using scalar = double;

  static ids zeros_like(const ids& x) { return x; }
  static ids zeros_like(const ids& x, std::size_t n) {
    return ids(std::vector<std::int32_t>(n * x.per_sample()), x.per_sample());
  }

  template <class F, class... X>
  static void map(ids& y, const F&, const X&... x) {
    if constexpr (std::same_as<F, detail::copy>)
      (std::copy(x.data(), x.data() + x.size(), y.data()), ...);
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
  static std::array<std::size_t, 3> shape(const ids& x) { return {x.samples(), x.per_sample(), 0}; }
  static void store(const ids&, double*) {}
  static void load(ids&, const double*) {}

  static std::size_t samples(const ids& x) { return x.samples(); }
  static std::span<const std::int32_t> window(const ids& x, std::size_t first, std::size_t n) {
    return {x.data() + first * x.per_sample(), n * x.per_sample()};
  }
  static void copy_samples(const ids& from, std::size_t first, std::size_t n, ids& to,
                           std::size_t at) {
    const auto some = window(from, first, n);
    std::copy(some.begin(), some.end(), to.data() + at * to.per_sample());
  }
};

}  // namespace kutta
