// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Means over windows of an image, or over all of it, as a layer.

#include <array>
#include <cstddef>
#include <stdexcept>
#include <string>

#include <kutta/layers/image_shape.hpp>
#include <kutta/layers/layer.hpp>
#include <kutta/tensor/array.hpp>
#include <kutta/tensor/host_device.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta {

namespace layers {

/// The windows of a pool: `height` × `width` pixels, the next one `stride` pixels on.
struct pool_options {
  std::size_t height, width, stride;
};

}  // namespace layers

namespace detail {

/// Indices [first, end).
struct index_range {
  std::size_t first, end;
};

/// Of `count` windows of `size` pixels, each `stride` on from the one before, those that a pixel
/// lies in.
KUTTA_HD constexpr index_range windows_with(std::size_t pixel, std::size_t size, std::size_t stride,
                                            std::size_t count) {
  const std::size_t first = pixel < size ? 0 : (pixel - size) / stride + 1;
  const std::size_t end = pixel / stride + 1;
  return {first, end < count ? end : count};
}

/// Windows over images, from x to y in memory.
struct pooled_images {
  layers::image_shape in, out;
  layers::pool_options how;

  template <class T>
  KUTTA_HD constexpr T weight() const {
    return T(1) / static_cast<T>(how.height * how.width);
  }
};

/// The mean of window `row`, for channels [first, last).
template <class T>
struct mean_of_window {
  pooled_images images;
  const T* x;
  T* y;

  KUTTA_HD void operator()(std::size_t row, std::size_t first, std::size_t last) const {
    const auto& [in, out, how] = images;
    const std::size_t column = row % out.width, image = row / out.width / out.height;
    const std::size_t line = row / out.width % out.height;
    const T* const from =
        x +
        ((image * in.height + line * how.stride) * in.width + column * how.stride) * in.channels;
    T* const to = y + row * in.channels;
    for (std::size_t c = first; c < last; ++c) to[c] = 0;
    for (std::size_t ky = 0; ky < how.height; ++ky)
      for (std::size_t kx = 0; kx < how.width; ++kx) {
        const T* const pixel = from + (ky * in.width + kx) * in.channels;
        for (std::size_t c = first; c < last; ++c) to[c] += pixel[c];
      }
    const T weight = images.weight<T>();
    for (std::size_t c = first; c < last; ++c) to[c] *= weight;
  }
};

/// To line `row` of the images, what the means of its pixels' windows owe it: to numbers
/// [first, last) of the line, first < last.
template <class T>
struct add_to_line {
  pooled_images images;
  const T* dy;
  T* dx;

  KUTTA_HD void operator()(std::size_t row, std::size_t first, std::size_t last) const {
    const auto& [in, out, how] = images;
    const std::size_t image = row / in.height, begin = first / in.channels;
    const std::size_t end = (last - 1) / in.channels + 1;  // pixels [begin, end)
    const auto down = windows_with(row % in.height, how.height, how.stride, out.height);
    const std::size_t left = windows_with(begin, how.width, how.stride, out.width).first;
    const std::size_t right = windows_with(end - 1, how.width, how.stride, out.width).end;
    const T weight = images.weight<T>();
    for (std::size_t i = down.first; i < down.end; ++i)
      for (std::size_t j = left; j < right; ++j) {
        const T* const from = dy + ((image * out.height + i) * out.width + j) * in.channels;
        const std::size_t window = j * how.stride, edge = window + how.width;
        for (std::size_t p = window < begin ? begin : window; p < edge && p < end; ++p) {
          const std::size_t at = p * in.channels;
          T* const to = dx + row * in.width * in.channels + at;
          const std::size_t to_end = last < at + in.channels ? last - at : in.channels;
          for (std::size_t c = at < first ? first - at : 0; c < to_end; ++c)
            to[c] += weight * from[c];
        }
      }
  }
};

}  // namespace detail

namespace layers {

/// y[i, j] = 1/(h w) Σ_{ky < h, kx < w} x[s i + ky, s j + kx], for each channel.
///
///     average_pool<X> pool({28, 28, 10}, {8, 8, 8});       // to (3, 3, 10): 4 pixels are left out
///     average_pool<X> mean(image_shape{7, 7, 64});         // to (1, 1, 64)
///
/// There is no padding: pixels beyond the last whole window do not count.
/// x, y: images (`image_shape.hpp`).
template <image_tensor X>
class average_pool {
  using scalar = scalar_t<X>;

 public:
  static constexpr bool samples_independent = true;

  using state = X;
  using params = std::array<scalar, 0>;
  using tape = nothing;

  /// @throws std::invalid_argument if an extent or the stride is 0, or no window fits.
  average_pool(const image_shape& in, const pool_options& how)
      : in_(valid(in, how)),
        out_{(in.height - how.height) / how.stride + 1, (in.width - how.width) / how.stride + 1,
             in.channels},
        how_(how) {}

  /// One window: the mean of an image.
  explicit average_pool(const image_shape& in) : average_pool(in, {in.height, in.width, 1}) {}

  const image_shape& input_shape() const { return in_; }
  const image_shape& output_shape() const { return out_; }

  template <class G>
  params make_params(G&) const {
    return {};
  }

  X make_output(const params&, const X& x) const {
    return detail::zero_images<X>(samples_of(x), out_);
  }

  void forward(const params&, const X& x, X& y, tape&) const { average(x, y); }

  /// dx[s i + ky, s j + kx] += dy[i, j]/(h w).
  void vjp(const params&, const X& x, const tape&, const X& dy, X& dx, params&) const {
    detail::for_each_row<X>(
        samples_of(x) * in_.height, in_.width * in_.channels,
        detail::add_to_line<scalar>{windows(), detail::elements(dy), detail::elements(dx)});
  }

  void jvp(const params&, const X&, const tape&, const X& vx, const params&, X& vy) const {
    average(vx, vy);
  }

 private:
  static const image_shape& valid(const image_shape& in, const pool_options& how) {
    if (in.size() == 0 || how.height == 0 || how.width == 0 || how.stride == 0 ||
        how.height > in.height || how.width > in.width)
      throw std::invalid_argument(
          "average_pool: expected a window that fits into the image and a stride of at least 1, "
          "got images of shape " +
          shape_text(in) + ", a window of " + std::to_string(how.height) + " x " +
          std::to_string(how.width) + " and stride " + std::to_string(how.stride));
    return in;
  }

  std::size_t samples_of(const X& x) const { return detail::image_count("average_pool", in_, x); }

  detail::pooled_images windows() const { return {in_, out_, how_}; }

  void average(const X& x, X& y) const {
    detail::for_each_row<X>(
        samples_of(x) * out_.pixels(), in_.channels,
        detail::mean_of_window<scalar>{windows(), detail::elements(x), detail::elements(y)});
  }

  image_shape in_, out_;
  pool_options how_;
};

/// The mean of each channel over all of an image: to (1, 1, channels).
template <image_tensor X>
average_pool<X> global_average_pool(const image_shape& in) {
  return average_pool<X>(in);
}

}  // namespace layers
}  // namespace kutta
