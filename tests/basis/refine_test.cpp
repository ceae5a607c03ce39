// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <vector>

#include <doctest/doctest.h>

#include <kutta/basis/hat.hpp>
#include <kutta/basis/piecewise_constant.hpp>
#include <kutta/basis/refine.hpp>
#include <kutta/tensor/product.hpp>

#include "support/depth_functions.hpp"
#include "support/random.hpp"

namespace {

using kutta::interpolate;
using kutta::refine;
using kutta::bases::hat;
using kutta::bases::piecewise_constant;
using kutta::test::splitmix64;

static_assert(kutta::refinable<hat> && kutta::refinable<piecewise_constant>);

/// The distance in units of ε max |θ_k|.
template <class B, class C>
double relative_distance(const B& coarse, const std::vector<double>& theta, const C& fine,
                         const std::vector<double>& theta_fine) {
  double scale = 0;
  for (const double v : theta) scale = std::max(scale, std::abs(v));
  return kutta::test::distance(coarse, theta, fine, theta_fine) /
         (scale * std::numeric_limits<double>::epsilon());
}

}  // namespace

TEST_CASE("refining hats inserts the midpoints") {
  CHECK(refine(std::vector<double>{2, 3, 1}, hat(3)) == std::vector<double>{2, 2.5, 3, 2, 1});
  CHECK(refine(std::vector<double>{2, 3}, hat(2)) == std::vector<double>{2, 2.5, 3});
  CHECK(refine(std::vector<double>{7}, hat(1)) == std::vector<double>{7, 7});
}

TEST_CASE("refining piecewise constants duplicates the coefficients") {
  CHECK(refine(std::vector<double>{2, 3}, piecewise_constant(2)) ==
        std::vector<double>{2, 2, 3, 3});
  CHECK(refine(std::vector<double>{7}, piecewise_constant(1)) == std::vector<double>{7, 7});
}

TEST_CASE_TEMPLATE("refinement keeps theta(s) at every depth, on both sides of a jump", B, hat,
                   piecewise_constant) {
  splitmix64 random(11);
  for (const std::int64_t size : {1, 2, 3, 4, 7, 10}) {
    CAPTURE(size);
    const B coarse(size);
    const auto theta = kutta::test::random_like(std::vector<double>(coarse.size()), random);
    CHECK(relative_distance(coarse, theta, coarse.refined(), refine(theta, coarse)) <= 4);

    B fine = coarse;
    auto theta_fine = theta;
    for (int times = 1; times <= 6; ++times) {
      theta_fine = refine(theta_fine, fine);
      fine = fine.refined();
      CAPTURE(times);
      CHECK(theta_fine.size() == fine.size());
      CHECK(relative_distance(coarse, theta, fine, theta_fine) <= 4);
    }
  }
}

TEST_CASE("interpolation takes the value at the control points of the new family") {
  const std::vector<double> theta{2, 4};
  CHECK(interpolate(theta, hat(2), hat(5)) == std::vector<double>{2, 2.5, 3, 3.5, 4});
  CHECK(interpolate(theta, hat(2), hat(1)) == std::vector<double>{3});
  CHECK(interpolate(theta, hat(2), piecewise_constant(2)) == std::vector<double>{2.5, 3.5});
  CHECK(interpolate(theta, piecewise_constant(2), hat(4)) == std::vector<double>{2, 2, 4, 4});
  CHECK(interpolate(std::vector<double>{1, 5, 3}, piecewise_constant(3), piecewise_constant(1)) ==
        std::vector<double>{5});
}

TEST_CASE("interpolation takes the mean of both limits where the weights jump") {
  CHECK(interpolate(std::vector<double>{1, 3, 2, 8}, piecewise_constant(4),
                    piecewise_constant(2)) == std::vector<double>{2, 5});
  CHECK(interpolate(std::vector<double>{1, 4}, piecewise_constant(2), hat(3)) ==
        std::vector<double>{1, 2.5, 4});
}

TEST_CASE("coefficients may be any tensor; they are copied, never referred to") {
  const std::vector<std::vector<double>> theta{{1, 2}, {3, 6}};
  auto fine = refine(theta, hat(2));
  CHECK(fine == std::vector<std::vector<double>>{{1, 2}, {2, 4}, {3, 6}});
  fine[0][0] = 9;
  CHECK(theta[0][0] == 1);
}

TEST_CASE("interpolation refuses coefficients that do not belong to the family") {
  CHECK_THROWS_WITH_AS(interpolate(std::vector<double>{1, 2}, hat(3), hat(2)),
                       "interpolate: theta: expected K = 3 coefficients, got 2",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(refine(std::vector<double>{}, hat(1)),
                       "interpolate: theta: expected K = 1 coefficients, got 0",
                       std::invalid_argument);
}
