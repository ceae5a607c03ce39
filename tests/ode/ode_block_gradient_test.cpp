// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include <Eigen/Core>
#include <doctest/doctest.h>

#include <kutta/basis/hat.hpp>
#include <kutta/basis/piecewise_constant.hpp>
#include <kutta/ode/ode_block.hpp>
#include <kutta/schemes/order.hpp>

#include "support/dense_sine.hpp"
#include "support/problems.hpp"
#include "support/random.hpp"
#include "support/schemes.hpp"
#include "support/slope.hpp"

namespace {

using kutta::ode_block;
using kutta::scaled;
using kutta::bases::hat;
using kutta::bases::piecewise_constant;
using kutta::schemes::euler;
using kutta::schemes::rk4_classic;
using kutta::test::dense_sine;
using kutta::test::explicit_schemes;
using kutta::test::observed_slope;
using kutta::test::random_like;
using kutta::test::splitmix64;

using logistic = kutta::test::logistic<double>;
using Eigen::MatrixXd;

template <class T>
double norm(const T& x) {
  return std::sqrt(kutta::inner_product(x, x));
}

/// A point, a direction, and a gradient of the loss, for a block on 4 × 3 matrices.
template <class S, class B>
struct random_case {
  using block = ode_block<dense_sine, S, B>;
  using coefficients = typename block::coefficients;

  block f{dense_sine{}, B(3), {.steps = 5, .horizon = 1.5, .rate = .75}};
  splitmix64 random{1};
  coefficients theta = dense_sine::random_coefficients(3, 4, random);
  coefficients vtheta = dense_sine::random_coefficients(3, 4, random);
  MatrixXd x0 = random_like(MatrixXd(4, 3), random);
  MatrixXd vx = random_like(x0, random);
  MatrixXd w = random_like(x0, random);  ///< J = ⟨w, x(T)⟩
  typename block::workspace_type ws = f.make_workspace(theta, x0);

  struct gradients {
    MatrixXd dx;
    coefficients dtheta;
  };
  gradients backprop() {
    gradients d{w, kutta::zeros_like(theta)};
    f.forward(theta, x0, ws);
    f.backprop(theta, d.dx, d.dtheta, ws);
    return d;
  }
  double objective(double eps) {
    MatrixXd x = x0;
    coefficients c = theta;
    kutta::add(x, x, scaled{eps, vx});
    kutta::add(c, c, scaled{eps, vtheta});
    return kutta::inner_product(w, f.forward(c, x, ws));
  }
};

template <class S, class B>
void check_taylor() {
  random_case<S, B> test;
  const double j = test.objective(0);
  const auto d = test.backprop();
  const double slope =
      kutta::inner_product(d.dx, test.vx) + kutta::inner_product(d.dtheta, test.vtheta);
  const auto first_order = [&](double eps) { return std::abs(test.objective(eps) - j); };
  const auto second_order = [&](double eps) {
    return std::abs(test.objective(eps) - j - eps * slope);
  };
  CHECK(std::abs(observed_slope(first_order, 1e-4) - 1) <= .05);
  CHECK(std::abs(observed_slope(second_order, 1e-4) - 2) <= .05);
}

template <class S, class B>
void check_products() {
  random_case<S, B> test;
  const auto d = test.backprop();
  MatrixXd vx = test.vx;
  const MatrixXd x1 = test.f.jvp(test.theta, test.x0, test.vtheta, vx, test.ws);
  CHECK(x1 == test.f(test.theta, test.x0));
  const double jtw_v =
      kutta::inner_product(d.dx, test.vx) + kutta::inner_product(d.dtheta, test.vtheta);
  CHECK(std::abs(jtw_v - kutta::inner_product(test.w, vx)) <= 1e-13 * norm(test.w) * norm(vx));
  CHECK(norm(vx) > .1);

  // jvp records like forward: the same gradient follows from it.
  typename random_case<S, B>::gradients again{test.w, kutta::zeros_like(test.theta)};
  test.f.backprop(test.theta, again.dx, again.dtheta, test.ws);
  CHECK(again.dx == d.dx);
  for (std::size_t k = 0; k < 3; ++k) {
    CHECK(again.dtheta[k].w == d.dtheta[k].w);
    CHECK(again.dtheta[k].b == d.dtheta[k].b);
  }
}

}  // namespace

TEST_CASE_TEMPLATE_DEFINE("backprop is the gradient of forward: Taylor's theorem", S, taylor) {
  check_taylor<S, hat>();
  check_taylor<S, piecewise_constant>();
}
TEST_CASE_TEMPLATE_APPLY(taylor, explicit_schemes);

