// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The inner loops of a convolution: sums that stay in registers.
///
/// Images are read from planes: W channels of a pixel (a register) side by side, pixel after pixel,
/// row after row, then the next W channels. The distance of two pixels is then a constant, whatever
/// the number of channels, and each number that is read feeds a multiplication for every tap in x.

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstring>

#include <kutta/tensor/simd.hpp>

namespace kutta::detail {

/// The vector registers of the target.
#if defined(__AVX512F__) || defined(__aarch64__)
inline constexpr std::size_t register_count = 32;
#else
inline constexpr std::size_t register_count = 16;
#endif

template <std::floating_point T>
using vector_register = typename simd<T, register_lanes<T>>::native;

template <std::floating_point T>
[[gnu::always_inline]] inline vector_register<T> load_register(const T* p) {
  return simd<T, register_lanes<T>>::load(p).v[0];
}
template <std::floating_point T>
[[gnu::always_inline]] inline void store_register(T* p, const vector_register<T>& v) {
  std::memcpy(p, &v, sizeof(v));
}

/// One row of output pixels, one or two registers of their channels.
///
/// Weights are packed tap after tap: w[ky][channel][kx][W], the next W output channels `w_block`
/// further. Pixel o of y starts at `start + o start_step`: a bias (step 0), or what y holds.
template <std::floating_point T>
struct correlation_tile {
  const T* x;              ///< where the first tap meets the first pixel
  std::size_t row, plane;  ///< from a row of x to the next, from W channels to the next W
  std::size_t channels;    ///< of x
  std::size_t taps;        ///< in y
  const T* w;
  std::size_t w_block;
  const T* start;
  std::size_t start_step;
  T* y;
  std::size_t y_step;
};

/// y_o ← start_o + Σ_{ky, g, c} x[ky][S o + g][c] w[ky][c][g],   o < P: Q registers of y_o each.
///
/// P Q sums, the G Q weights of a channel and one number of x in registers: P Q + G Q + 1 of them.
template <std::size_t P, std::size_t Q, std::size_t G, std::size_t S, std::floating_point T>
void correlate(const correlation_tile<T>& t) {
  constexpr std::size_t w = register_lanes<T>;
  vector_register<T> sum[P][Q];
#pragma GCC unroll 32
  for (std::size_t o = 0; o < P; ++o)
#pragma GCC unroll 4
    for (std::size_t q = 0; q < Q; ++q)
      sum[o][q] = load_register(t.start + o * t.start_step + q * w);

#pragma GCC unroll 32
  for (std::size_t o = 0; o < P; ++o)  // what the next tile will read and write
#pragma GCC unroll 4
    for (std::size_t q = 0; q < Q; ++q) __builtin_prefetch(t.y + (P + o) * t.y_step + q * w, 1);

  const T* weights = t.w;
  for (std::size_t ky = 0; ky < t.taps; ++ky)
    for (std::size_t first = 0; first < t.channels; first += w) {
      const T* x = t.x + ky * t.row + first / w * t.plane;
      const T* const end = x + std::min(w, t.channels - first);
      for (; x != end; ++x, weights += G * w) {
        vector_register<T> tap[G][Q];
#pragma GCC unroll 4
        for (std::size_t g = 0; g < G; ++g)
#pragma GCC unroll 4
          for (std::size_t q = 0; q < Q; ++q)
            tap[g][q] = load_register(weights + q * t.w_block + g * w);
#pragma GCC unroll 64
        for (std::size_t j = 0; j < (P - 1) * S + G; ++j) {
          const T xj = x[j * w];
#pragma GCC unroll 4
          for (std::size_t g = 0; g < G; ++g)
            if (j >= g && (j - g) % S == 0 && (j - g) / S < P)
#pragma GCC unroll 4
              for (std::size_t q = 0; q < Q; ++q) sum[(j - g) / S][q] += xj * tap[g][q];
        }
      }
    }

#pragma GCC unroll 32
  for (std::size_t o = 0; o < P; ++o)
#pragma GCC unroll 4
    for (std::size_t q = 0; q < Q; ++q) store_register(t.y + o * t.y_step + q * w, sum[o][q]);
}

/// The pixels of x and of dy over which the weights' gradient is summed.
///
/// In step k of a row, 0 ≤ k < cols + taps − 1, the S pixels of x from S k on meet those of dy from
/// k on backwards. Steps whose x is 0 may be left out.
template <std::floating_point T>
struct gradient_tile {
  const T* x;          ///< of the first step that is done, at the first channel
  std::size_t x_step;  ///< from a pixel to the next
  std::size_t x_row;   ///< from where a row of dy begins to where the next one does
  const T* dy;         ///< W channels; in rows of less than 3, two pixels in front are 0
  std::size_t dy_step, dy_row;
  std::size_t rows, cols;  ///< of dy
  std::size_t begin, end;  ///< the steps that are done
  std::size_t images, x_image, dy_image;
};

/// dw[g][a] += Σ_{rows, o} x[S o + g][a] dy[o],   G taps in x, A channels of x, W of dy: all G A
/// sums stay in registers.
///
/// A number of x is read once: it meets the pixels o, o − 1, … of dy that taps of one parity see.
template <std::size_t A, std::size_t G, std::size_t S, std::floating_point T>
class tap_sums {
  static constexpr std::size_t w = register_lanes<T>;
  static constexpr std::size_t met = (G + S - 1) / S;  ///< pixels of dy that a number of x meets

