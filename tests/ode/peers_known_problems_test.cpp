// SPDX-License-Identifier: Apache-2.0
//
// Mistakes that were found in other libraries, and must not be made here. Each case says what went
// wrong there.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include <kutta/ode/integrate.hpp>
#include <kutta/ode/observers.hpp>
#include <kutta/schemes/embedded_eighth_order.hpp>
#include <kutta/schemes/embedded_fifth_order.hpp>
#include <kutta/schemes/embedded_fourth_order.hpp>
#include <kutta/schemes/embedded_second_order.hpp>
#include <kutta/schemes/embedded_sixth_order.hpp>
#include <kutta/schemes/embedded_third_order.hpp>
#include <kutta/schemes/implicit.hpp>
#include <kutta/schemes/order.hpp>

#include "support/problems.hpp"
#include "support/slope.hpp"

using namespace kutta;
using namespace kutta::schemes;
using kutta::test::observed_slope;

namespace {

using problem = kutta::test::driven_logistic<double>;

const auto rate = [](auto t, auto x, auto& dx) {
  dx = kutta::test::driven_logistic<decltype(x)>::rate(t, x);
};

/// Of order 3 on linear problems without t, where Σ b c² does not occur: it is 1/4, not 1/3.
struct third_order_if_linear {
  // clang-format off
  static constexpr butcher_tableau<3> tableau{
      .c = {0,      rational(1, 2), rational(1, 2)},
      .a = {{},
            {rational(1, 2)},
            {rational(-1, 6), rational(2, 3)}},
      .b = {0,      rational(1, 2), rational(1, 2)}};
  // clang-format on
};

}  // namespace

TEST_CASE("the solution is advanced with b, not with the embedded weights") {
  // There: Tsitouras' pair propagated order 4, with rates that its last stage did not have.
  static_assert(order(tsitouras54::tableau) == 5 && embedded_order(tsitouras54::tableau) == 4);
  static_assert(is_fsal(tsitouras54::tableau));
  const double h = 1. / 32, x0 = .6;
  std::vector<double> t;
  const auto f = [&](double time, double x, double& dx) {
    t.push_back(time);
    rate(time, x, dx);
  };
  const auto end = integrate<tsitouras54>(f, x0, {0, 1}, fixed{.steps = 32});
  CHECK(std::abs(end.x - problem::exact(1, x0)) <= 1e-11);
  CHECK(t.size() == 6 * 32 + 1);
  CHECK(t[6] == h);  // the rate that opens the second step is that of its start
}

TEST_CASE("c is the row sum of A, for implicit tables too") {
  // There: one sign in the second row of Gauss' method of order 4 made it a method of order 1.
  CHECK(row_sums_hold(gauss4::tableau));
  CHECK(order(gauss4::tableau) == 4);
  CHECK(row_sums_hold(radau_iia5::tableau));
  CHECK(row_sums_hold(fehlberg45::tableau));
}

TEST_CASE("between the steps the error is that of the steps") {
  // There: the middle of a Bogacki–Shampine step was a straight line, of order 2.
  dense_solution<bogacki_shampine32, double> curve;
  trajectory<double> path;
  const auto end = integrate<bogacki_shampine32>(rate, .6, {0, 2}, fixed{.steps = 160},
                                                 save_dense(curve), save_steps(path));
  CHECK(end.ok());
  double at_steps = 0, between = 0;
  for (std::size_t i = 1; i < path.size(); ++i) {
    const double middle = (path.t[i - 1] + path.t[i]) / 2;
    at_steps = std::fmax(at_steps, std::abs(path.x[i] - problem::exact(path.t[i], .6)));
    between = std::fmax(between, std::abs(curve(middle) - problem::exact(middle, .6)));
  }
  CHECK(between <= 2 * at_steps);
}

TEST_CASE("the last stage opens the next step only where it is the rate at the end") {
  // There: Heun's pair and Fehlberg's 2(1) went on with the rate of another point.
  CHECK_FALSE(is_fsal(heun_euler21::tableau));
  CHECK_FALSE(is_fsal(fehlberg21::tableau));
  const std::int64_t n = 50;
  const double h = 2. / static_cast<double>(n);
  double heun = .6, fehlberg = .6;
  for (std::int64_t i = 0; i < n; ++i) {
    const double t = static_cast<double>(i) * h;
    const double k1 = problem::rate(t, heun), k2 = problem::rate(t + h, heun + h * k1);
    heun += h / 2 * (k1 + k2);
    const double l1 = problem::rate(t, fehlberg),
                 l2 = problem::rate(t + h / 2, fehlberg + h / 2 * l1),
                 l3 = problem::rate(t + h, fehlberg + h / 256 * (l1 + 255 * l2));
    fehlberg += h / 512 * (l1 + 510 * l2 + l3);
  }
  const fixed how{.steps = n};
  CHECK(std::abs(integrate<heun_euler21>(rate, .6, {0, 2}, how).x - heun) <= 1e-14);
  CHECK(std::abs(integrate<fehlberg21>(rate, .6, {0, 2}, how).x - fehlberg) <= 1e-14);
}

