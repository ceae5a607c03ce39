// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Initial values of Lorenz trajectories.

#include <cstddef>
#include <vector>

#include <kutta/tensor/vec.hpp>

namespace kutta::bench {

/// n of them, beside each other; their trajectories part soon.
template <class T>
std::vector<vec<T, 3>> lorenz_starts(std::size_t n) {
  std::vector<vec<T, 3>> x0(n);
  for (std::size_t i = 0; i < n; ++i)
    x0[i] = {{T(1) + T(8) * static_cast<T>(i) / static_cast<T>(n), 2, 20}};
  return x0;
}

}  // namespace kutta::bench
