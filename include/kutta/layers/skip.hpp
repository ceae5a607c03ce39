// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// A residual that begins as zero.

#include <utility>

#include <kutta/layers/layer.hpp>
#include <kutta/layers/with_rate.hpp>

namespace kutta::layers {

/// s R(theta, x) with a weight s that begins as 0: a block of it, or a residual unit, is the
/// identity at first, and s learns how much of R comes in. Like other weights s may be a function
/// of depth.
///
///     ode_block<with_rate<R>, euler, piecewise_constant> f{skip(r), …};
///
/// Source: De & Smith, Batch normalization biases residual blocks towards the identity function in
/// deep networks (2020).
template <residual R>
with_rate<R> skip(R r) {
  return with_rate<R>(std::move(r), 0);
}

}  // namespace kutta::layers
