// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The parameters of a normalisation.

#include <array>
#include <cmath>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <tuple>

#include <kutta/layers/image_shape.hpp>
#include <kutta/tensor/number_text.hpp>
#include <kutta/tensor/product.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta {

namespace layers {

/// γ and β, one number for each feature, or channel.
template <image_tensor X>
struct norm_params {
  X gamma, beta;

  static constexpr auto fields =
      std::tuple{field{"gamma", &norm_params::gamma}, field{"beta", &norm_params::beta}};
};

}  // namespace layers

namespace detail {

/// γ = 1, β = 0.
template <image_tensor X>
layers::norm_params<X> unit_norm_params(std::size_t features) {
  layers::norm_params<X> theta{zero_array<X>(std::array{features}, 0),
                               zero_array<X>(std::array{features}, 0)};
  for (std::size_t i = 0; i < features; ++i) theta.gamma.data()[i] = 1;
  return theta;
}

/// @throws std::invalid_argument unless epsilon is finite and not negative.
inline double valid_epsilon(const char* what, double epsilon) {
  if (!(epsilon >= 0 && std::isfinite(epsilon)))
    throw std::invalid_argument(std::string(what) +
                                ": expected a finite epsilon of at least 0, got " +
                                number_text(epsilon));
  return epsilon;
}

}  // namespace detail
}  // namespace kutta
