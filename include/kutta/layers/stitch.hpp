// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The units before and between the continuous blocks of an image model.
///
/// Source: Queiruga, Erichson, Hodgkinson & Mahoney, Stateful ODE-Nets using Basis Function
/// Expansions (2021), § 7.

#include <cstddef>

#include <kutta/layers/batch_norm.hpp>
#include <kutta/layers/conv2d.hpp>
#include <kutta/layers/image_shape.hpp>
#include <kutta/layers/normalised_convolutions.hpp>
#include <kutta/layers/parallel.hpp>
#include <kutta/layers/sequential.hpp>

namespace kutta::layers {

/// A residual network's unit, which keeps the shape: y = x + normalised_convolutions(x).
template <image_tensor X>
auto residual_unit(const image_shape& in, layers::padding padding = padding::torch) {
  return parallel{identity<X>{}, normalised_convolutions<X>(in, in.channels, 1, padding)};
}

/// A unit that leads to other shapes: y = BN(conv 1 × 1 (stride) x) + normalised_convolutions(x).
template <image_tensor X>
auto stitch(const image_shape& in, std::size_t channels, std::size_t stride = 2,
            layers::padding padding = padding::torch) {
  return parallel{
      sequential{conv2d<X>(in, channels, {.kernel = 1, .stride = stride, .padding = padding}),
                 batch_norm<X>(channels)},
      normalised_convolutions<X>(in, channels, stride, padding)};
}

}  // namespace kutta::layers
