// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <stdexcept>
#include <type_traits>
#include <vector>

#include <doctest/doctest.h>

#include <kutta/basis/b_spline.hpp>
#include <kutta/basis/coarsen.hpp>
#include <kutta/basis/discontinuous_linear.hpp>
#include <kutta/basis/hat.hpp>
#include <kutta/basis/piecewise_constant.hpp>
#include <kutta/basis/piecewise_polynomial.hpp>
#include <kutta/basis/projection_error.hpp>

#include "support/random.hpp"

namespace {

using kutta::coarsened;
using kutta::coarsened_within;
using kutta::rational;
using kutta::bases::b_spline;
using kutta::bases::continuous_polynomial;
using kutta::bases::discontinuous_linear;
using kutta::bases::discontinuous_polynomial;
using kutta::bases::hat;
using kutta::bases::piecewise_constant;
using namespace kutta::literals;

using numbers = std::vector<double>;
using breakpoints = std::vector<rational>;

/// By trying every pair of neighbours at every merger, each projection carried out.
template <class C, class B>
breakpoints greedy(const numbers& theta, const B& from, std::size_t size) {
  breakpoints b = from.breakpoints();
  while (C(b).size() > size) {
    breakpoints best;
    double least = std::numeric_limits<double>::infinity();
    for (std::size_t i = 1; i + 1 < b.size(); ++i) {
      breakpoints fewer = b;
      fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(i));
      const double error = kutta::projection_error(theta, from, C(fewer))[0].l2;
      if (error < least) least = error, best = fewer;
    }
    b = best;
  }
  return b;
}

template <class C, class B>
double error_of(const numbers& theta, const B& from, const C& to) {
  return kutta::projection_error(theta, from, to)[0].l2;
}

}  // namespace

TEST_CASE("constants: the neighbours that differ least become one") {
  // Merging values p and q on cells of widths v and w adds (p − q)² v w/(v + w).
  const numbers theta{1, 1.5, 4, 9};
  const piecewise_constant from(4);
  CHECK(coarsened<piecewise_constant>(theta, from, 4).breakpoints() == from.breakpoints());
  CHECK(coarsened<piecewise_constant>(theta, from, 3).breakpoints() ==
        breakpoints{0, 1_r / 2, 3_r / 4, 1});
  // 1.25 and 4 on 1/2 and 1/4: 2.75²/6 = 1.26; 4 and 9 on 1/4 each: 25/8.
  CHECK(coarsened<piecewise_constant>(theta, from, 2).breakpoints() == breakpoints{0, 3_r / 4, 1});
}

TEST_CASE("within a tolerance: the last family whose error is below it") {
  const numbers theta{1, 1.5, 4, 9};
  const piecewise_constant from(4);
  const double first = .25 / 8, second = first + 2.75 * 2.75 / 6;  // squared errors
  const auto size = [&](double squared_error) {
    return coarsened_within<piecewise_constant>(theta, from, {.absolute = std::sqrt(squared_error)})
        ->size();
  };
  CHECK(size(0) == 4);
  CHECK(size(first * .999) == 4);
  CHECK(size(first * 1.001) == 3);
  CHECK(size(second * .999) == 3);
  CHECK(size(second * 1.001) == 2);
  CHECK(size(100) == 1);
}

TEST_CASE("what is not needed goes: a kink, a jump, a change of slope stay") {
  // A line but for a kink at 5/8.
  const numbers bent{0, 1, 2, 3, 4, 5, 3, 1, -1};
  CHECK(coarsened_within<hat>(bent, hat(9), {.relative = 1e-6})->breakpoints() ==
        breakpoints{0, 5_r / 8, 1});
  CHECK(
      coarsened_within<continuous_polynomial<2>>(bent, hat(9), {.relative = 1e-6})->breakpoints() ==
      breakpoints{0, 5_r / 8, 1});
  const numbers jumps{2, 2, 2, 7, 7, 7, 7, 7, 1, 1};
  CHECK(coarsened_within<piecewise_constant>(jumps, piecewise_constant(10), {})->breakpoints() ==
        breakpoints{0, 3_r / 10, 4_r / 5, 1});
  CHECK(coarsened_within<discontinuous_polynomial<2>>(jumps, piecewise_constant(10),
                                                      {.relative = 1e-6})
            ->breakpoints() == breakpoints{0, 3_r / 10, 4_r / 5, 1});
}

TEST_CASE("the mergers are those that trying all of them finds") {
  kutta::test::splitmix64 random(6);
  const auto theta = kutta::test::random_like(numbers(12), random);
  for (const std::size_t size : {2U, 4U, 6U, 8U, 10U}) {
    CAPTURE(size);
    CHECK(coarsened<piecewise_constant>(theta, piecewise_constant(12), size).breakpoints() ==
          greedy<piecewise_constant>(theta, piecewise_constant(12), size));
    CHECK(coarsened<discontinuous_linear>(theta, discontinuous_linear(12), size).breakpoints() ==
          greedy<discontinuous_linear>(theta, discontinuous_linear(12), size));
  }
}

TEST_CASE("a continuous family has the errors of trying all mergers, or nearly") {
  kutta::test::splitmix64 random(7);
  for (int times = 0; times < 10; ++times) {
    const auto theta = kutta::test::random_like(numbers(24), random);
    const auto check = [&](const auto& from, std::size_t size) {
      using family = std::remove_cvref_t<decltype(from)>;
      const double error = error_of(theta, from, coarsened<family>(theta, from, size));
      const double least = error_of(theta, from, family(greedy<family>(theta, from, size)));
      CHECK(error <= 1.02 * least);
    };
    check(hat(24), 8);
    check(b_spline<2>(24), 10);
  }
}

TEST_CASE("unequal cells are better than as many equal ones where theta changes quickly") {
  numbers theta;
  for (int i = 0; i < 32; ++i) theta.push_back(std::tanh(i - 5));
  const hat from(32);
  CHECK(error_of(theta, from, coarsened<hat>(theta, from, 6)) < .2 * error_of(theta, from, hat(6)));
}

TEST_CASE("all leaves count; one that changes keeps its breakpoint") {
  const std::vector<std::array<double, 2>> theta{{0, 1}, {0, 1}, {8, 1}, {8, 0}};
  CHECK(coarsened<piecewise_constant>(theta, piecewise_constant(4), 2).breakpoints() ==
        breakpoints{0, 1_r / 2, 1});
}

TEST_CASE("a family has at least one cell, and none is near enough to NaN") {
  CHECK_THROWS_WITH_AS(coarsened<hat>(numbers{1, 2, 3}, hat(3), 1),
                       "coarsened: expected K of at least 2, the members on one cell, got 1",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(coarsened<hat>(numbers{1, 2}, hat(3), 2),
                       "coarsened: theta: expected K = 3 coefficients, got 2",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(coarsened_within<hat>(numbers{1, 2, 3}, hat(3), {.relative = -1}),
                       "coarsened_within: a tolerance must be at least 0, got -1",
                       std::invalid_argument);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK_FALSE(coarsened_within<hat>(numbers{nan, 2, 3}, hat(3), {.relative = 1}));
  CHECK(coarsened<hat>(numbers{nan, 2, 3}, hat(3), 2).size() == 2);
  CHECK_FALSE(coarsened_within<hat>(numbers{1, 2, 3}, piecewise_constant(3), {.relative = .01}));
}
