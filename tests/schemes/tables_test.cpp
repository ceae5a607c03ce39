// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstddef>
#include <limits>

#include <doctest/doctest.h>

#include <kutta/schemes/fifth_order.hpp>
#include <kutta/schemes/first_order.hpp>
#include <kutta/schemes/fourth_order.hpp>
#include <kutta/schemes/order.hpp>
#include <kutta/schemes/second_order.hpp>
#include <kutta/schemes/strong_stability.hpp>
#include <kutta/schemes/third_order.hpp>

#include "reference_tables.hpp"

using namespace kutta;
using namespace kutta::test;

namespace {

/// What the literature says of a table.
template <class S>
struct expected;

template <>
struct expected<schemes::euler> {
  static constexpr int order = 1;
  static constexpr double error_squared = 1. / 4;
};
template <>
struct expected<schemes::midpoint> {
  static constexpr int order = 2;
  static constexpr double error_squared = 17. / 576;
};
template <>
struct expected<schemes::heun2> {
  static constexpr int order = 2;
  static constexpr double error_squared = 5. / 144;
};
template <>
struct expected<schemes::ralston2> {
  static constexpr int order = 2;
  static constexpr double error_squared = 1. / 36;
};
template <>
struct expected<schemes::kutta3> {
  static constexpr int order = 3;
  static constexpr double error_squared = 1. / 288;
};
template <>
struct expected<schemes::heun3> {
  static constexpr int order = 3;
  static constexpr double error_squared = 25. / 11664;
};
template <>
struct expected<schemes::ralston3> {
  static constexpr int order = 3;
  static constexpr double error_squared = 145. / 82944;
};
template <>
struct expected<schemes::ssprk33> {
  static constexpr int order = 3;
  static constexpr double error_squared = 1. / 192;
};
template <>
struct expected<schemes::rk4_classic> {
  static constexpr int order = 4;
  static constexpr double error_squared = 349. / 1658880;
};
template <>
struct expected<schemes::rk4_38> {
  static constexpr int order = 4;
  static constexpr double error_squared = 337. / 2099520;
};
template <>
struct expected<schemes::nystrom5> {
  static constexpr int order = 5;
  static constexpr double error_squared = 86027. / 5832000000;
};

/// One step of x' = λ x is the stability polynomial; for S stages and order S it is Σ zⁿ/n!.
template <std::size_t S>
rational stability_polynomial(const butcher_tableau<S>& rk, const rational& z) {
  rational k[S];
  rational x1 = 1;
  for (std::size_t i = 0; i < S; ++i) {
    rational x = 1;
    for (std::size_t j = 0; j < i; ++j) x = x + rk.a[i][j] * k[j];
    k[i] = z * x;
    x1 = x1 + rk.b[i] * k[i];
  }
  return x1;
}

}  // namespace

TEST_CASE_TEMPLATE("a table has its order, its principal error and its row sums", S, schemes::euler,
                   schemes::midpoint, schemes::heun2, schemes::ralston2, schemes::kutta3,
                   schemes::heun3, schemes::ralston3, schemes::ssprk33, schemes::rk4_classic,
                   schemes::rk4_38, schemes::nystrom5) {
  constexpr const auto& rk = S::tableau;
  CHECK(order(rk) == expected<S>::order);
  CHECK(row_sums_hold(rk));
  CHECK(is_explicit(rk));
  CHECK_FALSE(is_fsal(rk));
  CHECK_FALSE(has_embedding(rk));

  const double error = std::sqrt(expected<S>::error_squared);
  CHECK(std::abs(principal_error(rk) - error) <=
        4 * std::numeric_limits<double>::epsilon() * error);
}

TEST_CASE_TEMPLATE("a change of any one coefficient lowers the order", S, schemes::euler,
                   schemes::midpoint, schemes::heun2, schemes::ralston2, schemes::kutta3,
                   schemes::heun3, schemes::ralston3, schemes::ssprk33, schemes::rk4_classic,
                   schemes::rk4_38, schemes::nystrom5) {
  constexpr const auto& rk = S::tableau;
  for (const rational& change : {1_r / 64, -1_r / 64})
    for (std::size_t i = 0; i < rk.stages; ++i) {
      CHECK(order(with_b(rk, i, rk.b[i] + change)) == 0);
      CHECK(order(with_c(rk, i, rk.c[i] + change)) == 0);
      for (std::size_t j = 0; j < i; ++j)
        CHECK(order(with_a(rk, i, j, rk.a[i][j] + change)) < expected<S>::order);
    }
}

TEST_CASE_TEMPLATE("on x' = λ x a table of S stages and order S is the Taylor polynomial", S,
                   schemes::euler, schemes::midpoint, schemes::heun2, schemes::ralston2,
                   schemes::kutta3, schemes::heun3, schemes::ralston3, schemes::ssprk33,
                   schemes::rk4_classic, schemes::rk4_38) {
  for (const rational& z : {-2_r, -1_r / 2, 1_r / 3, 3_r}) {
    rational term = 1;
    rational taylor = 1;
    for (int n = 1; n <= expected<S>::order; ++n) {
      term = term * z / n;
      taylor = taylor + term;
    }
    CHECK(stability_polynomial(S::tableau, z) == taylor);
  }
}

// Norms from another enumeration of the trees, in 40 digits.
TEST_CASE("the irrational tables of order 4 have their principal error") {
  const auto close = [](double x, double expected) {
    return std::abs(x - expected) <= 1e-12 * expected;
  };
  CHECK(close(principal_error(schemes::ralston4::tableau), 0.013703967382108271));
  CHECK(close(principal_error(schemes::ssprk54::tableau), 0.006438658988411717));
  CHECK(principal_error(schemes::ralston4::tableau) <
        principal_error(schemes::rk4_classic::tableau));
}

TEST_CASE("a wrong digit in an irrational table of order 4 is noticed") {
  constexpr const auto& rk = schemes::ralston4::tableau;
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(order(with_b(rk, i, rk.b[i] + 1e-12)) == 0);
    for (std::size_t j = 0; j < i; ++j) CHECK(order(with_a(rk, i, j, rk.a[i][j] + 1e-11)) < 4);
  }
}
