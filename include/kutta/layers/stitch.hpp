// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The units between continuous blocks of an image model, and the residual of these.
///
/// Source: Queiruga, Erichson, Hodgkinson & Mahoney, Stateful ODE-Nets using Basis Function
/// Expansions (2021), § 7.

#include <cstddef>

#include <kutta/layers/batch_norm.hpp>
#include <kutta/layers/conv2d.hpp>
#include <kutta/layers/image_shape.hpp>
#include <kutta/layers/parallel.hpp>
#include <kutta/layers/sequential.hpp>

namespace kutta::layers {

/// Normalised, max(·, 0), 3 × 3 convolution, twice, without biases:
///
///     BN – ReLU – conv (stride) – BN – ReLU – conv
///
/// With stride 1 and as many channels as come in, a residual of 18 C² + 4 C parameters.
template <image_tensor X>
auto normalised_convolutions(const image_shape& in, std::size_t channels, std::size_t stride = 1,
                             layers::padding padding = padding::torch) {
  const conv2d<X> first(in, channels, {.kernel = 3, .stride = stride, .padding = padding});
  return sequential{batch_norm<X, true>(in.channels), first, batch_norm<X, true>(channels),
                    conv2d<X>(first.output_shape(), channels, {.kernel = 3, .padding = padding})};
}

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
