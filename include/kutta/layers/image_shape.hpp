// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Shapes of images, and arrays that hold a batch of them.
///
/// In memory the channels of a pixel lie side by side, then come the pixels of a row, the rows of
/// an image, the images of a batch (NHWC). An Eigen matrix (h w c) × n, an `xt::xtensor` of shape
/// {n, h, w, c} and a vector of n h w c numbers hold the same bytes.

#include <array>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <utility>

#include <kutta/tensor/array.hpp>
#include <kutta/tensor/shape.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta {

namespace layers {

/// The extents of an image.
struct image_shape {
  std::size_t height, width, channels;

  constexpr std::size_t pixels() const { return height * width; }
  constexpr std::size_t size() const { return height * width * channels; }
  constexpr bool operator==(const image_shape&) const = default;
};

}  // namespace layers

/// "(32, 32, 3)": height, width, channels.
inline std::string shape_text(const layers::image_shape& s) {
  return "(" + std::to_string(s.height) + ", " + std::to_string(s.width) + ", " +
         std::to_string(s.channels) + ")";
}

/// An array of numbers in one piece, sample after sample.
template <class X>
concept image_tensor = host_array<X> || device_array<X>;

namespace detail {

/// `extents` in as many axes as `shape` has, as `zero_array` joins them.
template <class Shape, std::size_t N>
Shape joined_extents(Shape shape, const std::array<std::size_t, N>& extents, std::size_t rows) {
  for (auto& extent : shape) extent = 1;
  for (std::size_t i = 0; i < N; ++i)
    if (shape.size() == N)
      shape[i] = extents[i];
    else
      shape[i < rows ? 0 : shape.size() - 1] *= extents[i];
  return shape;
}

/// A zero array of these extents, the last side by side in memory. An array with fewer axes has the
/// first `rows` of them joined to its first and the others to its last; with more, ones between.
template <image_tensor X, std::size_t N>
X zero_array(const std::array<std::size_t, N>& extents, std::size_t rows) {
  std::size_t m = 1, n = 1;
  for (std::size_t i = 0; i < N; ++i) (i < rows ? m : n) *= extents[i];
  if constexpr (requires { X::IsRowMajor; }) {  // Eigen's: column-major ones hold the transpose
    using index = decltype(std::declval<X>().rows());
    const auto outer = static_cast<index>(m), inner = static_cast<index>(n);
    return X::IsRowMajor ? X::Zero(outer, inner) : X::Zero(inner, outer);
  } else if constexpr (requires(X x) { x.resize(x.shape()); }) {
    auto shape = X().shape();
    if constexpr (requires { shape.resize(N); }) shape.resize(N);
    return X(joined_extents(shape, extents, rows), scalar_t<X>(0));
  } else if constexpr (requires { typename X::extents; }) {
    return X(joined_extents(typename X::extents{}, extents, rows));
  } else {
    return X(m * n);
  }
}

/// n images of zeros.
template <image_tensor X>
X zero_images(std::size_t n, const layers::image_shape& s) {
  return zero_array<X>(std::array<std::size_t, 4>{n, s.height, s.width, s.channels}, 1);
}

/// The number of images in x.
/// @throws std::invalid_argument if x is no batch of images of that shape.
template <image_tensor X>
std::size_t image_count(const char* what, const layers::image_shape& shape, const X& x) {
  const auto size = static_cast<std::size_t>(x.size());
  const std::size_t n = shape.size() == 0 ? 0 : size / shape.size();
  bool fits = n * shape.size() == size;
  if constexpr (batch<X>) fits = fits && kutta::samples(x) == n;
  if (!fits)
    throw std::invalid_argument(std::string(what) + ": expected images of shape " +
                                shape_text(shape) + ", got shape " + shape_text(x));
  return n;
}

/// @throws std::invalid_argument unless x has `count` elements.
template <image_tensor X>
void require_size(const std::string& what, std::size_t count, const X& x) {
  if (static_cast<std::size_t>(x.size()) != count)
    throw std::invalid_argument(what + ": expected " + std::to_string(count) +
                                " elements, got shape " + shape_text(x));
}

}  // namespace detail
}  // namespace kutta
