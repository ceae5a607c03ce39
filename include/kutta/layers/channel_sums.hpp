// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Sums over pixels, one for each channel, and maps with a coefficient for each channel.
///
/// Pixels are read in whole registers, whatever the number of channels: the channels of a register
/// repeat after lcm(channels, W) numbers, and coefficients are kept as such a pattern.

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <numeric>
#include <vector>

#include <kutta/tensor/simd.hpp>

namespace kutta::detail {

/// A number for each channel, repeated until registers are full.
template <std::floating_point T>
class channel_pattern {
 public:
  explicit channel_pattern(std::size_t channels = 1)
      : channels_(channels), values_(std::lcm(channels, register_lanes<T>)) {}

  std::size_t channels() const { return channels_; }
  std::size_t size() const { return values_.size(); }
  const T* at(std::size_t place) const { return values_.data() + place; }

  /// Channel c ← f(c).
  template <class F>
  void set(const F& f) {
    for (std::size_t c = 0; c < channels_; ++c) values_[c] = static_cast<T>(f(c));
    for (std::size_t i = channels_; i < values_.size(); ++i) values_[i] = values_[i - channels_];
  }

 private:
  std::size_t channels_;
  std::vector<T> values_;
};

/// One number, or the lanes of a register, from p on.
template <class V, std::floating_point T>
[[gnu::always_inline]] inline V read(const T* p) {
  if constexpr (std::same_as<V, T>)
    return *p;
  else
    return V::load(p);
}
template <std::floating_point T>
[[gnu::always_inline]] inline void write(T* p, T x) {
  *p = x;
}
template <std::floating_point T, std::size_t W>
[[gnu::always_inline]] inline void write(T* p, const simd<T, W>& x) {
  x.store(p);
}

/// f(V(), i, place) for all i < n, a register (V is `simd`) or a number (V is T) at a time: the
/// channel at i is that at `place` of a pattern of `size` numbers.
template <std::floating_point T, class F>
void for_each_pixel(std::size_t n, std::size_t size, const F& f) {
  using lanes = simd<T, register_lanes<T>>;
  std::size_t i = 0;
  for (; i + size <= n; i += size)
    for (std::size_t place = 0; place < size; place += lanes::lanes) f(lanes(), i + place, place);
  for (std::size_t place = 0; i < n; ++i, ++place) f(T(), i, place);
}

/// total[j][c] += Σ f(V(), i, place)[j] over the numbers i < n of channel c; f gives J addends.
///
/// Addends are summed as T over a chunk of pixels and chunks as double, in an order that depends on
/// n and the number of channels alone.
template <std::floating_point T, std::size_t J, class F>
void add_channel_sums(std::size_t n, std::size_t channels, std::size_t size,
                      std::array<std::vector<double>, J>& total, const F& f) {
  using lanes = simd<T, register_lanes<T>>;
  const std::size_t chunk = std::max<std::size_t>(1, 4096 / size) * size;
  for (std::size_t first = 0; first < n; first += chunk) {
    const std::size_t end = std::min(n, first + chunk);
    const std::size_t whole = first + (end - first) / size * size;
    for (std::size_t place = 0; place < size && first < whole; place += lanes::lanes) {
      std::array<lanes, J> sum = f(lanes(), first + place, place);
      for (std::size_t i = first + size + place; i < whole; i += size) {
        const std::array<lanes, J> x = f(lanes(), i, place);
        for (std::size_t j = 0; j < J; ++j) sum[j] += x[j];
      }
      for (std::size_t j = 0; j < J; ++j) {
        T lane[lanes::lanes];
        sum[j].store(lane);
        for (std::size_t l = 0; l < lanes::lanes;) {
          const std::size_t c = (place + l) % channels, left = lanes::lanes - l;
          const std::size_t some = std::min(left, channels - c);
          for (std::size_t k = 0; k < some; ++k)
            total[j][c + k] += static_cast<double>(lane[l + k]);
          l += some;
        }
      }
    }
    for (std::size_t i = whole; i < end; ++i) {
      const std::array<T, J> x = f(T(), i, i - whole);
      for (std::size_t j = 0; j < J; ++j)
        total[j][(i - whole) % channels] += static_cast<double>(x[j]);
    }
  }
}

}  // namespace kutta::detail
