// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstddef>
#include <limits>

#include <doctest/doctest.h>

#include <kutta/schemes/fourth_order.hpp>
#include <kutta/schemes/order.hpp>
#include <kutta/schemes/second_order.hpp>

#include "reference_tables.hpp"

using namespace kutta;
using namespace kutta::test;

namespace {

constexpr double eps = std::numeric_limits<double>::epsilon();

bool close(double x, double expected) {
  return std::abs(x - expected) <= 4 * eps * std::abs(expected);
}

/// The two-stage schemes of order 2: c_2 = c, b_2 = 1/(2c).
constexpr butcher_tableau<2> two_stages(rational c) {
  const rational b = 1_r / 2 / c;
  return {.c = {0, c}, .a = {{}, {c}}, .b = {1 - b, b}};
}

}  // namespace

static_assert(order(heun_euler21::tableau) == 2 && embedded_order(heun_euler21::tableau) == 1);
static_assert(order(fehlberg21::tableau) == 2 && embedded_order(fehlberg21::tableau) == 1);
static_assert(order(bogacki_shampine32::tableau) == 3);
static_assert(embedded_order(bogacki_shampine32::tableau) == 2);
static_assert(order(dormand_prince54::tableau) == 5);
static_assert(embedded_order(dormand_prince54::tableau) == 4);
static_assert(order(tsitouras54::tableau) == 5 && embedded_order(tsitouras54::tableau) == 4);
static_assert(order(implicit_midpoint::tableau) == 2);
static_assert(order(gauss4::tableau) == 4);

TEST_CASE("an order computed at run time is the one computed at compile time") {
  butcher_tableau<7> rk = dormand_prince54::tableau;
  CHECK(order(rk) == 5);
  CHECK(embedded_order(rk) == 4);
  rk = with_embedding_swapped(rk);
  CHECK(order(rk) == 4);
  CHECK(embedded_order(rk) == 5);
}

TEST_CASE("without embedded weights the embedded order is 0") {
  CHECK(embedded_order(schemes::rk4_classic::tableau) == 0);
  CHECK(embedded_order(gauss4::tableau) == 0);
}

TEST_CASE("a table whose nodes are not its row sums has order 0") {
  CHECK(order(with_c(schemes::rk4_classic::tableau, 1, 1_r / 3)) == 0);
  CHECK(order(with_c(tsitouras54::tableau, 3, 0.9 + 1e-10)) == 0);
}

TEST_CASE("swapped weights lower the order") {
  CHECK(order(with_weights_swapped(schemes::rk4_classic::tableau, 0, 1)) == 1);
  CHECK(order(with_weights_swapped(schemes::ralston2::tableau, 0, 1)) == 1);
  CHECK(order(with_weights_swapped(bogacki_shampine32::tableau, 0, 1)) == 1);
  CHECK(order(with_weights_swapped(dormand_prince54::tableau, 2, 3)) == 1);
}

TEST_CASE("embedded weights in the place of the weights are noticed") {
  CHECK(order(with_embedding_swapped(bogacki_shampine32::tableau)) == 2);
  CHECK(embedded_order(with_embedding_swapped(bogacki_shampine32::tableau)) == 3);
  CHECK(order(with_embedding_swapped(tsitouras54::tableau)) == 4);
  CHECK(embedded_order(with_embedding_swapped(tsitouras54::tableau)) == 5);
}

TEST_CASE("a wrong digit in a decimal table is noticed") {
  constexpr const auto& ts = tsitouras54::tableau;
  for (std::size_t i = 0; i < 6; ++i) {
    CHECK(order(with_b(ts, i, ts.b[i] + 1e-10)) == 0);
    for (std::size_t j = 0; j < i; ++j) CHECK(order(with_a(ts, i, j, ts.a[i][j] + 1e-9)) < 5);
  }
}

TEST_CASE("a table in doubles needs its tolerance") {
  auto rk = tsitouras54::tableau;
  rk.tolerance = 0;
  CHECK(order(rk) < 5);
  rk.tolerance = std::numeric_limits<double>::quiet_NaN();
  CHECK(order(rk) == 0);
}

TEST_CASE("the principal error is the hand-computed one") {
  CHECK(close(principal_error(schemes::midpoint::tableau), std::sqrt(17.) / 24));
  CHECK(close(principal_error(schemes::heun2::tableau), std::sqrt(5.) / 12));
  CHECK(close(principal_error(schemes::ralston2::tableau), 1. / 6));
  // The nine trees of order 5, in units of 1/2880: 1, 6, 18, −6, 24, −4, −12, 6, −24.
  CHECK(close(principal_error(schemes::rk4_classic::tableau), std::sqrt(1745.) / 2880));
  CHECK(close(principal_error(implicit_midpoint::tableau), std::sqrt(5.) / 24));
}

// Squares of the norms from another enumeration of the trees, in exact fractions. The order
// conditions alone do not notice embedded weights that are scaled about b; these norms do.
TEST_CASE("the principal errors of the embedded pairs are those of the literature") {
  CHECK(close(principal_error(bogacki_shampine32::tableau), std::sqrt(145. / 82944)));
  CHECK(close(embedded_principal_error(bogacki_shampine32::tableau), std::sqrt(1. / 1152)));
  CHECK(close(principal_error(dormand_prince54::tableau), std::sqrt(5573. / 34992000000)));
  CHECK(close(embedded_principal_error(dormand_prince54::tableau),
              std::sqrt(29380423. / 20995200000000)));
  CHECK(std::abs(principal_error(dormand_prince54::tableau) - 3.99e-4) <= 0.005e-4);
  CHECK(std::abs(embedded_principal_error(tsitouras54::tableau) - 1.065e-3) <= 0.0005e-3);
  CHECK(close(embedded_principal_error(fehlberg21::tableau), 1. / 512));

  auto scaled = tsitouras54::tableau;  // b̂ − b times 1.65: order 4 as before
  for (std::size_t i = 0; i < 7; ++i)
    scaled.b_hat[i] = scaled.b[i] + 1.65 * (scaled.b_hat[i] - scaled.b[i]);
  CHECK(embedded_order(scaled) == 4);
  CHECK(std::abs(embedded_principal_error(scaled) - 1.757e-3) <= 0.0005e-3);
}

TEST_CASE("Ralston's scheme has the least principal error of its kind") {
  const double least = principal_error(schemes::ralston2::tableau);
  for (int n = 1; n <= 48; ++n) {
    const rational c(n, 48);
    CHECK(order(two_stages(c)) == 2);
    if (c == 2_r / 3)
      CHECK(principal_error(two_stages(c)) == least);
    else
      CHECK(principal_error(two_stages(c)) > least);
  }
}

TEST_CASE("the constant square root is the library's to an ulp") {
  static_assert(kutta::detail::constant_square_root(0) == 0);
  static_assert(kutta::detail::constant_square_root(9) == 3);
  for (const double x : {1e-300, 1e-9, 0.25, 0.3, 1., 2., 1e9, 1e300})
    CHECK(std::abs(kutta::detail::constant_square_root(x) - std::sqrt(x)) <= eps * std::sqrt(x));
  CHECK(std::isnan(kutta::detail::constant_square_root(std::numeric_limits<double>::quiet_NaN())));
}
