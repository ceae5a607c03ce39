// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstdint>
#include <limits>
#include <numbers>
#include <stdexcept>
#include <vector>

#include <doctest/doctest.h>

#include <kutta/basis/chebyshev.hpp>
#include <kutta/basis/evaluate.hpp>
#include <kutta/basis/fourier.hpp>
#include <kutta/basis/hat.hpp>
#include <kutta/basis/legendre.hpp>
#include <kutta/basis/monomial.hpp>
#include <kutta/basis/project.hpp>
#include <kutta/basis/refine.hpp>

#include "support/random.hpp"

namespace {

using kutta::depth;
using kutta::bases::chebyshev;
using kutta::bases::fourier;
using kutta::bases::hat;
using kutta::bases::legendre;
using kutta::bases::monomial;

constexpr double epsilon = std::numeric_limits<double>::epsilon();

template <class B>
double at(const B& phi, const depth& s, const std::vector<double>& theta) {
  double room = std::numeric_limits<double>::quiet_NaN();
  return kutta::evaluate(phi, s, theta, room);
}

/// Every member of `phi` is `expected(k, t)` to `ulps` rounding errors, at 101 depths.
template <class B, class F>
void check_members(const B& phi, F&& expected, double ulps) {
  for (std::int64_t i = 0; i <= 100; ++i) {
    const auto values = phi({.num = i, .den = 100});
    CHECK(values.count == phi.size());
    const long double t = static_cast<long double>(i) / 100;
    for (std::size_t k = 0; k < phi.size(); ++k) {
      CAPTURE(i);
      CAPTURE(k);
      CHECK(values[k].k == k);
      const auto error = static_cast<double>(values[k].phi - expected(k, t));
      CHECK(std::abs(error) <= ulps * epsilon);
    }
  }
}

}  // namespace

TEST_CASE("[1, 3] as powers is 1, 1.75, 2.5, 4 at 0, 1/4, 1/2, 1") {
  const std::vector<double> theta{1, 3};
  CHECK(at(monomial(2), {.num = 0, .den = 1}, theta) == 1);
  CHECK(at(monomial(2), {.num = 1, .den = 4}, theta) == 1.75);
  CHECK(at(monomial(2), {.num = 1, .den = 2}, theta) == 2.5);
  CHECK(at(monomial(2), {.num = 1, .den = 1}, theta) == 4);
}

TEST_CASE("the members are the functions they are named for") {
  check_members(
      monomial(8),
      [](std::size_t k, long double t) { return std::pow(t, static_cast<long double>(k)); }, 12);
  check_members(
      legendre(32),
      [](std::size_t k, long double t) {
        return std::legendre(static_cast<unsigned>(k), 2 * t - 1);
      },
      600);  // the slope at the ends is k (k + 1)
  check_members(
      chebyshev(32),
      [](std::size_t k, long double t) {
        return std::cos(static_cast<long double>(k) * std::acos(2 * t - 1));
      },
      1000);  // and here 2 k²
  check_members(
      fourier(32),
      [](std::size_t k, long double t) {
        const std::size_t wave = (k + 1) / 2;
        const long double angle =
            2 * std::numbers::pi_v<long double> * static_cast<long double>(wave) * t;
        return k % 2 == 1 || k == 0 ? std::cos(angle) : std::sin(angle);
      },
      200);  // an angle is up to 32π
}

TEST_CASE("outside [0, 1] the nearest end is meant") {
  const std::vector<double> theta{1, 3};
  CHECK(at(monomial(2), {.num = -1, .den = 2}, theta) == 1);
  CHECK(at(legendre(2), {.num = 3, .den = 2}, theta) == 4);
}

TEST_CASE("a single member is constant and handed out without a copy") {
  const std::vector<std::vector<double>> theta{{1, 2}};
  std::vector<double> room(2);
  const depth s{.num = 1, .den = 3};
  CHECK(&kutta::evaluate(monomial(1), s, theta, room) == theta.data());
  CHECK(&kutta::evaluate(legendre(1), s, theta, room) == theta.data());
  CHECK(&kutta::evaluate(chebyshev(1), s, theta, room) == theta.data());
  CHECK(&kutta::evaluate(fourier(1), s, theta, room) == theta.data());
}

