// SPDX-License-Identifier: Apache-2.0
#include <cstddef>

#include <doctest/doctest.h>

#include <kutta/schemes/butcher_tableau.hpp>
#include <kutta/schemes/first_order.hpp>
#include <kutta/schemes/fourth_order.hpp>
#include <kutta/schemes/second_order.hpp>

#include "reference_tables.hpp"

using namespace kutta;
using namespace kutta::test;

TEST_CASE("what a table leaves out is zero") {
  constexpr const auto& rk = schemes::rk4_classic::tableau;
  CHECK(rk.stages == 4);
  CHECK(rk.a[0][0] == 0);
  CHECK(rk.a[2][0] == 0);
  CHECK(rk.a[2][1] == 1_r / 2);
  CHECK(rk.a[3][3] == 0);
  CHECK(rk.b_hat[3] == 0);
  CHECK(rk.tolerance == 0);
}

// A miscompilation that the copy constructor of `rational` prevents.
TEST_CASE("a constant that is a changed copy of a table leaves the table alone") {
  constexpr auto changed = with_b(with_a(schemes::rk4_classic::tableau, 0, 3, 1_r / 8), 3, 1_r / 8);
  const auto& rk = schemes::rk4_classic::tableau;
  CHECK(changed.a[0][3] == 1_r / 8);
  for (const auto& row : rk.a)
    for (const rational& a : row) CHECK(a.den >= 1);
  CHECK(rk.a[0][3] == 0);
  CHECK(rk.b[3] == 1_r / 6);
}

TEST_CASE("an embedding is a second set of weights") {
  CHECK(has_embedding(heun_euler21::tableau));
  CHECK(has_embedding(tsitouras54::tableau));
  CHECK_FALSE(has_embedding(schemes::heun2::tableau));
  CHECK_FALSE(has_embedding(gauss4::tableau));
}

TEST_CASE("a scheme is explicit if A is strictly lower triangular") {
  CHECK(is_explicit(schemes::euler::tableau));
  CHECK(is_explicit(dormand_prince54::tableau));
  CHECK(is_explicit(tsitouras54::tableau));
  CHECK_FALSE(is_explicit(implicit_midpoint::tableau));
  CHECK_FALSE(is_explicit(gauss4::tableau));
  CHECK_FALSE(is_explicit(with_a(schemes::rk4_classic::tableau, 1, 1, 1_r / 8)));
  CHECK_FALSE(is_explicit(with_a(schemes::rk4_classic::tableau, 0, 3, 1_r / 8)));
}

TEST_CASE("first same as last is deduced from the table") {
  CHECK(is_fsal(bogacki_shampine32::tableau));
  CHECK(is_fsal(dormand_prince54::tableau));
  CHECK(is_fsal(tsitouras54::tableau));
  CHECK(is_fsal(with_embedding_swapped(fehlberg21::tableau)));

  CHECK_FALSE(is_fsal(heun_euler21::tableau));
  CHECK_FALSE(is_fsal(fehlberg21::tableau));
  CHECK_FALSE(is_fsal(schemes::euler::tableau));
  CHECK_FALSE(is_fsal(schemes::rk4_classic::tableau));
  CHECK_FALSE(is_fsal(implicit_midpoint::tableau));

  constexpr const auto& dp = dormand_prince54::tableau;
  CHECK_FALSE(is_fsal(with_embedding_swapped(dp)));
  CHECK_FALSE(is_fsal(with_c(dp, 6, 8_r / 9)));
  CHECK_FALSE(is_fsal(with_c(dp, 0, 1_r / 9)));
  CHECK_FALSE(is_fsal(with_a(dp, 0, 1, 1_r / 9)));
  CHECK_FALSE(is_fsal(with_a(dp, 6, 1, 1_r / 9)));
}

TEST_CASE("the nodes are the row sums") {
  CHECK(row_sums_hold(dormand_prince54::tableau));
  CHECK(row_sums_hold(gauss4::tableau));
  CHECK(row_sums_hold(tsitouras54::tableau));

  for (std::size_t i = 0; i < 7; ++i) {
    CHECK_FALSE(row_sums_hold(with_c(dormand_prince54::tableau, i, 1_r / 7)));
    CHECK_FALSE(row_sums_hold(with_c(tsitouras54::tableau, i, tsitouras54::tableau.c[i] + 1e-11)));
    CHECK_FALSE(row_sums_hold(with_c(tsitouras54::tableau, i, tsitouras54::tableau.c[i] - 1e-11)));
  }
}

TEST_CASE("a table with a NaN holds in nothing") {
  constexpr double nan = __builtin_nan("");
  CHECK_FALSE(row_sums_hold(with_c(gauss4::tableau, 0, nan)));
  CHECK_FALSE(is_explicit(with_a(tsitouras54::tableau, 0, 1, nan)));
}
