// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include <Eigen/Core>
#include <doctest/doctest.h>

#include <kutta/eigen/tensor.hpp>
#include <kutta/ode/event.hpp>
#include <kutta/ode/integrate.hpp>
#include <kutta/ode/observers.hpp>
#include <kutta/schemes/embedded_fifth_order.hpp>
#include <kutta/schemes/embedded_third_order.hpp>
#include <kutta/schemes/fourth_order.hpp>

#include "support/problems.hpp"
#include "support/slope.hpp"

using namespace kutta;
using kutta::test::driven_logistic;
using kutta::test::observed_slope;
using schemes::bogacki_shampine32;
using schemes::cash_karp54;
using schemes::dormand_prince54;
using schemes::rk4_classic;
using schemes::tsitouras54;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double quiet_nan = std::numeric_limits<double>::quiet_NaN();

const auto rate = [](auto t, const auto& x, auto& dx) {
  dx = driven_logistic<std::remove_cvref_t<decltype(x)>>::rate(t, x);
};
double exact(double t) {
  return driven_logistic<double>::exact(t, .6);
}

template <class S, class How>
trajectory<double> saved(std::vector<double> times, time_span<double> span, const How& how) {
  trajectory<double> path;
  const auto end = integrate<S>(rate, exact(span.t0), span, how, save_at(std::move(times), path));
  CHECK(end.ok());
  return path;
}

template <class E, class F>
std::string message_of(F&& f) {
  try {
    f();
  } catch (const E& e) {
    return e.what();
  }
  return "nothing was thrown";
}

using numbers = std::vector<double>;
/// Writes down that it was called.
struct loud {
  std::string& calls;
  void begin(double, double) { calls += 'b'; }
  template <class Step>
  void operator()(const Step&) {
    calls += '1';
  }
};

constexpr adaptive tight{.rtol = 1e-9, .atol = 1e-9};

}  // namespace

TEST_CASE("save_at gives the solution at the times, in any number a step") {
  const std::vector<double> times{0, 0, .1, .1, .1 + 1e-12, .7, 1.2345, 2, 2};
  const auto check = [&](const trajectory<double>& path) {
    CHECK(path.t == times);
    REQUIRE(path.x.size() == times.size());
    for (std::size_t i = 0; i < times.size(); ++i)
      CHECK(std::abs(path.x[i] - exact(times[i])) <= 1e-7);
    CHECK(path.x.front() == .6);
    CHECK(path.x[1] == .6);
    CHECK(path.x[2] == path.x[3]);
    CHECK(path.x[7] == path.x[8]);
  };
  check(saved<dormand_prince54>(times, {0, 2}, tight));
  check(
      saved<cash_karp54>(times, {0, 2}, adaptive{.rtol = 1e-9, .atol = 1e-9, .largest_step = .02}));
  check(saved<rk4_classic>(times, {0, 2}, fixed{.steps = 200}));
}

TEST_CASE("save_at does not change the steps, and ends in the same bits") {
  trajectory<double> path;
  const auto plain = integrate<dormand_prince54>(rate, .6, {0, 2}, adaptive{});
  const auto observed =
      integrate<dormand_prince54>(rate, .6, {0, 2}, adaptive{}, save_at({.5, 1, 1.5, 2}, path));
  CHECK(plain.x == observed.x);
  CHECK(plain.stats.accepted == observed.stats.accepted);
  CHECK(plain.stats.evaluations == observed.stats.evaluations);
  CHECK(path.x.back() == observed.x);
}

TEST_CASE("save_at goes backwards in time") {
  const auto path = saved<dormand_prince54>({2, 1.5, 1.5, 0}, {2, 0}, tight);
  CHECK(path.t == numbers{2, 1.5, 1.5, 0});
  for (std::size_t i = 0; i < 4; ++i) CHECK(std::abs(path.x[i] - exact(path.t[i])) <= 2e-7);
}

