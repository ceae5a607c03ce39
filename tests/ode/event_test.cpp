// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numbers>
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
using kutta::test::observed_slope;
using schemes::bogacki_shampine32;
using schemes::cash_karp54;
using schemes::dormand_prince54;
using schemes::rk4_classic;

namespace {

constexpr double pi = std::numbers::pi;
constexpr double quiet_nan = std::numeric_limits<double>::quiet_NaN();
using state = std::array<double, 2>;

/// x = (sin t, cos t).
const auto circle = [](double, const state& x, state& dx) { dx = {x[1], -x[0]}; };
const auto height = [](double, const state& x) { return x[0]; };
/// x = t, exactly, in steps of a power of 2.
const auto ticking = [](double, double, double& dx) { dx = 1; };
constexpr adaptive tight{.rtol = 1e-10, .atol = 1e-10, .largest_step = .5};

template <class S, class How>
std::vector<double> zeros(time_span<double> span, crossing which, const How& how) {
  event e(height, which, at_event::go_on);
  const auto end = integrate<S>(circle, state{std::sin(span.t0), std::cos(span.t0)}, span, how, e);
  CHECK(end.status == status::success);
  return e.times();
}

void check_times(const std::vector<double>& times, const std::vector<double>& expected,
                 double tolerance = 1e-8) {
  REQUIRE(times.size() == expected.size());
  for (std::size_t i = 0; i < times.size(); ++i)
    CHECK(std::abs(times[i] - expected[i]) <= tolerance);
}

/// The event g(t) = t − at on the clock, in steps of 1/8.
template <class... O>
solution<double> run_clock(time_span<double> span, O&&... observers) {
  return integrate<rk4_classic>(
      ticking, span.t0, span,
      fixed{.steps = static_cast<std::int64_t>(8 * std::abs(span.t1 - span.t0))}, observers...);
}
auto clock_event(double at, at_event then = at_event::stop, crossing which = crossing::either) {
  return event([at](double t, double) { return t - at; }, which, then);
}

}  // namespace

TEST_CASE("every zero of the wanted direction is found") {
  const time_span<double> span{.5, 10};
  const auto check = [&](crossing which, const std::vector<double>& expected) {
    check_times(zeros<dormand_prince54>(span, which, tight), expected);
    check_times(zeros<cash_karp54>(span, which, tight), expected, 1e-5);
    check_times(zeros<rk4_classic>(span, which, fixed{.steps = 1000}), expected);
  };
  check(crossing::either, {pi, 2 * pi, 3 * pi});
  check(crossing::falling, {pi, 3 * pi});
  check(crossing::rising, {2 * pi});
}

TEST_CASE("backwards in time a zero rises in the direction of the integration") {
  const time_span<double> span{10, .5};
  check_times(zeros<dormand_prince54>(span, crossing::either, tight), {3 * pi, 2 * pi, pi});
  check_times(zeros<dormand_prince54>(span, crossing::rising, tight), {3 * pi, pi});
  check_times(zeros<dormand_prince54>(span, crossing::falling, tight), {2 * pi});
}

TEST_CASE("an event ends the integration where it happened, forward and backward") {
  for (const double sign : {1., -1.}) {
    CAPTURE(sign);
    event e(height, crossing::falling);
    const state start{std::sin(.5), sign * std::cos(.5)};
    const auto end = integrate<dormand_prince54>(circle, start, {sign * .5, sign * 10}, tight, e);
    CHECK(end.status == status::event);
    CHECK(end.ok());
    CHECK(std::abs(end.t - sign * pi) <= 1e-8);
    CHECK(e.times() == std::vector<double>{end.t});
    CHECK(std::abs(end.x[0]) <= 1e-15);
    CHECK(end.x[0] <= 0);  // it has happened
    CHECK(std::abs(end.x[1] + sign) <= 1e-8);
  }
}

