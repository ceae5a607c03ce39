// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

#include <doctest/doctest.h>

#include <kutta/basis/hat.hpp>
#include <kutta/basis/piecewise_constant.hpp>
#include <kutta/ode/adaptive_block.hpp>
#include <kutta/schemes/embedded_fifth_order.hpp>
#include <kutta/schemes/embedded_second_order.hpp>
#include <kutta/schemes/embedded_sixth_order.hpp>
#include <kutta/schemes/embedded_third_order.hpp>

#include "support/problems.hpp"

namespace {

using kutta::adaptive_block;
using kutta::rational;
using kutta::status;
using kutta::bases::hat;
using kutta::bases::piecewise_constant;
using kutta::schemes::bogacki_shampine32;
using kutta::schemes::dormand_prince54;

using logistic = kutta::test::logistic<double>;

const std::vector<rational> unequal{0, rational(1, 7), rational(1, 2), 1};

using pairs = std::tuple<kutta::schemes::heun_euler21, bogacki_shampine32,
                         kutta::schemes::cash_karp54, dormand_prince54, kutta::schemes::verner65>;

/// dx/dt = theta(s) + t; keeps the depths of its calls. θ jumps: no other value is ever seen.
struct recorder {
  using state = double;
  using params = double;
  struct tape {};
  std::vector<double>* seen = nullptr;

  void forward(double theta, double, double& y, tape&, const kutta::context<recorder>& at) const {
    if (seen != nullptr) seen->push_back(theta);
    y = theta + at.t;
  }
  void vjp(double, double, const tape&, double dy, double&, double& dtheta) const { dtheta += dy; }
};

/// dx/dt = theta x², which blows up at t = 1/(theta x0).
struct explosion {
  using state = double;
  using params = double;
  struct tape {};
  void forward(double theta, double x, double& y, tape&) const { y = theta * x * x; }
  void vjp(double theta, double x, const tape&, double dy, double& dx, double& dtheta) const {
    dx += 2 * theta * x * dy;
    dtheta += x * x * dy;
  }
};

}  // namespace

TEST_CASE_TEMPLATE_DEFINE("the error follows the tolerance", S, tolerance) {
  const adaptive_block<logistic, S, hat> coarse{logistic{}, hat(unequal), {}};
  const std::vector<double> theta{1, 3, 2, 1};
  const double integral = 2 * (2. / 7 + 2.5 * 5 / 14 + 1.5 / 2);  // rate ∫ theta dt, T = 2
  const double exact = logistic::exact(.2, integral);
  double last = 1;
  for (const double tolerance : {1e-3, 1e-5, 1e-7}) {
    CAPTURE(tolerance);
    const adaptive_block<logistic, S, hat> f{
        logistic{},
        hat(unequal),
        {.steps = {.rtol = tolerance, .atol = tolerance, .max_steps = 20000}, .horizon = 2}};
    auto ws = f.make_workspace(theta, .2);
    const auto end = f.forward(theta, .2, ws);
    REQUIRE(end.status == status::success);
    CHECK(end.t == 2);
    CHECK(end.stats.accepted == ws.grid.count());
    CHECK(end.stats.evaluations == 2 + static_cast<std::int64_t>(S::tableau.stages) *
                                           (end.stats.accepted + end.stats.rejected));
    const double error = std::abs(ws.last() - exact);
    CHECK(error <= 10 * tolerance);
    CHECK(error <= .2 * last);
    last = error;
  }
}
TEST_CASE_TEMPLATE_APPLY(tolerance, pairs);

TEST_CASE("no step crosses a breakpoint, and every stage sees the weights of its own cell") {
  std::vector<double> seen;
  const adaptive_block<recorder, dormand_prince54, piecewise_constant> f{
      recorder{&seen},
      piecewise_constant(unequal),
      {.steps = {.rtol = 1e-9, .atol = 1e-12, .max_steps = 100}, .horizon = 3}};
  const std::vector<double> theta{5, -2, 7};
  auto ws = f.make_workspace(theta, 1.);
  REQUIRE(f.forward(theta, 1., ws));
  // 1 + ∫ theta + T²/2: any scheme of order 2 is exact.
  CHECK(ws.last() == doctest::Approx(1 + 3 * (5. / 7 - 2 * 5. / 14 + 3.5) + 4.5).epsilon(1e-14));

  std::vector<double> starts;
  for (std::int64_t n = 0; n <= ws.grid.count(); ++n) starts.push_back(ws.grid.start(n));
  for (const double b : {0., 1. / 7, .5, 1.}) {
    CAPTURE(b);
    CHECK(std::count(starts.begin(), starts.end(), b) == 1);
  }
  // The weights come in three runs, the cells in order.
  std::vector<double> runs;
  for (const double v : seen)
    if (runs.empty() || runs.back() != v) runs.push_back(v);
  CHECK(runs == theta);

  double dx = 1;
  std::vector<double> dtheta{0, 0, 0};
  f.backprop(theta, dx, dtheta, ws);
  CHECK(dx == 1);
  CHECK(dtheta[0] == doctest::Approx(3. / 7).epsilon(1e-14));
  CHECK(dtheta[1] == doctest::Approx(15. / 14).epsilon(1e-14));
  CHECK(dtheta[2] == doctest::Approx(1.5).epsilon(1e-14));
}

