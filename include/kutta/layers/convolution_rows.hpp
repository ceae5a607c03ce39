// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Rows of a convolution in tiles, and what does not fill one.

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstring>

#include <kutta/layers/convolution_tiles.hpp>
#include <kutta/tensor/simd.hpp>

namespace kutta::detail {

/// to[l] ← from[l], l < n ≤ 2 Most − 1, for Most a power of 2: in pieces of fixed sizes.
template <std::size_t Most, std::floating_point T>
[[gnu::always_inline]] inline void copy_few(T* to, const T* from, std::size_t n) {
  if (n & Most) std::memcpy(to, from, Most * sizeof(T));
  if constexpr (Most > 1) copy_few<Most / 2>(to + (n & Most), from + (n & Most), n);
}

/// n pixels, of each Q registers or the first `channels` numbers in them: a tile of P pixels, or
/// through a buffer what does not fill one.
template <std::size_t P, std::size_t Q, std::size_t G, std::size_t S, std::floating_point T>
void correlate_some(correlation_tile<T> t, std::size_t n, std::size_t channels) {
  constexpr std::size_t all = Q * register_lanes<T>;
  if (n >= P && channels >= all) return correlate<P, Q, G, S>(t);
  alignas(64) T buffer[P * all] = {};
  T* const y = t.y;
  const std::size_t y_step = t.y_step;
  if (t.start_step > 0) {
    for (std::size_t o = 0; o < n; ++o)
      copy_few<all>(buffer + o * all, t.start + o * t.start_step, channels);
    t.start = buffer;
    t.start_step = all;
  }
  t.y = buffer;
  t.y_step = all;
  correlate<P, Q, G, S>(t);
  for (std::size_t o = 0; o < n; ++o) copy_few<all>(y + o * y_step, buffer + o * all, channels);
}
/// A row of n pixels in tiles of P, the last of P / 2 where that is enough.
template <std::size_t P, std::size_t Q, std::size_t G, std::size_t S, std::floating_point T>
void correlate_row(correlation_tile<T> t, std::size_t n, std::size_t channels) {
  for (std::size_t o = 0; o < n; o += P) {
    const std::size_t left = std::min(n - o, P), lanes = std::min(channels, Q * register_lanes<T>);
    if (left > P / 2)
      correlate_some<P, Q, G, S>(t, left, lanes);
    else
      correlate_some<P / 2, Q, G, S>(t, left, lanes);
    t.x += P * S * register_lanes<T>;
    t.y += P * t.y_step;
    t.start += P * t.start_step;
  }
}

}  // namespace kutta::detail
