// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <sstream>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

#include <doctest/doctest.h>

#include <kutta/basis/b_spline.hpp>
#include <kutta/basis/hat.hpp>
#include <kutta/basis/piecewise_constant.hpp>
#include <kutta/ode/ode_block.hpp>
#include <kutta/schemes/first_order.hpp>
#include <kutta/schemes/fourth_order.hpp>
#include <kutta/study/manifestation.hpp>
#include <kutta/study/type_name.hpp>

#include "support/problems.hpp"

namespace {

using kutta::bases::hat;
using kutta::bases::piecewise_constant;
using kutta::schemes::euler;
using kutta::schemes::rk4_classic;
using logistic = kutta::test::logistic<double>;

const kutta::ode_block<logistic, rk4_classic, hat> f{logistic{}, hat(3), {.steps = 4, .rate = .5}};
const std::vector<double> theta{1, 2, 4};
const auto value = [](const auto& block, const auto& weights) { return block(weights, .2); };

}  // namespace

TEST_CASE("a graph for every family, scheme and number of steps, each measured on its own") {
  const auto table = kutta::manifestations<euler, rk4_classic>(
      f, theta, {4, 16}, std::tuple{hat(5), piecewise_constant(2)}, value);
  REQUIRE(table.size() == 8);
  const auto fine = kutta::project(theta, hat(3), hat(5));
  const auto coarse = kutta::project(theta, hat(3), piecewise_constant(2));
  CHECK(table[0].result == f.with_basis(hat(5)).with_scheme<euler>().with_steps(4)(fine, .2));
  CHECK(table[3].result == f.with_basis(hat(5)).with_steps(16)(fine, .2));
  CHECK(table[6].result == f.with_basis(piecewise_constant(2)).with_steps(4)(coarse, .2));
  CHECK(table[0].scheme == "euler");
  CHECK(table[0].evaluations == 4);
  CHECK(table[0].size == 5);
  CHECK(table[3].scheme == "rk4_classic");
  CHECK(table[3].evaluations == 64);
  CHECK(table[3].family == "hat");
  CHECK(table[6].family == "piecewise_constant");
  CHECK(table[6].steps == 4);
  CHECK(table[6].parameters == 2);
}

TEST_CASE("in the model's own family the weights are taken as they are") {
  const auto table = kutta::manifestations<rk4_classic>(f, theta, {4, 8}, value);
  REQUIRE(table.size() == 2);
  CHECK(table[0].result == f(theta, .2));
  CHECK(table[1].result == f.with_steps(8)(theta, .2));
}

TEST_CASE("a table as text") {
  const auto table =
      kutta::manifestations<euler>(f, theta, {4}, [](const auto&, const auto&) { return .5; });
  std::ostringstream out;
  kutta::write_csv(out, table, "error");
  CHECK(out.str() ==
        "scheme,steps,family,K,parameters,evaluations,error\n"
        "euler,4,hat,3,3,4,0.5\n");
}

TEST_CASE("what is measured may throw, and what cannot be is refused") {
  CHECK_THROWS_WITH_AS((kutta::manifestations<euler>(f, theta, {0}, value)),
                       "ode_block: steps must be at least 1, got 0", std::invalid_argument);
  CHECK_THROWS_AS(
      (kutta::manifestations<euler>(f, std::vector{1., 2.}, {4}, std::tuple{hat(2)}, value)),
      std::invalid_argument);
}

TEST_CASE("the names of types") {
  CHECK(kutta::type_name<rk4_classic>() == "rk4_classic");
  CHECK(kutta::type_name<double>() == "double");
  CHECK(kutta::type_name<kutta::bases::b_spline<3>>() == "b_spline<3>");
}
