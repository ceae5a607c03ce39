// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>

#include <doctest/doctest.h>

#include <kutta/ode/integrate.hpp>
#include <kutta/ode/step_control.hpp>
#include <kutta/schemes/embedded_fifth_order.hpp>

#include "support/random.hpp"

using namespace kutta;
using detail::inverse_power;
using detail::step_controller;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double quiet_nan = std::numeric_limits<double>::quiet_NaN();

/// A controller with no limits, so that its factors are those of the filter.
adaptive unlimited(const step_filter& filter) {
  return {.filter = filter, .safety = 1, .shrink = 1e-9, .grow = 1e9};
}

struct named_filter {
  std::string name;
  step_filter filter;
};
const named_filter filters[] = {{"I", step_filter::i()},
                                {"PI", step_filter::pi()},
                                {"PI.3.4", step_filter::pi34()},
                                {"PID", step_filter::pid()},
                                {"H211b", step_filter::h211()}};

std::string refusal(const adaptive& how) {
  try {
    detail::require_valid(how);
  } catch (const std::invalid_argument& e) {
    return e.what();
  }
  return "nothing was thrown";
}

}  // namespace

TEST_CASE("x^(-a) is as exact as its documentation says, over 2^±63") {
  for (const double a : {.5, .25, 1. / 6, .125, .1, .085, .05, 1. / 36, .02}) {
    CAPTURE(a);
    const inverse_power power(a);
    double worst = 0;
    for (int e = -63; e < 63; ++e)
      for (int i = 0; i < 64; ++i) {
        const double x = std::ldexp(1 + i / 64., e);
        worst = std::fmax(worst, std::abs(power(x) * std::pow(x, a) - 1));
      }
    CHECK(worst <= (a <= .125 ? 1e-3 : 6e-3));
    CHECK(std::abs(power(1) - 1) <= 1e-15);
    CHECK(std::abs(power(4) - std::pow(4, -a)) <= 1e-14);
  }
}

TEST_CASE("x^(-a) decreases, and stays about what it is beyond 2^±64") {
  const inverse_power power(.25);
  bool decreases = true;
  for (double x = 1e-19; x < 1e19; x *= 1.003) decreases = decreases && power(1.003 * x) < power(x);
  CHECK(decreases);
  const double most = 0x1p16, least = 0x1p-16;
  for (const double x : {0., -0., 5e-324, 1e-310, 1e-300, 1e-30}) {
    CAPTURE(x);
    CHECK(power(x) <= most * 1.01);
    CHECK(power(x) >= most * .8);
  }
  for (const double x : {1e30, 1e300, std::numeric_limits<double>::max(), infinity, quiet_nan}) {
    CAPTURE(x);
    CHECK(power(x) >= least * .8);
    CHECK(power(x) <= least * 1.3);
  }
}

TEST_CASE("a filter's factors are those of the formula") {
  const double errors[] = {.7,  .3, 1.4, .9,
                           .05, .6, 2.,  .8};  // accepted or not is not its business
  for (const auto& [name, filter] : filters)
    for (const int k : {2, 5, 8}) {
      CAPTURE(name);
      CAPTURE(k);
      step_controller controller(unlimited(filter), k);
      double before = 1, long_before = 1, ratio = 1;
      for (const double err : errors) {
        const double expected =
            std::pow(err, -filter.beta1 / k) * std::pow(before, -filter.beta2 / k) *
            std::pow(long_before, -filter.beta3 / k) * std::pow(ratio, -filter.alpha);
        const double factor = controller.accept(err * err);
        CHECK(std::abs(factor / expected - 1) <= 8e-3);
        long_before = before;
        before = err;
        ratio = factor;
      }
    }
}

TEST_CASE("the filters are the published ones") {
  CHECK(step_filter::i() == step_filter{1, 0, 0, 0});
  CHECK(step_filter::pi34() == step_filter{.7, -.4, 0, 0});
  CHECK(step_filter::pid() == step_filter{1. / 18, 1. / 9, 1. / 18, 0});
  CHECK(step_filter::h211() == step_filter{.25, .25, 0, .25});
  // DOPRI5: h_new = h fac err^(−α) err_old^β with β = 0.04 and α = 0.2 − 0.75 β, for k = 5.
  CHECK(std::abs(step_filter::pi().beta1 / 5 - (.2 - .75 * .04)) <= 1e-15);
  CHECK(std::abs(step_filter::pi().beta2 / 5 + .04) <= 1e-15);
}

