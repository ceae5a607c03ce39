// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <type_traits>
#include <vector>

#include <Eigen/Core>
#include <doctest/doctest.h>

#include <kutta/basis/hat.hpp>
#include <kutta/basis/mixed.hpp>
#include <kutta/basis/piecewise_constant.hpp>
#include <kutta/ode/adjoint.hpp>
#include <kutta/ode/ode_block.hpp>
#include <kutta/schemes/embedded_fifth_order.hpp>
#include <kutta/schemes/embedded_third_order.hpp>
#include <kutta/schemes/order.hpp>

#include "support/counting_allocator.hpp"
#include "support/dense_sine.hpp"
#include "support/driven_residual.hpp"
#include "support/problems.hpp"
#include "support/random.hpp"
#include "support/schemes.hpp"
#include "support/slope.hpp"
#include "typed/elementwise_logistic.hpp"

namespace {

using namespace kutta::literals;
using Eigen::MatrixXd;
using kutta::adaptive;
using kutta::adjoint;
using kutta::adjoint_norm;
using kutta::fixed;
using kutta::make_adjoint_workspace;
using kutta::ode_block;
using kutta::rational;
using kutta::scaled;
using kutta::side;
using kutta::status;
using kutta::bases::hat;
using kutta::bases::piecewise_constant;
using kutta::schemes::bogacki_shampine32;
using kutta::schemes::dormand_prince54;
using kutta::schemes::euler;
using kutta::schemes::heun2;
using kutta::schemes::rk4_classic;
using kutta::test::dense_sine;
using kutta::test::explicit_schemes;
using kutta::test::observed_slope;
using kutta::test::random_like;

template <std::floating_point T>
using logistic = kutta::test::logistic<T>;

/// R(theta, x) = theta: what a gradient gets is where it was looked up.
struct lookup {
  using state = double;
  using params = double;
  struct tape {};
  void forward(double theta, double, double& y, tape&) const { y = theta; }
  void vjp(double, double, const tape&, double dy, double&, double& dtheta) const { dtheta += dy; }
};

/// ∂x(1)/∂x0 and ∂x(1)/∂theta of a logistic curve.
template <class T>
struct gradient {
  T dx;
  std::vector<T> dtheta;

  T distance(const gradient& other) const {
    T sum = (dx - other.dx) * (dx - other.dx);
    for (std::size_t k = 0; k < dtheta.size(); ++k)
      sum += (dtheta[k] - other.dtheta[k]) * (dtheta[k] - other.dtheta[k]);
    return std::sqrt(sum);
  }
};

/// With I = ∫ theta dt and x1 = x(1):  ∂x1/∂x0 = x1 (1 − x1)/(x0 (1 − x0)),
/// ∂x1/∂theta_k = x1 (1 − x1) ∫ φ_k dt. Two coefficients, of integral 1/2 each.
template <class T>
struct logistic_case {
  T x0 = T(.3L), x1 = logistic<T>::exact(x0, 2), slope = x1 * (1 - x1);
  std::vector<T> theta{1, 3};
  gradient<T> exact{slope / (x0 * (1 - x0)), {slope / 2, slope / 2}};
};

/// From the block's own x(1), with its own scheme and steps; `recorded`: along its record.
template <class S, class B, class T>
gradient<T> by_adjoint(const ode_block<logistic<T>, S, B>& f, const logistic_case<T>& test,
                       bool recorded) {
  auto record = f.make_workspace(test.theta, test.x0);
  const T x1 = f.forward(test.theta, test.x0, record);
  auto ws = make_adjoint_workspace<S>(f, test.theta, test.x0, fixed{.steps = f.options().steps});
  gradient<T> g{1, {0, 0}};
  if (recorded)
    CHECK(adjoint(f, test.theta, g.dx, g.dtheta, ws, record).ok());
  else
    CHECK(adjoint(f, test.theta, x1, g.dx, g.dtheta, ws).ok());
  return g;
}
template <class S, class B, class T>
gradient<T> by_backprop(const ode_block<logistic<T>, S, B>& f, const logistic_case<T>& test) {
  auto ws = f.make_workspace(test.theta, test.x0);
  f.forward(test.theta, test.x0, ws);
  gradient<T> g{1, {0, 0}};
  f.backprop(test.theta, g.dx, g.dtheta, ws);
  return g;
}

}  // namespace

