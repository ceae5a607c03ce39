// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include <kutta/ode/explicit_stepper.hpp>
#include <kutta/ode/integrate.hpp>
#include <kutta/schemes/embedded_eighth_order.hpp>
#include <kutta/schemes/embedded_fifth_order.hpp>
#include <kutta/schemes/embedded_fourth_order.hpp>
#include <kutta/schemes/embedded_second_order.hpp>
#include <kutta/schemes/embedded_sixth_order.hpp>
#include <kutta/schemes/embedded_third_order.hpp>
#include <kutta/schemes/fifth_order.hpp>
#include <kutta/schemes/first_order.hpp>
#include <kutta/schemes/fourth_order.hpp>
#include <kutta/schemes/low_storage.hpp>
#include <kutta/schemes/order.hpp>
#include <kutta/schemes/second_order.hpp>
#include <kutta/schemes/sixth_order.hpp>
#include <kutta/schemes/strong_stability.hpp>
#include <kutta/schemes/third_order.hpp>

#include "support/problems.hpp"
#include "support/slope.hpp"

using namespace kutta;
using namespace kutta::schemes;
using kutta::test::observed_slope;

namespace {

using problem = kutta::test::driven_logistic<long double>;

constexpr double quiet_nan = std::numeric_limits<double>::quiet_NaN();

/// Orders that the tables state, once more: the slopes are compared with these.
template <class S>
constexpr int order_of = kutta::order(S::tableau);
template <>
constexpr int order_of<dormand_prince87> = 8;

/// A step at which rounding does not count yet and the leading term of the error prevails. That
/// term is small where a pair was optimised, and the coefficients of some are printed in doubles.
template <class S>
constexpr double h_of = order_of<S> <= 5   ? 1. / 256
                        : order_of<S> == 6 ? 1. / 64
                                           : 1. / 8;
template <class S>
constexpr long double start_of = .6L;
template <>
constexpr long double start_of<tsitouras54> = 2;

const auto rate = [](long double t, long double x, long double& dx) { dx = problem::rate(t, x); };

template <class S>
using stepper_for = explicit_stepper<S, long double>;

/// Whether each call asks for another (t, x): no rate is evaluated twice.
struct recorder {
  std::vector<double> t, x;
  void operator()(double time, double at, double& dx) {
    t.push_back(time);
    x.push_back(at);
    dx = std::cos(time) - at;
  }
  int repeated() const {
    int n = 0;
    for (std::size_t i = 0; i < t.size(); ++i)
      for (std::size_t j = 0; j < i; ++j) n += t[i] == t[j] && x[i] == x[j];
    return n;
  }
};

}  // namespace

TEST_CASE_TEMPLATE("the error of an integration falls at the order of the scheme", S, euler,
                   midpoint, heun2, ralston2, kutta3, heun3, ralston3, ssprk33, williamson3,
                   rk4_classic, rk4_38, ralston4, ssprk54, carpenter_kennedy4, nystrom5, butcher6,
                   heun_euler21, fehlberg21, bogacki_shampine32, fehlberg45, cash_karp54,
                   dormand_prince54, tsitouras54, verner65, dormand_prince87) {
  const long double x0 = start_of<S>;
  for (const long double from : {0.L, 1.L}) {
    CAPTURE(from);
    const long double to = 1 - from;
    const auto error = [&](double h) {
      stepper_for<S> stepper(0);
      const auto end = integrate(stepper, rate, problem::exact(from, x0), {from, to},
                                 fixed{.steps = static_cast<std::int64_t>(std::lround(1 / h))});
      CHECK(end.status == status::success);
      return std::abs(end.x - problem::exact(to, x0));
    };
    CHECK(std::abs(observed_slope(error, h_of<S>) - order_of<S>) <= .15);
  }
}

TEST_CASE_TEMPLATE("the error estimate is that of the lower order, in one step", S, heun_euler21,
                   fehlberg21, bogacki_shampine32, fehlberg45, cash_karp54, dormand_prince54,
                   tsitouras54, verner65, dormand_prince87) {
  using stepper_type = stepper_for<S>;
  const int p = stepper_type::error_order();
  const long double t0 = .4L, x0 = problem::exact(t0, .6L);
  const error_scale<long double> scale(adaptive{.rtol = 0, .atol = 1}, x0);
  const auto estimate = [&](double h) {
    stepper_type stepper(x0);
    statistics stats;
    long double x1 = quiet_nan;
    stepper.start();
    CHECK(stepper.attempt(rate, t0, static_cast<long double>(h), x0, x1, stats));
    return std::sqrt(stepper.squared_error(scale, static_cast<long double>(h), x0, x1));
  };
  // The slope of order 8 nears 8 from below, and rounding ends it at 7.8.
  const double slope = observed_slope(estimate, p == 7 ? 1. / 16 : p == 5 ? 1. / 64 : 1. / 512);
  CHECK(std::abs(slope - (p + 1)) <= (p == 7 ? .2 : .15));
}