TEST_CASE("the steps of every filter settle at `safety` times the longest that is accepted") {
  for (const auto& [name, filter] : filters)
    for (const double safety : {.9, .5}) {
      CAPTURE(name);
      CAPTURE(safety);
      const int k = 5;
      step_controller controller(adaptive{.filter = filter, .safety = safety}, k);
      double h = .7;  // the error is h^k: 1 is the longest step
      for (int n = 0; n < 200; ++n) h *= controller.accept(std::pow(h, 2 * k));
      CHECK(std::abs(h - safety) <= 5e-3);
    }
}

TEST_CASE("a rejected step is repeated shorter, by the last error alone, and nothing grows then") {
  for (const auto& [name, filter] : filters) {
    CAPTURE(name);
    step_controller controller(adaptive{.filter = filter}, 5);
    CHECK(controller.accept(1e-20) > 1);
    const double retry = controller.reject(16);  // err = 4
    CHECK(std::abs(retry - .9 * std::pow(4, -1. / 5)) <= 1e-3);
    CHECK(controller.reject(1 + 1e-15) <= .95);
    CHECK(controller.accept(1e-20) <= 1);  // however small the error now is
    CHECK(controller.accept(1e-20) > 1);
  }
}

TEST_CASE("a factor stays within shrink and grow, whatever the error") {
  for (const auto& [name, filter] : filters) {
    CAPTURE(name);
    const adaptive how{.filter = filter, .shrink = .3, .grow = 2};
    for (const double error : {0., 5e-324, 1e-300, 1e-9, 1., 1e9, 1e300}) {
      CAPTURE(error);
      step_controller controller(how, 5);
      for (int i = 0; i < 5; ++i) {
        const double factor = controller.accept(error);
        CHECK(factor >= .3);
        CHECK(factor <= 2);
      }
    }
    step_controller controller(how, 5);
    for (const double error : {1.1, 1e9, 1e300, infinity, quiet_nan}) {
      CAPTURE(error);
      const double factor = controller.reject(error);
      CHECK(factor >= .3);
      CHECK(factor <= .95);
    }
    CHECK(controller.reject(quiet_nan) == .3);
    CHECK(controller.reject(infinity) == .3);
  }
}

TEST_CASE("a change of the step by a rejection counts in h_n/h_{n-1}") {
  const auto filter = step_filter::h211();
  step_controller controller(unlimited(filter), 5);
  const double first = controller.accept(.25);  // err = .5
  const double retry = controller.reject(9);    // err = 3
  const double expected = std::pow(.8, -.05) * std::pow(.5, -.05) * std::pow(first * retry, -.25);
  const double factor = controller.accept(.64);  // err = .8
  CHECK(expected > 1);
  CHECK(factor == 1);  // nothing grows after a rejection
  CHECK(std::abs(controller.accept(.64) / (std::pow(.8, -.1) * std::pow(1., -.25)) - 1) <= 2e-3);

  step_controller shrinking(unlimited(filter), 5);
  const double grown = shrinking.accept(1e-12);  // err = 1e-6
  const double cut = shrinking.reject(1.21);     // err = 1.1
  const double then = std::pow(1.05, -.05) * std::pow(1e-6, -.05) * std::pow(grown * cut, -.25);
  CHECK(std::abs(shrinking.accept(1.05 * 1.05) / std::fmin(then, 1.) - 1) <= 2e-3);
}

TEST_CASE("options that make no sense are refused by name, expectation and value") {
  CHECK(refusal(adaptive{}) == "nothing was thrown");
  CHECK(refusal({.rtol = 0, .atol = 0, .max_steps = 0}) == "nothing was thrown");
  CHECK(refusal({.rtol = quiet_nan}) == "adaptive: rtol must be finite and at least 0, got nan");
  CHECK(refusal({.rtol = infinity}) == "adaptive: rtol must be finite and at least 0, got inf");
  CHECK(refusal({.atol = -1}) == "adaptive: atol must be finite and at least 0, got -1");
  CHECK(refusal({.first_step = -.5}) ==
        "adaptive: first_step must be finite and at least 0 (0: chosen), got -0.5");
  CHECK(refusal({.largest_step = 0}) == "adaptive: largest_step must be above 0, got 0");
  CHECK(refusal({.largest_step = quiet_nan}) == "adaptive: largest_step must be above 0, got nan");
  CHECK(refusal({.max_steps = -1}) == "adaptive: max_steps must be at least 0, got -1");
  CHECK(refusal({.filter = {.beta1 = quiet_nan}}) ==
        "adaptive: filter must be made of finite numbers, got nan");
  CHECK(refusal({.safety = 0}) == "adaptive: safety must be in (0, 1], got 0");
  CHECK(refusal({.safety = 1.5}) == "adaptive: safety must be in (0, 1], got 1.5");
  CHECK(refusal({.shrink = 1}) == "adaptive: shrink must be in (0, 1), got 1");
  CHECK(refusal({.shrink = -.1}) == "adaptive: shrink must be in (0, 1), got -0.1");
  CHECK(refusal({.grow = .5}) == "adaptive: grow must be finite and at least 1, got 0.5");
  CHECK(refusal({.grow = infinity}) == "adaptive: grow must be finite and at least 1, got inf");
}