TEST_CASE_TEMPLATE_DEFINE(
    "the adjoint converges to backprop, and to the exact gradient, at the "
    "scheme's order",
    S, orders) {
  using T = long double;
  const logistic_case<T> test;
  const auto check = [&]<class B>(const B& phi) {
    for (const bool recorded : {false, true}) {
      CAPTURE(recorded);
      const auto from = [&](bool exact) {
        return [&, exact](double h) {
          const ode_block<logistic<T>, S, B> f{{}, phi, {.steps = std::lround(1 / h)}};
          return by_adjoint(f, test, recorded).distance(exact ? test.exact : by_backprop(f, test));
        };
      };
      const int p = kutta::order(S::tableau);
      CHECK(std::abs(observed_slope(from(true), 1. / 256) - p) <= .15);
      // Heun's stages are the same from both ends: forwards and back, its leading errors cancel.
      const int expected = std::same_as<S, heun2> && !recorded ? p + 1 : p;
      CHECK(std::abs(observed_slope(from(false), 1. / 256) - expected) <= .15);
    }
  };
  check(hat(2));
  check(piecewise_constant(2));
}
TEST_CASE_TEMPLATE_APPLY(orders, explicit_schemes);

TEST_CASE_TEMPLATE_DEFINE("every stage back is at its own time", S, times) {
  // Not separable. Euler's two gradients differ by O(h), heun2's by O(h^3).
  using T = long double;
  const auto distance = [](double h) {
    const ode_block<kutta::test::driven_residual<T>, S, hat> f{
        {}, hat(2), {.steps = std::lround(2 / h), .horizon = 2}};
    const std::vector<T> theta{1, .5L};
    auto record = f.make_workspace(theta, .5L);
    const T x1 = f.forward(theta, .5L, record);
    gradient<T> g{1, {0, 0}}, expected = g;
    f.backprop(theta, expected.dx, expected.dtheta, record);
    auto ws = make_adjoint_workspace<S>(f, theta, .5L, fixed{.steps = f.options().steps});
    CHECK(adjoint(f, theta, x1, g.dx, g.dtheta, ws).ok());
    return g.distance(expected);
  };
  const int p = kutta::order(S::tableau);
  const int expected = std::same_as<S, heun2> ? p + 1 : p;
  CHECK(std::abs(observed_slope(distance, 1. / 256) - expected) <= .15);
}
TEST_CASE_TEMPLATE_APPLY(times, explicit_schemes);

TEST_CASE("a cell for each step: every step back reads its own") {
  for (std::int64_t n = 1; n <= 130; ++n) {
    CAPTURE(n);
    const ode_block<lookup, euler, piecewise_constant> f{{}, piecewise_constant(n), {.steps = n}};
    const auto k = static_cast<std::size_t>(n);
    const std::vector<double> theta(k, 1);
    std::vector<double> expected(k, 0), dtheta(k, 0);
    auto ws = f.make_workspace(theta, 0);
    f.forward(theta, 0, ws);
    double dx = 1;
    f.backprop(theta, dx, expected, ws);
    auto back = make_adjoint_workspace<euler>(f, theta, 0, fixed{.steps = n});
    dx = 1;
    CHECK(adjoint(f, theta, 1., dx, dtheta, back).ok());
    CHECK(dx == 1);
    CHECK(dtheta == expected);
  }
}

