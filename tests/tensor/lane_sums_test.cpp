// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cstddef>

#include <doctest/doctest.h>

#include <kutta/tensor/lane_sums.hpp>
#include <kutta/tensor/simd.hpp>

TEST_CASE_TEMPLATE("the lanes of many registers are summed onto their numbers", T, float, double) {
  constexpr std::size_t w = kutta::register_lanes<T>;
  constexpr std::size_t n = 2 * w + 3;  // two blocks by shuffles, the rest one by one
  std::array<kutta::simd<T, w>, n> x;
  std::array<T, n> y, expected;
  for (std::size_t i = 0; i < n; ++i) {
    std::array<T, w> values;
    T sum = 0;
    for (std::size_t l = 0; l < w; ++l) sum += values[l] = static_cast<T>((i + 1) * (l + 2) % 17);
    x[i] = kutta::simd<T, w>::load(values.data());
    y[i] = static_cast<T>(i);
    expected[i] = static_cast<T>(i) + sum;
  }
  kutta::add_lane_sums<T>(x.data(), n, y.data());
  CHECK(y == expected);
}