TEST_CASE("weights that jump cost a few rejected steps at most") {
  const adaptive_block<logistic, dormand_prince54, piecewise_constant> f{
      logistic{}, piecewise_constant(4), {.steps = {.rtol = 1e-6, .max_steps = 200}}};
  const std::vector<double> theta{1, 20, -30, 5};
  auto ws = f.make_workspace(theta, .2);
  const auto end = f.forward(theta, .2, ws);
  REQUIRE(end);
  CHECK(end.stats.rejected <= 8);
  CHECK(std::abs(ws.last() - logistic::exact(.2, -1.)) <= 1e-5);
}

TEST_CASE("backwards in time, and back again") {
  const adaptive_block<logistic, dormand_prince54, hat> f{
      logistic{}, hat(1), {.steps = {.rtol = 1e-11, .atol = 1e-13, .max_steps = 500}}};
  const adaptive_block<logistic, dormand_prince54, hat> back{
      logistic{},
      hat(1),
      {.steps = {.rtol = 1e-11, .atol = 1e-13, .max_steps = 500}, .horizon = -1}};
  auto ws = f.make_workspace({3.}, .2);
  REQUIRE(f.forward({3.}, .2, ws));
  const double end = ws.last();
  const auto returned = back.forward({3.}, end, ws);
  REQUIRE(returned);
  CHECK(returned.t == -1);
  CHECK(std::abs(ws.last() - .2) <= 1e-10);
}

TEST_CASE("a pass that fails says why, and leaves nothing to transpose") {
  const auto options = [](double horizon, std::int64_t most) {
    return kutta::adaptive_options{.steps = {.rtol = 1e-6, .max_steps = most}, .horizon = horizon};
  };
  const std::vector<double> theta{1};
  double dx = 1;
  std::vector<double> dtheta{0};

  const adaptive_block<explosion, bogacki_shampine32, hat> far{{}, hat(1), options(2, 2000)};
  auto ws = far.make_workspace(theta, 1.);
  const auto blown = far.forward(theta, 1., ws);
  CHECK(!blown.ok());
  CHECK(blown.t <= 1 + 1e-4);
  CHECK(blown.t >= .99);
  CHECK_THROWS_AS(far.backprop(theta, dx, dtheta, ws), std::logic_error);

  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK(far.forward(theta, nan, ws).status == status::non_finite);
  CHECK_THROWS_AS(far.backprop(theta, dx, dtheta, ws), std::logic_error);
  CHECK(far.forward({nan}, 1., ws).status == status::non_finite);

  const adaptive_block<explosion, bogacki_shampine32, hat> few{{}, hat(1), options(.9, 3)};
  auto three = few.make_workspace(theta, 1.);
  const auto stopped = few.forward(theta, 1., three);
  CHECK(stopped.status == status::max_steps);
  CHECK(stopped.stats.accepted + stopped.stats.rejected == 3);
  CHECK(stopped.t == .9 * three.grid.start(three.grid.count()));
  CHECK(stopped.text().starts_with("max_steps: "));
  // The state is that of the last step: 1/(1 − t), to the tolerance.
  CHECK(std::abs(three.last() - 1 / (1 - stopped.t)) <= 1e-4);
  CHECK_THROWS_AS(few.backprop(theta, dx, dtheta, three), std::logic_error);

  // The workspace is good for another pass.
  REQUIRE(far.forward(theta, .25, ws));
  CHECK(std::abs(ws.last() - .5) <= 1e-5);
  CHECK_NOTHROW(far.backprop(theta, dx, dtheta, ws));
  CHECK(std::abs(dx - 4) <= 1e-3);
  CHECK_THROWS_AS(far.backprop(theta, dx, dtheta, ws), std::logic_error);
}

