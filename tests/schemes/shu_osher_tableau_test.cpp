// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstddef>

#include <doctest/doctest.h>

#include <kutta/schemes/fourth_order.hpp>
#include <kutta/schemes/order.hpp>
#include <kutta/schemes/scheme.hpp>
#include <kutta/schemes/shu_osher_tableau.hpp>
#include <kutta/schemes/strong_stability.hpp>
#include <kutta/schemes/third_order.hpp>

#include "one_step.hpp"

using namespace kutta;
using namespace kutta::test;
using schemes::ssprk33;
using schemes::ssprk54;

namespace {

/// `ssprk33` as Shu and Osher print it.
constexpr shu_osher_tableau<3> shu_osher3{.alpha = {{1}, {3_r / 4, 1_r / 4}, {1_r / 3, 0, 2_r / 3}},
                                          .beta = {{1}, {0, 1_r / 4}, {0, 0, 2_r / 3}}};

}  // namespace

static_assert(explicit_scheme<ssprk54>);
static_assert(combinations_hold(shu_osher3) && combinations_hold(ssprk54::shu_osher));

TEST_CASE("the Butcher form of Shu and Osher's scheme is the known one") {
  constexpr auto rk = butcher_form(shu_osher3);
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(rk.b[i] == ssprk33::tableau.b[i]);
    CHECK(rk.c[i] == ssprk33::tableau.c[i]);
    for (std::size_t j = 0; j < 3; ++j) CHECK(rk.a[i][j] == ssprk33::tableau.a[i][j]);
  }
}

TEST_CASE("the steps that keep Euler's bounds are the published ones") {
  CHECK(ssp_coefficient(shu_osher3) == 1);
  CHECK(std::abs(ssp_coefficient(ssprk54::shu_osher) - 1.508180) <= 5e-7);
}

TEST_CASE("a combination that is not convex keeps no bound") {
  auto form = shu_osher3;
  form.alpha[1][0] = 5_r / 4;
  form.alpha[1][1] = -1_r / 4;
  CHECK(combinations_hold(form));
  CHECK(ssp_coefficient(form) == 0);
  form = shu_osher3;
  form.beta[2][2] = -2_r / 3;
  CHECK(ssp_coefficient(form) == 0);
  form = shu_osher3;
  form.beta[2][1] = 1_r / 64;  // a rate whose state does not take part
  CHECK(ssp_coefficient(form) == 0);
}

TEST_CASE("combinations that do not add to 1 are noticed") {
  auto form = shu_osher3;
  form.alpha[2][0] = 1_r / 4;
  CHECK_FALSE(combinations_hold(form));
}

TEST_CASE("one step of the five-stage scheme errs as h^5") {
  constexpr const auto& rk = ssprk54::tableau;
  const auto error = [&](double h) { return error_of_step(rk, rk.b, h); };
  CHECK(std::abs(extrapolated_slope(error, 1. / 128) - 5) <= 0.15);
}

TEST_CASE("a wrong digit in the five-stage scheme is noticed") {
  for (std::size_t i = 0; i < 5; ++i)
    for (std::size_t j = 0; j <= i; ++j) {
      if (ssprk54::shu_osher.beta[i][j] == 0) continue;
      auto changed = ssprk54::shu_osher;
      changed.beta[i][j] += 1e-12;
      CHECK(order(butcher_form(changed)) < 4);
    }
}
