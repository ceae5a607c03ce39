// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <limits>
#include <stdexcept>
#include <vector>

#include <Eigen/Core>
#include <doctest/doctest.h>

#include <kutta/basis/hat.hpp>
#include <kutta/ode/ode_block.hpp>
#include <kutta/schemes/second_order.hpp>

#include "support/dense_sine.hpp"
#include "support/problems.hpp"
#include "support/random.hpp"

namespace {

using kutta::bases::hat;
using kutta::schemes::midpoint;
using kutta::test::dense_sine;
using kutta::test::splitmix64;
using std::invalid_argument;

using scalar_block = kutta::ode_block<kutta::test::logistic<double>, midpoint, hat>;
using matrix_block = kutta::ode_block<dense_sine, midpoint, hat>;
using Eigen::MatrixXd;

constexpr double inf = std::numeric_limits<double>::infinity();
constexpr double quiet_nan = std::numeric_limits<double>::quiet_NaN();

scalar_block with(kutta::block_options options) {
  return scalar_block{{}, hat(2), options};
}

/// A block on 3 × 2 matrices with two coefficients, a pass of it, and everything in its right
/// shape.
struct matrix_case {
  splitmix64 random{1};
  matrix_block f{dense_sine{}, hat(2), {.steps = 2}};
  matrix_block::coefficients theta = dense_sine::random_coefficients(2, 3, random);
  matrix_block::coefficients dtheta = kutta::zeros_like(theta);
  MatrixXd x0 = MatrixXd::Zero(3, 2), dx = x0;
  matrix_block::workspace_type ws = f.make_workspace(theta, x0);

  matrix_case() { f.forward(theta, x0, ws); }
};

const auto no_loss = [](const MatrixXd&, std::size_t, MatrixXd&) { return 0.; };

}  // namespace

TEST_CASE("a block refuses options that mean nothing") {
  CHECK_THROWS_WITH_AS(with({.steps = 0}), "ode_block: steps must be at least 1, got 0",
                       invalid_argument);
  CHECK_THROWS_WITH_AS(with({.steps = -3}), "ode_block: steps must be at least 1, got -3",
                       invalid_argument);
  CHECK_THROWS_WITH_AS(with({.horizon = quiet_nan}), "ode_block: horizon must be finite, got nan",
                       invalid_argument);
  CHECK_THROWS_WITH_AS(with({.rate = inf}), "ode_block: rate must be finite, got inf",
                       invalid_argument);
  CHECK_THROWS_WITH_AS(with({.rate = -inf}), "ode_block: rate must be finite, got -inf",
                       invalid_argument);
  CHECK_THROWS_WITH_AS(with({}).with_steps(0), "ode_block: steps must be at least 1, got 0",
                       invalid_argument);
  CHECK_NOTHROW(with({.steps = 1, .horizon = 0, .rate = -1}));
}

TEST_CASE("coefficients that do not belong to the basis are refused") {
  matrix_case ok;
  splitmix64 random(2);
  auto three = dense_sine::random_coefficients(3, 3, random);
  matrix_block::coefficients none;
  MatrixXd vx = ok.x0;
  CHECK_THROWS_WITH_AS(ok.f.make_workspace(three, ok.x0),
                       "make_workspace: theta: expected K = 2 coefficients, got 3",
                       invalid_argument);
  CHECK_THROWS_WITH_AS(ok.f.make_workspace(none, ok.x0),
                       "make_workspace: theta: expected K = 2 coefficients, got 0",
                       invalid_argument);
  CHECK_THROWS_WITH_AS(ok.f.forward(three, ok.x0, ok.ws),
                       "theta: expected K = 2 coefficients, got 3", invalid_argument);
  CHECK_THROWS_WITH_AS(ok.f(three, ok.x0),
                       "make_workspace: theta: expected K = 2 coefficients, got 3",
                       invalid_argument);
  CHECK_THROWS_WITH_AS(ok.f.backprop(three, ok.dx, ok.dtheta, ok.ws),
                       "theta: expected K = 2 coefficients, got 3", invalid_argument);
  CHECK_THROWS_WITH_AS(ok.f.backprop(ok.theta, ok.dx, three, ok.ws),
                       "dtheta: expected K = 2 coefficients, got 3", invalid_argument);
  CHECK_THROWS_WITH_AS(ok.f.jvp(ok.theta, ok.x0, three, vx, ok.ws),
                       "vtheta: expected K = 2 coefficients, got 3", invalid_argument);
  CHECK_THROWS_WITH_AS(ok.f.gradient(ok.theta, ok.x0, no_loss, ok.dx, three, ok.ws),
                       "dtheta: expected K = 2 coefficients, got 3", invalid_argument);
}

