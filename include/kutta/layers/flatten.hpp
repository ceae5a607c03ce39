// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Images as rows of numbers.

#include <array>
#include <concepts>
#include <cstddef>
#include <stdexcept>
#include <type_traits>

#include <kutta/layers/image_shape.hpp>
#include <kutta/layers/layer.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta::layers {

/// y = x with other axes: an image of h × w × c pixels becomes h w c numbers, in that order.
///
///     flatten<xt::xtensor<float, 4>, xt::xtensor<float, 2>> rows({3, 3, 10});
///
/// An Eigen matrix has an image in a column already, and `dense` takes images as they are: this is
/// for arrays that change their number of axes, and costs a copy.
template <image_tensor X, image_tensor Y = X>
  requires std::same_as<scalar_t<X>, scalar_t<Y>>
class flatten {
 public:
  static constexpr bool samples_independent = true;

  using input = X;
  using output = Y;
  using state = std::conditional_t<std::same_as<X, Y>, X, void>;
  using params = std::array<scalar_t<X>, 0>;
  using tape = nothing;

  /// @throws std::invalid_argument if an extent is 0.
  explicit flatten(const image_shape& in) : in_(in) {
    if (in.size() == 0)
      throw std::invalid_argument("flatten: expected images of at least 1 pixel, got shape " +
                                  shape_text(in));
  }

  const image_shape& input_shape() const { return in_; }
  image_shape output_shape() const { return {1, 1, in_.size()}; }

  template <class G>
  params make_params(G&) const {
    return {};
  }

  /// @throws std::invalid_argument if x does not have this layer's shape.
  Y make_output(const params&, const X& x) const {
    return detail::zero_images<Y>(detail::image_count("flatten", in_, x), output_shape());
  }

  void forward(const params&, const X& x, Y& y, tape&) const { kutta::map(y, detail::copy{}, x); }
  void vjp(const params&, const X&, const tape&, const Y& dy, X& dx, params&) const {
    kutta::map(dx, detail::increment<scalar_t<X>, 1>{{1}}, dx, dy);
  }
  void jvp(const params&, const X&, const tape&, const X& vx, const params&, Y& vy) const {
    kutta::map(vy, detail::copy{}, vx);
  }

 private:
  image_shape in_;
};

}  // namespace kutta::layers
