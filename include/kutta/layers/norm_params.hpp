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
#include <vector>

#include <kutta/layers/image_shape.hpp>
#include <kutta/tensor/host_copy.hpp>
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

/// n times this value.
template <image_tensor X>
X filled_array(std::size_t n, double value) {
  X x = zero_array<X>(std::array{n}, 0);
  kutta::copy_from_host(std::vector<scalar_t<X>>(n, static_cast<scalar_t<X>>(value)), x);
  return x;
}

/// γ = 1, β = 0.
template <image_tensor X>
layers::norm_params<X> unit_norm_params(std::size_t features) {
  return {filled_array<X>(features, 1), filled_array<X>(features, 0)};
}

/// @throws std::invalid_argument unless γ and β have so many numbers.
template <image_tensor X>
void require_features(const std::string& what, std::size_t features,
                      const layers::norm_params<X>& theta) {
  require_size(what + ": gamma", features, theta.gamma);
  require_size(what + ": beta", features, theta.beta);
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
