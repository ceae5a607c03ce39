// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <stdexcept>
#include <utility>

#include <Eigen/Core>
#include <doctest/doctest.h>

#include <kutta/ode/workspace.hpp>
#include <kutta/schemes/first_order.hpp>
#include <kutta/schemes/fourth_order.hpp>
#include <kutta/tensor/shape.hpp>

#include "support/dense_sine.hpp"
#include "support/problems.hpp"

namespace {

using kutta::schemes::euler;
using kutta::schemes::rk4_classic;
using kutta::test::dense_sine;
using logistic = kutta::test::logistic<double>;

}  // namespace

TEST_CASE("a workspace holds N + 1 states, and the points and tapes of every stage") {
  const dense_sine::params theta{Eigen::MatrixXd::Ones(3, 3), Eigen::VectorXd::Ones(3)};
  const Eigen::MatrixXd x = Eigen::MatrixXd::Ones(3, 2);
  kutta::workspace<dense_sine, rk4_classic> ws(dense_sine{}, theta, x, 5);
  CHECK(ws.steps() == 5);
  CHECK(ws.temporaries.k.size() == 4);
  const auto& last = ws.history.record(4);
  CHECK(last.points.size() == 3);
  CHECK(last.tapes.size() == 4);
  for (std::int64_t n = 0; n <= 5; ++n) CHECK(kutta::shape_text(ws.x(n)) == "(3, 2)");
  CHECK(kutta::shape_text(last.points[2]) == "(3, 2)");
  CHECK(kutta::shape_text(last.tapes[3].cosine) == "(3, 2)");
  CHECK(kutta::shape_text(ws.theta_at) == "{(3, 3), (3, 1)}");
  CHECK(kutta::shape_text(ws.dtheta_at) == "{(3, 3), (3, 1)}");
}

TEST_CASE("a scheme of one stage has no points between the steps") {
  kutta::workspace<logistic, euler> ws(logistic{}, 1., 1., 3);
  CHECK(ws.steps() == 3);
  CHECK(ws.history.record(2).points.size() == 0);
  CHECK(ws.history.record(2).tapes.size() == 1);
}

TEST_CASE("a record is consumed once, and a new pass drops it") {
  kutta::workspace<logistic, euler> ws(logistic{}, 1., 1., 1);
  CHECK_THROWS_AS(ws.consume(), std::logic_error);
  ws.begin_recording();
  CHECK_THROWS_AS(ws.consume(), std::logic_error);
  ws.end_recording();
  CHECK_NOTHROW(ws.consume());
  CHECK_THROWS_AS(ws.consume(), std::logic_error);
  ws.begin_recording();
  ws.end_recording();
  ws.begin_recording();
  CHECK_THROWS_AS(ws.consume(), std::logic_error);
  CHECK(ws.pass == 3);
}

TEST_CASE("a workspace can be moved, record and all") {
  kutta::workspace<logistic, euler> from(logistic{}, 1., 1., 2);
  from.begin_recording();
  from.first() = 6;
  from.history.forward([](std::int64_t, double x, double& x1, auto&) { x1 = x + .5; });
  from.end_recording();
  auto to = std::move(from);
  CHECK(to.steps() == 2);
  CHECK(to.x(2) == 7);
  CHECK_NOTHROW(to.consume());
}
