// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What one operation costs, counted by hand.

#include <cstddef>

#include <kutta/schemes/coefficients.hpp>

namespace kutta::bench {

/// Floating-point operations, and the memory traffic that cannot be avoided (each operand read
/// once, each result written once; lines fetched only to be overwritten are not counted).
struct cost {
  double flops;
  double bytes;

  constexpr bool operator==(const cost&) const = default;
};

constexpr cost operator+(cost p, cost q) {
  return {p.flops + q.flops, p.bytes + q.bytes};
}

/// y ← x + Σ a k over n elements of T: two operations a term; reads x and every k, writes y.
template <class T>
constexpr cost stage_sum_cost(std::size_t n, std::size_t terms) {
  return {static_cast<double>(n * 2 * terms), static_cast<double>(n * (terms + 2) * sizeof(T))};
}
static_assert(stage_sum_cost<float>(1, 1) == cost{2, 12});
static_assert(stage_sum_cost<double>(10, 4) == cost{80, 480});

/// One step of S on n doubles: `rate` for each stage, a stage sum for each row of A and for b.
/// (h a_ij is formed once a step, not once an element.)
template <kutta::explicit_scheme S>
constexpr cost step_cost(std::size_t n, cost rate) {
  constexpr std::size_t s = S::tableau.stages;
  const auto nonzeros = [](const auto& row) {
    std::size_t count = 0;
    for (std::size_t j = 0; j < s; ++j) count += kutta::to_double(row[j]) != 0;
    return count;
  };
  cost total = stage_sum_cost<double>(n, nonzeros(S::tableau.b));
  for (std::size_t i = 0; i < s; ++i) {
    total = total + rate;
    if (i > 0) total = total + stage_sum_cost<double>(n, nonzeros(S::tableau.a[i]));
  }
  return total;
}

}  // namespace kutta::bench
