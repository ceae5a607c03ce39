// SPDX-License-Identifier: Apache-2.0
// Compiled with -ffp-contract=off: a compiler that fuses x + h k in one loop and not in the other
// would change the bits.
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include <Eigen/Core>
#include <doctest/doctest.h>

#include <kutta/basis/piecewise_constant.hpp>
#include <kutta/ode/ode_block.hpp>
#include <kutta/schemes/first_order.hpp>

#include "support/dense_sine.hpp"
#include "support/problems.hpp"
#include "support/random.hpp"

namespace {

using kutta::bases::piecewise_constant;
using kutta::schemes::euler;
using kutta::test::dense_sine;
using kutta::test::random_like;
using kutta::test::splitmix64;

constexpr std::int64_t deepest = 1024;

}  // namespace

TEST_CASE("Euler with N = K is a residual network of depth N, bit for bit: numbers") {
  using logistic = kutta::test::logistic<double>;
  splitmix64 random(1);
  for (std::int64_t n = 1; n <= deepest; ++n) {
    const auto depth = static_cast<std::size_t>(n);
    const auto theta = random_like(std::vector<double>(depth), random, -2, 2);
    const double h = 1 / static_cast<double>(n);
    std::vector<double> x{.3};
    for (const double w : theta) x.push_back(x.back() + h * (w * x.back() * (1 - x.back())));
    std::vector<double> dtheta(depth);
    double dx = 1;
    for (std::size_t k = depth; k-- > 0;) {
      const double dy = h * dx;
      dtheta[k] = x[k] * (1 - x[k]) * dy;
      dx += theta[k] * (1 - 2 * x[k]) * dy;
    }

    const kutta::ode_block<logistic, euler, piecewise_constant> f{
        logistic{}, piecewise_constant(n), {.steps = n}};
    auto ws = f.make_workspace(theta, .3);
    const double x1 = f.forward(theta, .3, ws);
    auto dtheta_f = kutta::zeros_like(theta);
    double dx_f = 1;
    f.backprop(theta, dx_f, dtheta_f, ws);
    CAPTURE(n);
    CHECK(x1 == x.back());
    CHECK(dx_f == dx);
    CHECK(dtheta_f == dtheta);
  }
}

TEST_CASE("Euler with N = K is a residual network of depth N, bit for bit: matrices") {
  splitmix64 random(2);
  const auto theta = dense_sine::random_coefficients(deepest, 3, random);
  const Eigen::MatrixXd x0 = random_like(Eigen::MatrixXd(3, 2), random);
  for (std::int64_t n = 1; n <= deepest; n += n < 130 ? 1 : 37) {
    const std::vector<dense_sine::params> first(theta.begin(), theta.begin() + n);
    const double h = 1 / static_cast<double>(n);
    Eigen::MatrixXd x = x0, y(3, 2);
    for (const auto& p : first) {
      dense_sine::tape unused;
      dense_sine{}.forward(p, x, y, unused);
      x += h * y;
    }
    const kutta::ode_block<dense_sine, euler, piecewise_constant> f{
        dense_sine{}, piecewise_constant(n), {.steps = n}};
    CAPTURE(n);
    CHECK(f(first, x0) == x);
  }
}

TEST_CASE("the same weights on other steps are another network: the control") {
  splitmix64 random(3);
  const auto theta = dense_sine::random_coefficients(7, 3, random);
  const Eigen::MatrixXd x0 = random_like(Eigen::MatrixXd(3, 2), random);
  const kutta::ode_block<dense_sine, euler, piecewise_constant> f{
      dense_sine{}, piecewise_constant(7), {.steps = 7}};
  auto shifted = theta;
  std::swap(shifted[3], shifted[4]);
  CHECK(f(shifted, x0) != f(theta, x0));
  CHECK(f.with_steps(8)(theta, x0) != f(theta, x0));
}