TEST_CASE("Euler's steps back, by a loop") {
  // x ← x − h θ_n x (1 − x), a ← a + h θ_n (1 − 2x) a, dtheta_n = h x (1 − x) a, all at the end.
  const std::vector<double> theta{2, -1, 3, .5, 1};
  const ode_block<logistic<double>, euler, piecewise_constant> f{
      {}, piecewise_constant(5), {.steps = 5, .horizon = 2, .rate = .5}};
  auto ws = make_adjoint_workspace<euler>(f, theta, .2, fixed{.steps = 5});
  double dx = 3, x = .6, a = 3;
  std::vector<double> dtheta(5, 10), expected(5, 10);
  const auto end = adjoint(f, theta, x, dx, dtheta, ws);
  const double h = .2;
  for (std::size_t n = 5; n-- > 0;) {
    expected[n] += h * x * (1 - x) * a;
    const double slope = theta[n] * (1 - 2 * x);
    x -= h * theta[n] * x * (1 - x);
    a += h * slope * a;
  }
  CHECK(end.ok());
  CHECK(end.t == 0);
  CHECK(end.stats.accepted == 5);
  CHECK(end.stats.evaluations == 5);
  CHECK(std::abs(dx - a) <= 1e-15);
  for (std::size_t n = 0; n < 5; ++n) CHECK(std::abs(dtheta[n] - expected[n]) <= 4e-15);
  CHECK(std::abs(ws.reconstruction_error(.1) - (x - .1)) <= 1e-15);
}

TEST_CASE("steps back end at each breakpoint, seen from inside") {
  kutta::detail::backward_grid grid({0, 1_r / 3, 1});
  grid.begin();
  CHECK(grid.steps_across(4) == 3);  // 2/3 in steps of 1/4 at most
  CHECK(grid.reached() == 1);
  CHECK(std::abs(grid.propose(.5) - 1. / 3) <= 1e-16);
  CHECK(grid.at(rational(0)) == kutta::depth{3, 3, 0, side::left});
  CHECK(std::abs(grid.at(1_r / 2).value() - 5. / 6) <= 2e-16);
  CHECK(std::abs(grid.at(rational(1)).value() - 2. / 3) <= 2e-16);
  grid.accept();
  CHECK(std::abs(grid.reached() - 2. / 3) <= 2e-16);
  CHECK(std::abs(grid.propose(0) - 1. / 3) <= 1e-16);
  CHECK(grid.at(1.) == kutta::depth{1, 3, 0, side::right});
  grid.accept();
  CHECK(!grid.complete());
  CHECK(grid.steps_across(4) == 2);
  grid.propose(0);
  CHECK(grid.at(rational(0)) == kutta::depth{1, 3, 0, side::left});
  CHECK(grid.at(rational(1)) == kutta::depth{0, 3, 0, side::right});
  grid.accept();
  CHECK(grid.complete());
  CHECK(grid.reached() == 0);
}

TEST_CASE_TEMPLATE("matrices, a struct of weights, a rate and a horizon", B, hat,
                   piecewise_constant) {
  const ode_block<dense_sine, rk4_classic, B> f{
      {}, B(3), {.steps = 240, .horizon = 1.5, .rate = -.75}};
  kutta::test::splitmix64 random{1};
  const auto theta = dense_sine::random_coefficients(3, 4, random);
  const MatrixXd x0 = random_like(MatrixXd(4, 3), random), w = random_like(x0, random);
  auto record = f.make_workspace(theta, x0);
  const MatrixXd x1 = f.forward(theta, x0, record);
  MatrixXd expected = w;
  auto expected_theta = kutta::zeros_like(theta);

  const auto check = [&](const auto& how, auto scheme, double tolerance) {
    auto ws = make_adjoint_workspace<decltype(scheme)>(f, theta, x0, how);
    for (const bool recorded : {false, true}) {
      MatrixXd dx = w;
      auto dtheta = kutta::zeros_like(theta);
      const auto end = recorded ? adjoint(f, theta, dx, dtheta, ws, record)
                                : adjoint(f, theta, x1, dx, dtheta, ws);
      CHECK(end.ok());
      CHECK((dx - expected).norm() <= tolerance);
      kutta::add(dtheta, dtheta, scaled{-1, expected_theta});
      CHECK(std::sqrt(kutta::inner_product(dtheta, dtheta)) <= tolerance);
    }
  };
  f.backprop(theta, expected, expected_theta, record);
  f.forward(theta, x0, record);
  CHECK(expected_theta[1].w.norm() > .1);
  check(fixed{.steps = 60}, rk4_classic{}, 1e-6);
  check(fixed{.steps = 241}, rk4_classic{}, 1e-8);
  check(adaptive{.rtol = 1e-9, .atol = 1e-9}, dormand_prince54{}, 1e-7);
  check(adaptive{.rtol = 1e-9, .atol = 1e-9, .norm = kutta::error_norm::max}, dormand_prince54{},
        1e-7);
  check(adaptive{.rtol = 1e-9, .atol = 1e-9, .norm = kutta::error_norm::per_sample},
        dormand_prince54{}, 1e-7);
}

