// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstddef>
#include <limits>

#include <doctest/doctest.h>

#include <kutta/schemes/embedded_eighth_order.hpp>
#include <kutta/schemes/embedded_sixth_order.hpp>
#include <kutta/schemes/order.hpp>
#include <kutta/schemes/sixth_order.hpp>

#include "one_step.hpp"
#include "reference_tables.hpp"

using namespace kutta;
using namespace kutta::test;
using schemes::butcher6;
using schemes::dormand_prince87;
using schemes::verner65;

// What the headers above order 5 leave to this file.
static_assert(order(butcher6::tableau) == 6);
static_assert(row_sums_hold(butcher6::tableau) && is_explicit(butcher6::tableau));
static_assert(!has_embedding(butcher6::tableau) && !is_fsal(butcher6::tableau));

static_assert(order(verner65::tableau) == 6 && embedded_order(verner65::tableau) == 5);
static_assert(row_sums_hold(verner65::tableau) && is_explicit(verner65::tableau));
static_assert(!is_fsal(verner65::tableau));

static_assert(order(dormand_prince87::tableau) == 8);
static_assert(embedded_order(dormand_prince87::tableau) == 7);
static_assert(row_sums_hold(dormand_prince87::tableau) && is_explicit(dormand_prince87::tableau));
static_assert(!is_fsal(dormand_prince87::tableau));

namespace {

bool close(double x, double squared) {
  const double norm = std::sqrt(squared);
  return std::abs(x - norm) <= 4 * std::numeric_limits<double>::epsilon() * norm;
}

}  // namespace

// Squares of the norms from another enumeration of the trees, in exact fractions.
TEST_CASE("the principal errors of the rational tables above order 5 are the exact ones") {
  CHECK(close(principal_error(butcher6::tableau), 2310713. / 1024297021440));
  CHECK(close(principal_error(verner65::tableau), 425402589055879. / 99049548427200000000.));
  CHECK(close(embedded_principal_error(verner65::tableau), 50791. / 104976000000));
}

// The printed 4.51e-6, and more digits from another enumeration of the trees.
TEST_CASE("the principal errors of the pair of order 8(7) are those of the literature") {
  const double error = principal_error(dormand_prince87::tableau);
  CHECK(std::abs(error - 4.51e-6) <= 0.005e-6);
  CHECK(std::abs(error - 4.50744720011935e-6) <= 1e-16);
  CHECK(std::abs(embedded_principal_error(dormand_prince87::tableau) - 2.87966541755628e-5) <=
        1e-16);
}

TEST_CASE_TEMPLATE("a change of any one coefficient of a rational table lowers its order", S,
                   butcher6, verner65) {
  constexpr const auto& rk = S::tableau;
  for (const rational& change : {1_r / 64, -1_r / 64})
    for (std::size_t i = 0; i < rk.stages; ++i) {
      CHECK(order(with_b(rk, i, rk.b[i] + change)) == 0);
      CHECK(order(with_c(rk, i, rk.c[i] + change)) == 0);
      for (std::size_t j = 0; j < i; ++j) {
        const auto changed = with_a(rk, i, j, rk.a[i][j] + change);
        const bool noticed = order(changed) < order(rk) ||
                             (has_embedding(rk) && embedded_order(changed) < embedded_order(rk));
        CHECK(noticed);
      }
    }
}

TEST_CASE("a wrong digit in the table of order 8(7) is noticed") {
  constexpr const auto& rk = dormand_prince87::tableau;
  for (std::size_t i = 0; i < rk.stages; ++i) {
    CHECK(order(with_b(rk, i, rk.b[i] + 1e-10)) == 0);
    CHECK(embedded_order(with_b_hat(rk, i, rk.b_hat[i] + 1e-10)) == 0);
    for (std::size_t j = 0; j < i; ++j) CHECK(order(with_a(rk, i, j, rk.a[i][j] + 1e-6)) < 8);
  }
}

TEST_CASE("the table of order 8(7) needs its tolerance") {
  auto rk = dormand_prince87::tableau;
  rk.tolerance = 0;
  CHECK(order(rk) < 8);
}

TEST_CASE_TEMPLATE("one step of a scheme above order 5 errs as h^(p+1)", S, butcher6, verner65,
                   dormand_prince87) {
  constexpr const auto& rk = S::tableau;
  const double h = order(rk) == 6 ? 1. / 128 : 1. / 16;
  const auto error = [&](double step) { return error_of_step(rk, rk.b, step); };
  CHECK(std::abs(extrapolated_slope(error, h) - (order(rk) + 1)) <= 0.15);
  if (has_embedding(rk)) {
    const auto embedded_error = [&](double step) { return error_of_step(rk, rk.b_hat, step); };
    CHECK(std::abs(extrapolated_slope(embedded_error, h) - (embedded_order(rk) + 1)) <= 0.15);
  }
}