TEST_CASE_TEMPLATE("refinement appends zeros", B, monomial, legendre, chebyshev, fourier) {
  static_assert(kutta::refinable<B>);
  CHECK(kutta::refine(std::vector<double>{2, 3}, B(2)) == std::vector<double>{2, 3, 0, 0});
  CHECK(kutta::refinement(B(2)).apply(std::vector<double>{2, 3}) ==
        std::vector<double>{2, 3, 0, 0});
}

TEST_CASE_TEMPLATE("projecting back after a refinement is the identity", B, monomial, legendre,
                   chebyshev, fourier) {
  for (const std::int64_t size : {1, 2, 4}) {
    const B phi(size);
    const auto m = kutta::projection(phi.refined(), phi);
    for (std::size_t j = 0; j < phi.size(); ++j)
      for (std::size_t k = 0; k < phi.size(); ++k)
        CHECK(std::abs(m(j, k) - (j == k ? 1 : 0)) <= 4000 * epsilon);
  }
}

TEST_CASE("t^2 in other polynomials has the known coefficients") {
  const std::vector<double> square{0, 0, 1};
  const auto check = [](const std::vector<double>& theta, const std::vector<double>& expected) {
    for (std::size_t k = 0; k < expected.size(); ++k)
      CHECK(std::abs(theta[k] - expected[k]) <= 8 * epsilon);
  };
  check(kutta::project(square, monomial(3), legendre(4)), {1. / 3, 1. / 2, 1. / 6, 0});
  check(kutta::project(square, monomial(3), chebyshev(4)), {3. / 8, 1. / 2, 1. / 8, 0});
  check(kutta::project(square, monomial(3), monomial(2)), {-1. / 6, 1});
}

TEST_CASE("eight powers come back from Legendre's polynomials as the same function") {
  kutta::test::splitmix64 random(2);
  const auto theta = kutta::test::random_like(std::vector<double>(8), random);
  const auto powers = kutta::project(theta, legendre(8), monomial(8));
  double largest = 0;
  for (const double v : powers)
    if (std::abs(v) > largest) largest = std::abs(v);
  for (std::int64_t i = 0; i <= 50; ++i) {
    const depth s{.num = i, .den = 50};
    CHECK(std::abs(at(monomial(8), s, powers) - at(legendre(8), s, theta)) <=
          16 * epsilon * largest);
  }
}

TEST_CASE("a Fourier series of the line t has the known coefficients") {
  const auto theta = kutta::project(std::vector<double>{0, 1}, hat(2), fourier(9));
  CHECK(theta[0] == doctest::Approx(.5).epsilon(8 * epsilon));
  for (std::size_t m = 1; m <= 4; ++m) {
    CHECK(std::abs(theta[2 * m - 1]) <= 16 * epsilon);
    CHECK(std::abs(theta[2 * m] + 1 / (std::numbers::pi * static_cast<double>(m))) <= 16 * epsilon);
  }
}

TEST_CASE("thirty-two waves are orthogonal") {
  const auto m = kutta::projection(fourier(32), fourier(32));
  for (std::size_t j = 0; j < 32; ++j)
    for (std::size_t k = 0; k < 32; ++k)
      CHECK(std::abs(m(j, k) - (j == k ? 1 : 0)) <= 64 * epsilon);
  const auto means = kutta::projection(fourier(32), hat(1));
  for (std::size_t k = 0; k < 32; ++k)
    CHECK(std::abs(means(0, k) - (k == 0 ? 1 : 0)) <= 64 * epsilon);
}

TEST_CASE("families without cells have a largest size") {
  CHECK_THROWS_WITH_AS(monomial(9), "bases::monomial: K must be at most 8, got 9",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(legendre(33), "bases::legendre: K must be at most 32, got 33",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(chebyshev(0), "bases::chebyshev: K must be at least 1, got 0",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(fourier(20).refined(), "bases::fourier: K must be at most 32, got 40",
                       std::invalid_argument);
}
