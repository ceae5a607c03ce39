// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <vector>

#include <doctest/doctest.h>

#include <kutta/basis/evaluate.hpp>
#include <kutta/basis/hat.hpp>
#include <kutta/tensor/contiguous.hpp>

namespace {

using kutta::depth;
using kutta::side;
using kutta::bases::hat;

static_assert(hat(3)({.num = 1, .den = 8}).count == 2);
static_assert(hat(3)({.num = 1, .den = 8})[0].k == 0 && hat(3)({.num = 1, .den = 8})[0].phi == .75);
static_assert(hat(3)({.num = 1, .den = 8})[1].k == 1 && hat(3)({.num = 1, .den = 8})[1].phi == .25);
static_assert(hat(1).refined().size() == 2 && hat(2).refined().size() == 3);
static_assert(hat(5).refined().size() == 9);

double at(const std::vector<double>& theta, const depth& s) {
  double room = std::numeric_limits<double>::quiet_NaN();
  return kutta::evaluate(hat(static_cast<std::int64_t>(theta.size())), s, theta, room);
}

}  // namespace

TEST_CASE("[1, 3, 2] is 1, 2, 3, 2.5, 2 at 0, 1/4, 1/2, 3/4, 1") {
  const std::vector<double> theta{1, 3, 2};
  CHECK(at(theta, {.num = 0, .den = 1}) == 1);
  CHECK(at(theta, {.num = 1, .den = 4}) == 2);
  CHECK(at(theta, {.num = 1, .den = 2}) == 3);
  CHECK(at(theta, {.num = 3, .den = 4}) == 2.5);
  CHECK(at(theta, {.num = 1, .den = 1}) == 2);
}

TEST_CASE("[1, 5] is not symmetric: 2 at 1/4 and 4 at 3/4") {
  CHECK(at({1, 5}, {.num = 1, .den = 4}) == 2);
  CHECK(at({1, 5}, {.num = 3, .den = 4}) == 4);
}

TEST_CASE("a single hat is constant") {
  for (std::int64_t i = 0; i <= 8; ++i) CHECK(at({3}, {.num = i, .den = 8}) == 3);
}

TEST_CASE("phi_k is 1 at node k and 0 at the others, from both sides") {
  for (std::int64_t size = 2; size <= 17; ++size)
    for (std::size_t k = 0; k < static_cast<std::size_t>(size); ++k)
      for (std::size_t j = 0; j < static_cast<std::size_t>(size); ++j)
        for (const side from : {side::left, side::right}) {
          std::vector<double> unit(static_cast<std::size_t>(size));
          unit[k] = 1;
          depth s = hat(size).node(j);
          s.from = from;
          CHECK(at(unit, s) == (j == k ? 1 : 0));
        }
}

TEST_CASE("the hats are non-negative and sum to 1") {
  for (std::int64_t size = 1; size <= 12; ++size)
    for (std::int64_t i = 0; i <= 97; ++i) {
      double sum = 0;
      for (const auto& [k, phi] : hat(size)({.num = i, .den = 97})) {
        CHECK(k < static_cast<std::size_t>(size));
        CHECK(phi >= 0);
        sum += phi;
      }
      CHECK(sum == doctest::Approx(1).epsilon(std::numeric_limits<double>::epsilon()));
    }
}

TEST_CASE("control points are k/(K - 1), and 1/2 for a single hat") {
  CHECK(hat(1).node(0) == depth{.num = 1, .den = 2});
  CHECK(hat(4).node(0) == depth{.num = 0, .den = 3});
  CHECK(hat(4).node(3) == depth{.num = 3, .den = 3});
}

TEST_CASE("a family of hats has at least one member") {
  CHECK_THROWS_WITH_AS(hat(0), "bases::hat: K must be at least 1, got 0", std::invalid_argument);
  CHECK_THROWS_WITH_AS(hat(-3), "bases::hat: K must be at least 1, got -3", std::invalid_argument);
}
