// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <tuple>
#include <variant>
#include <vector>

#include <doctest/doctest.h>

#include <kutta/basis/hat.hpp>
#include <kutta/basis/legendre.hpp>
#include <kutta/basis/piecewise_constant.hpp>
#include <kutta/basis/piecewise_polynomial.hpp>
#include <kutta/basis/projection_error.hpp>
#include <kutta/basis/smallest.hpp>
#include <kutta/tensor/product.hpp>

#include "support/random.hpp"

namespace {

using kutta::smallest;
using kutta::smallest_mixed;
using kutta::bases::continuous_polynomial;
using kutta::bases::discontinuous_polynomial;
using kutta::bases::hat;
using kutta::bases::legendre;
using kutta::bases::piecewise_constant;

using numbers = std::vector<double>;

const auto constants = [](std::int64_t n) { return piecewise_constant(n); };
const auto hats = [](std::int64_t n) { return hat(n); };
const auto waves = [](std::int64_t n) { return legendre(n); };
const auto parabolas = [](std::int64_t n) { return continuous_polynomial<2>(2 * n + 1); };

struct layer {
  double w, b;
  static constexpr auto fields =
      std::tuple{kutta::field{"w", &layer::w}, kutta::field{"b", &layer::b}};
};

/// t² on four cells, in parabolas.
std::vector<double> square_on_cells() {
  std::vector<double> theta;
  for (int i = 0; i <= 8; ++i) theta.push_back(i * i / 64.);
  return theta;
}

}  // namespace

TEST_CASE("a line on n constants is off by 1/(n √12): the first n that is within") {
  // Relative to √(1/3): 1/(2 n).
  const std::vector<double> line{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
  const hat from(11);
  CHECK(smallest(line, from, {.relative = .126}, constants)->size() == 4);
  CHECK(smallest(line, from, {.relative = .124}, constants)->size() == 5);
  CHECK(smallest(line, from, {.absolute = 10 / (4 * std::sqrt(12.)) + 1e-9}, constants)->size() ==
        4);
  CHECK(smallest(line, from, {.absolute = 10 / (4 * std::sqrt(12.)) - 1e-9}, constants)->size() ==
        5);
}

TEST_CASE("what can be written exactly is found with no tolerance at all") {
  CHECK(smallest(numbers{1, 2, 3, 4, 5}, hat(5), {}, hats)->size() == 2);
  CHECK(smallest(numbers{1, 2, 3, 2, 1}, hat(5), {}, hats)->size() == 3);
  CHECK(smallest(numbers{4, 4, 4, 4}, piecewise_constant(4), {}, constants)->size() == 1);
  CHECK(smallest(numbers{1, 1, 2, 2, 3, 3}, piecewise_constant(6), {}, constants)->size() == 3);
  CHECK(smallest(square_on_cells(), continuous_polynomial<2>(9), {}, waves)->size() == 3);
  CHECK(smallest(numbers{0, 0, 0}, hat(3), {.relative = .1}, hats)->size() == 1);
}

TEST_CASE("a smaller K that happens to fit better is found: the error need not fall with K") {
  // Jumps at 1/2 and nowhere else: two constants are exact, three are not.
  CHECK(smallest(numbers{1, 1, 5, 5}, piecewise_constant(4), {}, constants)->size() == 2);
  CHECK(
      kutta::projection_error(numbers{1, 1, 5, 5}, piecewise_constant(4), piecewise_constant(3))[0]
          .l2 > .1);
}

TEST_CASE("there is none if it takes more members than there are") {
  CHECK_FALSE(smallest(numbers{1, 5, 2}, piecewise_constant(3), {.relative = 1e-3}, hats));
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK_FALSE(smallest(numbers{nan, 1, 1}, hat(3), {.relative = 1}, hats));
}

TEST_CASE("over degrees: as few members as possible, the first of equals") {
  const auto lines = [](std::int64_t n) { return hat(n + 1); };
  const auto best = smallest(square_on_cells(), continuous_polynomial<2>(9), {.relative = 1e-6},
                             constants, lines, parabolas);
  CHECK(best->index() == 2);
  CHECK(std::get<2>(*best).size() == 3);
  const auto coarse =
      smallest(numbers{1, 2, 3}, hat(3), {.relative = .5}, constants, lines, parabolas);
  CHECK(coarse->index() == 0);
  CHECK(std::get<0>(*coarse).size() == 1);
  const auto equal = smallest(numbers{1, 2, 3}, hat(3), {}, lines, waves);
  CHECK(equal->index() == 0);
  CHECK_FALSE(smallest(numbers{1, 5, 2}, piecewise_constant(3), {}, lines, parabolas));
}

TEST_CASE("a polynomial family ends where it has no more members") {
  kutta::test::splitmix64 random(3);
  const auto theta = kutta::test::random_like(std::vector<double>(40), random);
  CHECK_FALSE(smallest(theta, piecewise_constant(40), {.relative = 1e-6}, waves));
}

TEST_CASE("every leaf must be within, and field by field each has its own K") {
  // w is a line, b is constant.
  const std::vector<layer> theta{{0, 3}, {1, 3}, {2, 3}, {3, 3}, {4, 3}};
  CHECK(smallest(theta, hat(5), {.relative = .26}, constants)->size() == 2);
  const auto same = smallest_mixed(theta, hat(5), {.relative = .26}, constants);
  CHECK(same->family<0>().size() == 2);
  CHECK(same->family<1>().size() == 1);
  const auto own = smallest_mixed(theta, hat(5), {}, hats, constants);
  CHECK(own->family<0>().size() == 2);
  CHECK(own->family<1>().size() == 1);
  CHECK_FALSE(smallest_mixed(theta, hat(5), {}, constants, constants));

  const auto compressed = kutta::project(theta, hat(5), *own);
  CHECK(compressed.of<&layer::b>().size() == 1);
  const auto again = smallest_mixed(compressed, *own, {}, hats, constants);
  CHECK(again->family<0>().size() == 2);
  const auto from_mixed = smallest_mixed(compressed, *own, {.relative = .6}, constants);
  CHECK(from_mixed->family<0>().size() == 1);
}

TEST_CASE("a tolerance is not negative, and coefficients belong to their family") {
  CHECK_THROWS_WITH_AS(smallest(numbers{1, 2}, hat(2), {.relative = -.5}, hats),
                       "smallest: a tolerance must be at least 0, got -0.5", std::invalid_argument);
  CHECK_THROWS_WITH_AS(
      smallest_mixed(std::vector<layer>(2), hat(2), {.absolute = std::nan("")}, hats),
      "smallest_mixed: a tolerance must be at least 0, got nan", std::invalid_argument);
  CHECK_THROWS_WITH_AS(smallest(numbers{1, 2}, hat(3), {}, hats),
                       "smallest: theta: expected K = 3 coefficients, got 2",
                       std::invalid_argument);
}
