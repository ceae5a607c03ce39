// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cmath>
#include <limits>

#include <Eigen/Core>
#include <doctest/doctest.h>

#include <kutta/eigen/tensor.hpp>
#include <kutta/layers/check_residual.hpp>
#include <kutta/layers/relu.hpp>

namespace {

using Eigen::Vector4d;
using kutta::layers::relu;

static_assert(kutta::residual<relu<Vector4d>> && kutta::has_jvp<relu<Vector4d>>);
static_assert(kutta::samples_independent<relu<Vector4d>>);

}  // namespace

TEST_CASE("max(x, 0), its slope and its kink") {
  const relu<Vector4d> layer;
  const Vector4d x(-1, 0, 2, -0.), g(1, 2, 3, 4);
  Vector4d y, dx(10, 10, 10, 10), vy;
  kutta::nothing tape;
  std::array<double, 0> none{};
  layer.forward(none, x, y, tape);
  layer.vjp(none, x, tape, g, dx, none);
  layer.jvp(none, x, tape, g, none, vy);
  CHECK(y == Vector4d(0, 0, 2, 0));
  CHECK(dx == Vector4d(10, 10, 13, 10));
  CHECK(vy == Vector4d(0, 0, 3, 0));
}

TEST_CASE("NaN goes through max(x, 0)") {
  const relu<Vector4d> layer;
  const Vector4d x = Vector4d::Constant(std::numeric_limits<double>::quiet_NaN());
  Vector4d y;
  kutta::nothing tape;
  layer.forward({}, x, y, tape);
  CHECK(std::isnan(y(0)));
}

TEST_CASE("vjp and jvp of max(x, 0) pass check_residual") {
  const auto report = kutta::check_residual(relu<Vector4d>{}, {}, Vector4d(1, -2, 3, -.5));
  INFO(report.text());
  CHECK(report.ok());
}
