// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <tuple>
#include <vector>

#include <doctest/doctest.h>

#include <kutta/basis/hat.hpp>
#include <kutta/basis/legendre.hpp>
#include <kutta/basis/monomial.hpp>
#include <kutta/basis/piecewise_constant.hpp>
#include <kutta/basis/projection_error.hpp>
#include <kutta/tensor/product.hpp>

namespace {

using kutta::projection_error;
using kutta::bases::hat;
using kutta::bases::legendre;
using kutta::bases::monomial;
using kutta::bases::piecewise_constant;

constexpr double epsilon = std::numeric_limits<double>::epsilon();

struct params {
  std::array<double, 2> w;
  double b;
  static constexpr auto fields =
      std::tuple{kutta::field{"w", &params::w}, kutta::field{"b", &params::b}};
};

void check_close(double x, double expected) {
  CHECK(std::abs(x - expected) <= 16 * epsilon);
}

}  // namespace

TEST_CASE("a line against its mean: 1/√12 in L2 and 1/2 at the ends") {
  const auto errors = projection_error(std::vector<double>{0, 1}, hat(2), piecewise_constant(1));
  CHECK(errors.size() == 1);
  CHECK(errors[0].name == "theta");
  check_close(errors[0].l2, 1 / std::sqrt(12.));
  check_close(errors[0].largest, .5);
}

TEST_CASE("every tensor of a struct has its own error, under its name") {
  // w: the lines t and 2 t against two constants; b does not change with depth.
  const std::vector<params> theta{{{0, 0}, 3}, {{1, 2}, 3}};
  const auto errors = projection_error(theta, hat(2), piecewise_constant(2));
  CHECK(errors.size() == 2);
  CHECK(errors[0].name == "theta.w");
  check_close(errors[0].l2, std::sqrt(5. / 48));
  check_close(errors[0].largest, .5);
  CHECK(errors[1].name == "theta.b");
  check_close(errors[1].l2, 0);
}

TEST_CASE("t^2 against the nearest line: Legendre's coefficient 1/6 of degree 2 is left out") {
  const auto errors = projection_error(std::vector<double>{0, 0, 1}, monomial(3), legendre(2));
  check_close(errors[0].l2, 1 / (6 * std::sqrt(5.)));
  check_close(errors[0].largest, 1. / 6);
}

TEST_CASE("a member of both families has no distance, and any change of basis can be measured") {
  CHECK(projection_error(std::vector<double>{1, 2, 4}, hat(3), hat(5))[0].largest <= 8 * epsilon);
  const auto d = kutta::depth_distance(std::vector<double>{1, 1}, hat(2), std::vector<double>{1, 3},
                                       piecewise_constant(2));
  check_close(d[0].l2, std::sqrt(2.));
  CHECK(d[0].largest == 2);
}

TEST_CASE("NaN is never a small distance") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const std::vector<double> theta{nan, 1, 1};  // finite in the second half of depth
  const auto d =
      kutta::depth_distance(theta, piecewise_constant(3), std::vector<double>{1, 1}, hat(2));
  CHECK(d[0].largest != d[0].largest);
  CHECK(d[0].l2 != d[0].l2);
}

TEST_CASE("structs of other shapes are refused") {
  const std::vector<std::vector<double>> a{{1, 2}}, b{{1, 2, 3}};
  CHECK_THROWS_WITH_AS(kutta::depth_distance(a, hat(1), b, hat(1)),
                       "depth_distance: other: expected shape (2), got (3)", std::invalid_argument);
}