TEST_CASE("a family for each field") {
  using mixed = kutta::bases::mixed<piecewise_constant, hat>;
  const ode_block<dense_sine, rk4_classic, mixed> f{
      {}, mixed(piecewise_constant(2), hat(4)), {.steps = 96}};
  kutta::test::splitmix64 random{1};
  const auto like = dense_sine::random_coefficients(1, 4, random)[0];
  const auto theta = random_like(kutta::zero_coefficients(f.basis(), like), random);
  const MatrixXd x0 = random_like(MatrixXd(4, 3), random), w = random_like(x0, random);
  auto record = f.make_workspace(theta, x0);
  const MatrixXd x1 = f.forward(theta, x0, record);
  MatrixXd dx = w, expected = w;
  auto dtheta = kutta::zeros_like(theta), expected_theta = dtheta;
  f.backprop(theta, expected, expected_theta, record);
  auto ws = make_adjoint_workspace<rk4_classic>(f, theta, x0, fixed{.steps = 96});
  const auto end = f.adjoint(theta, x1, dx, dtheta, ws);
  CHECK(end.ok());
  CHECK(end.stats.accepted == 96);  // breakpoints 0, 1/3, 1/2, 2/3, 1
  CHECK((dx - expected).norm() <= 1e-6);
  kutta::add(dtheta, dtheta, scaled{-1, expected_theta});
  CHECK(std::sqrt(kutta::inner_product(dtheta, dtheta)) <= 1e-6);
}

TEST_CASE_TEMPLATE("adaptive steps meet the tolerance", S, bogacki_shampine32, dormand_prince54) {
  const logistic_case<double> test;
  const ode_block<logistic<double>, rk4_classic, piecewise_constant> f{
      {}, piecewise_constant(2), {}};
  const auto run = [&](double tolerance, adjoint_norm norm, gradient<double>& g) {
    auto ws = make_adjoint_workspace<S>(f, test.theta, test.x0,
                                        adaptive{.rtol = tolerance, .atol = tolerance}, norm);
    g = {1, {0, 0}};
    const auto end = adjoint(f, test.theta, test.x1, g.dx, g.dtheta, ws);
    CHECK(end.ok());
    CHECK(end.t == 0);
    CHECK(ws.reconstruction_error(test.x0) <= 100 * tolerance);
    return end.stats;
  };
  std::int64_t before = 0;
  for (const double tolerance : {1e-4, 1e-6, 1e-8, 1e-10}) {
    CAPTURE(tolerance);
    gradient<double> g, of_states;
    const auto stats = run(tolerance, adjoint_norm::all, g);
    CHECK(g.distance(test.exact) <= 100 * tolerance);
    CHECK(stats.accepted >= 2);
    CHECK(stats.accepted >= before);
    // Two evaluations choose the first step.
    CHECK(stats.evaluations ==
          std::int64_t(S::tableau.stages) * (stats.accepted + stats.rejected) + 2);
    before = stats.accepted;
    CHECK(run(tolerance, adjoint_norm::states, of_states).accepted <= stats.accepted);
    CHECK(of_states.distance(test.exact) <= 100 * tolerance);
  }
}

