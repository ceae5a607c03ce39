// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <vector>

#include <Eigen/Core>
#include <doctest/doctest.h>

#include <kutta/basis/hat.hpp>
#include <kutta/basis/piecewise_constant.hpp>
#include <kutta/ode/ode_block.hpp>
#include <kutta/ode/reversible.hpp>
#include <kutta/schemes/order.hpp>

#include "support/counting_allocator.hpp"
#include "support/dense_sine.hpp"
#include "support/driven_residual.hpp"
#include "support/gradient_under.hpp"
#include "support/problems.hpp"
#include "support/random.hpp"
#include "support/schemes.hpp"
#include "support/slope.hpp"
#include "typed/elementwise_logistic.hpp"

namespace {

using kutta::ode_block;
using kutta::scaled;
using kutta::bases::hat;
using kutta::bases::piecewise_constant;
using kutta::schemes::euler;
using kutta::schemes::rk4_38;
using kutta::schemes::rk4_classic;
using kutta::test::dense_sine;
using kutta::test::explicit_schemes;
using kutta::test::observed_slope;
using kutta::test::random_like;
using kutta::test::splitmix64;

template <class S>
using reversible = kutta::schemes::reversible<S>;
template <std::floating_point T>
using logistic = kutta::test::logistic<T>;
using Eigen::MatrixXd;

template <class T>
double norm(const T& x) {
  return std::sqrt(kutta::inner_product(x, x));
}

/// Ψ_h(x) for dx/dt = theta x (1 − x), by loops over the table.
template <class S>
double psi(double h, double theta, double x) {
  constexpr auto& rk = S::tableau;
  double k[rk.stages], sum = 0;
  for (std::size_t i = 0; i < rk.stages; ++i) {
    double at = x;
    for (std::size_t j = 0; j < i; ++j) at += h * kutta::to_double(rk.a[i][j]) * k[j];
    k[i] = theta * at * (1 - at);
    sum += h * kutta::to_double(rk.b[i]) * k[i];
  }
  return sum;
}

/// A point, a direction, and a gradient of the loss, for a block on 4 × 3 matrices.
template <class S, class B>
struct random_case {
  using block = ode_block<dense_sine, reversible<S>, B>;
  using coefficients = typename block::coefficients;
  using outputs = kutta::test::pass_outputs<MatrixXd, coefficients>;

  explicit random_case(std::int64_t steps = 5)
      : f(dense_sine{}, B(3), {.steps = steps, .horizon = 1.5, .rate = .75}) {}

  template <class K>
  outputs under(const K& keep) const {
    return kutta::test::gradient_under(keep, f, theta, x0, w);
  }
  double objective(double eps) const {
    MatrixXd x = x0;
    coefficients c = theta;
    kutta::add(x, x, scaled{eps, vx});
    kutta::add(c, c, scaled{eps, vtheta});
    return kutta::inner_product(w, f(c, x));
  }

  block f;
  splitmix64 random{1};
  coefficients theta = dense_sine::random_coefficients(3, 4, random);
  coefficients vtheta = dense_sine::random_coefficients(3, 4, random);
  MatrixXd x0 = random_like(MatrixXd(4, 3), random);
  MatrixXd vx = random_like(x0, random);
  MatrixXd w = random_like(x0, random);  ///< J = ⟨w, x(T)⟩
};

/// Gradients of x(T) of a logistic curve of N steps.
template <class T>
struct logistic_gradients {
  T x1, dx;
  std::vector<T> dtheta;
};
template <class T, class K>
logistic_gradients<T> logistic_gradients_of(std::int64_t steps, const K& keep, double& error) {
  const ode_block<logistic<T>, reversible<rk4_classic>, hat> f{
      {}, hat(3), {.steps = steps, .horizon = 2}};
  const std::vector<T> theta{T(1), T(2), T(1.5)};
  auto ws = f.make_workspace(theta, T(.2), keep);
  logistic_gradients<T> g{f.forward(theta, T(.2), ws), 1, {0, 0, 0}};
  f.backprop(theta, g.dx, g.dtheta, ws);
  if constexpr (requires { ws.history.reconstruction_error(); })
    error = ws.history.reconstruction_error();
  return g;
}

}  // namespace

