// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <vector>

#include <doctest/doctest.h>

#include <kutta/basis/evaluate.hpp>
#include <kutta/basis/piecewise_constant.hpp>
#include <kutta/tensor/contiguous.hpp>

namespace {

using kutta::depth;
using kutta::side;
using kutta::bases::piecewise_constant;

static_assert(piecewise_constant(3)({.num = 1, .den = 2}).count == 1);
static_assert(piecewise_constant(3)({.num = 1, .den = 2})[0].k == 1);
static_assert(piecewise_constant(3)({.num = 1, .den = 2})[0].phi == 1);
static_assert(piecewise_constant(3).refined().size() == 6);

double at(const std::vector<double>& theta, const depth& s) {
  double room = std::numeric_limits<double>::quiet_NaN();
  return kutta::evaluate(piecewise_constant(static_cast<std::int64_t>(theta.size())), s, theta,
                         room);
}

}  // namespace

TEST_CASE("[1, 3, 2] is 1 at 0, 3 at 1/2 and 2 at 1") {
  const std::vector<double> theta{1, 3, 2};
  CHECK(at(theta, {.num = 0, .den = 1}) == 1);
  CHECK(at(theta, {.num = 1, .den = 2}) == 3);
  CHECK(at(theta, {.num = 1, .den = 1}) == 2);
}

TEST_CASE("at a jump the value is the limit from the side that is asked for") {
  const std::vector<double> theta{1, 3, 2};
  CHECK(at(theta, {.num = 1, .den = 3, .from = side::left}) == 1);
  CHECK(at(theta, {.num = 1, .den = 3, .from = side::right}) == 3);
  CHECK(at(theta, {.num = 2, .den = 3, .from = side::left}) == 3);
  CHECK(at(theta, {.num = 2, .den = 3, .from = side::right}) == 2);
}

TEST_CASE("one piece is constant") {
  for (std::int64_t i = 0; i <= 8; ++i) CHECK(at({5}, {.num = i, .den = 8}) == 5);
}

TEST_CASE("control points are the centres of the cells, where theta is the coefficient") {
  const piecewise_constant phi(3);
  CHECK(phi.node(0) == depth{.num = 1, .den = 6});
  CHECK(phi.node(2) == depth{.num = 5, .den = 6});
  for (std::int64_t n = 1; n <= 20; ++n)
    for (std::size_t k = 0; k < static_cast<std::size_t>(n); ++k)
      CHECK(piecewise_constant(n)(piecewise_constant(n).node(k))[0].k == k);
}

TEST_CASE("a family of piecewise constants has at least one member") {
  CHECK_THROWS_WITH_AS(piecewise_constant(0),
                       "bases::piecewise_constant: K must be at least 1, got 0",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(piecewise_constant(-1),
                       "bases::piecewise_constant: K must be at least 1, got -1",
                       std::invalid_argument);
}
