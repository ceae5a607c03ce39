// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include <kutta/basis/depth.hpp>
#include <kutta/schemes/fourth_order.hpp>

namespace {

using kutta::cell_position;
using kutta::depth;
using kutta::locate;
using kutta::rational;
using kutta::side;
using kutta::stage_depth;
using namespace kutta::literals;

static_assert(stage_depth(3, 5, 0) == depth{.num = 3, .den = 5});
static_assert(stage_depth(3, 5, 1_r / 2) == depth{.num = 7, .den = 10});
static_assert(stage_depth(3, 5, 1) == depth{.num = 4, .den = 5, .from = side::left});
static_assert(stage_depth(3, 5, .3) == depth{.num = 3, .den = 5, .offset = .3});
static_assert(stage_depth(3, 5, 0.) == stage_depth(3, 5, rational(0)));
static_assert(stage_depth(3, 5, 1.) == stage_depth(3, 5, rational(1)));
static_assert(depth{.num = 1, .den = 4, .offset = .5}.value() == .375);

constexpr bool operator==(const cell_position& p, const cell_position& q) {
  return p.cell == q.cell && p.u == q.u;
}
static_assert(locate({.num = 3, .den = 8}, 4) == cell_position{1, .5});
static_assert(locate({.num = 1, .den = 2}, 4) == cell_position{2, 0});
static_assert(locate({.num = 1, .den = 2, .from = side::left}, 4) == cell_position{1, 1});

/// The cell of position p/q among n, found by counting edges; an edge belongs to the `from` side.
std::int64_t counted_cell(std::int64_t p, std::int64_t q, std::int64_t n, side from) {
  std::int64_t cell = 0;
  while (cell + 1 < n && (from == side::right ? (cell + 1) * q <= p * n : (cell + 1) * q < p * n))
    ++cell;
  return cell;
}

}  // namespace

TEST_CASE("a stage lies in cell floor((i + c) K/N), for every N and K up to 64") {
  std::int64_t wrong = 0, located = 0;
  for (const rational& c : {0_r, 1_r / 3, 1_r / 2, 2_r / 3, 1_r})
    for (std::int64_t steps = 1; steps <= 64; ++steps)
      for (std::int64_t i = 0; i < steps; ++i) {
        const depth s = stage_depth(i, steps, c);
        const side from = c == 1 ? side::left : side::right;
        const std::int64_t p = i * c.den + c.num, q = steps * c.den;
        for (std::int64_t cells = 1; cells <= 64; ++cells, ++located) {
          const auto [cell, u] = locate(s, cells);
          const std::int64_t expected = counted_cell(p, q, cells, from);
          const double rest = static_cast<double>(p * cells - expected * q);
          wrong += !(cell == expected && u == rest / static_cast<double>(q));
        }
      }
  CHECK(located == 5 * 64 * (64 * 65 / 2));
  CHECK(wrong == 0);
}

TEST_CASE("with N = K, Euler visits cell i at step i, where a depth in floating point does not") {
  const auto all_cells_right = [](auto&& cell_of, std::int64_t n) {
    for (std::int64_t i = 0; i < n; ++i)
      if (cell_of(i, n) != i) return false;
    return true;
  };
  const auto exact = [](std::int64_t i, std::int64_t n) {
    return locate(stage_depth(i, n, 0), n).cell;
  };
  const auto rounded = [](std::int64_t i, std::int64_t n) {
    const volatile double t = static_cast<double>(i) * (1 / static_cast<double>(n));
    return static_cast<std::int64_t>(t * static_cast<double>(n));
  };
  int wrong_in_floating_point = 0;
  for (std::int64_t n = 1; n <= 256; ++n) {
    CAPTURE(n);
    CHECK(all_cells_right(exact, n));
    wrong_in_floating_point += !all_cells_right(rounded, n);
  }
  for (const std::int64_t n : {7, 9, 12, 14, 17, 18, 19, 21, 49, 98}) {
    CAPTURE(n);
    CHECK_FALSE(all_cells_right(rounded, n));
  }
  CHECK(wrong_in_floating_point == 163);
}

TEST_CASE("RK4 with N = 2 and K = 8 visits cells 0, 2, 2, 3 and 4, 6, 6, 7") {
  std::vector<std::int64_t> cells;
  for (std::int64_t i = 0; i < 2; ++i)
    for (const rational& c : kutta::schemes::rk4_classic::tableau.c)
      cells.push_back(locate(stage_depth(i, 2, c), 8).cell);
  CHECK(cells == std::vector<std::int64_t>{0, 2, 2, 3, 4, 6, 6, 7});
}

TEST_CASE("an edge belongs to the cell on the side that is asked for") {
  for (std::int64_t n = 1; n <= 20; ++n)
    for (std::int64_t edge = 1; edge < n; ++edge) {
      CAPTURE(n);
      CAPTURE(edge);
      CHECK(locate({.num = edge, .den = n, .from = side::right}, n) == cell_position{edge, 0});
      CHECK(locate({.num = edge, .den = n, .from = side::left}, n) == cell_position{edge - 1, 1});
    }
}

TEST_CASE("the ends of depth belong to the outer cells, and what lies outside to the nearest end") {
  for (const side from : {side::left, side::right})
    for (const std::int64_t n : {1, 2, 7}) {
      CAPTURE(n);
      CHECK(locate({.num = 0, .den = 3, .from = from}, n) == cell_position{0, 0});
      CHECK(locate({.num = 3, .den = 3, .from = from}, n) == cell_position{n - 1, 1});
      CHECK(locate({.num = -1, .den = 3, .from = from}, n) == cell_position{0, 0});
      CHECK(locate({.num = 4, .den = 3, .from = from}, n) == cell_position{n - 1, 1});
      CHECK(locate({.num = 0, .den = 3, .offset = -.1, .from = from}, n) == cell_position{0, 0});
      CHECK(locate({.num = 3, .den = 3, .offset = .1, .from = from}, n) == cell_position{n - 1, 1});
    }
}

TEST_CASE(
    "an irrational fraction is added without loss: Gauss points, and points outside the step") {
  const long double root3 = std::sqrt(3.L);
  for (const long double c : {(3 - root3) / 6, (3 + root3) / 6, 1 - root3, root3})
    for (std::int64_t steps = 1; steps <= 40; ++steps)
      for (std::int64_t cells = 1; cells <= 40; ++cells)
        for (std::int64_t i = 0; i < steps; ++i) {
          const long double s = (static_cast<long double>(i) + c) / static_cast<long double>(steps);
          if (s < 0 || s > 1) continue;
          const long double x = s * static_cast<long double>(cells);
          const auto [cell, u] = locate(stage_depth(i, steps, static_cast<double>(c)), cells);
          const long double error = std::abs(static_cast<long double>(cell) + u - x);
          const double tol =
              4 * std::numeric_limits<double>::epsilon() * static_cast<double>(cells);
          if (!(error <= tol && u >= 0 && u <= 1)) {
            CAPTURE(steps);
            CAPTURE(cells);
            CAPTURE(i);
            CAPTURE(static_cast<double>(c));
            CAPTURE(u);
            CHECK(error <= tol);
            FAIL("u is not in [0, 1], or the position is wrong");
          }
        }
}
