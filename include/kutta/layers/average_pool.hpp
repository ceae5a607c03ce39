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
#include <kutta/tensor/tensor.hpp>

namespace kutta::layers {

/// The windows of a pool: `height` × `width` pixels, the next one `stride` pixels on.
struct pool_options {
  std::size_t height, width, stride;
};

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
    const scalar* from = dy.data();
    scalar* const to = dx.data();
    for_each_window(samples_of(x), [&](std::size_t pixel) {
      for_each_pixel(pixel, [&](std::size_t at) {
        for (std::size_t c = 0; c < in_.channels; ++c) to[at + c] += weight() * from[c];
      });
      from += in_.channels;
    });
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

  scalar weight() const { return scalar(1) / static_cast<scalar>(how_.height * how_.width); }

  void average(const X& x, X& y) const {
    const scalar* const from = x.data();
    scalar* to = y.data();
    for_each_window(samples_of(x), [&](std::size_t pixel) {
      for (std::size_t c = 0; c < in_.channels; ++c) to[c] = 0;
      for_each_pixel(pixel, [&](std::size_t at) {
        for (std::size_t c = 0; c < in_.channels; ++c) to[c] += from[at + c];
      });
      for (std::size_t c = 0; c < in_.channels; ++c) to[c] *= weight();
      to += in_.channels;
    });
  }

  /// f(where a window's first pixel begins), for all windows of n images.
  template <class F>
  void for_each_window(std::size_t n, const F& f) const {
    for (std::size_t image = 0; image < n; ++image)
      for (std::size_t i = 0; i < out_.height; ++i)
        for (std::size_t j = 0; j < out_.width; ++j)
          f(image * in_.size() + (i * in_.width + j) * how_.stride * in_.channels);
  }

  /// f(where a pixel begins), for all pixels of a window.
  template <class F>
  void for_each_pixel(std::size_t window, const F& f) const {
    for (std::size_t ky = 0; ky < how_.height; ++ky)
      for (std::size_t kx = 0; kx < how_.width; ++kx)
        f(window + (ky * in_.width + kx) * in_.channels);
  }

  image_shape in_, out_;
  pool_options how_;
};

/// The mean of each channel over all of an image: to (1, 1, channels).
template <image_tensor X>
average_pool<X> global_average_pool(const image_shape& in) {
  return average_pool<X>(in);
}

}  // namespace kutta::layers
