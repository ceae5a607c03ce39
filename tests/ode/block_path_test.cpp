// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <tuple>
#include <vector>

#include <doctest/doctest.h>

#include <kutta/basis/hat.hpp>
#include <kutta/ode/block_path.hpp>
#include <kutta/ode/event.hpp>
#include <kutta/ode/event_gradient.hpp>
#include <kutta/schemes/embedded_fifth_order.hpp>
#include <kutta/schemes/embedded_third_order.hpp>

#include "support/problems.hpp"
#include "support/slope.hpp"

namespace {

using kutta::observed;
using kutta::trajectory;
using kutta::bases::hat;
using T = long double;
using logistic = kutta::test::logistic<T>;

using dense_schemes = std::tuple<kutta::schemes::bogacki_shampine32,
                                 kutta::schemes::dormand_prince54, kutta::schemes::tsitouras54>;

template <class S>
struct path_case {
  kutta::ode_block<logistic, observed<S>, hat> f{
      logistic{}, hat(3), {.steps = 8, .horizon = 2, .rate = .75}};
  std::vector<T> theta{1, 3, -2};
  T x0 = .2L;

  /// The gradient of `loss(theta, x0)`, by differences: three coefficients and x0.
  template <class L>
  void check(const L& loss, const std::vector<T>& dtheta, T dx) const {
    for (std::size_t i = 0; i <= 3; ++i) {
      CAPTURE(i);
      const auto moved = [&](T eps) {
        auto c = theta;
        T x = x0;
        (i < 3 ? c[i] : x) += eps;
        return loss(c, x);
      };
      const T h = 1e-4L;
      const T expected = (8 * (moved(h / 2) - moved(-h / 2)) - (moved(h) - moved(-h))) / (6 * h);
      CHECK(std::abs((i < 3 ? dtheta[i] : dx) - expected) <= 1e-12L);
    }
  }
};

}  // namespace

TEST_CASE_TEMPLATE_DEFINE("the steps of an observed scheme are those of the scheme", S, same) {
  const path_case<S> test;
  const kutta::ode_block<logistic, S, hat> plain{logistic{}, hat(3), test.f.options()};
  CHECK(test.f(test.theta, test.x0) == plain(test.theta, test.x0));
}
TEST_CASE_TEMPLATE_APPLY(same, dense_schemes);

TEST_CASE_TEMPLATE_DEFINE("a loss that reads the solution at given times", S, path) {
  const path_case<S> test;
  const std::vector<T> times{0, .01L, .3L, .4L, 1, 1.75L, 1.9L}, weight{.5L, 1, -2, 3, .25L, -1, 2};
  const auto check_under = [&](const auto& keep) {
    auto ws = test.f.make_workspace(test.theta, test.x0, keep);
    const auto loss = [&](const auto& theta, T x0) {
      trajectory<T> saved;
      kutta::save_at<T> save(times, saved);
      const T end = test.f.forward(theta, x0, ws, kutta::observe_path(test.f, ws, save));
      T sum = 3 * end;
      for (std::size_t i = 0; i < saved.size(); ++i) sum += weight[i] * saved.x[i];
      return sum;
    };
    loss(test.theta, test.x0);
    const trajectory<T> dpath{times, weight};
    T dx = 3;
    std::vector<T> dtheta(3, 0);
    test.f.backprop(test.theta, dx, dtheta, ws, kutta::along_path(test.f, ws, dpath));
    test.check(loss, dtheta, dx);
  };
  check_under(kutta::keep::everything{});
  check_under(kutta::keep::steps{});
  check_under(kutta::keep::binomial{2});
}
TEST_CASE_TEMPLATE_APPLY(path, dense_schemes);

TEST_CASE_TEMPLATE_DEFINE("a loss that reads the time and the state of an event", S, event) {
  // L = t* + 3 sin x(t*) where x² + t/8 = 1/4.
  const path_case<S> test;
  auto ws = test.f.make_workspace(test.theta, test.x0);
  const auto g = [](T t, T x) { return x * x + t / 8 - .25L; };
  kutta::event when(g);
  auto path = kutta::observe_path(test.f, ws, when);
  test.f.forward(test.theta, test.x0, ws, path);
  REQUIRE(path.stopped());
  const auto& at = path.event();
  CHECK(static_cast<double>(at.t) == when.times().front());
  CHECK(std::abs(g(at.t, at.state)) <= 1e-17L);

  const T dg = 2 * at.state;
  T dy = 3 * std::cos(at.state), dx = 0;
  kutta::event_vjp<T>({at.rate, dg, 1. / 8}, 1, dy);
  std::vector<T> dtheta(3, 0);
  const trajectory<T> dpath{{at.t}, {dy}};
  test.f.backprop(test.theta, dx, dtheta, ws, kutta::along_path(test.f, ws, dpath));

  const auto loss = [&](const auto& theta, T x0) {
    T value = 0;
    auto halving = [&](const auto& step) {
      if (g(step.t0, step.x0) >= 0 || g(step.t1, step.end()) < 0) return;
      T low = step.t0, high = step.t1, y = 0;
      for (int i = 0; i < 200; ++i) {
        const T middle = low + (high - low) / 2;
        step.at(middle, y);
        (g(middle, y) < 0 ? low : high) = middle;
      }
      step.at(high, y);
      value = high + 3 * std::sin(y);
    };
    test.f.forward(theta, x0, ws, kutta::observe_path(test.f, ws, halving));
    return value;
  };
  test.check(loss, dtheta, dx);
}
TEST_CASE_TEMPLATE_APPLY(event, dense_schemes);

TEST_CASE("between the steps the solution has the order of the dense output") {
  // bogacki_shampine32: order 3. theta = 1 + 2s, T = 1: ∫ theta = t + t².
  const auto error = [](double h) {
    const kutta::ode_block<logistic, observed<kutta::schemes::bogacki_shampine32>, hat> f{
        logistic{}, hat(2), {.steps = std::lround(1 / h)}};
    const std::vector<T> theta{1, 3};
    auto ws = f.make_workspace(theta, .2L);
    trajectory<T> saved;
    const T t = .5L + static_cast<T>(h) / 3;  // at the third of a step
    kutta::save_at<T> save({t}, saved);
    f.forward(theta, .2L, ws, kutta::observe_path(f, ws, save));
    return std::abs(saved.x.at(0) - logistic::exact(.2L, t + t * t));
  };
  CHECK(std::abs(kutta::test::observed_slope(error, 1. / 128) - 3) <= .15);
}

TEST_CASE("times that do not fit are refused") {
  const path_case<kutta::schemes::dormand_prince54> test;
  auto ws = test.f.make_workspace(test.theta, test.x0);
  const trajectory<T> late{{2.5L}, {1}};
  CHECK_THROWS_WITH_AS(kutta::along_path(test.f, ws, late),
                       "backprop: expected times in order from 0 to 2, got 2.5 after 0",
                       std::invalid_argument);
}
