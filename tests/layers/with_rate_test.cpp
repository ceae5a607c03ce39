// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstddef>
#include <type_traits>
#include <vector>

#include <Eigen/Core>
#include <doctest/doctest.h>

#include <kutta/basis/hat.hpp>
#include <kutta/basis/piecewise_constant.hpp>
#include <kutta/layers/check_residual.hpp>
#include <kutta/layers/with_rate.hpp>
#include <kutta/ode/adaptive_block.hpp>
#include <kutta/ode/ode_block.hpp>
#include <kutta/schemes/embedded_fifth_order.hpp>
#include <kutta/schemes/fourth_order.hpp>

#include "support/dense_sine.hpp"
#include "support/problems.hpp"
#include "support/random.hpp"

namespace {

using Eigen::MatrixXd;
using kutta::bases::hat;
using kutta::bases::piecewise_constant;
using kutta::layers::with_rate;
using kutta::schemes::dormand_prince54;
using kutta::schemes::rk4_classic;
using kutta::test::dense_sine;
using kutta::test::random_like;
using kutta::test::splitmix64;

using T = long double;
using logistic = kutta::test::logistic<T>;
using rated = with_rate<logistic>;

static_assert(kutta::residual<with_rate<dense_sine>> && kutta::has_jvp<with_rate<dense_sine>>);
static_assert(kutta::samples_independent<with_rate<dense_sine>>);

/// f'(x) by central differences with a step of Richardson extrapolation.
template <class F>
T derivative(const F& f, T x) {
  const auto slope = [&](T step) { return (f(x + step) - f(x - step)) / (2 * step); };
  return (4 * slope(5e-5L) - slope(1e-4L)) / 3;
}

}  // namespace

TEST_CASE("its derivatives are right") {
  splitmix64 random(1);
  const with_rate<dense_sine> r{dense_sine{}};
  const with_rate<dense_sine>::params theta{dense_sine::random_coefficients(1, 4, random).front(),
                                            .75};
  const auto report = kutta::check_residual(r, theta, random_like(MatrixXd(4, 3), random));
  INFO(report.text());
  CHECK(report.ok());
}

TEST_CASE("a block with it is the block of that rate") {
  const kutta::ode_block<logistic, rk4_classic, hat> f{
      logistic{}, hat(2), {.steps = 4, .horizon = 2, .rate = .75}};
  const kutta::ode_block<rated, rk4_classic, hat> g{
      rated{logistic{}}, hat(2), {.steps = 4, .horizon = 2}};
  CHECK(std::abs(f({1, 3}, .2L) - g({{1, .75L}, {3, .75L}}, .2L)) <= 1e-18L);
}

TEST_CASE("the gradient by the rate and by the end of time") {
  const std::vector<rated::params> theta{{1, .75L}, {3, .75L}};
  // x(T) of a block of rate eps over [0, T], with fixed steps and with those of an adaptive pass.
  const auto check = [&](const auto& run, T deps, T horizon) {
    CHECK(std::abs(derivative([&](T eps) { return run(eps, horizon); }, .75L) - deps) <= 1e-13L);
    CHECK(std::abs(derivative([&](T end) { return run(.75L, end); }, horizon) -
                   .75L / horizon * deps) <= 1e-13L);
  };
  const auto rate_gradient = [](const std::vector<rated::params>& dtheta) {
    return dtheta[0].rate + dtheta[1].rate;  // both coefficients are eps
  };
  const T horizon = 2;
  T dx = 1;
  auto dtheta = kutta::zeros_like(theta);

  const kutta::ode_block<rated, rk4_classic, hat> f{
      rated{logistic{}}, hat(2), {.steps = 5, .horizon = 2}};
  auto ws = f.make_workspace(theta, .2L);
  f.forward(theta, .2L, ws);
  f.backprop(theta, dx, dtheta, ws);
  const auto fixed = [](T eps, T end) {  // rk4_classic on 5 steps, by hand
    T x = .2L;
    const T h = eps * end / 5;
    for (int n = 0; n < 5; ++n) {
      const auto rate = [&](T c, T at) {
        return (1 + 2 * (static_cast<T>(n) + c) / 5) * at * (1 - at);
      };
      const T k1 = rate(0, x), k2 = rate(.5L, x + h / 2 * k1), k3 = rate(.5L, x + h / 2 * k2),
              k4 = rate(1, x + h * k3);
      x += h / 6 * (k1 + 2 * k2 + 2 * k3 + k4);
    }
    return x;
  };
  check(fixed, rate_gradient(dtheta), horizon);

  const auto adaptive = [](double end) {
    return kutta::adaptive_block<rated, dormand_prince54, hat>{
        rated{logistic{}}, hat(2), {.steps = {.rtol = 1e-4, .max_steps = 100}, .horizon = end}};
  };
  const auto g = adaptive(2);
  auto steps = g.make_workspace(theta, .2L);
  REQUIRE(g.forward(theta, .2L, steps));
  dx = 1;
  kutta::set_zero(dtheta);
  g.backprop(theta, dx, dtheta, steps);
  const auto same_steps = [&](T eps, T end) {
    // The factor of time is exact in double: what remains of it is a rate.
    return adaptive(2).repeat({{1, eps * end / 2}, {3, eps * end / 2}}, .2L, steps);
  };
  check(same_steps, rate_gradient(dtheta), horizon);
  const auto other_end = [&](double end) { return adaptive(end).repeat(theta, .2L, steps); };
  const T difference = (other_end(2 + 0x1p-14) - other_end(2 - 0x1p-14)) * 0x1p13L;
  CHECK(std::abs(difference - .375L * rate_gradient(dtheta)) <= 1e-8L);
}

TEST_CASE("a rate for each depth: on each cell of its own") {
  // theta and rate constant on two cells: x(1) depends on (rate_0 theta_0 + rate_1 theta_1)/2.
  const kutta::adaptive_block<rated, dormand_prince54, piecewise_constant> f{
      rated{logistic{}},
      piecewise_constant(2),
      {.steps = {.rtol = 1e-12, .atol = 1e-14, .max_steps = 2000}}};
  const std::vector<rated::params> theta{{1, 2}, {3, .5L}};
  auto ws = f.make_workspace(theta, .2L);
  REQUIRE(f.forward(theta, .2L, ws));
  const T x1 = logistic::exact(.2L, (2 + 1.5L) / 2), slope = x1 * (1 - x1) / 2;
  CHECK(std::abs(ws.last() - x1) <= 1e-11L);
  T dx = 1;
  auto dtheta = kutta::zeros_like(theta);
  f.backprop(theta, dx, dtheta, ws);
  CHECK(std::abs(dtheta[0].rate - 1 * slope) <= 1e-10L);
  CHECK(std::abs(dtheta[1].rate - 3 * slope) <= 1e-10L);
  CHECK(std::abs(dtheta[0].theta - 2 * slope) <= 1e-10L);
  CHECK(std::abs(dtheta[1].theta - .5L * slope) <= 1e-10L);
}
