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
#include <kutta/basis/hat.hpp>
#include <kutta/basis/legendre.hpp>
#include <kutta/basis/mixed_operator.hpp>
#include <kutta/basis/piecewise_constant.hpp>
#include <kutta/tensor/product.hpp>
#include <kutta/train/adam.hpp>

#include "support/random.hpp"

namespace {

using kutta::depth;
using kutta::bases::b_spline;
using kutta::bases::hat;
using kutta::bases::legendre;
using kutta::bases::mixed;
using kutta::bases::piecewise_constant;

constexpr double epsilon = std::numeric_limits<double>::epsilon();

struct layer {
  std::array<double, 2> w;
  double b;
  static constexpr auto fields =
      std::tuple{kutta::field{"w", &layer::w}, kutta::field{"b", &layer::b}};
};
using coefficients = kutta::mixed_coefficients<layer>;

coefficients on_cells_and_nodes() {  // in piecewise_constant(4) and hat(3)
  coefficients theta;
  theta.of<&layer::w>() = {{1, 0}, {3, 2}, {5, 4}, {9, 8}};
  theta.of<&layer::b>() = {2, 3, 1};
  return theta;
}

}  // namespace

TEST_CASE("every field is projected from its own family to its own") {
  const auto coarse = kutta::project(on_cells_and_nodes(), mixed(piecewise_constant(4), hat(3)),
                                     mixed(piecewise_constant(2), piecewise_constant(1)));
  CHECK(coarse.of<&layer::w>() == std::vector<std::array<double, 2>>{{2, 1}, {7, 6}});
  CHECK(coarse.of<&layer::b>().size() == 1);
  CHECK(std::abs(coarse.of<&layer::b>()[0] - 2.25) <= 4 * epsilon);  // (2.5 + 2)/2
}

TEST_CASE("refinement keeps theta(s) in every field") {
  const mixed phi(piecewise_constant(4), hat(3));
  const auto fine = kutta::refine(on_cells_and_nodes(), phi);
  CHECK(fine.of<&layer::w>().size() == 8);
  CHECK(fine.of<&layer::w>()[6] == std::array<double, 2>{9, 8});
  CHECK(fine.of<&layer::b>() == std::vector<double>{2, 2.5, 3, 2, 1});
}

TEST_CASE("families without control points are refined by projection or by zeros") {
  const mixed phi(b_spline<2>(4), legendre(2));
  kutta::test::splitmix64 random(1);
  const auto theta = kutta::test::random_like(kutta::zero_coefficients(phi, layer{}), random);
  const auto fine = kutta::refine(theta, phi);
  for (std::int64_t i = 0; i <= 30; ++i) {
    const depth s{.num = i, .den = 30};
    layer at{}, fine_at{};
    kutta::evaluate(phi, s, theta, at);
    kutta::evaluate(phi.refined(), s, fine, fine_at);
    for (std::size_t j = 0; j < 2; ++j) CHECK(std::abs(at.w[j] - fine_at.w[j]) <= 32 * epsilon);
    CHECK(std::abs(at.b - fine_at.b) <= 4 * epsilon);
  }
}

TEST_CASE("interpolation takes the values at the control points of each new family") {
  const auto result = kutta::interpolate(on_cells_and_nodes(), mixed(piecewise_constant(4), hat(3)),
                                         mixed(piecewise_constant(2), hat(5)));
  CHECK(result.of<&layer::w>() == std::vector<std::array<double, 2>>{{2, 1}, {7, 6}});
  CHECK(result.of<&layer::b>() == std::vector<double>{2, 2.5, 3, 2, 1});
}

TEST_CASE("one family for all becomes one for each field") {
  const std::vector<layer> theta{{{1, 2}, 1}, {{3, 4}, 2}, {{5, 6}, 3}};
  const auto result = kutta::project(theta, hat(3), mixed(hat(5), piecewise_constant(1)));
  const std::vector<std::array<double, 2>> expected{{1, 2}, {2, 3}, {3, 4}, {4, 5}, {5, 6}};
  for (std::size_t k = 0; k < 5; ++k)
    for (std::size_t j = 0; j < 2; ++j)
      CHECK(std::abs(result.of<&layer::w>()[k][j] - expected[k][j]) <= 16 * epsilon);
  CHECK(std::abs(result.of<&layer::b>()[0] - 2) <= 4 * epsilon);

  const std::vector<std::tuple<double, double>> pairs{{1, 2}, {3, 6}};
  const auto means =
      kutta::project(pairs, piecewise_constant(2), mixed(piecewise_constant(1), hat(1)));
  CHECK(std::abs(std::get<0>(means)[0] - 2) <= epsilon);
  CHECK(std::abs(std::get<1>(means)[0] - 4) <= 2 * epsilon);
}

TEST_CASE("the moments of Adam move field by field, and second moments stay non-negative") {
  const mixed from(piecewise_constant(4), hat(3));
  const mixed to(hat(4), hat(3));
  auto second = kutta::zero_coefficients(from, layer{});
  second.of<&layer::w>()[1] = {1, 2};
  const kutta::adam_moments<coefficients> moments{on_cells_and_nodes(), second, 17};
  const auto m = kutta::projection(from, to);
  const auto moved = m.apply(moments);
  CHECK(moved.first.of<&layer::w>() == m[0].apply(on_cells_and_nodes().of<&layer::w>()));
  CHECK(std::abs(moved.second.of<&layer::w>()[0][1] - 2 * .4125) <= 4 * epsilon);  // not −.825
  CHECK(moved.steps == 17);
}

TEST_CASE("coefficients that do not fit are refused, and the message names the field") {
  auto theta = on_cells_and_nodes();
  theta.of<&layer::b>().push_back(0);
  const mixed phi(piecewise_constant(4), hat(3));
  CHECK_THROWS_WITH_AS(kutta::project(theta, phi, phi),
                       "project: theta.b: expected K = 3 coefficients, got 4",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(kutta::interpolate(theta, phi, phi),
                       "interpolate: theta.b: expected K = 3 coefficients, got 4",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(kutta::refine(theta, phi),
                       "refine: theta.b: expected K = 3 coefficients, got 4",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(kutta::project(std::vector<layer>(2), hat(3), phi),
                       "project: theta: expected K = 3 coefficients, got 2", std::invalid_argument);
}
