// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The ContinuousNet of three blocks, and the residual network that it is by Euler's method.
///
/// Source: Queiruga, Erichson, Taylor & Mahoney, Continuous-in-Depth Neural Networks (2020), § 5.1
/// and appendix A.

#include <cstddef>
#include <cstdint>
#include <string>

#include <kutta/layers/average_pool.hpp>
#include <kutta/layers/batch_norm.hpp>
#include <kutta/layers/conv2d.hpp>
#include <kutta/layers/dense.hpp>
#include <kutta/layers/parallel.hpp>
#include <kutta/layers/sequential.hpp>
#include <kutta/layers/skip.hpp>

#include "images/model.hpp"

namespace cifar10 {

/// BN – ReLU – convolution with a bias, twice.
inline auto biased_convolutions(const images::image_shape& in, std::size_t channels,
                                std::size_t stride) {
  using namespace kutta::layers;
  using images::batch;
  const conv2d<batch, true> first(in, channels, {.stride = stride});
  return sequential{batch_norm<batch, true>(in.channels), first, batch_norm<batch, true>(channels),
                    conv2d<batch, true>(first.output_shape(), channels)};
}

/// s(t) (BN – ReLU – convolution, twice): 18 C² + 6 C + 1 parameters, of which s begins as 0.
inline auto skipping(const images::image_shape& s) {
  return kutta::layers::skip(biased_convolutions(s, s.channels, 1));
}

/// conv 1 × 1 + (BN – ReLU – convolution, twice), to half the extents and twice the channels.
inline auto halving(const images::image_shape& in) {
  using namespace kutta::layers;
  const std::size_t channels = 2 * in.channels;
  return parallel{conv2d<images::batch>(in, channels, {.kernel = 1, .stride = 2}),
                  biased_convolutions(in, channels, 2)};
}

/// C, 2 C and 4 C channels, a block each; dx/dt = ε R(θ(t), x).
///
/// By Euler's method with K = N and ε = N, a residual network.
struct continuous_net {
  std::size_t channels = 16;
  double epsilon = 8;
  std::size_t side = 32, classes = images::classes;

  auto operator()(const images::graph& g, std::int64_t kept_steps) const {
    using namespace kutta::layers;
    using images::batch;
    const auto block = [&](const image_shape& s) {
      return images::make_block(skipping(s), g, kept_steps, epsilon);
    };
    const image_shape in{side, side, 3}, first{side, side, channels};
    const image_shape second{side / 2, side / 2, 2 * channels};
    const image_shape third{side / 4, side / 4, 4 * channels};
    return sequential{conv2d<batch>(in, channels),
                      batch_norm<batch, true>(channels),
                      block(first),
                      halving(first),
                      block(second),
                      halving(second),
                      block(third),
                      batch_norm<batch>(third.channels),
                      average_pool<batch>(third),
                      dense<batch>({1, 1, third.channels}, classes)};
  }

  std::string name() const {
    return "ContinuousNet, " + std::to_string(channels) + " channels, rate " +
           std::to_string(epsilon);
  }
};

}  // namespace cifar10
