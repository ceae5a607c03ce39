// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstddef>
#include <limits>

#include <doctest/doctest.h>

#include <kutta/schemes/embedded_fifth_order.hpp>
#include <kutta/schemes/embedded_fourth_order.hpp>
#include <kutta/schemes/embedded_second_order.hpp>
#include <kutta/schemes/embedded_third_order.hpp>
#include <kutta/schemes/order.hpp>
#include <kutta/schemes/third_order.hpp>

#include "one_step.hpp"
#include "reference_tables.hpp"

using namespace kutta;
using namespace kutta::test;

namespace {

/// Squares of the norms of the leading error terms: from another enumeration of the trees, in exact
/// fractions, for the rational tables.
template <class S>
struct expected;

template <>
struct expected<schemes::heun_euler21> {
  static constexpr int order = 2, embedded_order = 1;
  static constexpr bool fsal = false;
  static constexpr double error_squared = 5. / 144, embedded_error_squared = 1. / 4;
};
template <>
struct expected<schemes::fehlberg21> {
  static constexpr int order = 2, embedded_order = 1;
  static constexpr bool fsal = false;
  static constexpr double error_squared = 18028637705. / 618475290624;
  static constexpr double embedded_error_squared = 1. / 262144;
};
template <>
struct expected<schemes::bogacki_shampine32> {
  static constexpr int order = 3, embedded_order = 2;
  static constexpr bool fsal = true;
  static constexpr double error_squared = 145. / 82944, embedded_error_squared = 1. / 1152;
};
template <>
struct expected<schemes::fehlberg45> {
  static constexpr int order = 4, embedded_order = 5;
  static constexpr bool fsal = false;
  static constexpr double error_squared = 281. / 83066880;
  static constexpr double embedded_error_squared = 155903. / 13844480000;
};
template <>
struct expected<schemes::cash_karp54> {
  static constexpr int order = 5, embedded_order = 4;
  static constexpr bool fsal = false;
  static constexpr double error_squared = 221. / 245760000;
  static constexpr double embedded_error_squared = 4680469. / 16106127360000;
};
template <>
struct expected<schemes::dormand_prince54> {
  static constexpr int order = 5, embedded_order = 4;
  static constexpr bool fsal = true;
  static constexpr double error_squared = 5573. / 34992000000;
  static constexpr double embedded_error_squared = 29380423. / 20995200000000;
};

}  // namespace

TEST_CASE_TEMPLATE("a pair has its orders, its error norms and FSAL where the table says so", S,
                   schemes::heun_euler21, schemes::fehlberg21, schemes::bogacki_shampine32,
                   schemes::fehlberg45, schemes::cash_karp54, schemes::dormand_prince54) {
  constexpr const auto& rk = S::tableau;
  using value = expected<S>;
  CHECK(order(rk) == value::order);
  CHECK(embedded_order(rk) == value::embedded_order);
  CHECK(is_fsal(rk) == value::fsal);
  CHECK(has_embedding(rk));
  CHECK(is_explicit(rk));

  const auto close = [](double x, double squared) {
    const double norm = std::sqrt(squared);
    return std::abs(x - norm) <= 4 * std::numeric_limits<double>::epsilon() * norm;
  };
  CHECK(close(principal_error(rk), value::error_squared));
  CHECK(close(embedded_principal_error(rk), value::embedded_error_squared));
}

TEST_CASE_TEMPLATE("a change of any one coefficient of a pair is noticed", S, schemes::heun_euler21,
                   schemes::fehlberg21, schemes::bogacki_shampine32, schemes::fehlberg45,
                   schemes::cash_karp54, schemes::dormand_prince54) {
  constexpr const auto& rk = S::tableau;
  for (const rational& change : {1_r / 64, -1_r / 64})
    for (std::size_t i = 0; i < rk.stages; ++i) {
      CHECK(order(with_b(rk, i, rk.b[i] + change)) == 0);
      CHECK(embedded_order(with_b_hat(rk, i, rk.b_hat[i] + change)) == 0);
      CHECK(order(with_c(rk, i, rk.c[i] + change)) == 0);
      for (std::size_t j = 0; j < i; ++j) {
        const auto changed = with_a(rk, i, j, rk.a[i][j] + change);
        const bool noticed = order(changed) < expected<S>::order ||
                             embedded_order(changed) < expected<S>::embedded_order;
        CHECK(noticed);
      }
    }
}

TEST_CASE_TEMPLATE("one step errs as h^(p+1), with the weights and with the embedded ones", S,
                   schemes::heun_euler21, schemes::fehlberg21, schemes::bogacki_shampine32,
                   schemes::fehlberg45, schemes::cash_karp54, schemes::dormand_prince54,
                   schemes::tsitouras54) {
  constexpr const auto& rk = S::tableau;
  // Small enough for the leading term of Fehlberg's order 1, which is 1/512 h².
  const double h = order(rk) <= 3 ? 1. / 4096 : 1. / 128;
  const auto error = [&](double step) { return error_of_step(rk, rk.b, step); };
  const auto embedded_error = [&](double step) { return error_of_step(rk, rk.b_hat, step); };
  CHECK(std::abs(extrapolated_slope(error, h) - (order(rk) + 1)) <= 0.15);
  CHECK(std::abs(extrapolated_slope(embedded_error, h) - (embedded_order(rk) + 1)) <= 0.15);
}

TEST_CASE("the third order of Bogacki and Shampine is Ralston's") {
  constexpr const auto& pair = schemes::bogacki_shampine32::tableau;
  constexpr const auto& ralston = schemes::ralston3::tableau;
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(pair.b[i] == ralston.b[i]);
    CHECK(pair.c[i] == ralston.c[i]);
    for (std::size_t j = 0; j < 3; ++j) CHECK(pair.a[i][j] == ralston.a[i][j]);
  }
}

// A published mistake: 1/40 in the place of b̂₇ = 1/66, with b̂ − b scaled to match. Every order
// condition holds, and the error estimate is 1.65 times too large.
TEST_CASE("a scaled embedding keeps its orders and loses its error norm") {
  auto scaled = schemes::tsitouras54::tableau;
  for (std::size_t i = 0; i < 7; ++i)
    scaled.b_hat[i] = scaled.b[i] + 66. / 40 * (scaled.b_hat[i] - scaled.b[i]);
  CHECK(std::abs(scaled.b_hat[6] - 1. / 40) <= 1e-16);
  CHECK(order(scaled) == 5);
  CHECK(embedded_order(scaled) == 4);
  CHECK(is_fsal(scaled));
  CHECK_FALSE(std::abs(embedded_principal_error(scaled) - 1.065e-3) <= 0.0005e-3);
}

// Another: the embedded weights are the ones that advance, and the last stage is still reused.
TEST_CASE("a pair that advances with its embedding is of order 4 and not FSAL") {
  constexpr auto swapped = with_embedding_swapped(schemes::tsitouras54::tableau);
  CHECK(order(swapped) == 4);
  CHECK(embedded_order(swapped) == 5);
  CHECK_FALSE(is_fsal(swapped));
  const auto error = [&](double h) { return error_of_step(swapped, swapped.b, h); };
  CHECK(std::abs(extrapolated_slope(error, 1. / 128) - 5) <= 0.15);
}
