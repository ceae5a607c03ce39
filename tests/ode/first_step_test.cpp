// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <limits>

#include <doctest/doctest.h>

#include <kutta/ode/first_step.hpp>

using kutta::initial_step;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double quiet_nan = std::numeric_limits<double>::quiet_NaN();

/// initial_step for dx/dt = 2 x at x = (3, 4), in the Euclidean norm: d0 = 5, d1 = 10, d2 = 20.
double first_step_of_doubling(int p) {
  return initial_step(5., 10., p, [](double h) {
    const double ahead = 10 * (1 + 2 * h);
    return (ahead - 10) / h;
  });
}

}  // namespace

TEST_CASE("the first step is Hairer's, at two published orders") {
  CHECK(std::abs(first_step_of_doubling(1) - .0223606798) <= 1e-10);
  CHECK(std::abs(first_step_of_doubling(2) - .0793700526) <= 1e-10);
  CHECK(std::abs(first_step_of_doubling(4) - std::pow(.01 / 20, .2)) <= 1e-15);
}

TEST_CASE("the first step is a number, whatever the sizes are") {
  const double sizes[] = {0, 1e-320, 1e-6, 1, 1e300, infinity, quiet_nan};
  for (const double d0 : sizes)
    for (const double d1 : sizes)
      for (const double d2 : sizes) {
        const double h = initial_step(d0, d1, 4, [&](double) { return d2; });
        CAPTURE(d0);
        CAPTURE(d1);
        CAPTURE(d2);
        CHECK(h > 0);
        CHECK(h < infinity);
      }
  // Nothing moves: 1e-6, Hairer's choice.
  CHECK(initial_step(1, 0, 4, [](double) { return 0.; }) == 1e-6);
  // A hundred Euler steps at most.
  CHECK(std::abs(initial_step(1, 1, 1, [](double) { return 1e-9; }) - .1) <= 1e-15);
  CHECK(std::abs(initial_step(1e-3, 1, 1, [](double) { return 1e-9; }) - 1e-3) <= 1e-15);
}