TEST_CASE_TEMPLATE_DEFINE("backprop is the transpose of jvp", S, products) {
  check_products<S, hat>();
  check_products<S, piecewise_constant>();
}
TEST_CASE_TEMPLATE_APPLY(products, explicit_schemes);

TEST_CASE("one Euler step by hand: dx = 1 + h theta (1 - 2 x), dtheta = h x (1 - x)") {
  const ode_block<logistic, euler, piecewise_constant> f{
      logistic{}, piecewise_constant(1), {.steps = 1, .horizon = 2, .rate = .25}};
  auto ws = f.make_workspace({3.}, .25);
  f.forward({3.}, .25, ws);
  double dx = 2;
  std::vector<double> dtheta{0};
  f.backprop({3.}, dx, dtheta, ws);
  CHECK(dx == 2 * (1 + .5 * 3 * .5));
  CHECK(dtheta[0] == 2 * .5 * .25 * .75);
}

TEST_CASE("the gradient of a coefficient is weighted by its hat, at the depth of each stage") {
  // dx/dt = theta(t) with Euler and N = 4: dtheta_k = h Σ φ_k(n/4).
  struct read {
    using state = double;
    using params = double;
    struct tape {};
    void forward(double theta, double, double& y, tape&) const { y = theta; }
    void vjp(double, double, const tape&, double dy, double&, double& dtheta) const {
      dtheta += dy;
    }
  };
  const ode_block<read, euler, hat> f{read{}, hat(2), {.steps = 4, .horizon = 4}};
  const std::vector<double> theta{5, 7};
  auto ws = f.make_workspace(theta, 0);
  f.forward(theta, 0, ws);
  double dx = 1;
  std::vector<double> dtheta{0, 0};
  f.backprop(theta, dx, dtheta, ws);
  CHECK(dx == 1);
  CHECK(dtheta == std::vector<double>{1 + .75 + .5 + .25, 0 + .25 + .5 + .75});
}

TEST_CASE_TEMPLATE_DEFINE("the gradient converges to that of the exact solution, at the same order",
                          S, gradient_order) {
  // With I = ∫ theta dt and x1 = x(1):  ∂x1/∂x0 = x1 (1 − x1)/(x0 (1 − x0)),
  // ∂x1/∂theta_k = x1 (1 − x1) ∫ φ_k dt.
  using T = long double;
  using problem = kutta::test::logistic<T>;
  const T x0 = .2L, x1 = problem::exact(x0, 2);
  const auto check = [&](const auto& phi) {
    const auto error = [&](std::size_t which) {
      return [&, which](double h) {
        const ode_block<problem, S, std::remove_cvref_t<decltype(phi)>> f{
            problem{}, phi, {.steps = std::lround(1 / h)}};
        const std::vector<T> theta{1, 3};
        auto ws = f.make_workspace(theta, x0);
        f.forward(theta, x0, ws);
        T dx = 1;
        std::vector<T> dtheta{0, 0};
        f.backprop(theta, dx, dtheta, ws);
        const T exact = which == 2 ? x1 * (1 - x1) / (x0 * (1 - x0)) : x1 * (1 - x1) / 2;
        return std::abs((which == 2 ? dx : dtheta[which]) - exact);
      };
    };
    for (const std::size_t which : {0u, 1u, 2u}) {
      CAPTURE(which);
      CHECK(std::abs(observed_slope(error(which), 1. / 512) - kutta::order(S::tableau)) <= .15);
    }
  };
  check(hat(2));
  check(piecewise_constant(2));
}
TEST_CASE_TEMPLATE_APPLY(gradient_order, explicit_schemes);

TEST_CASE("dx is replaced and dtheta accumulates") {
  random_case<rk4_classic, hat> test;
  const auto d = test.backprop();
  MatrixXd dx = test.w;
  auto dtheta = test.vtheta;
  test.f.forward(test.theta, test.x0, test.ws);
  test.f.backprop(test.theta, dx, dtheta, test.ws);
  CHECK(dx == d.dx);
  auto expected = test.vtheta;
  kutta::add(expected, expected, scaled{1, d.dtheta});
  kutta::add(dtheta, dtheta, scaled{-1, expected});
  CHECK(norm(dtheta) <= 1e-14 * norm(expected));
}