TEST_CASE_TEMPLATE("an error of NaN is not a small error", S, heun_euler21, fehlberg21,
                   bogacki_shampine32, fehlberg45, cash_karp54, dormand_prince54, tsitouras54,
                   verner65, dormand_prince87) {
  // There: x' = x + 0 √(20 − x) became NaN past x = 20, and NaN was taken for a solution; or the
  // integration ended where it was, and said nothing.
  const auto f = [](double, double x, double& dx) { dx = x + 0 * std::sqrt(20 - x); };
  const auto check = [](const solution<double>& end) {
    CHECK(end.status == status::non_finite);
    CHECK(std::abs(end.t - std::log(20.)) <= 3e-2);
    CHECK(end.x <= 20 * (1 + 1e-12));
    CHECK(end.x >= 19.9);
    CHECK(end.stats.evaluations < 100'000);
  };
  check(integrate<S>(f, 1., {0, 10}, adaptive{.rtol = 1e-4, .atol = 1e-4}));
  check(
      integrate<S>(f, 1., {0, 10}, adaptive{.rtol = 1e-4, .atol = 1e-4, .norm = error_norm::max}));
  CHECK(integrate<S>(f, 1., {0, 10}, fixed{.steps = 100}).status == status::non_finite);
}

TEST_CASE_TEMPLATE("both weights of a pair sum to 1", S, heun_euler21, fehlberg21,
                   bogacki_shampine32, fehlberg45, cash_karp54, dormand_prince54, tsitouras54,
                   verner65, dormand_prince87) {
  // There: Σ (b − b̂) was not 0, so that a constant rate had an error, at any step.
  long double sum = 0;
  for (std::size_t i = 0; i < stages_v<S>; ++i)
    sum += to_real<long double>(S::tableau.b[i]) - to_real<long double>(S::tableau.b_hat[i]);
  CHECK(std::abs(sum) <= 1e-14L);
  const auto constant = [](double, double, double& dx) { dx = 1; };
  const auto end =
      integrate<S>(constant, 0., {0, 100}, adaptive{.rtol = 0, .atol = 1e-9, .first_step = 50});
  CHECK(end.status == status::success);
  CHECK(end.stats.rejected == 0);
  CHECK(std::abs(end.x - 100) <= 1e-11);
}

TEST_CASE("an order is that of nonlinear problems with time") {
  // There: "third order", which it is for linear problems alone.
  static_assert(order(third_order_if_linear::tableau) == 2);
  const auto error_on = [](auto f, auto exact) {
    return [=](double h) {
      const auto steps = static_cast<std::int64_t>(std::lround(1 / h));
      const auto end = integrate<third_order_if_linear>(f, .6L, {0, 1}, fixed{.steps = steps});
      return std::abs(end.x - exact);
    };
  };
  const auto linear = [](long double, long double x, long double& dx) { dx = -x; };
  CHECK(std::abs(observed_slope(error_on(linear, .6L * std::exp(-1.L)), 1. / 128) - 3) <= .15);
  const auto exact = kutta::test::driven_logistic<long double>::exact(1, .6L);
  CHECK(std::abs(observed_slope(error_on(rate, exact), 1. / 128) - 2) <= .15);
}

TEST_CASE("a span of 0.3 in steps of 0.1 has three steps") {
  // There: int(0.3/0.1) is 2; or time was summed, and one step more or less was taken.
  for (std::int64_t n = 1; n <= 512; ++n) {
    std::int64_t steps = 0;
    const double t1 = .1 * static_cast<double>(n);
    const auto end = integrate<heun_euler21>(rate, .6, {0, t1}, fixed{.steps = n},
                                             [&](const auto&) { ++steps; });
    CHECK(steps == n);
    CHECK(end.t == t1);
  }
}

TEST_CASE("no span is too fine or too far away to end") {
  // There: t + h == t, for ever.
  const auto decay = [](double, double x, double& dx) { dx = -x; };
  for (const double t0 : {0., 1e-300, 1., 1e3, 1e8, 1.7e9, 1e12, 1e15, 1e300})
    for (const double length : {5e-324, 1e-300, 1e-17, 1e-9, 1e-3, 1., 10.})
      for (const double sign : {1., -1.}) {
        CAPTURE(t0);
        CAPTURE(length);
        const auto end = integrate<dormand_prince54>(decay, 1., {t0, t0 + sign * length},
                                                     adaptive{.max_steps = 100'000});
        CHECK((end.status == status::success || end.status == status::step_too_small));
        CHECK(end.stats.accepted + end.stats.rejected < 1000);
        if (length <= 1e-3) CHECK(end.status == status::success);
        if (end.ok()) CHECK(end.t == t0 + sign * length);
      }
}
