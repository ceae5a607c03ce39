// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Random vectors of length 1 that are orthogonal to each other.

#include <cmath>
#include <cstddef>
#include <random>
#include <vector>

#include <kutta/layers/random_numbers.hpp>

namespace kutta::detail {

/// `count` vectors of `length` ≥ count numbers, one behind the other; all directions are as likely.
///
/// Normal numbers, made orthogonal by Gram and Schmidt: each vector loses its part along those
/// before it, twice, for the first time leaves rounding errors of the size of that part.
/// Source: Mezzadri, How to generate random matrices from the classical compact groups (2007).
/// FLOPs: 8 count² length/2.
template <std::uniform_random_bit_generator G>
std::vector<double> orthonormal_vectors(std::size_t count, std::size_t length, G& generator) {
  std::vector<double> q(count * length);
  normal_numbers normal;
  for (auto& x : q) x = normal(generator);
  for (std::size_t v = 0; v < count; ++v) {
    double* const a = q.data() + v * length;
    const auto product = [&](const double* b) {
      double sum = 0;
      for (std::size_t i = 0; i < length; ++i) sum += a[i] * b[i];
      return sum;
    };
    for (std::size_t before = 0; before < 2 * v; ++before) {
      const double* const b = q.data() + before % v * length;
      const double along = product(b);
      for (std::size_t i = 0; i < length; ++i) a[i] -= along * b[i];
    }
    const double size = std::sqrt(product(a));
    for (std::size_t i = 0; i < length; ++i) a[i] /= size;
  }
  return q;
}

}  // namespace kutta::detail
