// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// More channels for the states of a block, zero at first.

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

namespace detail {

/// Behind the `in` channels of a pixel zeros, `out` in all.
template <class T>
struct widen_pixel {
  const T* x;
  T* y;
  std::size_t in, out;

  KUTTA_HD void operator()(std::size_t row, std::size_t first, std::size_t last) const {
    const T* const from = x + row * in;
    T* const to = y + row * out;
    const std::size_t end = last < in ? last : in;
    for (std::size_t c = first; c < end; ++c) to[c] = from[c];
    for (std::size_t c = first < in ? in : first; c < last; ++c) to[c] = 0;
  }
};

/// The transpose, added.
template <class T>
struct add_narrowed_pixel {
  const T* dy;
  T* dx;
  std::size_t in, out;

  KUTTA_HD void operator()(std::size_t row, std::size_t first, std::size_t last) const {
    const T* const from = dy + row * out;
    T* const to = dx + row * in;
    for (std::size_t c = first; c < last; ++c) to[c] += from[c];
  }
};

}  // namespace detail

namespace layers {

/// y = (x, 0): behind the channels of each pixel `more` zeros.
///
///     augment<X> wider({28, 28, 1}, 5);      // to (28, 28, 6)
///     augment<X> features({1, 1, 2}, 3);     // from samples of 2 numbers to 5
///
/// Paths of an ODE do not cross; in the additional dimensions they pass each other.
/// x, y: images (`image_shape.hpp`).
/// Source: Dupont, Doucet & Teh, Augmented neural ODEs (2019).
template <image_tensor X>
class augment {
  using scalar = scalar_t<X>;

 public:
  static constexpr bool samples_independent = true;

  using state = X;
  using params = std::array<scalar, 0>;
  using tape = nothing;

  /// @throws std::invalid_argument if an extent is 0, or no channel is added.
  augment(const image_shape& in, std::size_t more)
      : in_(in), out_{in.height, in.width, in.channels + more} {
    if (in.size() == 0 || more == 0)
      throw std::invalid_argument(
          "augment: expected images of at least 1 pixel and at least 1 more channel, got shape " +
          shape_text(in) + " and " + std::to_string(more) + " more");
  }

  const image_shape& input_shape() const { return in_; }
  const image_shape& output_shape() const { return out_; }

  template <class G>
  params make_params(G&) const {
    return {};
  }

  /// @throws std::invalid_argument if x does not have this layer's shape.
  X make_output(const params&, const X& x) const {
    return detail::zero_images<X>(detail::image_count("augment", in_, x), out_);
  }

  void forward(const params&, const X& x, X& y, tape&) const { widen(x, y); }

  /// dx += dy without the channels that were added.
  void vjp(const params&, const X& x, const tape&, const X& dy, X& dx, params&) const {
    detail::for_each_row<X>(
        pixels(x), in_.channels,
        detail::add_narrowed_pixel<scalar>{detail::elements(dy), detail::elements(dx), in_.channels,
                                           out_.channels});
  }

  void jvp(const params&, const X&, const tape&, const X& vx, const params&, X& vy) const {
    widen(vx, vy);
  }

 private:
  std::size_t pixels(const X& x) const { return static_cast<std::size_t>(x.size()) / in_.channels; }

  void widen(const X& x, X& y) const {
    detail::for_each_row<X>(pixels(x), out_.channels,
                            detail::widen_pixel<scalar>{detail::elements(x), detail::elements(y),
                                                        in_.channels, out_.channels});
  }

  image_shape in_, out_;
};

}  // namespace layers
}  // namespace kutta