TEST_CASE("save_at leaves out the times that are not passed, and no others") {
  CHECK(saved<dormand_prince54>({-3, -1, 0, .5, 1, 1.5, 7}, {0, 1}, tight).t == numbers{0, .5, 1});
  CHECK(saved<dormand_prince54>({-3, .5, 7}, {0, 1}, tight).t == numbers{.5});
  CHECK(saved<dormand_prince54>({-3, -2, 5, 7}, {0, 1}, tight).t == numbers{});
  CHECK(saved<rk4_classic>({9, 1, .5, 0, -1}, {1, 0}, fixed{.steps = 7}).t == numbers{1, .5, 0});
  CHECK(saved<rk4_classic>({}, {0, 1}, fixed{.steps = 7}).t == numbers{});
  // A span of no length passes its one time.
  CHECK(saved<dormand_prince54>({0, 1, 2}, {1, 1}, tight).t == numbers{1});
  // Times beyond the one at which it ends early.
  trajectory<double> path;
  const auto end = integrate<dormand_prince54>(rate, .6, {0, 1}, adaptive{.max_steps = 0},
                                               save_at({0, .5}, path));
  CHECK(end.status == status::max_steps);
  CHECK(path.t == numbers{0});
}

TEST_CASE("save_at refuses times out of order, and times that run the other way") {
  trajectory<double> path;
  CHECK(message_of<std::invalid_argument>([&] {
          save_at({0, 1, .5, 2}, path);
        }) == "save_at: expected times in order, got 1 before 0.5");
  CHECK(message_of<std::invalid_argument>([&] {
          save_at({2, 1, 1.5, 0}, path);
        }) == "save_at: expected times in order, got 1 before 1.5");
  CHECK(message_of<std::invalid_argument>([&] {
          save_at({0, quiet_nan, 2}, path);
        }) == "save_at: expected times in order, got 0 before nan");
  CHECK(message_of<std::invalid_argument>([] {
          saved<dormand_prince54>({2, 1, 0}, {0, 2}, adaptive{});
        }) == "save_at: expected times that rise like those of the integration, got from 2 to 0");
  CHECK(message_of<std::invalid_argument>([] {
          saved<rk4_classic>({0, 1, 2}, {2, 0}, fixed{.steps = 2});
        }) == "save_at: expected times that fall like those of the integration, got from 0 to 2");
}

TEST_CASE("save_at may be used again") {
  trajectory<double> path;
  save_at saver({0, 1}, path);
  for (int i = 0; i < 2; ++i)
    CHECK(integrate<rk4_classic>(rate, .6, {0, 1}, fixed{.steps = 4}, saver).ok());
  CHECK(path.t == numbers{0, 1, 0, 1});
  CHECK(path.x[1] == path.x[3]);
}

TEST_CASE("save_steps keeps the initial value and the end of every step") {
  trajectory<double> path;
  const auto end = integrate<dormand_prince54>(rate, .6, {0, 2}, tight, save_steps(path));
  CHECK(static_cast<std::int64_t>(path.size()) == end.stats.accepted + 1);
  CHECK(path.t.front() == 0);
  CHECK(path.x.front() == .6);
  CHECK(path.t.back() == 2);
  CHECK(path.x.back() == end.x);
  for (std::size_t i = 1; i < path.size(); ++i) {
    CHECK(path.t[i - 1] < path.t[i]);
    CHECK(std::abs(path.x[i] - exact(path.t[i])) <= 1e-7);
  }
}

TEST_CASE("states that are saved are copies of their own") {
  const auto spin = [](double, const Eigen::VectorXd& x, Eigen::VectorXd& dx) {
    dx(0) = x(1);
    dx(1) = -x(0);
  };
  trajectory<Eigen::VectorXd> path;
  const auto end = integrate<rk4_classic>(spin, Eigen::VectorXd(Eigen::Vector2d(0, 1)), {0, 1},
                                          fixed{.steps = 10}, save_steps(path));
  CHECK(end.ok());
  for (std::size_t i = 0; i < path.size(); ++i)
    CHECK(std::abs(path.x[i](0) - std::sin(path.t[i])) <= 1e-5);
}