TEST_CASE_TEMPLATE("steps by the printed formula: one cell a step, in both halves", S, euler,
                   kutta::schemes::heun2, rk4_classic, rk4_38) {
  const std::vector<double> theta{2, .5, 3, 1};
  const ode_block<logistic<double>, reversible<S>, piecewise_constant> f{
      {}, piecewise_constant(4), {.steps = 4, .horizon = 2}};
  const double lambda = kutta::coupling(4, 53 * std::log(2.) / 4), h = .5;
  double y = .2, z = .2;
  for (const double theta_n : theta) {
    y = lambda * y + (1 - lambda) * z + psi<S>(h, theta_n, z);
    z = z - psi<S>(-h, theta_n, y);
  }
  CHECK(std::abs(y - z) > 1e-7);  // λ matters
  CHECK(std::abs(f(theta, .2) - y) <= 4e-16);
}

TEST_CASE("the coupling costs a quarter of the digits at most") {
  for (const int digits : {24, 53, 64})
    for (const std::int64_t n : {1, 2, 10, 100, 1000, 1000000}) {
      CAPTURE(n);
      const double lambda = kutta::coupling(n, kutta::coupling_strength(digits));
      const double growth = std::pow(lambda, -static_cast<double>(n));
      CHECK(lambda > 0);
      CHECK(lambda < 1);
      CHECK(growth <= std::pow(2., digits / 4.));
      if (n >= 1000) CHECK(growth >= .9 * std::pow(2., digits / 4.));
    }
}

TEST_CASE_TEMPLATE_DEFINE("the reversible scheme is of the order of the scheme", S, orders) {
  using T = long double;
  const T x0 = .3L, x1 = logistic<T>::exact(x0, 2);
  const auto check = [&]<class B>(const B& phi) {
    const auto error = [&](double h) {
      const ode_block<logistic<T>, reversible<S>, B> f{{}, phi, {.steps = std::lround(1 / h)}};
      return std::abs(f(std::vector<T>{1, 3}, x0) - x1);
    };
    CHECK(std::abs(observed_slope(error, 1. / 1024) - kutta::order(S::tableau)) <= .15);
  };
  check(hat(2));
  check(piecewise_constant(2));
  // Not separable: each stage must be at its own time.
  const auto error = [](double h) {
    const ode_block<kutta::test::driven_residual<T>, reversible<S>, hat> f{
        {}, hat(1), {.steps = std::lround(2 / h), .horizon = 2}};
    return std::abs(f({1}, .5L) - kutta::test::driven_logistic<T>::exact(2, .5L));
  };
  CHECK(std::abs(observed_slope(error, 1. / 256) - kutta::order(S::tableau)) <= .15);
}
TEST_CASE_TEMPLATE_APPLY(orders, explicit_schemes);

TEST_CASE_TEMPLATE_DEFINE("backprop is the gradient: Taylor's theorem", S, taylor) {
  const auto check = []<class B>(const B&) {
    const random_case<S, B> test;
    const double j = test.objective(0);
    const auto d = test.under(kutta::keep::everything{});
    const double slope =
        kutta::inner_product(d.dx, test.vx) + kutta::inner_product(d.dtheta, test.vtheta);
    const auto first_order = [&](double eps) { return std::abs(test.objective(eps) - j); };
    const auto second_order = [&](double eps) {
      return std::abs(test.objective(eps) - j - eps * slope);
    };
    CHECK(std::abs(observed_slope(first_order, 1e-4) - 1) <= .05);
    CHECK(std::abs(observed_slope(second_order, 1e-4) - 2) <= .05);
  };
  check(hat(1));
  check(piecewise_constant(1));
}
TEST_CASE_TEMPLATE_APPLY(taylor, explicit_schemes);

TEST_CASE_TEMPLATE_DEFINE("backprop is the transpose of jvp", S, products) {
  const auto check = []<class B, class K>(const B&, const K& keep) {
    const random_case<S, B> test;
    const auto d = test.under(keep);
    MatrixXd vx = test.vx;
    auto ws = test.f.make_workspace(test.theta, test.x0, keep);
    const MatrixXd x1 = test.f.jvp(test.theta, test.x0, test.vtheta, vx, ws);
    CHECK(x1 == test.f(test.theta, test.x0));
    const double jtw_v =
        kutta::inner_product(d.dx, test.vx) + kutta::inner_product(d.dtheta, test.vtheta);
    CHECK(std::abs(jtw_v - kutta::inner_product(test.w, vx)) <= 1e-13 * norm(test.w) * norm(vx));
    CHECK(norm(vx) > .1);
  };
  check(hat(1), kutta::keep::everything{});
  check(piecewise_constant(1), kutta::keep::everything{});
  // The states come out again but for rounding, which 5 steps multiply by λ⁻⁵ = 170.
  check(hat(1), kutta::keep::ends{2});
}
TEST_CASE_TEMPLATE_APPLY(products, explicit_schemes);