TEST_CASE("the parameters can be out of the norm") {
  // x and a are constant: the steps are chosen for ∫ a dt, or are as long as the cell. A wave.
  struct wave {
    using state = double;
    using params = double;
    struct tape {};
    void forward(double, double, double& y, tape&, const kutta::context<wave>&) const { y = 0; }
    void vjp(double, double, const tape&, double dy, double&, double& dtheta,
             const kutta::context<wave>& at) const {
      dtheta += std::cos(20 * at.t) * dy;
    }
  };
  const ode_block<wave, rk4_classic, piecewise_constant> f{{}, piecewise_constant(1), {}};
  const auto run = [&](adjoint_norm norm, double& dtheta_0) {
    auto ws = make_adjoint_workspace<dormand_prince54>(
        f, {0}, 1, adaptive{.rtol = 0, .atol = 1e-8, .first_step = 1e-2}, norm);
    std::vector<double> dtheta{0};
    double dx = 1;
    const auto end = adjoint(f, {0}, 1., dx, dtheta, ws);
    CHECK(end.ok());
    dtheta_0 = dtheta[0];
    return end.stats.accepted;
  };
  double of_all = 0, of_states = 0;
  CHECK(run(adjoint_norm::all, of_all) > 20);
  CHECK(run(adjoint_norm::states, of_states) < 10);
  CHECK(std::abs(of_all - std::sin(20.) / 20) <= 1e-7);
  CHECK(std::abs(of_states - std::sin(20.) / 20) >= 1e-3);
}

TEST_CASE("where the flow contracts, x is lost on the way back, but not along a record") {
  const ode_block<logistic<double>, rk4_classic, hat> f{{}, hat(2), {.steps = 400, .horizon = 40}};
  const std::vector<double> theta{1, 1};
  const double x0 = .3, growth = std::exp(40.), s = 1 - x0 + x0 * growth;
  const double exact = growth / (s * s);  // ∂x(40)/∂x0; 1 − x(40) = 1e-17
  auto record = f.make_workspace(theta, x0);
  const double x1 = f.forward(theta, x0, record);
  auto ws = make_adjoint_workspace<rk4_classic>(f, theta, x0, fixed{.steps = 400});
  double alone = 1, along = 1;
  std::vector<double> dtheta{0, 0};
  CHECK(adjoint(f, theta, x1, alone, dtheta, ws).ok());
  CHECK(ws.reconstruction_error(x0) > .1);
  CHECK(std::abs(alone - exact) >= .5 * exact);
  CHECK(adjoint(f, theta, along, dtheta, ws, record).ok());
  CHECK(std::abs(along - exact) <= 1e-4 * exact);
}

TEST_CASE("what fails is a status, and dx is as it was") {
  const logistic_case<double> test;
  const ode_block<logistic<double>, rk4_classic, hat> f{{}, hat(2), {.steps = 4}};
  const double infinity = std::numeric_limits<double>::infinity();
  const auto run = [&](const auto& how, double x1) {
    auto ws = make_adjoint_workspace<dormand_prince54>(f, test.theta, test.x0, how);
    double dx = 1;
    std::vector<double> dtheta{0, 0};
    const auto end = adjoint(f, test.theta, x1, dx, dtheta, ws);
    CHECK(dx == 1);
    CHECK(!end);
    return end;
  };
  CHECK(run(fixed{.steps = 4}, infinity).status == status::non_finite);
  const auto checked = run(fixed{.steps = 4, .check_finite = true}, infinity);
  CHECK(checked.status == status::non_finite);
  CHECK(checked.stats.accepted == 1);
  CHECK(checked.t == .75);
  CHECK(run(adaptive{}, infinity).status == status::non_finite);
  // Backwards from x = 2 the curve has a pole on the way.
  const auto pole = run(adaptive{}, 2);
  CHECK((pole.status == status::non_finite || pole.status == status::step_too_small));
  CHECK(pole.t > 0);
  CHECK(pole.t < 1);
  const auto few = run(adaptive{.rtol = 1e-12, .atol = 1e-12, .max_steps = 3}, .5);
  CHECK(few.status == status::max_steps);
  CHECK(few.stats.accepted + few.stats.rejected == 3);
}

