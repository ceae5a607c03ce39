// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Waves that tell the places of a sequence apart.

#include <array>
#include <cmath>
#include <cstddef>
#include <vector>

#include <kutta/layers/image_shape.hpp>
#include <kutta/tensor/host_copy.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta {

/// w[p, 2i] = sin(p 10000^(−2i/width)),   w[p, 2i + 1] = cos(p 10000^(−2i/width)).
///
/// Shape: {length, width}; the numbers of a place lie side by side, an Eigen matrix has a column
/// for each. Source: Vaswani et al., Attention is all you need (2017), section 3.5.
template <image_tensor X>
X sinusoids(std::size_t length, std::size_t width) {
  std::vector<scalar_t<X>> values(length * width);
  for (std::size_t i = 0; i < width; ++i) {
    const auto exponent = static_cast<double>(i - i % 2) / static_cast<double>(width);
    const double frequency = std::pow(10'000, -exponent);
    for (std::size_t p = 0; p < length; ++p) {
      const double angle = static_cast<double>(p) * frequency;
      const double wave = i % 2 == 0 ? std::sin(angle) : std::cos(angle);
      values[p * width + i] = static_cast<scalar_t<X>>(wave);
    }
  }
  X waves = detail::zero_array<X>(std::array<std::size_t, 2>{length, width}, 1);
  copy_from_host(values, waves);
  return waves;
}

}  // namespace kutta
