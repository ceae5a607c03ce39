// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Checks of the samples that a loss is given.

#include <cstddef>
#include <stdexcept>
#include <string>

#include <kutta/tensor/tensor.hpp>

namespace kutta::detail {

template <tensor T>
std::size_t sample_count(const T& x) {
  if constexpr (batch<T>)
    return kutta::samples(x);
  else
    return 1;
}

/// @throws std::invalid_argument unless [first, first + n) lies in [0, count).
inline void require_samples(const char* what, std::size_t first, std::size_t n, std::size_t count) {
  if (first > count || n > count - first)
    throw std::invalid_argument(std::string(what) + ": expected samples among " +
                                std::to_string(count) + ", got " + std::to_string(n) +
                                " from sample " + std::to_string(first));
}

/// @throws std::invalid_argument unless n == count.
inline void require_all_samples(const char* what, std::size_t n, std::size_t count) {
  if (n != count)
    throw std::invalid_argument(std::string(what) + ": expected " + std::to_string(count) +
                                " samples, got " + std::to_string(n));
}

}  // namespace kutta::detail
