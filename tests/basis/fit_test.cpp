// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <tuple>
#include <vector>

#include <doctest/doctest.h>

#include <kutta/basis/b_spline.hpp>
#include <kutta/basis/discontinuous_linear.hpp>
#include <kutta/basis/fit.hpp>
#include <kutta/basis/hat.hpp>
#include <kutta/basis/legendre.hpp>
#include <kutta/basis/piecewise_constant.hpp>
#include <kutta/schemes/fourth_order.hpp>
#include <kutta/tensor/product.hpp>

#include "support/random.hpp"

namespace {

using kutta::depth;
using kutta::fit;
using kutta::side;
using kutta::stage_depth;
using kutta::bases::b_spline;
using kutta::bases::discontinuous_linear;
using kutta::bases::hat;
using kutta::bases::legendre;
using kutta::bases::piecewise_constant;

using sample = kutta::depth_sample<double>;
using samples = std::vector<sample>;
constexpr double epsilon = std::numeric_limits<double>::epsilon();

static_assert(kutta::averaging_basis<hat> && kutta::averaging_basis<b_spline<3>>);
static_assert(!kutta::averaging_basis<legendre>);

void check_close(const std::vector<double>& theta, const std::vector<double>& expected,
                 double tolerance = 8 * epsilon) {
  CHECK(theta.size() == expected.size());
  for (std::size_t k = 0; k < expected.size(); ++k) {
    CAPTURE(k);
    CHECK(std::abs(theta[k] - expected[k]) <= tolerance);
  }
}

/// A mean that may be negative and a variance that may not.
struct statistics {
  std::array<double, 2> mean, variance;
  static constexpr auto fields = std::tuple{kutta::field{"mean", &statistics::mean},
                                            kutta::field{"variance", &statistics::variance}};
};

}  // namespace

TEST_CASE("two constants from RK4 in two steps: each is the mean of its four samples") {
  samples cloud;
  double value = 1;
  for (std::int64_t step = 0; step < 2; ++step)
    for (const kutta::rational& c : kutta::schemes::rk4_classic::tableau.c) {
      cloud.push_back({stage_depth(step, 2, c), value});
      value *= 2;
    }
  check_close(fit(cloud, piecewise_constant(2), {0, 0}), {15. / 4, 240. / 4}, 64 * epsilon);
}

TEST_CASE("two hats from Euler in two steps extrapolate: rows (1, 0) and (-1, 2)") {
  const samples first{{stage_depth(0, 2, 0), 1}, {stage_depth(1, 2, 0), 0}};
  const samples second{{stage_depth(0, 2, 0), 0}, {stage_depth(1, 2, 0), 1}};
  check_close(fit(first, hat(2), {0, 0}), {1, -1});
  check_close(fit(second, hat(2), {0, 0}), {0, 2});
}

TEST_CASE("samples of a member of the family give it back, whatever was there before") {
  kutta::test::splitmix64 random(8);
  const auto check = [&](const auto& phi) {
    const auto theta = kutta::test::random_like(std::vector<double>(phi.size()), random);
    const auto old = kutta::test::random_like(theta, random);
    samples cloud;
    for (std::int64_t i = 0; i <= 40; ++i) {
      const depth s{.num = i, .den = 40};
      double room = 0;
      cloud.push_back({s, kutta::evaluate(phi, s, theta, room)});
    }
    check_close(fit(cloud, phi, old), theta, 1000 * epsilon);
  };
  check(hat(7));
  check(hat(1));
  check(discontinuous_linear(6));
  check(legendre(6));
  check(b_spline<3>(9));
}

TEST_CASE("a coefficient that no sample touches keeps its old value, bit for bit") {
  const samples cloud{{{.num = 1, .den = 10}, 5}, {{.num = 9, .den = 10}, 7}};
  const auto theta = fit(cloud, piecewise_constant(4), {.1, .2, .3, .4});
  CHECK(theta[1] == .2);
  CHECK(theta[2] == .3);
  check_close(theta, {5, .2, .3, 7});
  CHECK(fit(samples{}, hat(3), {.1, .2, .3}) == std::vector<double>{.1, .2, .3});
}

TEST_CASE("an undetermined state changes as little as possible") {
  // One sample of two hats at 1/4: 3/4 θ_0 + 1/4 θ_1 = 5, nearest to (1, 1): along (3, 1).
  check_close(fit(samples{{{.num = 1, .den = 4}, 5.}}, hat(2), {1, 1}), {1 + 4 * 1.2, 1 + 4 * .4});
  // A sample that the old state explains changes nothing.
  check_close(fit(samples{{{.num = 1, .den = 4}, 1.5}}, hat(2), {1, 3}), {1, 3});
  // The same depth twice: the mean of both.
  check_close(
      fit(samples{{{.num = 0, .den = 1}, 2.}, {{.num = 0, .den = 1}, 4.}}, hat(3), {0, 8, 9}),
      {3, 8, 9});
}

TEST_CASE("what is left over is orthogonal to the samples of every member") {
  kutta::test::splitmix64 random(9);
  const legendre phi(4);
  samples cloud;
  for (std::int64_t i = 0; i < 15; ++i)
    cloud.push_back({{.num = i, .den = 15}, random.between(-1, 1)});
  const auto theta = fit(cloud, phi, {1, 2, 3, 4});
  std::vector<double> inner(4);
  for (const auto& [s, value] : cloud) {
    double room = 0;
    const double left_over = value - kutta::evaluate(phi, s, theta, room);
    for (const auto& [k, phi_k] : phi(s)) inner[k] += left_over * phi_k;
  }
  check_close(inner, {0, 0, 0, 0}, 200 * epsilon);
}

TEST_CASE("each side of a jump is fitted on its own") {
  const depth left{.num = 1, .den = 2, .from = side::left};
  const depth right{.num = 1, .den = 2, .from = side::right};
  check_close(fit(samples{{left, 3.}, {right, 4.}}, discontinuous_linear(4), {1, 1, 1, 1}),
              {1, 3, 4, 1});
}

TEST_CASE("a state that must stay positive does, and the rest is fitted freely") {
  const std::vector<kutta::depth_sample<statistics>> cloud{
      {stage_depth(0, 2, 0), {{3, 1}, {3, 1}}}, {stage_depth(1, 2, 0), {{1, 2}, {1, 2}}}};
  const std::vector<statistics> old{{{0, 0}, {1, 1}}, {{0, 0}, {1, 1}}};
  const auto close = [](double x, double expected) {
    return std::abs(x - expected) <= 16 * epsilon;
  };

  const auto free = fit(cloud, hat(2), old);
  CHECK(close(free[1].variance[0], -1));
  const auto kept = fit(cloud, hat(2), old, {{0, 0}, {1, 1}});
  CHECK(close(kept[1].mean[0], -1));
  CHECK(close(kept[1].mean[1], 3));
  CHECK(kept[1].variance[0] == 1);       // the only sample that touches it
  CHECK(close(kept[1].variance[1], 3));  // extrapolated upwards: left alone
  CHECK(close(kept[0].variance[0], 3));
}

TEST_CASE("a state that does not fit the family or the samples is refused") {
  CHECK_THROWS_WITH_AS(fit(samples{}, hat(3), {1, 2}),
                       "fit: old: expected K = 3 coefficients, got 2", std::invalid_argument);
  const std::vector<kutta::depth_sample<std::vector<double>>> cloud{{{}, {1, 2, 3}}};
  CHECK_THROWS_WITH_AS(fit(cloud, hat(1), {{1, 2}}), "fit: a sample: expected shape (2), got (3)",
                       std::invalid_argument);
}
