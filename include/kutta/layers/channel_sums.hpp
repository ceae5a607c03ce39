// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Sums over pixels, one for each channel, and maps with a coefficient for each channel.
///
/// Pixels are read in whole registers, whatever the number of channels: the channels of a register
/// repeat after lcm(channels, W) numbers, and coefficients are kept as such a pattern. All pixels
/// that meet a register of the pattern are walked before the next one, so that coefficients and
/// sums stay in registers.

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <numeric>
#include <vector>

#include <kutta/tensor/heap_bytes.hpp>
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
  std::size_t heap_bytes() const { return kutta::heap_bytes(values_); }

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

/// Several sums for each channel.
template <std::size_t J>
using channel_totals = std::array<std::vector<double>, J>;

/// walk(V(), place, begin, end) for the numbers begin, begin + size, … < end of n that meet the
/// pattern at `place`: registers (V is `simd`) or numbers (V is T). A chunk fits into the cache.
template <std::floating_point T, class Walk>
void for_each_place(std::size_t n, std::size_t size, const Walk& walk) {
  using lanes = simd<T, register_lanes<T>>;
  const std::size_t chunk = std::max<std::size_t>(1, 2048 / size) * size;
  for (std::size_t first = 0; first < n; first += chunk) {
    const std::size_t end = std::min(n, first + chunk);
    const std::size_t whole = first + (end - first) / lanes::lanes * lanes::lanes;
    for (std::size_t place = 0; place < std::min(size, whole - first); place += lanes::lanes)
      walk(lanes(), place, first + place, whole);
    for (std::size_t i = whole; i < end; ++i) walk(T(), (i - first) % size, i, i + 1);
  }
}

/// map(V(), place)(i) for all i < n: what `map` returns holds the coefficients at `place`.
template <std::floating_point T, class F>
void for_each_pixel(std::size_t n, std::size_t size, const F& map) {
  for_each_place<T>(n, size,
                    [&]<class V>(V v, std::size_t place, std::size_t begin, std::size_t end) {
                      const auto at = map(v, place);
                      for (std::size_t i = begin; i < end; i += size) at(i);
                    });
}

/// total[j][c] += Σ f(V(), place)(i)[j] over the numbers i < n of channel c; that gives J addends.
///
/// Addends are summed as T over a chunk of pixels and chunks as double, in an order that depends on
/// n and the number of channels alone.
template <std::floating_point T, std::size_t J, class F>
void add_channel_sums(std::size_t n, std::size_t channels, std::size_t size,
                      channel_totals<J>& total, const F& f) {
  for_each_place<T>(
      n, size, [&]<class V>(V v, std::size_t place, std::size_t begin, std::size_t end) {
        constexpr std::size_t chains = 4;  // as many additions as the processor has under way
        constexpr std::size_t lanes = sizeof(V) / sizeof(T);
        const auto at = f(v, place);
        V sum[chains][J];
        for (auto& of_chain : sum)
          for (V& s : of_chain) s = V(T(0));
        std::size_t i = begin;
        for (; i + (chains - 1) * size < end; i += chains * size)
#pragma GCC unroll 4
          for (std::size_t k = 0; k < chains; ++k) {
            const std::array<V, J> x = at(i + k * size);
            for (std::size_t j = 0; j < J; ++j) sum[k][j] += x[j];
          }
        for (; i < end; i += size) {
          const std::array<V, J> x = at(i);
          for (std::size_t j = 0; j < J; ++j) sum[0][j] += x[j];
        }
        for (std::size_t j = 0; j < J; ++j) {
          T lane[lanes];
          write(lane, (sum[0][j] + sum[1][j]) + (sum[2][j] + sum[3][j]));
          for (std::size_t l = 0; l < lanes;) {
            const std::size_t c = (place + l) % channels;
            const std::size_t some = std::min(lanes - l, channels - c);
            for (std::size_t k = 0; k < some; ++k)
              total[j][c + k] += static_cast<double>(lane[l + k]);
            l += some;
          }
        }
      });
}

}  // namespace kutta::detail
