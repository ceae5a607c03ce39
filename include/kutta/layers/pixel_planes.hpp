// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Images laid out channel by channel, for convolutions that compute on the pixels of a row at
/// once.

#include <algorithm>
#include <concepts>
#include <cstddef>

#include <kutta/layers/convolution_tiles.hpp>
#include <kutta/layers/image_planes.hpp>
#include <kutta/layers/image_shape.hpp>
#include <kutta/layers/transposed.hpp>
#include <kutta/tensor/heap_bytes.hpp>
#include <kutta/tensor/simd.hpp>

namespace kutta::detail {

/// The channels of some images, one plane each: row after row, `pitch` pixels apart.
///
/// Zeros stand where no pixel is: in front of a row, behind it and around the rows. A row's zeros
/// behind are the next row's in front, so that a window that runs over the edge finds them.
template <std::floating_point T>
class pixel_planes {
  static constexpr std::size_t w = register_lanes<T>;
  static constexpr std::size_t few = w / 4;  ///< channels that are sooner copied one by one

 public:
  pixel_planes() = default;
  /// Planes of so many numbers, some to spare; an image begins at row `above`, column `front`.
  pixel_planes(const layers::image_shape& shape, std::size_t pitch, std::size_t above,
               std::size_t front, std::size_t plane, std::size_t spare, std::size_t images)
      : shape_(shape),
        pitch_(pitch),
        first_(above * pitch + front),
        lead_((w - first_ % w) % w),
        plane_((lead_ + plane + 2 * w - 1) / w * w),
        image_((shape.channels + spare) * plane_),
        values_(images * image_),
        line_((shape.width + w) * shape.channels + 2 * w) {}

  const layers::image_shape& shape() const { return shape_; }
  std::size_t plane() const { return plane_; }
  std::size_t image() const { return image_; }
  std::size_t heap_bytes() const { return kutta::heap_bytes(values_, line_); }

  /// Number p of the plane of channel c of the first image.
  const T* at(std::size_t c, std::size_t p = 0) const {
    return values_.data() + c * plane_ + lead_ + p;
  }
  T* at(std::size_t c, std::size_t p = 0) { return values_.data() + c * plane_ + lead_ + p; }
  /// The first pixel of channel c; it has the alignment of a register.
  const T* pixels(std::size_t c) const { return at(c, first_); }

  /// Lays an image (NHWC) on place i. What fills the last register of a row are zeros, then the
  /// next row.
  [[gnu::noinline]] void read(std::size_t i, const T* image) {
    const auto& [height, width, channels] = shape_;
    for (std::size_t y = 0; y < height; ++y)
      for (std::size_t x = 0; x < width; x += w)
        for (std::size_t c = 0; c < channels; c += w) {
          const std::size_t n = std::min(w, width - x), m = std::min(w, channels - c);
          const std::size_t from = (y * width + x) * channels + c;
          T* const to = at(c, i * image_ + first_ + y * pitch_ + x);
          if (m <= few) {
            for (std::size_t l = 0; l < m; ++l)
              for (std::size_t p = 0; p < n; ++p)
                to[l * plane_ + p] = image[from + p * channels + l];
            continue;
          }
          const bool inside = from + (n - 1) * channels + w <= shape_.size();
          vector_register<T> r[w];
#pragma GCC unroll 16
          for (std::size_t l = 0; l < w; ++l)
            r[l] = l >= n   ? vector_register<T>{}
                   : inside ? load_register(image + from + l * channels)
                            : load_end(image, from + l * channels);
          transpose_registers<w / 2>(r);
#pragma GCC unroll 16
          for (std::size_t l = 0; l < w; ++l)
            if (l < m) store_register(to + l * plane_, r[l]);
        }
  }

  /// image ← the first of these, or image += it.
  [[gnu::noinline]] void write(T* image, bool add) {
    const auto& [height, width, channels] = shape_;
    const std::size_t size = width * channels;
    for (std::size_t y = 0; y < height; ++y, image += size) {
      // A pixel's last register spills into the next pixel, which is written after it.
      for (std::size_t x = 0; x < width; x += w)
        for (std::size_t block = registers_of<T>(channels); block-- > 0;) {
          const std::size_t c = block * w, m = std::min(w, channels - c);
          const T* const from = at(c, first_ + y * pitch_ + x);
          T* const to = line_.data() + x * channels + c;
          if (m <= few) {
            for (std::size_t p = 0; p < std::min(w, width - x); ++p)
              for (std::size_t l = 0; l < m; ++l) to[p * channels + l] = from[l * plane_ + p];
            continue;
          }
          vector_register<T> r[w];
#pragma GCC unroll 16
          for (std::size_t l = 0; l < w; ++l)
            r[l] = l < m ? load_register(from + l * plane_) : vector_register<T>{};
          transpose_registers<w / 2>(r);
#pragma GCC unroll 16
          for (std::size_t l = 0; l < w; ++l) store_register(to + l * channels, r[l]);
        }
      std::size_t l = 0;
      for (; l + w <= size; l += w) {
        const auto line = load_register(line_.data() + l);
        store_register(image + l, add ? load_register(image + l) + line : line);
      }
      for (; l < size; ++l) image[l] = add ? image[l] + line_[l] : line_[l];
    }
  }

 private:
  /// A register of an image from number i on, zeros behind its end.
  vector_register<T> load_end(const T* image, std::size_t i) const {
    T part[w] = {};
    for (std::size_t l = 0; l < w && i + l < shape_.size(); ++l) part[l] = image[i + l];
    return load_register(part);
  }

  layers::image_shape shape_{};
  std::size_t pitch_ = 0, first_ = 0, lead_ = 0, plane_ = 0, image_ = 0;
  register_array<T> values_;
  register_array<T> line_;  ///< a row of an image, and what spills over
};

}  // namespace kutta::detail
