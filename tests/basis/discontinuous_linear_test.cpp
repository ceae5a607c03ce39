// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <vector>

#include <doctest/doctest.h>

#include <kutta/basis/discontinuous_linear.hpp>
#include <kutta/basis/evaluate.hpp>
#include <kutta/basis/hat.hpp>
#include <kutta/basis/refine.hpp>

namespace {

using kutta::depth;
using kutta::interpolate;
using kutta::refine;
using kutta::side;
using kutta::bases::discontinuous_linear;
using kutta::bases::hat;
using namespace kutta::literals;

double at(const discontinuous_linear& phi, const depth& s, const std::vector<double>& theta) {
  double room = std::numeric_limits<double>::quiet_NaN();
  return kutta::evaluate(phi, s, theta, room);
}

}  // namespace

TEST_CASE("[1, 3, 2, 6] is 1, 2 in the first half, 2, 4, 6 in the second") {
  const discontinuous_linear phi(4);
  const std::vector<double> theta{1, 3, 2, 6};
  CHECK(at(phi, {.num = 0, .den = 1}, theta) == 1);
  CHECK(at(phi, {.num = 1, .den = 4}, theta) == 2);
  CHECK(at(phi, {.num = 1, .den = 2, .from = side::left}, theta) == 3);
  CHECK(at(phi, {.num = 1, .den = 2, .from = side::right}, theta) == 2);
  CHECK(at(phi, {.num = 3, .den = 4}, theta) == 4);
  CHECK(at(phi, {.num = 1, .den = 1}, theta) == 6);
}

TEST_CASE("control points are both ends of each cell, from inside") {
  const discontinuous_linear phi(4);
  CHECK(phi.node(0) == depth{.num = 0, .den = 2});
  CHECK(phi.node(1) == depth{.num = 1, .den = 2, .from = side::left});
  CHECK(phi.node(2) == depth{.num = 1, .den = 2});
  CHECK(phi.node(3) == depth{.num = 2, .den = 2, .from = side::left});
}

TEST_CASE("refinement splits each cell and keeps the jumps") {
  CHECK(refine(std::vector<double>{1, 3, 2, 6}, discontinuous_linear(4)) ==
        std::vector<double>{1, 2, 2, 3, 2, 4, 4, 6});
  CHECK(refine(std::vector<double>{0, 4, 8, 2}, discontinuous_linear({0, 1_r / 4, 1})) ==
        std::vector<double>{0, 2, 2, 4, 8, 5, 5, 2});
}

TEST_CASE("interpolation onto a family that jumps too takes the limits from inside") {
  const std::vector<double> theta{1, 3, 2, 6};
  CHECK(interpolate(theta, discontinuous_linear(4), discontinuous_linear(4)) == theta);
  CHECK(interpolate(theta, discontinuous_linear(4), hat(3)) == std::vector<double>{1, 2.5, 6});
  CHECK(interpolate(std::vector<double>{1, 3, 2}, hat(3), discontinuous_linear(4)) ==
        std::vector<double>{1, 3, 3, 2});
}

TEST_CASE("K is even") {
  CHECK_THROWS_WITH_AS(discontinuous_linear(3),
                       "bases::discontinuous_linear: K must be even and at least 2, got 3",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(discontinuous_linear(0),
                       "bases::discontinuous_linear: K must be even and at least 2, got 0",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(discontinuous_linear({0, 1_r / 2}),
                       "bases::discontinuous_linear: breakpoints must ascend from 0 to 1, got 1/2 "
                       "as the last",
                       std::invalid_argument);
}