TEST_CASE("a zero is found to the resolution of time") {
  for (const double at : {.3, 1. / 3, 2.7182818, 1e-3, 3.999}) {
    CAPTURE(at);
    auto e = clock_event(at);
    const auto end = run_clock({0, 4}, e);
    CHECK(end.status == status::event);
    CHECK(end.t >= at);
    CHECK(end.t <= at * (1 + 4e-16));
  }
  // Also where g is far from linear, or has no slope at the zero.
  const double at = 1 / 3.;
  event cubic([&](double t, double) { return (t - at) * (t - at) * (t - at); });
  CHECK(std::abs(run_clock({0, 1}, cubic).t - at) <= 1e-15);
  event steep([&](double t, double) { return std::expm1(500 * (t - at)); });
  CHECK(std::abs(run_clock({0, 1}, steep).t - at) <= 1e-15);
  event jump([&](double t, double) { return t < at ? -1 : 1e-9; });
  CHECK(std::abs(run_clock({0, 1}, jump).t - at) <= 1e-15);
  event huge(
      [&](double t, double) { return t < at ? -std::numeric_limits<double>::infinity() : 1.; });
  CHECK(std::abs(run_clock({0, 1}, huge).t - at) <= 1e-15);
}

TEST_CASE("few evaluations find a zero, whichever way g bends") {
  for (const double bend : {-30., -4., 4., 30.})
    for (const double sign : {1., -1.}) {
      CAPTURE(bend);
      CAPTURE(sign);
      int calls = 0;
      event e([&](double t, double) {
        ++calls;
        return sign * std::expm1(bend * (t - 1. / 3));
      });
      const auto end = integrate<rk4_classic>(ticking, 0., {0, 1}, fixed{}, e);
      CHECK(end.status == status::event);
      CHECK(std::abs(end.t - 1. / 3) <= 1e-15);
      CHECK(calls <= 32);
    }
}

TEST_CASE("a zero at the end of a step, or of the integration, happens once") {
  auto at_step = clock_event(.5, at_event::go_on);
  CHECK(run_clock({0, 2}, at_step).status == status::success);
  CHECK(at_step.times() == std::vector<double>{.5});

  auto stop = clock_event(.5);
  const auto end = run_clock({0, 2}, stop);
  CHECK(end.status == status::event);
  CHECK(end.t == .5);
  CHECK(end.x == .5);

  auto at_end = clock_event(2);
  CHECK(run_clock({0, 2}, at_end).status == status::event);
  CHECK(at_end.times() == std::vector<double>{2.});

  // Backwards, and in one direction only.
  for (const auto which : {crossing::falling, crossing::either}) {
    auto back = clock_event(.5, at_event::go_on, which);
    CHECK(run_clock({2, 0}, back).ok());
    CHECK(back.times() == std::vector<double>{.5});
  }
  auto wrong = clock_event(.5, at_event::go_on, crossing::rising);
  CHECK(run_clock({2, 0}, wrong).ok());
  CHECK(wrong.times().empty());
}

TEST_CASE("after a zero at the end of a step the next one counts") {
  event two([](double t, double) { return (t - .5) * (t - .55); }, crossing::either,
            at_event::go_on);
  CHECK(run_clock({0, 2}, two).ok());
  check_times(two.times(), {.5, .55}, 1e-15);
}

TEST_CASE("a zero at the start does not count; the next one does") {
  auto at_start = clock_event(0);
  CHECK(run_clock({0, 2}, at_start).status == status::success);
  CHECK(at_start.times().empty());
  check_times(zeros<dormand_prince54>({0, 7}, crossing::either, tight), {pi, 2 * pi});
}

TEST_CASE("an event in the last step, and just past it") {
  auto inside = clock_event(1.99);
  CHECK(run_clock({0, 2}, inside).status == status::event);
  auto past = clock_event(2 + 1e-12);
  CHECK(run_clock({0, 2}, past).status == status::success);
  event e(height, crossing::falling);
  const auto end = integrate<dormand_prince54>(circle, state{0, 1}, {0, pi + 1e-4}, tight, e);
  CHECK(end.status == status::event);
  CHECK(std::abs(end.t - pi) <= 1e-8);
}

TEST_CASE("of two events the first one ends the integration, in any order") {
  // Both lie in the step from 1/4 to 3/8.
  for (const bool swapped : {false, true}) {
    CAPTURE(swapped);
    auto early = clock_event(.26), late = clock_event(.35);
    const auto end = swapped ? run_clock({0, 2}, late, early) : run_clock({0, 2}, early, late);
    CHECK(end.status == status::event);
    CHECK(std::abs(end.t - .26) <= 1e-15);
    CHECK(std::abs(end.x - .26) <= 1e-15);
    CHECK(early.times().size() == 1);
    CHECK(late.times().empty());  // it never happened
  }
}