TEST_CASE("coefficients of another shape are refused") {
  matrix_case ok;
  auto wrong = ok.theta;
  wrong[1].w.resize(3, 4);
  MatrixXd vx = ok.x0;
  const char* text = "theta: expected shape {(3, 3), (3, 1)}, got {(3, 4), (3, 1)}";
  CHECK_THROWS_WITH_AS(ok.f.forward(wrong, ok.x0, ok.ws), text, invalid_argument);
  CHECK_THROWS_WITH_AS(ok.f.backprop(wrong, ok.dx, ok.dtheta, ok.ws), text, invalid_argument);
  CHECK_THROWS_WITH_AS(ok.f.backprop(ok.theta, ok.dx, wrong, ok.ws),
                       "dtheta: expected shape {(3, 3), (3, 1)}, got {(3, 4), (3, 1)}",
                       invalid_argument);
  CHECK_THROWS_WITH_AS(ok.f.jvp(ok.theta, ok.x0, wrong, vx, ok.ws),
                       "vtheta: expected shape {(3, 3), (3, 1)}, got {(3, 4), (3, 1)}",
                       invalid_argument);
  CHECK_THROWS_WITH_AS(
      ok.f.make_workspace(wrong, ok.x0),
      "make_workspace: theta: expected shape {(3, 3), (3, 1)}, got {(3, 4), (3, 1)}",
      invalid_argument);
}

TEST_CASE("states of another shape are refused") {
  matrix_case ok;
  MatrixXd wide(3, 4), tall(5, 2);
  CHECK_THROWS_WITH_AS(ok.f.forward(ok.theta, wide, ok.ws),
                       "state: expected shape (3, 2), got (3, 4)", invalid_argument);
  CHECK_THROWS_WITH_AS(ok.f.backprop(ok.theta, tall, ok.dtheta, ok.ws),
                       "state: expected shape (3, 2), got (5, 2)", invalid_argument);
  CHECK_THROWS_WITH_AS(ok.f.jvp(ok.theta, ok.x0, ok.theta, wide, ok.ws),
                       "vx: expected shape (3, 2), got (3, 4)", invalid_argument);
  CHECK_THROWS_WITH_AS(ok.f.gradient(ok.theta, ok.x0, no_loss, tall, ok.dtheta, ok.ws),
                       "dx: expected shape (3, 2), got (5, 2)", invalid_argument);
}

TEST_CASE("a workspace of another number of steps is refused") {
  matrix_case ok;
  const auto other = ok.f.with_steps(5);
  const char* text = "ode_block: the block takes 5 steps, the workspace was made for 2";
  CHECK_THROWS_WITH_AS(other.forward(ok.theta, ok.x0, ok.ws), text, invalid_argument);
  CHECK_THROWS_WITH_AS(other.backprop(ok.theta, ok.dx, ok.dtheta, ok.ws), text, invalid_argument);
  CHECK_THROWS_WITH_AS(other.gradient(ok.theta, ok.x0, no_loss, ok.dx, ok.dtheta, ok.ws), text,
                       invalid_argument);
}

TEST_CASE("backprop needs a forward pass of its own") {
  const char* text =
      "backprop: the workspace holds no recorded forward pass (call forward first; one backprop "
      "consumes it)";
  const scalar_block f = with({.steps = 2});
  const std::vector<double> theta{1, 2};
  std::vector<double> dtheta{0, 0};
  double dx = 1;
  auto ws = f.make_workspace(theta, .5);
  CHECK_THROWS_WITH_AS(f.backprop(theta, dx, dtheta, ws), text, std::logic_error);
  f.forward(theta, .5, ws);
  CHECK_NOTHROW(f.backprop(theta, dx, dtheta, ws));
  const auto before = dtheta;
  CHECK_THROWS_WITH_AS(f.backprop(theta, dx, dtheta, ws), text, std::logic_error);
  CHECK(dtheta == before);
  f.gradient(
      theta, .5, [](double, std::size_t, double& d) { return d = 1; }, dx, dtheta, ws);
  CHECK_THROWS_WITH_AS(f.backprop(theta, dx, dtheta, ws), text, std::logic_error);
}

TEST_CASE("what was refused changes nothing: the record is still there") {
  matrix_case ok;
  MatrixXd tall(5, 2);
  CHECK_THROWS_AS(ok.f.backprop(ok.theta, tall, ok.dtheta, ok.ws), invalid_argument);
  CHECK_NOTHROW(ok.f.backprop(ok.theta, ok.dx, ok.dtheta, ok.ws));
}

TEST_CASE("a residual that throws leaves no record behind") {
  struct fragile {
    using state = double;
    using params = double;
    struct tape {};
    void forward(double theta, double x, double& y, tape&) const {
      if (theta < 0) throw std::domain_error("theta is negative");
      y = theta * x;
    }
    void vjp(double theta, double x, const tape&, double dy, double& dx, double& dtheta) const {
      dx += theta * dy, dtheta += x * dy;
    }
  };
  const kutta::ode_block<fragile, midpoint, hat> f{fragile{}, hat(2), {.steps = 2}};
  const std::vector<double> good{1, 2}, bad{1, -2};
  std::vector<double> dtheta{0, 0};
  double dx = 1;
  auto ws = f.make_workspace(good, 1);
  f.forward(good, 1, ws);
  CHECK_THROWS_WITH_AS(f.forward(bad, 1, ws), "theta is negative", std::domain_error);
  CHECK_THROWS_AS(f.backprop(good, dx, dtheta, ws), std::logic_error);
  const double x1 = f.forward(good, 1, ws);
  CHECK(x1 == f(good, 1));
  CHECK_NOTHROW(f.backprop(good, dx, dtheta, ws));
}