TEST_CASE_TEMPLATE("a dense solution is the solution at every time of the span", S,
                   dormand_prince54, tsitouras54, bogacki_shampine32, cash_karp54) {
  for (const bool forward : {true, false}) {
    CAPTURE(forward);
    const time_span<double> span{forward ? 0. : 2., forward ? 2. : 0.};
    dense_solution<S, double> curve;
    trajectory<double> path;
    const auto end = integrate<S>(rate, exact(span.t0), span, adaptive{.largest_step = .03},
                                  save_dense(curve), save_steps(path));
    CHECK(end.ok());
    CHECK(curve.t0() == span.t0);
    CHECK(curve.t1() == span.t1);
    CHECK(static_cast<std::int64_t>(curve.steps()) == end.stats.accepted);
    double worst = 0;
    for (int i = 0; i <= 1000; ++i)
      worst = std::fmax(worst, std::abs(curve(i * .002) - exact(i * .002)));
    CHECK(worst <= 2e-5);
    for (std::size_t i = 0; i < path.size(); ++i)
      CHECK(std::abs(curve(path.t[i]) - path.x[i]) <= 1e-15);

    for (const double outside : {-1e-9, 2 + 1e-9, infinity, -infinity, quiet_nan})
      CHECK_THROWS_AS(static_cast<void>(curve(outside)), std::out_of_range);
    CHECK(message_of<std::out_of_range>([&] { static_cast<void>(curve(3)); }) ==
          (forward ? "dense_solution: expected a time from 0 to 2, got 3"
                   : "dense_solution: expected a time from 2 to 0, got 3"));
  }
}

TEST_CASE("a dense solution is what the step said, in between too") {
  dense_solution<dormand_prince54, double> curve;
  numbers t, x;
  const auto look = [&](const auto& step) {
    for (const double theta : {.1, .5, .9}) {
      t.push_back(step.t0 + theta * step.length());
      x.emplace_back();
      step.at(t.back(), x.back());
    }
  };
  CHECK(integrate<dormand_prince54>(rate, .6, {0, 2}, adaptive{}, save_dense(curve), look).ok());
  for (std::size_t i = 0; i < t.size(); ++i) CHECK(std::abs(curve(t[i]) - x[i]) <= 1e-15);
}

TEST_CASE("a dense solution without steps, or used again, has what it has") {
  dense_solution<rk4_classic, double> curve;
  CHECK_THROWS_AS(static_cast<void>(curve(0)), std::out_of_range);
  for (const double t1 : {2., 1.}) {
    CHECK(integrate<rk4_classic>(rate, .6, {0, t1}, fixed{.steps = 8}, save_dense(curve)).ok());
    CHECK(curve.steps() == 8);
    CHECK(curve.t1() == t1);
  }
  // Steps that time does not resolve have a length of 0, and still no NaN.
  const auto one = [](double, double, double& dx) { dx = 1; };
  CHECK(integrate<rk4_classic>(one, 0., {1e16, 1e16 + 4}, fixed{.steps = 64}, save_dense(curve))
            .ok());
  CHECK(std::isfinite(curve(1e16)));
  CHECK(std::isfinite(curve(1e16 + 2)));
  CHECK(std::isfinite(curve(1e16 + 4)));
}

