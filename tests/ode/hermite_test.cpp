// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cmath>
#include <cstddef>

#include <doctest/doctest.h>

#include <kutta/ode/hermite.hpp>
#include <kutta/tensor/contiguous.hpp>

#include "support/problems.hpp"
#include "support/slope.hpp"

using namespace kutta;
using kutta::test::observed_slope;

namespace {

using problem = kutta::test::driven_logistic<long double>;

/// A cubic and its derivative.
double cubic(double t) {
  return 2 - t + 3 * t * t - .5 * t * t * t;
}
double slope(double t) {
  return -1 + 6 * t - 1.5 * t * t;
}

template <class X>
X by_polynomial(const vec<X, 3>& c, const X& x0, double theta) {
  X y = x0;
  kutta::add(y, x0, scaled<X>{theta, c[0]}, scaled<X>{theta * theta, c[1]},
             scaled<X>{theta * theta * theta, c[2]});
  return y;
}

}  // namespace

TEST_CASE("a cubic is its own interpolant, forward and backward in time") {
  for (const double h : {.5, -.75, 2.}) {
    CAPTURE(h);
    const double t0 = .3, t1 = t0 + h;
    vec<double, 3> c{};
    detail::hermite_polynomial(h, cubic(t0), cubic(t1), slope(t0), slope(t1), c);
    for (const double theta : {0., .1, .5, .77, 1.}) {
      double y = 0;
      detail::hermite(h, cubic(t0), cubic(t1), slope(t0), slope(t1), theta, y);
      CHECK(std::abs(y - cubic(t0 + theta * h)) <= 1e-14);
      CHECK(std::abs(by_polynomial(c, cubic(t0), theta) - y) <= 1e-14);
    }
  }
}

TEST_CASE("the ends of the interpolant are those of the step, whatever the rates") {
  using state = std::array<double, 2>;
  const state x0{1, -2}, x1{.3, 1e10}, f0{7, 1}, f1{-3, 1e5};
  state y{};
  detail::hermite(.1, x0, x1, f0, f1, 0., y);
  CHECK(y == x0);
  detail::hermite(.1, x0, x1, f0, f1, 1., y);
  CHECK(y == x1);
}

TEST_CASE("the interpolant may be written over an end") {
  double x0 = cubic(0), expected = 0;
  const double x1 = cubic(1), f0 = slope(0), f1 = slope(1);
  detail::hermite(1., x0, x1, f0, f1, .25, expected);
  detail::hermite(1., x0, x1, f0, f1, .25, x0);
  CHECK(x0 == expected);
}

TEST_CASE("the error of the interpolant of a solution falls as h^4") {
  const auto error = [](double h) {
    const long double t0 = .2L, t1 = t0 + static_cast<long double>(h);
    const long double x0 = problem::exact(t0, .6L), x1 = problem::exact(t1, .6L);
    long double worst = 0, y = 0;
    for (int i = 1; i < 20; ++i) {
      const long double theta = i / 20.L;
      detail::hermite(static_cast<long double>(h), x0, x1, problem::rate(t0, x0),
                      problem::rate(t1, x1), theta, y);
      worst = std::fmax(worst, std::abs(y - problem::exact(t0 + theta * h, .6L)));
    }
    return worst;
  };
  CHECK(std::abs(observed_slope(error, 1. / 64) - 4) <= .15);
  // The cubic's error is h⁴ x''''/384 in the middle: bounded by that of the largest x''''.
  CHECK(error(1. / 64) <= 20 * std::pow(1. / 64, 4) / 384);
}
