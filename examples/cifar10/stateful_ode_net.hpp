// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Stateful ODE-Nets of small photographs: one with two blocks and one with three.
///
/// Source: Queiruga, Erichson, Hodgkinson & Mahoney, Stateful ODE-Nets using Basis Function
/// Expansions (2021), § 7.1, § 7.2 and appendix E.1.

#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>

#include <kutta/layers/average_pool.hpp>
#include <kutta/layers/dense.hpp>
#include <kutta/layers/stitch.hpp>

#include "images/model.hpp"

namespace cifar10 {

/// 16 and 32 channels, a block each: 20,986 parameters, and in the blocks 23,232 for each
/// coefficient.
template <class Residual = images::normalised>
struct shallow {
  std::size_t side = 32, channels = 16;

  auto operator()(const images::graph& g, std::int64_t kept_steps) const {
    using namespace kutta::layers;
    using images::batch;
    using images::make_block;
    const image_shape in{side, side, 3}, first{side, side, channels};
    const image_shape second{side / 2, side / 2, 2 * channels};
    const average_pool<batch> pool(second, {.height = 8, .width = 8, .stride = 8});
    return sequential{conv2d<batch>(in, channels),
                      batch_norm<batch, true>(channels),
                      residual_unit<batch>(first),
                      make_block(Residual{}(first), g, kept_steps),
                      stitch<batch>(first, second.channels),
                      make_block(Residual{}(second), g, kept_steps),
                      batch_norm<batch>(second.channels),
                      pool,
                      dense<batch>(pool.output_shape(), images::classes)};
  }

  std::string name() const {
    return std::is_same_v<Residual, images::normalised> ? "shallow" : "shallow, not normalised";
  }
};

/// 16, 32 and 64 channels, a block each: 78,074 parameters, and in the blocks 97,216 for each
/// coefficient.
struct deep {
  std::size_t side = 32, channels = 16;

  auto operator()(const images::graph& g, std::int64_t kept_steps) const {
    using namespace kutta::layers;
    using images::batch;
    const images::normalised residual;
    const auto block = [&](const image_shape& s) {
      return images::make_block(residual(s), g, kept_steps);
    };
    const image_shape in{side, side, 3}, first{side, side, channels};
    const image_shape second{side / 2, side / 2, 2 * channels};
    const image_shape third{side / 4, side / 4, 4 * channels};
    const average_pool<batch> pool(third, {.height = 8, .width = 8, .stride = 8});
    return sequential{conv2d<batch>(in, channels),
                      batch_norm<batch, true>(channels),
                      residual_unit<batch>(first),
                      block(first),
                      stitch<batch>(first, second.channels),
                      block(second),
                      stitch<batch>(second, third.channels),
                      block(third),
                      batch_norm<batch>(third.channels),
                      pool,
                      dense<batch>(pool.output_shape(), images::classes)};
  }

  std::string name() const { return "deep"; }
};

}  // namespace cifar10
