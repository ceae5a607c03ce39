// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <vector>

#include <doctest/doctest.h>

#include <kutta/basis/b_spline.hpp>
#include <kutta/basis/hat.hpp>
#include <kutta/basis/monomial.hpp>
#include <kutta/basis/piecewise_constant.hpp>
#include <kutta/basis/project.hpp>

#include "support/depth_functions.hpp"

namespace {

using kutta::depth;
using kutta::side;
using kutta::bases::b_spline;
using kutta::bases::hat;
using kutta::bases::monomial;
using kutta::bases::piecewise_constant;
using kutta::test::at;
using kutta::test::distance;
using kutta::test::random_coefficients;
using namespace kutta::literals;

constexpr double epsilon = std::numeric_limits<double>::epsilon();

}  // namespace

TEST_CASE("on one cell they are Bernstein's polynomials") {
  const b_spline<3> phi(4);
  for (std::int64_t i = 0; i <= 20; ++i) {
    const double t = static_cast<double>(i) / 20, r = 1 - t;
    const auto v = phi({.num = i, .den = 20});
    const double expected[] = {r * r * r, 3 * t * r * r, 3 * t * t * r, t * t * t};
    for (std::size_t k = 0; k < 4; ++k) CHECK(std::abs(v[k].phi - expected[k]) <= 4 * epsilon);
  }
}

TEST_CASE("far from the ends a cubic is the known four pieces") {
  const b_spline<3> phi(13);  // ten cells
  for (std::int64_t i = 0; i < 16; ++i) {
    const double u = static_cast<double>(i) / 16;
    const auto v = phi({.num = 80 + i, .den = 160});
    const double expected[] = {(1 - u) * (1 - u) * (1 - u) / 6, (3 * u * u * u - 6 * u * u + 4) / 6,
                               (-3 * u * u * u + 3 * u * u + 3 * u + 1) / 6, u * u * u / 6};
    for (std::size_t k = 0; k < 4; ++k) {
      CHECK(v[k].k == 5 + k);
      CHECK(std::abs(v[k].phi - expected[k]) <= 4 * epsilon);
    }
  }
}

TEST_CASE("on unequal cells a parabola has the values of its two pieces, found by hand") {
  // Its knots are 0, 0, 1/4, 1.
  const b_spline<2> phi({0, 1_r / 4, 1});
  for (std::int64_t i = 0; i <= 16; ++i) {
    const double t = static_cast<double>(i) / 16;
    const double expected =
        t < .25 ? 4 * t * (1 - 4 * t) + (1 - t) * 4 * t : 4. / 3 * (1 - t) * (1 - t);
    double n1 = 0;
    for (const auto& [k, value] : phi({.num = i, .den = 16}))
      if (k == 1) n1 = value;
    CHECK(std::abs(n1 - expected) <= 4 * epsilon);
  }
}

TEST_CASE("of degree 0 and 1 they are the piecewise constants and the hats") {
  const auto theta = random_coefficients(6);
  CHECK(distance(b_spline<0>(6), theta, piecewise_constant(6), theta) == 0);
  CHECK(distance(b_spline<1>(6), theta, hat(6), theta) <= 2 * epsilon);
  CHECK(distance(b_spline<1>({0, 1_r / 7, 1_r / 3, 1}), random_coefficients(4),
                 hat({0, 1_r / 7, 1_r / 3, 1}), random_coefficients(4)) <= 4 * epsilon);
}

TEST_CASE("the splines are non-negative and sum to 1") {
  const auto check = [](const auto& phi) {
    for (std::int64_t i = 0; i <= 97; ++i)
      for (const side from : {side::left, side::right}) {
        double sum = 0;
        for (const auto& [k, value] : phi({.num = i, .den = 97, .from = from})) {
          CHECK(k < phi.size());
          CHECK(value >= 0);
          sum += value;
        }
        CHECK(std::abs(sum - 1) <= 4 * epsilon);
      }
  };
  check(b_spline<2>(3));
  check(b_spline<3>(9));
  check(b_spline<4>({0, 1_r / 9, 1_r / 8, 1}));
}

TEST_CASE("the first and the last coefficient are the values at the ends") {
  const std::vector<double> theta{3, 1, 4, 1, 5};
  CHECK(at(b_spline<3>(5), {.num = 0, .den = 1}, theta) == 3);
  CHECK(at(b_spline<3>(5), {.num = 1, .den = 1}, theta) == 5);
}

TEST_CASE("a cubic spline is twice continuously differentiable across its breakpoints") {
  const b_spline<3> phi({0, 1_r / 4, 1_r / 2, 1});
  const auto theta = random_coefficients(6);
  const auto value = [&](std::int64_t num) { return at(phi, {.num = num, .den = 4096}, theta); };
  // On each side of 1/4 the second difference is linear in its place: extrapolated, both meet.
  const auto second = [&](std::int64_t mid) {
    return (value(mid - 64) - 2 * value(mid) + value(mid + 64)) * 4096;
  };
  const double from_left = 2 * second(1024 - 64) - second(1024 - 128);
  const double from_right = 2 * second(1024 + 64) - second(1024 + 128);
  CHECK(std::abs(from_left - from_right) <= 1e-10);
}

TEST_CASE("polynomials of the degree are reproduced") {
  const std::vector<double> theta{1, -2, .5, 3};
  const auto check = [&](const auto& phi) {
    CHECK(distance(monomial(4), theta, phi, kutta::project(theta, monomial(4), phi)) <=
          64 * epsilon);
  };
  check(b_spline<3>(4));
  check(b_spline<3>(11));
  check(b_spline<4>({0, 1_r / 5, 1_r / 2, 1}));
}

TEST_CASE("refinement keeps theta(s), and projecting back is the identity") {
  const auto check = [](const auto& phi) {
    const auto theta = random_coefficients(phi.size());
    const auto fine = kutta::refine(theta, phi);
    CHECK(distance(phi, theta, phi.refined(), fine) <= 64 * epsilon);
    const auto back = kutta::project(fine, phi.refined(), phi);
    for (std::size_t k = 0; k < theta.size(); ++k)
      CHECK(std::abs(back[k] - theta[k]) <= 64 * epsilon);
  };
  check(b_spline<2>(6));
  check(b_spline<3>(4));
  check(b_spline<3>({0, 1_r / 3, 3_r / 4, 1}));
}

TEST_CASE("there is at least one cell") {
  CHECK_THROWS_WITH_AS(b_spline<3>(3), "bases::b_spline: K must be at least p + 1 = 4, got 3",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(b_spline<2>({0, 1_r / 2}),
                       "bases::b_spline: breakpoints must ascend from 0 to 1, got 1/2 as the last",
                       std::invalid_argument);
}