TEST_CASE_TEMPLATE("whatever a policy keeps, the gradient has the same bits", S, euler, rk4_38) {
  for (const std::int64_t n : {1, 2, 5, 12}) {
    CAPTURE(n);
    const random_case<S, hat> test(n);
    const auto expected = test.under(kutta::keep::everything{});
    CHECK(expected.dx != test.w);
    CHECK(test.under(kutta::keep::steps{}) == expected);
    for (const std::int64_t k : {1, 3, 13}) {
      CAPTURE(k);
      CHECK(test.under(kutta::keep::every{k}) == expected);
      CHECK(test.under(kutta::keep::binomial{k}) == expected);
    }
    CHECK(test.under(kutta::keep::ends{}).x1 == expected.x1);
  }
}

TEST_CASE_TEMPLATE("undone steps: the gradient of a thousand, and how far x0 comes out", T, double,
                   float) {
  const double tolerance = sizeof(T) == 8 ? 1e-10 : 1e-4;
  double error = 0, error_of_stretches = 0;
  const auto kept = logistic_gradients_of<T>(1000, kutta::keep::everything{}, error);
  const auto undone = logistic_gradients_of<T>(1000, kutta::keep::ends{}, error);
  const auto stretches = logistic_gradients_of<T>(1000, kutta::keep::ends{50}, error_of_stretches);
  for (const auto& g : {undone, stretches}) {
    CHECK(g.x1 == kept.x1);
    CHECK(std::abs(double(g.dx - kept.dx)) <= tolerance);
    for (std::size_t k = 0; k < 3; ++k) {
      CAPTURE(k);
      CHECK(std::abs(double(g.dtheta[k] - kept.dtheta[k])) <= tolerance);
    }
  }
  CHECK(error > 0);
  CHECK(error <= tolerance / 5);
  CHECK(error_of_stretches > 0);
  CHECK(error_of_stretches <= error / 10);
}

TEST_CASE("undone steps: what the reported error means") {
  // Steps of 1 that are undone by 1 − 1/1024: the error is that of the longest stretch.
  struct leaking {
    double leak;
    void operator()(std::int64_t, double x, double& x1, std::int64_t& record) const {
      x1 = x + 1;
      record = 1;
    }
    void back(std::int64_t, double x1, double& x, std::int64_t& record) const {
      x = x1 - 1 + leak;
      record = 2;
    }
  };
  const auto error = [](const kutta::keep::ends& keep, double leak) {
    kutta::step_history<double, std::int64_t, kutta::keep::ends> history(
        keep, 10, [] { return 0.; }, [] { return std::int64_t(0); });
    std::int64_t next = 10;
    bool in_order = true;
    for (int pass = 0; pass < 2; ++pass) {
      history.start() = 0;
      history.forward(leaking{leak});
      CHECK(history.end() == 10);
      CHECK(history.taken() == 10);
      next = 10;
      history.reverse(leaking{leak}, [&](std::int64_t n, double x, std::int64_t record) {
        in_order = n == --next && record == 2 && std::abs(x - double(n)) <= 10 * leak && in_order;
      });
    }
    CHECK(next == 0);
    CHECK((in_order || leak != leak));
    return history.reconstruction_error();
  };
  const double leak = 1. / 1024;
  CHECK(error(kutta::keep::ends{}, leak) == 10 * leak);
  CHECK(error(kutta::keep::ends{1}, leak) == leak);
  CHECK(error(kutta::keep::ends{4}, leak) == 4 * leak);
  CHECK(error(kutta::keep::ends{6}, leak) == 6 * leak);
  CHECK(error(kutta::keep::ends{20}, leak) == 10 * leak);
  CHECK(std::isnan(error(kutta::keep::ends{3}, std::numeric_limits<double>::quiet_NaN())));
  CHECK_THROWS_WITH_AS(kutta::keep::ends{0},
                       "keep::ends: the distance of snapshots must be at least 1, got 0",
                       std::invalid_argument);
}

