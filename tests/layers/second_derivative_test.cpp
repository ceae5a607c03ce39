// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include <Eigen/Core>
#include <doctest/doctest.h>

#include <kutta/layers/check_residual.hpp>
#include <kutta/layers/lifted.hpp>
#include <kutta/layers/second_derivative.hpp>

#include "support/curved_sine.hpp"
#include "support/random.hpp"

namespace {

using Eigen::MatrixXd;
using kutta::scaled;
using kutta::test::curved_sine;
using kutta::test::random_like;
using kutta::test::splitmix64;

}  // namespace

TEST_CASE("vjp_jvp is the derivative of vjp") {
  splitmix64 random(1);
  const curved_sine r;
  const auto coefficients = curved_sine::random_coefficients(2, 4, random);
  const auto &theta = coefficients[0], &vtheta = coefficients[1];
  const MatrixXd x = random_like(MatrixXd(4, 3), random), vx = random_like(x, random);
  const MatrixXd dy = random_like(x, random), vdy = random_like(x, random);

  const auto vjp_at = [&](double eps, MatrixXd& dx, curved_sine::params& dtheta) {
    auto moved = kutta::zeros_like(theta);
    kutta::add(moved, theta, scaled<curved_sine::params>{eps, vtheta});
    const MatrixXd at = x + eps * vx;
    MatrixXd y = x;
    auto saved = r.make_tape(moved, at);
    r.forward(moved, at, y, saved);
    r.vjp(moved, at, saved, dy + eps * vdy, dx, dtheta);
  };
  MatrixXd right = MatrixXd::Zero(4, 3), left = right, vdx = x;  // vdx is added to
  auto dright = kutta::zeros_like(theta), dleft = dright, vdtheta = theta;
  const double h = 1e-5;
  vjp_at(h, right, dright);
  vjp_at(-h, left, dleft);
  MatrixXd y = x;
  auto saved = r.make_tape(theta, x);
  r.forward(theta, x, y, saved);
  r.vjp_jvp(theta, x, saved, dy, vx, vtheta, vdy, vdx, vdtheta);
  CHECK((vdx - x - (right - left) / (2 * h)).norm() <= 1e-9);
  CHECK((vdtheta.w - theta.w - (dright.w - dleft.w) / (2 * h)).norm() <= 1e-9);
  CHECK((vdtheta.b - theta.b - (dright.b - dleft.b) / (2 * h)).norm() <= 1e-9);
}

TEST_CASE("a residual with its derivative is a residual, with a right vjp") {
  splitmix64 random(2);
  const kutta::layers::lifted<curved_sine> r{curved_sine{}};
  auto coefficients = curved_sine::random_coefficients(2, 4, random);
  const kutta::with_tangent<curved_sine::params> theta{coefficients[0], coefficients[1]};
  const MatrixXd x = random_like(MatrixXd(4, 3), random), v = random_like(x, random);
  const auto report = kutta::check_residual(r, theta, {x, v});
  INFO(report.text());
  CHECK(report.ok());
}
