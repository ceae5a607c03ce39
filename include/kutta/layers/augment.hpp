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
#include <kutta/tensor/tensor.hpp>

namespace kutta::layers {

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
    const scalar* from = dy.data();
    scalar* to = dx.data();
    for (std::size_t n = pixels(x); n > 0; --n, from += out_.channels, to += in_.channels)
      for (std::size_t c = 0; c < in_.channels; ++c) to[c] += from[c];
  }

  void jvp(const params&, const X&, const tape&, const X& vx, const params&, X& vy) const {
    widen(vx, vy);
  }

 private:
  std::size_t pixels(const X& x) const { return static_cast<std::size_t>(x.size()) / in_.channels; }

  void widen(const X& x, X& y) const {
    const scalar* from = x.data();
    scalar* to = y.data();
    for (std::size_t n = pixels(x); n > 0; --n, from += in_.channels, to += out_.channels) {
      for (std::size_t c = 0; c < in_.channels; ++c) to[c] = from[c];
      for (std::size_t c = in_.channels; c < out_.channels; ++c) to[c] = 0;
    }
  }

  image_shape in_, out_;
};

}  // namespace kutta::layers
