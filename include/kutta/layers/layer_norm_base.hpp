// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Layer normalisation but for its passes: options and parameters.

#include <cstddef>
#include <stdexcept>
#include <string>

#include <kutta/layers/image_shape.hpp>
#include <kutta/layers/norm_params.hpp>
#include <kutta/tensor/shape.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta {

namespace layers {

struct layer_norm_options {
  double epsilon = 1e-6;
};

}  // namespace layers

namespace detail {

/// A layer normalisation but for its passes, which differ with the memory that X lies in.
template <image_tensor X>
class layer_norm_base {
 public:
  static constexpr bool samples_independent = true;

  using state = X;
  using params = layers::norm_params<X>;

  /// @throws std::invalid_argument if there is no feature, or epsilon is negative or not finite.
  explicit layer_norm_base(std::size_t features, const layers::layer_norm_options& how = {})
      : features_(features), epsilon_(valid_epsilon("layer_norm", how.epsilon)) {
    if (features == 0)
      throw std::invalid_argument("layer_norm: expected at least 1 feature, got 0");
  }

  std::size_t features() const { return features_; }

  /// γ = 1, β = 0.
  template <class G>
  params make_params(G&) const {
    return unit_norm_params<X>(features_);
  }

 protected:
  double epsilon() const { return epsilon_; }

  /// The rows of x.
  /// @throws std::invalid_argument if theta has not this many features, or x no whole rows of them.
  std::size_t fitting_rows(const params& theta, const X& x) const {
    require_features("layer_norm", features_, theta);
    const auto size = static_cast<std::size_t>(x.size());
    std::size_t sample = size;
    if constexpr (batch<X>)
      if (const std::size_t n = kutta::samples(x); n > 0) sample = size / n;
    if (sample % features_ != 0)
      throw std::invalid_argument("layer_norm: expected samples in rows of " +
                                  std::to_string(features_) + " features, got shape " +
                                  shape_text(x));
    return size / features_;
  }

 private:
  std::size_t features_;
  double epsilon_;
};

}  // namespace detail
}  // namespace kutta