TEST_CASE("arguments that do not fit are refused") {
  const ode_block<dense_sine, rk4_classic, hat> f{{}, hat(3), {.steps = 4}};
  kutta::test::splitmix64 random{1};
  const auto theta = dense_sine::random_coefficients(3, 4, random);
  const MatrixXd x = random_like(MatrixXd(4, 2), random);
  auto ws = make_adjoint_workspace<rk4_classic>(f, theta, x, fixed{.steps = 4});
  MatrixXd dx = x;
  auto dtheta = kutta::zeros_like(theta);
  const MatrixXd wide = MatrixXd::Zero(4, 3);
  CHECK_THROWS_WITH_AS(static_cast<void>(adjoint(f, theta, wide, dx, dtheta, ws)),
                       "adjoint: state: expected shape (4, 2), got (4, 3)", std::invalid_argument);
  MatrixXd wide_dx = wide;
  CHECK_THROWS_WITH_AS(static_cast<void>(adjoint(f, theta, x, wide_dx, dtheta, ws)),
                       "adjoint: dx: expected shape (4, 2), got (4, 3)", std::invalid_argument);
  const auto two = dense_sine::random_coefficients(2, 4, random);
  CHECK_THROWS_WITH_AS(static_cast<void>(adjoint(f, two, x, dx, dtheta, ws)),
                       "adjoint: theta: expected K = 3 coefficients, got 2", std::invalid_argument);
  CHECK_THROWS_WITH_AS(make_adjoint_workspace<rk4_classic>(f, two, x, fixed{.steps = 4}),
                       "make_adjoint_workspace: theta: expected K = 3 coefficients, got 2",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(make_adjoint_workspace<rk4_classic>(f, theta, x, fixed{.steps = 0}),
                       "fixed: steps must be at least 1, got 0", std::invalid_argument);
  CHECK_THROWS_AS(make_adjoint_workspace<dormand_prince54>(f, theta, x, adaptive{.rtol = -1}),
                  std::invalid_argument);

  const ode_block<dense_sine, rk4_classic, hat> other{{}, hat(2), {.steps = 4}};
  auto dtwo = kutta::zeros_like(two);
  CHECK_THROWS_WITH_AS(static_cast<void>(adjoint(other, two, x, dx, dtwo, ws)),
                       "adjoint: the workspace was made for coefficients of 60 numbers, got 40",
                       std::invalid_argument);

  auto record = f.make_workspace(theta, x);
  CHECK_THROWS_AS(static_cast<void>(adjoint(f, theta, dx, dtheta, ws, record)), std::logic_error);
  f.forward(theta, x, record);
  const auto longer = f.with_steps(5);
  CHECK_THROWS_WITH_AS(static_cast<void>(adjoint(longer, theta, dx, dtheta, ws, record)),
                       "adjoint: the block takes 5 steps, the record has 4", std::invalid_argument);
  CHECK(adjoint(f, theta, dx, dtheta, ws, record).ok());
  CHECK_NOTHROW(f.backprop(theta, dx, dtheta, record));  // it is still there

  static_assert(kutta::steps_of<fixed, rk4_classic>);
  static_assert(!kutta::steps_of<adaptive, rk4_classic>);
  static_assert(kutta::steps_of<adaptive, dormand_prince54>);
}

TEST_CASE("memory does not grow with steps, and an integration allocates nothing") {
  using kutta::test::counts;
  using state = std::vector<double, kutta::test::counting_allocator<double>>;
  using residual = kutta::test::elementwise_logistic<state>;
  const state x0(17, .25), ones(17, 1.);
  const std::vector<residual::params> theta(4, {ones, ones});
  const ode_block<residual, rk4_classic, hat> f{{}, hat(4), {.steps = 10}};
  const auto arrays = [&](const auto& how, auto scheme) {
    const std::size_t before = counts::bytes;
    auto ws = make_adjoint_workspace<decltype(scheme)>(f, theta, x0, how);
    const std::size_t made = counts::bytes - before;
    state dx = ones;
    auto dtheta = kutta::zeros_like(theta);
    const std::size_t allocations = counts::allocations;
    CHECK(adjoint(f, theta, x0, dx, dtheta, ws).ok());
    CHECK(counts::allocations == allocations);
    return made / (17 * sizeof(double));
  };
  // x, a at both ends and at a stage, two rates of a record; k, v, g of 4 stages; two of theta(s).
  CHECK(arrays(fixed{.steps = 10}, rk4_classic{}) == 8 + 4 * (1 + 1 + 2) + 2 * 2);
  CHECK(arrays(fixed{.steps = 1000}, rk4_classic{}) == 8 + 4 * (1 + 1 + 2) + 2 * 2);
  CHECK(arrays(adaptive{.rtol = 1e-9}, dormand_prince54{}) == 8 + 7 * (1 + 1 + 2) + 4 * 2);
}