 public:
  static void add(const gradient_tile<T>& t, T* dw) {
    vector_register<T> sum[G][A];
#pragma GCC unroll 4
    for (std::size_t g = 0; g < G; ++g)
#pragma GCC unroll 16
      for (std::size_t a = 0; a < A; ++a) sum[g][a] = load_register(dw + (g * A + a) * w);
    const std::size_t x_step = t.x_step, dy_step = t.dy_step;
    const std::size_t end = std::min(t.end, t.cols + met - 1), whole_end = std::min(end, t.cols);
    for (std::size_t image = 0; image < t.images; ++image)
      for (std::size_t row = 0; row < t.rows; ++row) {
        std::size_t k = t.begin;
        const T* x = t.x + image * t.x_image + row * t.x_row;
        const T* dy = t.dy + image * t.dy_image + row * t.dy_row + k * dy_step;
        if constexpr (met > 1)
          if (k == 0 && k < whole_end) step<0, 1>(x, x_step, dy, dy_step, k, sum);
        if constexpr (met > 2)
          if (k == 1 && k < whole_end) step<0, 2>(x, x_step, dy, dy_step, k, sum);
        while (k < whole_end) step<0, met>(x, x_step, dy, dy_step, k, sum);
        if constexpr (met > 1)
          if (k == t.cols && k < end) step<1, met>(x, x_step, dy, dy_step, k, sum);
        if constexpr (met > 2)
          if (k == t.cols + 1 && k < end) step<2, met>(x, x_step, dy, dy_step, k, sum);
      }

#pragma GCC unroll 4
    for (std::size_t g = 0; g < G; ++g)
#pragma GCC unroll 16
      for (std::size_t a = 0; a < A; ++a) store_register(dw + (g * A + a) * w, sum[g][a]);
  }

 private:
  /// The products of x[r], r < S, with the pixels dy[−m], First ≤ m < End; then on by a step.
  template <std::size_t First, std::size_t End>
  [[gnu::always_inline]] static void step(const T*& x, std::size_t x_step, const T*& dy,
                                          std::size_t dy_step, std::size_t& k,
                                          vector_register<T> (&sum)[G][A]) {
    vector_register<T> near[met];
#pragma GCC unroll 4
    for (std::size_t m = First; m < End; ++m) near[m] = load_register(dy - m * dy_step);
#pragma GCC unroll 2
    for (std::size_t r = 0; r < S; ++r)
#pragma GCC unroll 16
      for (std::size_t a = 0; a < A; ++a) {
        const T xa = x[r * x_step + a];
#pragma GCC unroll 4
        for (std::size_t m = First; m < End; ++m)
          if (r + m * S < G) sum[r + m * S][a] += xa * near[m];
      }
    x += S * x_step;
    dy += dy_step;
    ++k;
  }
};

}  // namespace kutta::detail