TEST_CASE("a guess from the last two steps is taken from 5 % below to 2 % above what is wanted") {
  for (const double direction : {1., -1.})
    for (const double ratio : {.9, .945, .955, 1., 1.015, 1.025, 1.1}) {  // of the guess to that
      CAPTURE(direction);
      CAPTURE(ratio);
      step_controller controller(unlimited(step_filter::i()), 5);
      const double before = direction, h = 1.1 * direction, guess = 1.15 * direction;
      (void)controller.accept(1, before);
      const double wanted = guess / ratio;  // = h err^(−1/5)
      const double next = controller.accept(std::pow(wanted / h, -10), h);
      const bool is_close = ratio > .95 && ratio < 1.02;
      CHECK(std::abs(next / (is_close ? guess : wanted) - 1) <= (is_close ? 1e-15 : 2e-3));
    }
}

TEST_CASE("a guess costs no evaluations: Kepler's orbit at the same error") {
  // Twenty tolerances each, the mean of evaluations · error^(1/5), which no tolerance changes: with
  // steps that the filter alone chose it is 129.9.
  const auto f = [](double, const std::array<double, 4>& x, std::array<double, 4>& dx) {
    const double square = x[0] * x[0] + x[1] * x[1], force = -1 / (square * std::sqrt(square));
    dx = {x[2], x[3], force * x[0], force * x[1]};
  };
  const double period = 2 * 3.14159265358979323846;
  double mean = 0;
  for (int i = 0; i < 20; ++i) {
    const double tolerance = std::pow(10, -5 - i / 4.);
    const auto end =
        integrate<schemes::dormand_prince54>(f, std::array<double, 4>{.4, 0, 0, 2}, {0, 3 * period},
                                             adaptive{.rtol = tolerance, .atol = tolerance});
    REQUIRE(end.ok());
    const double error = std::hypot(end.x[0] - .4, end.x[1]);
    mean += static_cast<double>(end.stats.evaluations) * std::pow(error, .2) / 20;
  }
  CHECK(std::abs(mean / 129.9 - 1) <= .01);
}

TEST_CASE("PID and H211b answer noise in the errors with a third of the change, or less") {
  // The errors of steps of length h are h^k times noise. What Söderlind designed them for.
  const auto change = [](const step_filter& filter) {
    const int k = 5;
    kutta::test::splitmix64 random(1);
    step_controller controller(unlimited(filter), k);
    double h = 1, sum = 0;
    for (int n = 0; n < 1000; ++n) {
      const double err = std::pow(h, k) * std::exp(random.between(-1, 1));
      const double factor = controller.accept(err * err);
      h *= factor;
      sum += std::abs(std::log(factor));
    }
    return sum / 1000;
  };
  const double i = change(step_filter::i());
  CHECK(std::abs(i - 2. / 3 / 5) <=
        .02);  // log factor = (r_n − r_{n−1})/k for r uniform on [−1, 1]
  CHECK(change(step_filter::h211()) < i / 3);
  CHECK(change(step_filter::pid()) < i / 3);
}

TEST_CASE("the steps of the filters cost alike where the solution is smooth") {
  const auto f = [](double t, double x, double& dx) { dx = std::cos(t) - x; };
  for (const auto& [name, filter] : filters) {
    CAPTURE(name);
    const auto end = integrate<schemes::dormand_prince54>(
        f, 0., {0, 50}, adaptive{.rtol = 1e-8, .atol = 1e-8, .filter = filter});
    CHECK(end.status == status::success);
    CHECK(end.stats.accepted > 100);
    CHECK(end.stats.accepted < 450);
    CHECK(end.stats.rejected * 4 <= end.stats.accepted);
  }
}
