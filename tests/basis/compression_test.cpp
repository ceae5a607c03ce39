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
#include <kutta/basis/compression.hpp>
#include <kutta/basis/discontinuous_linear.hpp>
#include <kutta/basis/hat.hpp>
#include <kutta/basis/legendre.hpp>
#include <kutta/basis/monomial.hpp>
#include <kutta/basis/piecewise_constant.hpp>
#include <kutta/basis/projection_error.hpp>
#include <kutta/tensor/product.hpp>

#include "support/random.hpp"

namespace {

using kutta::candidates;
using kutta::compression_table;
using kutta::bases::b_spline;
using kutta::bases::discontinuous_linear;
using kutta::bases::hat;
using kutta::bases::legendre;
using kutta::bases::monomial;
using kutta::bases::piecewise_constant;

constexpr double epsilon = std::numeric_limits<double>::epsilon();

struct layer {
  std::array<double, 2> w;
  double b;
  static constexpr auto fields =
      std::tuple{kutta::field{"w", &layer::w}, kutta::field{"b", &layer::b}};
};

void check_close(double x, double expected) {
  CHECK(std::abs(x - expected) <= 64 * epsilon * (1 + std::abs(expected)));
}

/// The L2 errors are those of a projection that is carried out.
template <class B, class C>
void check_against_projection(const B& from, std::int64_t k) {
  kutta::test::splitmix64 random(from.size());
  const auto theta = kutta::test::random_like(std::vector<layer>(from.size()), random);
  const auto table = compression_table(theta, from, candidates<C>{"c", {k}});
  const auto direct = kutta::projection_error(theta, from, C(k));
  for (std::size_t i = 0; i < 2; ++i) {
    CHECK(table[0].errors[i].name == direct[i].name);
    CHECK(std::abs(table[0].errors[i].l2 - direct[i].l2) <= 1e-13);
    CHECK(table[0].errors[i].largest >= direct[i].largest - 1e-13);
  }
  CHECK(std::abs(table[0].errors[1].largest - direct[1].largest) <= 1e-13);  // of one number
}

}  // namespace

TEST_CASE("a line against its mean: 1/√12 in L2, half of it 1/2 at the ends") {
  // ∫ t² = 1/3: relative (1/√12)/(1/√3) = 1/2.
  const auto table = compression_table(std::vector<double>{0, 1}, hat(2),
                                       candidates<piecewise_constant>{"constant", {1, 2}});
  CHECK(table.size() == 2);
  CHECK(table[0].family == "constant");
  CHECK(table[0].size == 1);
  CHECK(table[0].parameters == 1);
  CHECK(table[0].errors[0].name == "theta");
  check_close(table[0].errors[0].l2, 1 / std::sqrt(12.));
  check_close(table[0].errors[0].relative_l2, .5);
  check_close(table[0].errors[0].largest, .5);
  check_close(table[0].errors[0].relative_largest, .5);
  check_close(table[1].errors[0].l2, 1 / std::sqrt(48.));
  check_close(table[1].errors[0].largest, .25);
}

TEST_CASE("every leaf has its own errors, and the parameters count all of them") {
  // w: t and 2 t, |w| = √5 t; b = 3 does not change.
  const std::vector<layer> theta{{{0, 0}, 3}, {{1, 2}, 3}};
  const auto table = compression_table(theta, hat(2), candidates<piecewise_constant>{"pc", {2}},
                                       candidates<legendre>{"legendre", {1, 2}});
  CHECK(table.size() == 3);
  CHECK(table[0].parameters == 6);
  CHECK(table[0].errors[0].name == "theta.w");
  check_close(table[0].errors[0].l2, std::sqrt(5. / 48));
  check_close(table[0].errors[0].relative_l2, .25);
  check_close(table[0].errors[0].largest, std::sqrt(5.) / 4);
  CHECK(table[0].errors[1].name == "theta.b");
  CHECK(table[0].errors[1].l2 == 0);
  CHECK(table[0].errors[1].relative_l2 == 0);
  CHECK(table[1].family == "legendre");
  check_close(table[1].errors[0].relative_l2, .5);
  CHECK(table[2].errors[0].l2 == 0);
}

TEST_CASE("t^2 against the nearest line: Legendre's coefficient 1/6 of degree 2 is left out") {
  const auto table = compression_table(std::vector<double>{0, 0, 1}, monomial(3),
                                       candidates<legendre>{"legendre", {2}});
  check_close(table[0].errors[0].l2, 1 / (6 * std::sqrt(5.)));
  check_close(table[0].errors[0].relative_l2, 1. / 6);  // ∫ t⁴ = 1/5
  check_close(table[0].errors[0].largest, 1. / 6);
}

TEST_CASE("from the inner products alone come the errors of the projection itself") {
  check_against_projection<piecewise_constant, hat>(piecewise_constant(7), 5);
  check_against_projection<hat, piecewise_constant>(hat(9), 4);
  check_against_projection<discontinuous_linear, b_spline<3>>(discontinuous_linear(10), 6);
  check_against_projection<b_spline<2>, legendre>(b_spline<2>(8), 4);
  check_against_projection<legendre, hat>(legendre(6), 3);
}

TEST_CASE("what is rounding counts as nothing, and a small error as itself") {
  const double small = 1e-6;
  const auto table =
      compression_table(std::vector<double>{1e3, 1e3 + small * 2e3}, hat(2),
                        candidates<hat>{"hat", {2, 3}}, candidates<piecewise_constant>{"pc", {1}});
  CHECK(table[0].errors[0].l2 == 0);
  CHECK(table[1].errors[0].largest == 0);
  CHECK(std::abs(table[2].errors[0].relative_l2 - 2 * small / std::sqrt(12.)) <= 1e-8);
}

TEST_CASE("NaN is never a small error; weights that are 0 have none") {
  const std::vector<double> broken{std::numeric_limits<double>::quiet_NaN(), 1, 1};
  const auto table = compression_table(broken, hat(3), candidates<hat>{"hat", {2}});
  CHECK(table[0].errors[0].l2 != table[0].errors[0].l2);
  CHECK(table[0].errors[0].largest != table[0].errors[0].largest);
  const auto zeros =
      compression_table(std::vector<double>{0, 0, 0}, hat(3), candidates<hat>{"hat", {1}});
  CHECK(zeros[0].errors[0].l2 == 0);
  CHECK(zeros[0].errors[0].relative_l2 == 0);
}

TEST_CASE("the table as text has a line for each family and leaf") {
  const std::vector<layer> theta{{{0, 0}, 3}, {{1, 2}, 3}};
  CHECK(kutta::table_text(compression_table(theta, hat(2), candidates<hat>{"hat", {1}})) ==
        "family\tK\tparameters\tleaf\tL2\trelative\tlargest\trelative\n"
        "hat\t1\t3\ttheta.w\t0.645\t0.5\t1.12\t0.5\n"
        "hat\t1\t3\ttheta.b\t0\t0\t0\t0\n");
}

TEST_CASE("what does not fit is refused") {
  CHECK_THROWS_WITH_AS(
      compression_table(std::vector<double>{1}, hat(3), candidates<hat>{"hat", {2}}),
      "compression_table: theta: expected K = 3 coefficients, got 1", std::invalid_argument);
  CHECK_THROWS_WITH_AS(compression_table(std::vector<double>{1, 2}, hat(2),
                                         candidates<discontinuous_linear>{"lines", {3}}),
                       "bases::discontinuous_linear: K must be even and at least 2, got 3",
                       std::invalid_argument);
}
