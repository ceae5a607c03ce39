// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Images laid out for the inner loops of a convolution: registers of channels, zeros around a row.

#include <concepts>
#include <cstddef>
#include <cstring>
#include <new>
#include <vector>

#include <kutta/layers/image_shape.hpp>
#include <kutta/tensor/heap_bytes.hpp>
#include <kutta/tensor/simd.hpp>

namespace kutta::detail {

/// Memory that begins where a register may be loaded in one piece.
template <class T>
struct register_allocator {
  using value_type = T;

  register_allocator() = default;
  template <class U>
  register_allocator(const register_allocator<U>&) {}

  T* allocate(std::size_t n) {
    return static_cast<T*>(::operator new(n * sizeof(T), std::align_val_t(64)));
  }
  void deallocate(T* p, std::size_t) { ::operator delete(p, std::align_val_t(64)); }
  friend bool operator==(register_allocator, register_allocator) { return true; }
};

template <std::floating_point T>
using register_array = std::vector<T, register_allocator<T>>;

/// How many registers hold so many channels.
template <std::floating_point T>
constexpr std::size_t registers_of(std::size_t channels) {
  return (channels + register_lanes<T> - 1) / register_lanes<T>;
}

/// Some images as planes of W channels: plane, row, column, channel. `before` columns of zeros come
/// before a row and zeros come behind it, up to `columns`; what fills the last plane's spare
/// channels has no meaning.
template <std::floating_point T>
class image_planes {
  static constexpr std::size_t w = register_lanes<T>;

 public:
  image_planes() = default;
  image_planes(const layers::image_shape& shape, std::size_t before, std::size_t columns,
               std::size_t images)
      : shape_(shape),
        before_(before),
        row_(columns * w),
        plane_(shape.height * row_),
        image_(registers_of<T>(shape.channels) * plane_),
        values_(images * image_) {}

  std::size_t row() const { return row_; }
  std::size_t plane() const { return plane_; }
  std::size_t image() const { return image_; }
  std::size_t heap_bytes() const { return kutta::heap_bytes(values_); }
  std::size_t images() const { return image_ == 0 ? 0 : values_.size() / image_; }

  /// Lays one image (NHWC) on place i.
  void read(std::size_t i, const T* image) {
    for (std::size_t c = 0; c < shape_.channels; c += w)
      for (std::size_t y = 0; y < shape_.height; ++y) {
        T* to = values_.data() + i * image_ + c / w * plane_ + y * row_ + before_ * w;
        std::size_t from = y * shape_.width * shape_.channels + c;
        for (std::size_t x = 0; x < shape_.width; ++x, to += w, from += shape_.channels)
          if (from + w <= shape_.size())
            std::memcpy(to, image + from, w * sizeof(T));
          else
            for (std::size_t l = 0; l < w && c + l < shape_.channels; ++l) to[l] = image[from + l];
      }
  }

  /// Channel c of the pixel at row y, column x ≥ −before.
  const T* at(std::size_t i, std::size_t y, std::ptrdiff_t x, std::size_t c) const {
    return values_.data() + i * image_ + c / w * plane_ + y * row_ +
           static_cast<std::size_t>(x + static_cast<std::ptrdiff_t>(before_)) * w + c % w;
  }

 private:
  layers::image_shape shape_{};
  std::size_t before_ = 0, row_ = 0, plane_ = 0, image_ = 0;
  register_array<T> values_;
};

}  // namespace kutta::detail
