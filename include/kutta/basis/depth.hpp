// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Exact positions in depth. No cell is ever found by rounding a float.

#include <cstdint>

#include <kutta/schemes/rational.hpp>
#include <kutta/tensor/host_device.hpp>

namespace kutta {

/// Which one-sided limit is meant where a function of depth jumps.
enum class side : unsigned char { left, right };

/// The position s = (num + offset)/den in [0, 1].
///
/// A stage of step i of N at the rational c = p/q is (i q + p)/(N q), exactly; an irrational c goes
/// into `offset`. Outside [0, 1] the nearest end is meant.
struct depth {
  std::int64_t num = 0;
  std::int64_t den = 1;
  double offset = 0;
  side from = side::right;

  KUTTA_HD constexpr double value() const {
    return (static_cast<double>(num) + offset) / static_cast<double>(den);
  }
  constexpr bool operator==(const depth&) const = default;
};

/// The depth of a stage: step i of N, at the fraction c of the step.
///
/// A stage at c = 1 ends its step and is the limit from the left; every other stage is the limit
/// from the right. Without this a scheme with both ends drops to order 1 on weights that jump.
KUTTA_HD constexpr depth stage_depth(std::int64_t step, std::int64_t steps, rational c) {
  return {.num = step * c.den + c.num,
          .den = steps * c.den,
          .offset = 0,
          .from = c.num >= c.den ? side::left : side::right};
}
constexpr depth stage_depth(std::int64_t step, std::int64_t steps, double c) {
  if (c == 0 || c == 1) return stage_depth(step, steps, rational(c == 1 ? 1 : 0));
  return {.num = step, .den = steps, .offset = c, .from = c > 1 ? side::left : side::right};
}

/// A position inside one of n equal cells: which cell, and u in [0, 1] across it.
struct cell_position {
  std::int64_t cell;
  double u;
};

/// Finds s among n equal cells of [0, 1]. A point on an edge belongs to the cell on its `from`
/// side.
constexpr cell_position locate(const depth& s, std::int64_t n) {
  std::int64_t cell = s.num * n / s.den;
  std::int64_t rest = s.num * n - cell * s.den;
  if (rest < 0) cell -= 1, rest += s.den;  // floor, for a negative position
  double u =
      (static_cast<double>(rest) + s.offset * static_cast<double>(n)) / static_cast<double>(s.den);
  auto crossed = static_cast<std::int64_t>(u);         // cells an irrational offset passes over
  if (u < static_cast<double>(crossed)) crossed -= 1;  // floor, for a negative offset
  cell += crossed;
  u -= static_cast<double>(crossed);
  if (s.from == side::left && s.offset == 0 && rest == 0) cell -= 1, u = 1;
  if (cell < 0) return {0, 0};
  if (cell >= n) return {n - 1, 1};
  return {cell, u};
}

}  // namespace kutta
