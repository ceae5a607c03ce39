// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What the families without cells have in common: every member is non-zero nearly everywhere.

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>

#include <kutta/basis/basis.hpp>
#include <kutta/basis/depth.hpp>

namespace kutta::detail {

/// @throws std::invalid_argument unless 1 ≤ K ≤ `most`.
constexpr std::size_t require_global_size(const char* family, std::int64_t size, std::size_t most) {
  if (size > static_cast<std::int64_t>(most))
    throw std::invalid_argument(std::string(family) + ": K must be at most " +
                                std::to_string(most) + ", got " + std::to_string(size));
  return require_size(family, size);
}

/// s as a number; outside [0, 1] the nearest end.
constexpr double clamped(const depth& s) {
  const double t = s.value();
  return t < 0 ? 0 : t > 1 ? 1 : t;
}

}  // namespace kutta::detail
