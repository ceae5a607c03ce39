// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <vector>

#include <doctest/doctest.h>

#include <kutta/basis/cells.hpp>
#include <kutta/basis/hat.hpp>
#include <kutta/basis/piecewise_constant.hpp>

namespace {

using kutta::cells;
using kutta::depth;
using kutta::point_between;
using kutta::rational;
using kutta::side;
using namespace kutta::literals;

constexpr double epsilon = std::numeric_limits<double>::epsilon();

static_assert(point_between(1_r / 4, 1_r / 3, 0) == depth{.num = 3, .den = 12});
static_assert(point_between(1_r / 4, 1_r / 3, 1) ==
              depth{.num = 4, .den = 12, .offset = 0, .from = side::left});
static_assert(point_between(1_r / 2, 1, .25).value() == .625);

const std::vector<rational> uneven{0, 1_r / 7, 1_r / 3, 1_r / 2, 6_r / 7, 1};

}  // namespace

TEST_CASE("a depth lies in the cell that exact fractions say, an edge on its own side") {
  const cells c("c", uneven);
  for (std::int64_t num = 0; num <= 84; ++num)
    for (const side from : {side::left, side::right}) {
      const rational s(num, 84);
      std::size_t expected = 0;
      while (expected + 1 < 5 &&
             (from == side::right ? uneven[expected + 1] <= s : uneven[expected + 1] < s))
        ++expected;
      const auto [cell, u] = c.locate({.num = num, .den = 84, .from = from});
      CAPTURE(num);
      CHECK(cell == static_cast<std::int64_t>(expected));
      const rational across = (s - uneven[expected]) / (uneven[expected + 1] - uneven[expected]);
      CHECK(std::abs(u - kutta::to_double(across)) <= epsilon);
    }
}

TEST_CASE("equal cells are found alike, given by their number or by their breakpoints") {
  for (const std::size_t n : {1U, 2U, 5U, 12U}) {
    const cells by_number(n), by_breakpoints("c", by_number.breakpoints());
    for (std::int64_t num = -3; num <= 63; ++num)
      for (const side from : {side::left, side::right})
        for (const double offset : {0., .375}) {
          const depth s{.num = num, .den = 60, .offset = offset, .from = from};
          const auto [cell, u] = by_number.locate(s);
          const auto other = by_breakpoints.locate(s);
          CHECK(cell == other.cell);
          CHECK(std::abs(u - other.u) <= 16 * epsilon);
        }
  }
}

TEST_CASE("a point between two breakpoints lies in their cell, at its place") {
  const cells c("c", uneven);
  for (std::size_t i = 0; i < 5; ++i)
    for (const double u : {0., .001, .25, .6, .999, 1.}) {
      const auto at = c.locate(point_between(uneven[i], uneven[i + 1], u));
      CHECK(at.cell == static_cast<std::int64_t>(i));
      CHECK(std::abs(at.u - u) <= 4 * epsilon);
    }
}

TEST_CASE("halving keeps every breakpoint and adds the midpoints") {
  const std::vector<rational> expected{0, 1_r / 6, 1_r / 3, 2_r / 3, 1};
  CHECK(cells("c", {0, 1_r / 3, 1}).halved().breakpoints() == expected);
  CHECK(cells(3).halved().breakpoints() == cells(6).breakpoints());
}

TEST_CASE("families on uneven cells have their control points there") {
  const kutta::bases::hat hat({0, 1_r / 3, 1});
  CHECK(hat.size() == 3);
  CHECK(hat.node(1) == depth{.num = 1, .den = 3});
  CHECK(hat({.num = 2, .den = 3})[1].phi == doctest::Approx(.5).epsilon(epsilon));
  CHECK(hat.refined().size() == 5);
  const kutta::bases::piecewise_constant constant({0, 1_r / 3, 1});
  CHECK(constant.size() == 2);
  CHECK(constant.node(1) == depth{.num = 2, .den = 3});
  CHECK(constant({.num = 1, .den = 3, .from = side::left})[0].k == 0);
  CHECK(constant({.num = 1, .den = 3})[0].k == 1);
  CHECK(constant.refined().size() == 4);
}

TEST_CASE("breakpoints ascend from 0 to 1") {
  CHECK_THROWS_WITH_AS(cells("c", {}), "c: breakpoints must ascend from 0 to 1, got 0 of them",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(cells("c", {1_r / 2, 1}),
                       "c: breakpoints must ascend from 0 to 1, got 1/2 as the first",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(cells("c", {0, 2}),
                       "c: breakpoints must ascend from 0 to 1, got 2 as the last",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(cells("c", {0, 1_r / 2, 1_r / 2, 1}),
                       "c: breakpoints must ascend from 0 to 1, got 1/2 after 1/2",
                       std::invalid_argument);
}
