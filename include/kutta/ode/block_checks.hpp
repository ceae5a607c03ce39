// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What a block asks of its numbers and of the workspaces it is given.

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>

#include <kutta/tensor/math.hpp>
#include <kutta/tensor/shape.hpp>

namespace kutta::detail {

inline void require_finite(const char* what, double value) {
  if (!math::isfinite(value))
    throw std::invalid_argument(std::string(what) + " must be finite, got " +
                                std::to_string(value));
}

/// The workspace has the number of steps that `takes`, a sentence, says of the block.
inline void require_steps(const char* takes, std::int64_t expected, std::int64_t got) {
  if (got != expected)
    throw std::invalid_argument(std::string(takes) + " " + std::to_string(expected) +
                                " steps, the workspace was made for " + std::to_string(got));
}

/// x is as many samples as the tiled workspace was made for, each of the size of its own.
template <class X, class W>
void require_batch(const X& x, W& ws) {
  const auto require = [](const char* what, std::size_t expected, std::size_t got) {
    if (got != expected)
      throw std::invalid_argument("gradient: expected " + std::to_string(expected) + what +
                                  ", got " + std::to_string(got));
  };
  require(" samples", ws.batch_size(), kutta::samples(x));
  require(" elements in a sample", element_count(ws.at(0, 0).dx) / ws.tile_size(0),
          element_count(x) / ws.batch_size());
}

}  // namespace kutta::detail