TEST_CASE("an observer that is no observer leaves no trace") {
  const auto nothing = [](const auto&) {};
  const auto check = [&](const auto& how) {
    const auto a = integrate<dormand_prince54>(rate, .6, {0, 2}, how);
    const auto b = integrate<dormand_prince54>(rate, .6, {0, 2}, how, nothing);
    const auto c = integrate<dormand_prince54>(rate, .6, {0, 2}, how, nothing, nothing);
    CHECK(a.x == b.x);
    CHECK(a.x == c.x);
    CHECK(a.stats.evaluations == b.stats.evaluations);
    CHECK(a.stats.evaluations == c.stats.evaluations);
  };
  check(adaptive{});
  check(fixed{.steps = 11});
}

TEST_CASE("observers are called in order, once a step, with steps that join") {
  std::string calls;
  double before = 0, x_before = .6;
  const auto second = [&](const auto& step) {
    calls += '2';
    CHECK(step.t0 == before);
    CHECK(step.x0 == x_before);
    before = step.t1;
    x_before = step.end();
  };
  const auto end = integrate<rk4_classic>(rate, .6, {0, 1}, fixed{.steps = 3}, loud{calls}, second);
  CHECK(end.ok());
  CHECK(calls == "b121212");
  CHECK(x_before == end.x);
}

TEST_CASE("what is saved ends where an event ends the integration") {
  const auto fall = [](double, const std::array<double, 2>& x, std::array<double, 2>& dx) {
    dx = {x[1], -10};
  };
  using state = std::array<double, 2>;
  const auto height = [](double, const state& x) { return x[0]; };
  const auto run = [&](const auto& how, auto&&... observers) {
    return integrate<dormand_prince54>(fall, state{5, 0}, {0, 10}, how, observers...);
  };
  const auto check = [&](const auto& how) {
    event ground(height, crossing::falling);
    trajectory<state> at, steps;
    dense_solution<dormand_prince54, state> curve;
    // The event stops the others wherever it stands.
    const auto end = run(how, save_at({0, .5, .9999, 1.0001, 2}, at), save_steps(steps), ground,
                         save_dense(curve));
    CHECK(end.status == status::event);
    CHECK(std::abs(end.t - 1) <= 1e-12);
    CHECK(at.t == numbers{0, .5, .9999});
    CHECK(std::abs(at.x[2][1] + 9.999) <= 1e-9);
    CHECK(steps.t.back() == end.t);
    CHECK(steps.x.back() == end.x);
    CHECK(curve.t1() == end.t);
    CHECK(std::abs(curve(end.t)[1] - end.x[1]) <= 1e-12);
    CHECK(std::abs(curve(.75)[0] - (5 - 5 * .75 * .75)) <= 1e-12);
    CHECK_THROWS_AS(static_cast<void>(curve(1.001)), std::out_of_range);
  };
  check(adaptive{});
  check(fixed{.steps = 7});
}

TEST_CASE_TEMPLATE("the dense error falls at the order of the dense output", S, bogacki_shampine32,
                   dormand_prince54, tsitouras54, cash_karp54, rk4_classic) {
  using problem = driven_logistic<long double>;
  // Native: 3, 4, 4. The cubic: 3, for schemes of order 4 and 5. The error is one order smaller
  // where the step itself is.
  const int q = has_dense_output<S> ? static_cast<int>(detail::dense_degree<S>) : 3;
  const auto error = [&](double h) {
    long double worst = 0, y = 0;
    explicit_stepper<S, long double> stepper(0);
    const auto end = integrate(stepper, rate, .6L, {0, 1},
                               fixed{.steps = static_cast<std::int64_t>(std::lround(1 / h))},
                               [&](const auto& step) {
                                 for (int i = 1; i < 20; ++i) {
                                   const long double t = step.t0 + i * step.length() / 20;
                                   step.at(t, y);
                                   worst = std::fmax(worst, std::abs(y - problem::exact(t, .6L)));
                                 }
                               });
    CHECK(end.ok());
    return worst;
  };
  CAPTURE(q);
  const double slope = observed_slope(error, 1. / 128);
  CHECK(std::abs(slope - (kutta::order(S::tableau) > q ? q + 1 : q)) <= .15);
}