TEST_CASE("gradient is forward, loss and backprop in one") {
  random_case<rk4_classic, piecewise_constant> test;
  const auto d = test.backprop();
  const double j = kutta::inner_product(test.w, test.f(test.theta, test.x0));
  int calls = 0;
  const auto loss = [&](const MatrixXd& x1, std::size_t first, MatrixXd& dx1) {
    ++calls;
    CHECK(first == 0);
    CHECK(dx1 == MatrixXd::Zero(4, 3));
    dx1 += test.w;
    return kutta::inner_product(test.w, x1);
  };
  MatrixXd dx = MatrixXd::Constant(4, 3, std::numeric_limits<double>::quiet_NaN());
  auto dtheta = kutta::zeros_like(test.theta);
  CHECK(test.f.gradient(test.theta, test.x0, loss, dx, dtheta, test.ws) == j);
  CHECK(calls == 1);
  CHECK(dx == d.dx);
  for (std::size_t k = 0; k < 3; ++k) {
    CHECK(dtheta[k].w == d.dtheta[k].w);
    CHECK(dtheta[k].b == d.dtheta[k].b);
  }

  CHECK(test.f.gradient(test.theta, test.x0, loss, dx, dtheta, test.ws) == j);
  auto twice = d.dtheta;
  kutta::combine(twice, scaled{2, d.dtheta}, scaled{-1, dtheta});
  CHECK(norm(twice) <= 1e-14 * norm(dtheta));
}

TEST_CASE("a block of blocks: the gradient passes through both") {
  // Two blocks one after the other are one block of twice the horizon and the steps.
  const ode_block<logistic, rk4_classic, piecewise_constant> half{
      logistic{}, piecewise_constant(1), {.steps = 3}};
  const ode_block<logistic, rk4_classic, piecewise_constant> whole{
      logistic{}, piecewise_constant(2), {.steps = 6, .horizon = 2}};
  const std::vector<double> theta{1, 3}, first{1}, second{3};
  auto ws = whole.make_workspace(theta, .2), ws1 = half.make_workspace(first, .2),
       ws2 = half.make_workspace(second, .2);
  const double x1 = whole.forward(theta, .2, ws);
  CHECK(half.forward(second, half.forward(first, .2, ws1), ws2) == x1);

  double dx = 1, dy = 1;
  std::vector<double> dtheta{0, 0}, d1{0}, d2{0};
  whole.backprop(theta, dx, dtheta, ws);
  half.backprop(second, dy, d2, ws2);
  half.backprop(first, dy, d1, ws1);
  CHECK(dy == dx);
  CHECK(d1[0] == dtheta[0]);
  CHECK(d2[0] == dtheta[1]);
}

TEST_CASE("a loss of all states: its gradient comes in on the way back") {
  // L = Σ_n w_n x_n: the sum of the gradients of x_n, each the result of a shorter block.
  constexpr std::int64_t steps = 5;
  const double w[steps + 1] = {.5, -2, 3, .25, 1, -1.5};
  const hat phi(1);
  const ode_block<logistic, rk4_classic, hat> f{logistic{}, phi, {.steps = steps}};
  const std::vector<double> theta{2};
  double dx_expected = w[0];
  std::vector<double> dtheta_expected{0};
  for (std::int64_t n = 1; n <= steps; ++n) {
    const ode_block<logistic, rk4_classic, hat> shorter{
        logistic{}, phi, {.steps = n, .horizon = static_cast<double>(n) / steps}};
    auto ws = shorter.make_workspace(theta, .3);
    double dx = w[n];
    shorter.forward(theta, .3, ws);
    shorter.backprop(theta, dx, dtheta_expected, ws);
    dx_expected += dx;
  }
  auto ws = f.make_workspace(theta, .3, kutta::keep::steps{});
  double loss = 0, dx = 0;
  std::vector<double> dtheta{0};
  f.forward(theta, .3, ws, [&](std::int64_t n, double x) { loss += w[n] * x; });
  f.backprop(theta, dx, dtheta, ws, [&](std::int64_t n, double& g) { g += w[n]; });
  CHECK(std::abs(dx - dx_expected) <= 1e-14);
  CHECK(std::abs(dtheta[0] - dtheta_expected[0]) <= 1e-14);
  double sum = 0;
  for (std::int64_t n = 0; n <= steps; ++n)
    sum +=
        w[n] * (n == 0 ? .3
                       : ode_block<logistic, rk4_classic, hat>{
                             logistic{},
                             phi,
                             {.steps = n, .horizon = static_cast<double>(n) / steps}}(theta, .3));
  CHECK(std::abs(loss - sum) <= 1e-14);
}
