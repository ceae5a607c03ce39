// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The model of handwritten digits.
///
/// Source: Queiruga, Erichson, Hodgkinson & Mahoney, Stateful ODE-Nets using Basis Function
/// Expansions (2021), § 7.1.

#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>

#include <kutta/layers/average_pool.hpp>
#include <kutta/layers/dense.hpp>
#include <kutta/layers/stitch.hpp>

#include "images/model.hpp"

namespace mnist {

/// conv – BN – ReLU, a residual unit, the block, BN – average – dense: 2880 parameters, and in the
/// block 1840 (1800 if it is not normalised) for each coefficient.
template <class Residual = images::normalised>
struct model {
  std::size_t side = 28, channels = 10;

  auto operator()(const images::graph& g, std::int64_t kept_steps) const {
    using namespace kutta::layers;
    using images::batch;
    const image_shape in{side, side, 1}, inner{side, side, channels};
    const average_pool<batch> pool(inner, {.height = 8, .width = 8, .stride = 8});
    return sequential{conv2d<batch>(in, channels),
                      batch_norm<batch, true>(channels),
                      residual_unit<batch>(inner),
                      images::make_block(Residual{}(inner), g, kept_steps),
                      batch_norm<batch>(channels),
                      pool,
                      dense<batch>(pool.output_shape(), images::classes)};
  }

  std::string name() const {
    return std::is_same_v<Residual, images::normalised> ? "digits" : "digits, not normalised";
  }
};

}  // namespace mnist
