// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The inner loops of a convolution whose lanes are pixels: sums that stay in registers.
///
/// With few channels, or numbers of them that leave much of a register empty, the lanes are better
/// used by pixels side by side. x and y are planes, one a channel (`pixel_planes.hpp`).

#include <concepts>
#include <cstddef>

#include <kutta/layers/convolution_tiles.hpp>
#include <kutta/layers/image_planes.hpp>
#include <kutta/tensor/lane_sums.hpp>
#include <kutta/tensor/simd.hpp>

namespace kutta::detail {

/// Some registers of pixels, of some output channels.
template <std::floating_point T>
struct pixel_tile {
  const T* x;
  std::size_t x_plane;  ///< from a channel to the next
  std::size_t channels;
  const std::size_t* offsets;  ///< of the taps
  std::size_t taps;
  const T* w;      ///< [channel of x][tap][channel of y]
  const T* start;  ///< a number for each channel of y
  T* y;
  std::size_t y_plane;
};

/// y_c[p] ← start_c + Σ_{a, k} x_a[p + offset_k] w[a][k][c],   c < B, p < R W.
///
/// B R sums, R registers of x and a weight in registers: B R + R + 1 of them.
template <std::size_t B, std::size_t R, std::floating_point T>
void correlate_pixels(const pixel_tile<T>& t) {
  constexpr std::size_t w = register_lanes<T>;
  vector_register<T> sum[B][R];
#pragma GCC unroll 16
  for (std::size_t c = 0; c < B; ++c)
#pragma GCC unroll 16
    for (std::size_t r = 0; r < R; ++r) sum[c][r] = t.start[c] - vector_register<T>{};

  const T *x = t.x, *weights = t.w;
  for (std::size_t a = 0; a < t.channels; ++a, x += t.x_plane)
    for (std::size_t k = 0; k < t.taps; ++k, weights += B) {
      vector_register<T> near[R];
#pragma GCC unroll 16
      for (std::size_t r = 0; r < R; ++r) near[r] = load_register(x + t.offsets[k] + r * w);
#pragma GCC unroll 16
      for (std::size_t c = 0; c < B; ++c)
#pragma GCC unroll 16
        for (std::size_t r = 0; r < R; ++r) sum[c][r] += weights[c] * near[r];
    }

#pragma GCC unroll 16
  for (std::size_t c = 0; c < B; ++c)
#pragma GCC unroll 16
    for (std::size_t r = 0; r < R; ++r) store_register(t.y + c * t.y_plane + r * w, sum[c][r]);
}

/// Some channels of x and of dy over whose pixels products are summed.
template <std::floating_point T>
struct pixel_products {
  const T* x;
  std::size_t x_plane, x_image;  ///< from a channel to the next, from an image to the next
  const T* dy;
  std::size_t dy_plane, dy_image;
  std::size_t pixels, images;
};

/// The numbers that hold A B sums: whole registers.
template <std::size_t A, std::size_t B, std::floating_point T>
inline constexpr std::size_t products_size = registers_of<T>(A * B) * register_lanes<T>;

/// sums[a][b] += Σ_p x_a[p] dy_b[p] over the registers of pixels p,   a < A, b < B.
template <std::size_t A, std::size_t B, std::floating_point T>
void add_products(const pixel_products<T>& t, T* sums) {
  constexpr std::size_t w = register_lanes<T>;
  vector_register<T> sum[A][B] = {};
  for (std::size_t i = 0; i < t.images; ++i) {
    const T* x = t.x + i * t.x_image;
    const T* dy = t.dy + i * t.dy_image;
    for (const T* const end = dy + t.pixels; dy < end; x += w, dy += w) {
      vector_register<T> near[B];
#pragma GCC unroll 16
      for (std::size_t b = 0; b < B; ++b) near[b] = load_register(dy + b * t.dy_plane);
#pragma GCC unroll 16
      for (std::size_t a = 0; a < A; ++a) {
        const auto xa = load_register(x + a * t.x_plane);
#pragma GCC unroll 16
        for (std::size_t b = 0; b < B; ++b) sum[a][b] += xa * near[b];
      }
    }
  }
  simd<T, w> lanes[products_size<A, B, T>];
#pragma GCC unroll 32
  for (std::size_t l = 0; l < products_size<A, B, T>; ++l)
    lanes[l].v[0] = l < A * B ? sum[l / B][l % B] : vector_register<T>{};
  add_lane_sums(lanes, products_size<A, B, T>, sums);
}

}  // namespace kutta::detail