TEST_CASE("a block of fixed steps becomes an adaptive one, and stays the same model") {
  const kutta::ode_block<logistic, dormand_prince54, hat> f{
      logistic{}, hat(2), {.steps = 4, .horizon = 2, .rate = .5}};
  const auto g = kutta::adapt(f, {.rtol = 1e-10, .atol = 1e-12, .max_steps = 200});
  CHECK(g.options().horizon == 2);
  auto ws = g.make_workspace({1, 3}, .2);
  REQUIRE(g.forward({1, 3}, .2, ws));
  CHECK(std::abs(ws.last() - logistic::exact(.2, 2)) <= 1e-9);
}

TEST_CASE("first_step and largest_step are times") {
  const adaptive_block<logistic, dormand_prince54, hat> f{
      logistic{},
      hat(3),
      {.steps = {.rtol = 1e-2, .first_step = .125, .largest_step = .25, .max_steps = 100},
       .horizon = 4,
       .rate = .5}};
  const std::vector<double> theta{1, 1, 1};
  auto ws = f.make_workspace(theta, .4);
  const auto end = f.forward(theta, .4, ws);
  REQUIRE(end);
  CHECK(4 * ws.grid.start(1) == doctest::Approx(.125));
  CHECK(end.stats.largest_step == doctest::Approx(.25));
  CHECK(end.stats.accepted >= 16);
  CHECK(ws.grid.step_size(0) == doctest::Approx(.0625));  // h = rate Δt
}

TEST_CASE("what does not fit is refused by name") {
  using block = adaptive_block<logistic, dormand_prince54, hat>;
  CHECK_THROWS_WITH_AS((block{{}, hat(2), {.steps = {.max_steps = 0}}}),
                       "adaptive_block: max_steps must be at least 1, got 0",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS((block{{}, hat(2), {.horizon = INFINITY}}),
                       "adaptive_block: horizon must be finite, got inf", std::invalid_argument);
  CHECK_THROWS_AS((block{{}, hat(2), {.steps = {.rtol = -1}}}), std::invalid_argument);

  const block f{{}, hat(2), {.steps = {.max_steps = 10}}};
  CHECK_THROWS_AS(f.make_workspace({1.}, 0.), std::invalid_argument);
  const block g{{}, hat(2), {.steps = {.max_steps = 11}}};
  auto ws = f.make_workspace({1., 2.}, 0.);
  CHECK_THROWS_WITH_AS(
      (void)g.forward({1., 2.}, 0., ws),
      "adaptive_block: the block takes up to 11 steps, the workspace was made for 10",
      std::invalid_argument);
  CHECK_THROWS_AS((void)f.forward({1.}, 0., ws), std::invalid_argument);
  CHECK_THROWS_WITH_AS(f.repeat({1., 2.}, 0., ws),
                       "repeat: the workspace holds no steps (call forward first)",
                       std::logic_error);

  const block other{{}, hat({0, rational(1, 3), 1}), {.steps = {.max_steps = 10}}};
  const std::vector<double> three{1, 2, 3};
  const block halves{{}, hat(3), {.steps = {.max_steps = 10}}};
  auto of_halves = halves.make_workspace(three, 0.);
  CHECK_THROWS_WITH_AS((void)other.forward(three, 0., of_halves),
                       "adaptive_block: the workspace was made for a family with other breakpoints",
                       std::invalid_argument);

  // How many steps there will be is not known beforehand.
  const auto can_keep = [&](const auto& keep) {
    return requires { f.make_workspace({1., 2.}, 0., keep); };
  };
  CHECK(can_keep(kutta::keep::every{3}));
  CHECK(!can_keep(kutta::keep::binomial{3}));
}

TEST_CASE("a block with fixed steps becomes one with a tolerance") {
  const kutta::ode_block<logistic, dormand_prince54, hat> fixed{
      logistic{}, hat(3), {.steps = 4, .horizon = 2, .rate = .5}};
  const auto f = fixed.with_steps(kutta::adaptive{.rtol = 1e-9, .atol = 1e-11, .max_steps = 200});
  const std::vector<double> theta{1, -.5, 2};
  auto ws = f.make_workspace(theta, .3);
  REQUIRE(f.forward(theta, .3, ws));
  CHECK(std::abs(ws.last() - logistic::exact(.3, .5)) <= 1e-8);  // rate ∫ theta dt = 1/2
}
