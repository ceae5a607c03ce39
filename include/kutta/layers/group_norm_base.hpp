// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Group normalisation but for its passes: options and parameters.

#include <cstddef>
#include <stdexcept>
#include <string>

#include <kutta/layers/image_shape.hpp>
#include <kutta/layers/norm_params.hpp>
#include <kutta/tensor/shape.hpp>

namespace kutta {

namespace layers {

struct group_norm_options {
  double epsilon = 1e-5;
};

}  // namespace layers

namespace detail {

/// A group normalisation but for its passes, which differ with the memory that X lies in.
template <image_tensor X>
class group_norm_base {
 public:
  static constexpr bool samples_independent = true;

  using state = X;
  using params = layers::norm_params<X>;

  /// @throws std::invalid_argument if the groups do not share the channels evenly, there is no
  /// pixel, or epsilon is negative or not finite.
  group_norm_base(const layers::image_shape& in, std::size_t groups,
                  const layers::group_norm_options& how = {})
      : in_(in), groups_(groups), epsilon_(valid_epsilon("group_norm", how.epsilon)) {
    if (in.size() == 0 || groups == 0 || in.channels % groups != 0)
      throw std::invalid_argument("group_norm: expected groups of as many channels each, got " +
                                  std::to_string(groups) + " groups of images of shape " +
                                  shape_text(in));
  }

  const layers::image_shape& input_shape() const { return in_; }
  const layers::image_shape& output_shape() const { return in_; }
  std::size_t groups() const { return groups_; }

  /// γ = 1, β = 0.
  template <class G>
  params make_params(G&) const {
    return unit_norm_params<X>(in_.channels);
  }

 protected:
  double epsilon() const { return epsilon_; }

  /// The groups of all images of x.
  /// @throws std::invalid_argument if theta has not this many channels, or x not this shape.
  std::size_t fitting_groups(const params& theta, const X& x) const {
    require_features("group_norm", in_.channels, theta);
    return image_count("group_norm", in_, x) * groups_;
  }

 private:
  layers::image_shape in_;
  std::size_t groups_;
  double epsilon_;
};

}  // namespace detail
}  // namespace kutta