TEST_CASE("an event that goes on does not disturb one that stops, nor sees past it") {
  for (const double sign : {1., -1.})
    for (const bool swapped : {false, true})
      for (const double other : {.26, .35}) {
        CAPTURE(sign);
        CAPTURE(swapped);
        CAPTURE(other);
        auto stop = clock_event(sign * .3), goes_on = clock_event(sign * other, at_event::go_on);
        double seen = quiet_nan;
        const auto watch = [&](const auto& step) { seen = step.end(); };
        const time_span<double> span{0, 2 * sign};
        const auto end =
            swapped ? run_clock(span, goes_on, stop, watch) : run_clock(span, stop, goes_on, watch);
        CHECK(end.status == status::event);
        CHECK(std::abs(end.t - sign * .3) <= 1e-15);
        CHECK(std::abs(end.x - sign * .3) <= 1e-15);
        CHECK(seen == end.x);
        CHECK(goes_on.times().size() == (other < .3));
      }
}

TEST_CASE("an earlier event of an earlier step is not forgotten when another ends the run") {
  auto early = clock_event(.25, at_event::go_on), stop = clock_event(.3);  // a step ends in 1/4
  CHECK(run_clock({0, 2}, early, stop).status == status::event);
  CHECK(early.times() == std::vector<double>{.25});
}

TEST_CASE("a zero that is touched does not count") {
  event touched([](double t, double) { return (t - .3) * (t - .3); });
  CHECK(run_clock({0, 1}, touched).status == status::success);
  CHECK(touched.times().empty());
}

TEST_CASE("an event may be used again, and a span of no length has none") {
  auto e = clock_event(.3);
  CHECK(run_clock({0, 1}, e).status == status::event);
  CHECK(run_clock({.5, 1}, e).status == status::success);
  CHECK(e.times().empty());
  CHECK(integrate<rk4_classic>(ticking, .3, {.3, .3}, fixed{}, e).status == status::success);
  CHECK(e.times().empty());
}

TEST_CASE("a function that is NaN has no zeros, and nothing hangs") {
  event nan([](double, double) { return quiet_nan; });
  CHECK(run_clock({0, 1}, nan).status == status::success);
  event partly([](double t, double) { return t < .3 ? -1 : t < .32 ? quiet_nan : 1; });
  CHECK(run_clock({0, 1}, partly).ok());
}

TEST_CASE("an event has what the scheme has: Eigen states, and the time of a nonlinear solution") {
  const auto spin = [](double, const Eigen::VectorXd& x, Eigen::VectorXd& dx) {
    dx(0) = x(1);
    dx(1) = -x(0);
  };
  event e([](double, const Eigen::VectorXd& x) { return x(0); }, crossing::falling);
  const auto end =
      integrate<dormand_prince54>(spin, Eigen::VectorXd(Eigen::Vector2d(0, 1)), {0, 10}, tight, e);
  CHECK(end.status == status::event);
  CHECK(std::abs(end.t - pi) <= 1e-8);
  CHECK(std::abs(end.x(1) + 1) <= 1e-8);
}

TEST_CASE_TEMPLATE("the error of the time falls at the order of the dense output", S,
                   bogacki_shampine32, rk4_classic, cash_karp54) {
  using problem = kutta::test::driven_logistic<long double>;
  // The cubic has order 3; where the scheme has a higher one, an error of h⁴ in each step.
  const int expected = order(S::tableau) > 3 ? 4 : 3;
  const auto rate = [](long double t, long double x, long double& dx) { dx = problem::rate(t, x); };
  // At a fixed place in its step: at at = 3/4 + a third of a step.
  const auto error = [&](double h) {
    const long double at = .75L + h / 3.L, level = problem::exact(at, .6L);
    event e([&](long double, long double x) { return static_cast<double>(x - level); });
    explicit_stepper<S, long double> stepper(0);
    const auto end = integrate(stepper, rate, .6L, {0, 1},
                               fixed{.steps = static_cast<std::int64_t>(std::lround(1 / h))}, e);
    CHECK(end.status == status::event);
    return std::abs(end.t - at);
  };
  CHECK(std::abs(observed_slope(error, 1. / 256) - expected) <= .15);
}
