// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstddef>
#include <limits>

#include <doctest/doctest.h>

#include <kutta/ode/accepted_step.hpp>
#include <kutta/ode/explicit_stepper.hpp>
#include <kutta/schemes/embedded_fifth_order.hpp>
#include <kutta/schemes/embedded_third_order.hpp>
#include <kutta/schemes/fourth_order.hpp>

#include "support/problems.hpp"

using namespace kutta;
using problem = kutta::test::driven_logistic<double>;
using schemes::bogacki_shampine32;
using schemes::dormand_prince54;
using schemes::rk4_classic;
using schemes::tsitouras54;

namespace {

constexpr double quiet_nan = std::numeric_limits<double>::quiet_NaN();

const auto rate = [](double t, double x, double& dx) { dx = problem::rate(t, x); };

/// A step from (t0, x(t0)), and all that it refers to.
template <class S>
struct one_step {
  double t0, h;
  double x0 = problem::exact(t0, .6), x1 = quiet_nan;
  statistics stats{};
  explicit_stepper<S, double> stepper{0.};

  auto operator()() {
    stepper.start();
    stepper.attempt(rate, t0, h, x0, x1, stats);
    return accepted_step(stepper, rate, t0, t0 + h, x0, x1, stats);
  }
};

}  // namespace

TEST_CASE_TEMPLATE("a step is the solution from its start to its end", S, bogacki_shampine32,
                   dormand_prince54, tsitouras54, rk4_classic) {
  for (const double h : {.125, -.125}) {
    CAPTURE(h);
    one_step<S> made{.5, h};
    const auto step = made();
    double y = quiet_nan;
    step.at(.5, y);
    CHECK(y == made.x0);
    step.at(.5 + h, y);
    CHECK(y == made.x1);
    CHECK(step.end() == made.x1);
    CHECK(step.length() == h);

    vec<double, detail::dense_degree<S>> c{};
    step.polynomial(c);
    for (const double theta : {.01, .25, .5, .75, .99, 1.}) {
      CAPTURE(theta);
      const double t = .5 + theta * h;
      step.at(t, y);
      CHECK(std::abs(y - problem::exact(t, .6)) <= 3e-5);
      double sum = made.x0, power = 1;
      for (const double of : c) sum += of * (power *= theta);
      CHECK(std::abs(sum - y) <= 1e-15);
    }
  }
}

TEST_CASE("a step covers (t0, t1], in the direction of time") {
  one_step<rk4_classic> forward{1, .5}, backward{1, -.5};
  const auto up = forward(), down = backward();
  CHECK_FALSE(up.covers(1));
  CHECK(up.covers(1.25));
  CHECK(up.covers(1.5));
  CHECK_FALSE(up.covers(1.75));
  CHECK_FALSE(up.covers(.75));
  CHECK_FALSE(up.covers(quiet_nan));
  CHECK_FALSE(down.covers(1));
  CHECK(down.covers(.75));
  CHECK(down.covers(.5));
  CHECK_FALSE(down.covers(.25));
  CHECK_FALSE(down.covers(1.25));
  CHECK_FALSE(down.covers(quiet_nan));
}

TEST_CASE("a step that is cut ends there, and is the same curve") {
  one_step<dormand_prince54> made{.5, .125};
  auto step = made();
  double middle = quiet_nan, before = quiet_nan, y = quiet_nan;
  step.at(.55, before);
  step.at(.5625, middle);
  vec<double, 4> c{}, of_cut{};
  step.polynomial(c);

  step.cut(.5625, middle);
  CHECK(step.t1 == .5625);
  CHECK(step.end() == middle);
  CHECK(step.length() == .125);
  CHECK_FALSE(step.covers(.6));
  step.at(.55, y);
  CHECK(y == before);
  step.at(.5625, y);
  CHECK(y == middle);
  step.polynomial(of_cut);
  CHECK(of_cut == c);
}

TEST_CASE("looking at a step costs the rate at its end at most once") {
  one_step<rk4_classic> made{.5, .125};
  const auto step = made();
  double y = quiet_nan;
  CHECK(made.stats.evaluations == 4);
  step.at(.5, y);
  step.at(.625, y);
  CHECK(made.stats.evaluations == 4);
  step.at(.55, y);
  step.at(.6, y);
  vec<double, 3> c{};
  step.polynomial(c);
  CHECK(made.stats.evaluations == 5);
}
