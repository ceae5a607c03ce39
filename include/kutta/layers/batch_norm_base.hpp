// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Batch normalisation but for its passes: options, parameters, statistics.

#include <cstddef>
#include <stdexcept>
#include <string>
#include <tuple>

#include <kutta/layers/image_shape.hpp>
#include <kutta/layers/norm_params.hpp>
#include <kutta/tensor/product.hpp>
#include <kutta/tensor/shape.hpp>

namespace kutta {

namespace layers {

/// Mean and variance, one number a channel: of a batch, or a running average of those.
template <image_tensor X>
struct batch_norm_statistics {
  X mean, var;

  static constexpr auto fields = std::tuple{field{"mean", &batch_norm_statistics::mean},
                                            field{"var", &batch_norm_statistics::var}};
};

struct batch_norm_options {
  double epsilon = 1e-5;
  bool unbiased = false;  ///< the variance that is observed: Σ(x − μ)²/(n − 1) instead of /n
};

}  // namespace layers

namespace detail {

/// A batch normalisation but for its passes, which differ with the memory that X lies in.
template <image_tensor X>
class batch_norm_base {
 public:
  using state = X;
  using params = layers::norm_params<X>;
  using statistics = layers::batch_norm_statistics<X>;

  /// @throws std::invalid_argument if there is no channel, or epsilon is negative or not finite.
  explicit batch_norm_base(std::size_t channels, const layers::batch_norm_options& how = {})
      : channels_(channels), how_(how) {
    if (channels == 0)
      throw std::invalid_argument("batch_norm: expected at least 1 channel, got 0");
    valid_epsilon("batch_norm", how.epsilon);
  }

  std::size_t channels() const { return channels_; }

  /// γ = 1, β = 0.
  template <class G>
  params make_params(G&) const {
    return unit_norm_params<X>(channels_);
  }
  /// μ = 0, σ² = 1.
  statistics make_statistics(const params&, const X&) const { return zero_and_one(); }
  /// σ² stays positive.
  statistics positive_statistics(const statistics&) const { return zero_and_one(); }

 protected:
  /// @throws std::invalid_argument if theta or x does not have whole pixels of this many channels,
  /// or of a single pixel the unbiased variance is to be observed.
  void require_fit(const params& theta, const X& x) const {
    require_features("batch_norm", channels_, theta);
    if (pixels(x) < 2 && how_.unbiased)
      throw std::invalid_argument(
          "batch_norm: expected at least 2 pixels for an unbiased variance, got 1");
  }

  std::size_t pixels(const X& x) const {
    const auto size = static_cast<std::size_t>(x.size());
    if (size == 0 || size % channels_ != 0)
      throw std::invalid_argument("batch_norm: expected pixels of " + std::to_string(channels_) +
                                  " channels, got shape " + shape_text(x));
    return size / channels_;
  }

  const layers::batch_norm_options& how() const { return how_; }

 private:
  statistics zero_and_one() const {
    return {filled_array<X>(channels_, 0), filled_array<X>(channels_, 1)};
  }

  std::size_t channels_;
  layers::batch_norm_options how_;
};

}  // namespace detail

}  // namespace kutta