TEST_CASE("error_order is that of the lower of the two") {
  CHECK(stepper_for<heun_euler21>::error_order() == 1);
  CHECK(stepper_for<bogacki_shampine32>::error_order() == 2);
  CHECK(stepper_for<fehlberg45>::error_order() == 4);
  CHECK(stepper_for<dormand_prince54>::error_order() == 4);
  CHECK(stepper_for<dormand_prince87>::error_order() == 7);
  CHECK_FALSE(stepper_for<rk4_classic>::has_error_estimate);
}

TEST_CASE_TEMPLATE("a step has as many evaluations as its table says, fixed", S, euler, midpoint,
                   rk4_classic, cash_karp54, dormand_prince54, bogacki_shampine32) {
  const std::int64_t s = stages_v<S>, n = 13;
  constexpr bool fsal = is_fsal(S::tableau);
  recorder f;
  explicit_stepper<S, double> stepper(0.);
  const auto end = integrate(stepper, f, 1., {0, 2}, fixed{.steps = n});
  CHECK(end.stats.evaluations == (fsal ? (s - 1) * n + 1 : s * n));
  CHECK(static_cast<std::int64_t>(f.t.size()) == end.stats.evaluations);
  CHECK(f.repeated() == 0);
}

TEST_CASE_TEMPLATE("an adaptive run evaluates no rate twice, also where steps are rejected", S,
                   heun_euler21, fehlberg21, bogacki_shampine32, cash_karp54, dormand_prince54) {
  const std::int64_t s = stages_v<S>;
  constexpr bool fsal = is_fsal(S::tableau);
  recorder f;
  const adaptive how{.rtol = 1e-5, .atol = 1e-5, .first_step = 1.9};
  const auto end = integrate<S>(f, 3., {0, 6}, how);
  CHECK(end.status == status::success);
  CHECK(end.stats.rejected > 0);
  const std::int64_t attempts = end.stats.accepted + end.stats.rejected;
  // The rate at the start, once for each accepted step unless the last stage of one was it.
  CHECK(end.stats.evaluations == (s - 1) * attempts + (fsal ? 1 : end.stats.accepted));
  CHECK(static_cast<std::int64_t>(f.t.size()) == end.stats.evaluations);
  CHECK(f.repeated() == 0);

  // A first step that is chosen costs one evaluation more.
  recorder g;
  const auto chosen = integrate<S>(g, 3., {0, 6}, adaptive{.rtol = 1e-5, .atol = 1e-5});
  CHECK(chosen.stats.evaluations == (s - 1) * (chosen.stats.accepted + chosen.stats.rejected) +
                                        (fsal ? 1 : chosen.stats.accepted) + 1);
  CHECK(static_cast<std::int64_t>(g.t.size()) == chosen.stats.evaluations);
}

TEST_CASE_TEMPLATE("dense output costs at most the rate at the very end", S, euler, rk4_classic,
                   heun_euler21, cash_karp54, bogacki_shampine32, dormand_prince54) {
  const std::int64_t s = stages_v<S>, n = 9;
  constexpr bool fsal = is_fsal(S::tableau);
  recorder f;
  double y = quiet_nan;
  const auto look = [&](const auto& step) {
    vec<double, detail::dense_degree<S>> c{};
    for (const double theta : {.25, .5}) step.at(step.t0 + theta * step.length(), y);
    step.polynomial(c);
  };
  const auto end = integrate<S>(f, 1., {0, 2}, fixed{.steps = n}, look);
  CHECK(end.stats.evaluations == (fsal ? (s - 1) * n + 1 : s * n + 1));
  CHECK(static_cast<std::int64_t>(f.t.size()) == end.stats.evaluations);
  CHECK(f.repeated() == 0);
}

TEST_CASE("a first step of the stepper may be repeated from the same point") {
  explicit_stepper<dormand_prince54, double> stepper(0.);
  recorder f;
  statistics stats;
  double x1 = quiet_nan, again = quiet_nan;
  stepper.start();
  stepper.attempt(f, 0., 1., 1., x1, stats);
  CHECK(stats.evaluations == 7);
  stepper.attempt(f, 0., .5, 1., x1, stats);
  CHECK(stats.evaluations == 13);
  stepper.start();
  stepper.attempt(f, 0., .5, 1., again, stats);
  CHECK(stats.evaluations == 20);
  CHECK(again == x1);
}

TEST_CASE("a step may end where it starts, FSAL or not") {
  const auto check = [](auto stepper) {
    recorder f;
    statistics stats;
    double x = .3, x1 = quiet_nan;
    stepper.start();
    stepper.attempt(f, .2, .5, x, x1, stats);
    stepper.start();
    stepper.attempt(f, .2, .5, x, x, stats);
    CHECK(x == x1);
  };
  check(explicit_stepper<dormand_prince54, double>(0.));
  check(explicit_stepper<bogacki_shampine32, double>(0.));
  check(explicit_stepper<rk4_classic, double>(0.));
  check(explicit_stepper<euler, double>(0.));
}
