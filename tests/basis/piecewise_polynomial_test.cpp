// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <vector>

#include <doctest/doctest.h>

#include <kutta/basis/discontinuous_linear.hpp>
#include <kutta/basis/hat.hpp>
#include <kutta/basis/monomial.hpp>
#include <kutta/basis/piecewise_polynomial.hpp>
#include <kutta/basis/project.hpp>

#include "support/depth_functions.hpp"

namespace {

using kutta::depth;
using kutta::side;
using kutta::bases::continuous_polynomial;
using kutta::bases::discontinuous_linear;
using kutta::bases::discontinuous_polynomial;
using kutta::bases::hat;
using kutta::bases::monomial;
using kutta::bases::node_spacing;
using kutta::test::at;
using kutta::test::distance;
using namespace kutta::literals;

constexpr double epsilon = std::numeric_limits<double>::epsilon();
constexpr node_spacing spacings[] = {node_spacing::equal, node_spacing::gauss_lobatto};

/// θ(node(k)) = θ_k: φ_j is 1 at its own node and 0 at the others, seen from where the node is.
template <class B>
void check_nodal(const B& phi) {
  for (std::size_t k = 0; k < phi.size(); ++k)
    for (std::size_t j = 0; j < phi.size(); ++j) {
      std::vector<double> unit(phi.size());
      unit[k] = 1;
      CAPTURE(k);
      CAPTURE(j);
      CHECK(std::abs(at(phi, phi.node(j), unit) - (j == k ? 1 : 0)) <= 16 * epsilon);
    }
}

template <class B>
void check_refinement(const B& phi) {
  const auto theta = kutta::test::random_coefficients(phi.size());
  CHECK(distance(phi, theta, phi.refined(), kutta::refine(theta, phi)) <= 32 * epsilon);
  const auto back = kutta::project(kutta::refine(theta, phi), phi.refined(), phi);
  for (std::size_t k = 0; k < theta.size(); ++k)
    CHECK(std::abs(back[k] - theta[k]) <= 64 * epsilon);
}

}  // namespace

TEST_CASE("of degree 2 on one cell: the parabolas through 0, 1/2 and 1") {
  for (const node_spacing spacing : spacings) {  // both place the three nodes alike
    const continuous_polynomial<2> phi(3, spacing);
    for (std::int64_t i = 0; i <= 16; ++i) {
      const double t = static_cast<double>(i) / 16;
      const auto v = phi({.num = i, .den = 16});
      CHECK(std::abs(v[0].phi - (1 - t) * (1 - 2 * t)) <= 2 * epsilon);
      CHECK(std::abs(v[1].phi - 4 * t * (1 - t)) <= 2 * epsilon);
      CHECK(std::abs(v[2].phi - t * (2 * t - 1)) <= 2 * epsilon);
    }
  }
}

TEST_CASE("control points are at the nodes that the tables print") {
  const continuous_polynomial<3> phi(4);  // ±1/√5 on [−1, 1]
  CHECK(std::abs(phi.node(1).value() - (1 - 1 / std::sqrt(5.)) / 2) <= epsilon);
  CHECK(std::abs(phi.node(2).value() - (1 + 1 / std::sqrt(5.)) / 2) <= epsilon);
  const continuous_polynomial<4> quartic(5);  // ±√(3/7)
  CHECK(std::abs(quartic.node(1).value() - (1 - std::sqrt(3. / 7)) / 2) <= epsilon);
  CHECK(std::abs(quartic.node(2).value() - .5) <= epsilon);
  CHECK(continuous_polynomial<3>(7, node_spacing::equal).node(4) == depth{.num = 4, .den = 6});
}

TEST_CASE("theta at a control point is the coefficient") {
  for (const node_spacing spacing : spacings) {
    check_nodal(continuous_polynomial<1>(4, spacing));
    check_nodal(continuous_polynomial<3>(10, spacing));
    check_nodal(continuous_polynomial<5>({0, 1_r / 7, 1}, spacing));
    check_nodal(discontinuous_polynomial<1>(6, spacing));
    check_nodal(discontinuous_polynomial<3>(12, spacing));
    check_nodal(discontinuous_polynomial<4>({0, 2_r / 3, 1}, spacing));
  }
}

TEST_CASE("of degree 1 they are the hats and the discontinuous lines") {
  const std::vector<double> theta{3, -1, 4, 1, -5, 9};
  CHECK(distance(continuous_polynomial<1>(6), theta, hat(6), theta) <= 16 * epsilon);
  CHECK(distance(discontinuous_polynomial<1>(6), theta, discontinuous_linear(6), theta) <=
        16 * epsilon);
}

TEST_CASE("polynomials of the degree are reproduced, by interpolation and by projection") {
  const std::vector<double> theta{1, -2, .5, 3};
  const auto check = [&](const auto& phi) {
    CHECK(distance(monomial(4), theta, phi, kutta::interpolate(theta, monomial(4), phi)) <=
          16 * epsilon);
    CHECK(distance(monomial(4), theta, phi, kutta::project(theta, monomial(4), phi)) <=
          64 * epsilon);
  };
  for (const node_spacing spacing : spacings) {
    check(continuous_polynomial<3>(7, spacing));
    check(continuous_polynomial<4>({0, 1_r / 5, 1_r / 2, 1}, spacing));
    check(discontinuous_polynomial<3>(8, spacing));
  }
}

TEST_CASE("refinement keeps theta(s), and projecting back is the identity") {
  for (const node_spacing spacing : spacings) {
    check_refinement(continuous_polynomial<2>(5, spacing));
    check_refinement(continuous_polynomial<3>({0, 1_r / 4, 2_r / 3, 1}, spacing));
    check_refinement(discontinuous_polynomial<2>(6, spacing));
    check_refinement(discontinuous_polynomial<3>({0, 1_r / 3, 1}, spacing));
  }
}

TEST_CASE("at every breakpoint each side has its own limit") {
  const discontinuous_polynomial<2> phi({0, 1_r / 3, 3_r / 4, 1});
  const std::vector<double> theta{1, 2, 3, 4, 5, 6, 7, 8, 9};
  CHECK(at(phi, {.num = 1, .den = 3, .from = side::left}, theta) == 3);
  CHECK(at(phi, {.num = 1, .den = 3, .from = side::right}, theta) == 4);
  CHECK(at(phi, {.num = 3, .den = 4, .from = side::left}, theta) == 6);
  CHECK(at(phi, {.num = 3, .den = 4, .from = side::right}, theta) == 7);
  CHECK(at(phi, {.num = 0, .den = 1, .from = side::left}, theta) == 1);
  CHECK(at(phi, {.num = 1, .den = 1, .from = side::right}, theta) == 9);
}

TEST_CASE("the number of coefficients belongs to the degree") {
  CHECK_THROWS_WITH_AS(continuous_polynomial<3>(6),
                       "bases::continuous_polynomial: K must be 3 n + 1 with n at least 1, got 6",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(continuous_polynomial<3>(3),
                       "bases::continuous_polynomial: K must be 3 n + 1 with n at least 1, got 3",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(discontinuous_polynomial<2>(4),
                       "bases::discontinuous_polynomial: K must be 3 n with n at least 1, got 4",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(discontinuous_polynomial<2>({0, 1_r / 2, 1_r / 3, 1}),
                       "bases::discontinuous_polynomial: breakpoints must ascend from 0 to 1, got "
                       "1/3 after 1/2",
                       std::invalid_argument);
}