TEST_CASE("undone steps: memory does not grow with their number, and a pass allocates nothing") {
  using kutta::test::counts;
  using state = std::vector<double, kutta::test::counting_allocator<double>>;
  using residual = kutta::test::elementwise_logistic<state>;
  const state x0(17, .25), ones(17, 1.);
  const std::vector<residual::params> theta(2, {ones, ones});
  const auto bytes = [&](std::int64_t steps, const auto& keep) {
    const ode_block<residual, reversible<rk4_classic>, hat> f{{}, hat(2), {.steps = steps}};
    const std::size_t before = counts::bytes;
    auto ws = f.make_workspace(theta, x0, keep);
    const std::size_t made = counts::bytes - before;
    state dx = ones;
    auto dtheta = kutta::zeros_like(theta);
    const std::size_t allocations = counts::allocations;
    f.forward(theta, x0, ws);
    f.backprop(theta, dx, dtheta, ws);
    CHECK(counts::allocations == allocations);
    return made / (17 * sizeof(double));
  };
  const std::size_t few = bytes(10, kutta::keep::ends{});
  // y and z of three states, of the adjoint; 7 points; 5 rates; theta(s), its adjoint: 2 tensors.
  CHECK(few == 2 * 3 + 2 + 7 + 5 + 2 * 2);
  CHECK(bytes(1000, kutta::keep::ends{}) == few);
  CHECK(bytes(1000, kutta::keep::ends{100}) == few + 2 * 9);
  CHECK(bytes(1000, kutta::keep::everything{}) > 1000 * 7);
}

TEST_CASE("a flow that contracts more than y and z are drawn together needs a stronger coupling") {
  // A logistic curve that comes within e⁻³⁰ of its end, where the flow contracts by e⁻¹ per unit.
  const auto check = [](auto scheme, const auto& keep) {
    const ode_block<logistic<double>, decltype(scheme), hat> f{
        {}, hat(2), {.steps = 300, .horizon = 30}};
    const std::vector<double> theta{1, 1};
    auto ws = f.make_workspace(theta, .3, keep);
    auto kept = f.make_workspace(theta, .3);
    const double x1 = f.forward(theta, .3, ws);
    f.forward(theta, .3, kept);
    double dx = 1, expected = 1;
    std::vector<double> dtheta{0, 0};
    f.backprop(theta, dx, dtheta, ws);
    f.backprop(theta, expected, dtheta, kept);
    return std::array{std::abs(x1 - 1), std::abs(dx - expected)};
  };
  const auto [weak, of_weak] = check(reversible<rk4_classic>{}, kutta::keep::ends{});
  CHECK(weak > 1e-6);
  const auto [strong, of_strong] =
      check(kutta::schemes::reversible<rk4_classic, 45>{}, kutta::keep::ends{20});
  CHECK(strong <= 1e-12);
  CHECK(of_strong <= 1e-10);
}

TEST_CASE("undone steps, tile by tile on threads") {
  const random_case<rk4_classic, hat> test(7);
  const auto loss = [&](const MatrixXd& x1, std::size_t first, MatrixXd& dx) {
    const auto w = test.w.middleCols(static_cast<Eigen::Index>(first), x1.cols());
    dx += w;
    return x1.cwiseProduct(w).sum();
  };
  const auto expected = test.under(kutta::keep::everything{});
  auto ws = test.f.make_workspace(test.theta, test.x0, {.threads = 2, .tile = 1, .shards = 2},
                                  kutta::keep::ends{});
  MatrixXd dx = test.w;
  auto dtheta = kutta::zeros_like(test.theta);
  test.f.gradient(test.theta, test.x0, loss, dx, dtheta, ws);
  CHECK((dx - expected.dx).norm() <= 1e-12);
  kutta::add(dtheta, dtheta, scaled{-1, expected.dtheta});
  CHECK(norm(dtheta) <= 1e-12);
}

TEST_CASE("schemes that have an inverse") {
  static_assert(kutta::invertible_scheme<reversible<rk4_classic>, MatrixXd>);
  static_assert(kutta::invertible_scheme<reversible<euler>, float>);
  static_assert(!kutta::invertible_scheme<rk4_classic, MatrixXd>);
}
