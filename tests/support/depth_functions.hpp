// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Functions of depth as numbers: their values, and how far two of them are apart.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include <kutta/basis/basis.hpp>
#include <kutta/basis/depth.hpp>
#include <kutta/basis/evaluate.hpp>

#include "support/random.hpp"

namespace kutta::test {

/// θ(s). What lies in the room for it does not show.
template <basis B>
double at(const B& phi, const depth& s, const std::vector<double>& theta) {
  double room = std::numeric_limits<double>::quiet_NaN();
  return kutta::evaluate(phi, s, theta, room);
}

/// max |θ(s) − other(s)| at many exact depths, from both sides; NaN if one is NaN.
template <basis B, basis C>
double distance(const B& phi, const std::vector<double>& theta, const C& other_phi,
                const std::vector<double>& other) {
  double largest = 0;
  for (const std::int64_t den : {1, 2, 3, 7, 12, 21, 64, 97, 360})
    for (std::int64_t num = 0; num <= den; ++num)
      for (const side from : {side::left, side::right}) {
        const depth s{.num = num, .den = den, .from = from};
        const double d = std::abs(at(phi, s, theta) - at(other_phi, s, other));
        if (!(d >= 0)) return d;
        if (d > largest) largest = d;
      }
  return largest;
}

/// K numbers on [−1, 1), the same for the same K.
inline std::vector<double> random_coefficients(std::size_t k) {
  splitmix64 random(k);
  return random_like(std::vector<double>(k), random);
}

}  // namespace kutta::test
