// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <tuple>
#include <type_traits>
#include <vector>

#include <Eigen/Core>
#include <doctest/doctest.h>

#include <kutta/basis/hat.hpp>
#include <kutta/basis/piecewise_constant.hpp>
#include <kutta/ode/adaptive_block.hpp>
#include <kutta/ode/event.hpp>
#include <kutta/ode/event_gradient.hpp>
#include <kutta/ode/keep_online.hpp>
#include <kutta/schemes/embedded_fifth_order.hpp>
#include <kutta/schemes/embedded_fourth_order.hpp>
#include <kutta/schemes/embedded_second_order.hpp>
#include <kutta/schemes/embedded_third_order.hpp>

#include "support/dense_sine.hpp"
#include "support/problems.hpp"
#include "support/random.hpp"

namespace {

using kutta::adaptive_block;
using kutta::rational;
using kutta::scaled;
using kutta::status;
using kutta::trajectory;
using kutta::bases::hat;
using kutta::bases::piecewise_constant;
using kutta::schemes::bogacki_shampine32;
using kutta::schemes::dormand_prince54;
using kutta::test::dense_sine;
using kutta::test::random_like;
using kutta::test::splitmix64;

using Eigen::MatrixXd;
using T = long double;
using logistic = kutta::test::logistic<T>;

const std::vector<rational> unequal{0, rational(1, 7), rational(1, 2), 1};

using pairs = std::tuple<kutta::schemes::heun_euler21, bogacki_shampine32,
                         kutta::schemes::fehlberg45, kutta::schemes::cash_karp54, dormand_prince54>;
using dense_pairs = std::tuple<bogacki_shampine32, dormand_prince54, kutta::schemes::tsitouras54>;

/// f'(0) by central differences with a step of Richardson extrapolation: O(h⁴) and rounding.
template <class F>
T derivative(const F& f, T h = 1e-3L) {
  const auto slope = [&](T step) { return (f(step) - f(-step)) / (2 * step); };
  return (64 * slope(h / 4) - 20 * slope(h / 2) + slope(h)) / 45;
}

/// A pass over the logistic equation in long double, and its weights with one of them moved.
template <class S, class B>
struct frozen_case {
  static constexpr T values[] = {1, 3, -2, 1.5L};

  adaptive_block<logistic, S, B> f{
      logistic{},
      B(unequal),
      {.steps = {.rtol = 1e-4, .atol = 1e-6, .max_steps = 400}, .horizon = 2, .rate = .75}};
  T x0 = .2L;
  std::vector<T> theta{values, values + f.basis().size()};
  typename adaptive_block<logistic, S, B>::workspace_type ws = f.make_workspace(theta, x0);

  /// Calls use(theta, x0) with argument `which` moved by eps; the last one is x0.
  template <class U>
  T moved(std::size_t which, T eps, U&& use) const {
    auto c = theta;
    T x = x0;
    (which < c.size() ? c[which] : x) += eps;
    return use(c, x);
  }
};

template <class S, class B>
void check_frozen() {
  frozen_case<S, B> test;
  REQUIRE(test.f.forward(test.theta, test.x0, test.ws));
  CHECK(test.ws.grid.count() >= 4);
  T dx = 1;
  std::vector<T> dtheta(test.theta.size(), 0);
  test.f.backprop(test.theta, dx, dtheta, test.ws);
  for (std::size_t i = 0; i <= dtheta.size(); ++i) {
    CAPTURE(i);
    const T expected = derivative([&](T eps) {
      return test.moved(i, eps,
                        [&](const auto& theta, T x) { return test.f.repeat(theta, x, test.ws); });
    });
    CHECK(std::abs((i < dtheta.size() ? dtheta[i] : dx) - expected) <= 1e-14L);
  }
}

}  // namespace

TEST_CASE_TEMPLATE_DEFINE("backprop is the gradient of the steps that were taken", S, frozen) {
  check_frozen<S, hat>();
  check_frozen<S, piecewise_constant>();
}
TEST_CASE_TEMPLATE_APPLY(frozen, pairs);

TEST_CASE_TEMPLATE_DEFINE("backprop is the transpose of jvp, under every policy", S, products) {
  const adaptive_block<dense_sine, S, hat> f{
      dense_sine{},
      hat(unequal),
      {.steps = {.rtol = 1e-3, .atol = 1e-3, .max_steps = 200}, .horizon = 1.5, .rate = 2}};
  splitmix64 random(1);
  const auto theta = dense_sine::random_coefficients(4, 4, random);
  const auto vtheta = dense_sine::random_coefficients(4, 4, random);
  const MatrixXd x0 = random_like(MatrixXd(4, 3), random), w = random_like(x0, random);
  const MatrixXd v0 = random_like(x0, random);

  auto ws = f.make_workspace(theta, x0);
  MatrixXd vx = v0, dx = w;
  auto dtheta = kutta::zeros_like(theta);
  REQUIRE(f.jvp(theta, x0, vtheta, vx, ws));
  const MatrixXd x1 = ws.last();
  f.backprop(theta, dx, dtheta, ws);
  const double jv = kutta::inner_product(w, vx);
  CHECK(std::abs(kutta::inner_product(dx, v0) + kutta::inner_product(dtheta, vtheta) - jv) <=
        1e-13 * w.norm() * vx.norm());
  CHECK(vx.norm() > .1);

  const auto same_under = [&](const auto& keep) {
    auto other = f.make_workspace(theta, x0, keep);
    for (int pass = 0; pass < 2; ++pass) {
      MatrixXd d = w;
      auto dt = kutta::zeros_like(theta);
      REQUIRE(f.forward(theta, x0, other));
      CHECK(other.last() == x1);
      f.backprop(theta, d, dt, other);
      CHECK(d == dx);
      for (std::size_t k = 0; k < dt.size(); ++k) {
        CHECK(dt[k].w == dtheta[k].w);
        CHECK(dt[k].b == dtheta[k].b);
      }
    }
  };
  same_under(kutta::keep::steps{});
  same_under(kutta::keep::online{2});
  same_under(kutta::keep::online{5});
  for (const std::int64_t k : {1, 2, 3, 7, 200}) same_under(kutta::keep::every{k});
  auto without = f.make_workspace(theta, x0, kutta::keep::nothing{});
  REQUIRE(f.forward(theta, x0, without));
  CHECK(without.last() == x1);
}
TEST_CASE_TEMPLATE_APPLY(products, pairs);

TEST_CASE("a loss of all states") {
  frozen_case<dormand_prince54, hat> test;
  REQUIRE(test.f.forward(test.theta, test.x0, test.ws));
  const std::int64_t steps = test.ws.grid.count();
  // L = Σ_n (n + 1) x_n², all steps and the end.
  const auto loss = [&](const auto& theta, T x_start) {
    test.f.repeat(theta, x_start, test.ws);
    T sum = 0;
    for (std::int64_t n = 0; n <= steps; ++n)
      sum += static_cast<T>(n + 1) * test.ws.x(n) * test.ws.x(n);
    return sum;
  };
  T dx = 0;
  std::vector<T> dtheta(4, 0), x;
  for (std::int64_t n = 0; n <= steps; ++n) x.push_back(test.ws.x(n));
  test.f.backprop(test.theta, dx, dtheta, test.ws, [&](std::int64_t n, T& g) {
    g += 2 * static_cast<T>(n + 1) * x[static_cast<std::size_t>(n)];
  });
  for (std::size_t i = 0; i <= 4; ++i) {
    CAPTURE(i);
    const T expected = derivative([&](T eps) { return test.moved(i, eps, loss); });
    CHECK(std::abs((i < 4 ? dtheta[i] : dx) - expected) <= 1e-12L);
  }
}

TEST_CASE_TEMPLATE_DEFINE("a loss that reads the solution at given times", S, path) {
  frozen_case<S, hat> test;
  REQUIRE(test.f.forward(test.theta, test.x0, test.ws));
  const T on_a_step = 2 * test.ws.grid.start(2);
  // The ends, a breakpoint, two times in one step, the end of a step.
  std::vector<T> times{0, .01L, .02L, 1, on_a_step < 1 ? 1.25L : on_a_step, 1.75L, 2};
  const std::vector<T> weight{.5L, 1, -2, 3, .25L, -1, 2};
  const auto loss = [&](const auto& theta, T x) {
    trajectory<T> points;
    test.f.repeat(theta, x, test.ws, kutta::save_at<T>(times, points));
    T sum = 0;
    for (std::size_t i = 0; i < points.size(); ++i) sum += weight[i] * points.x[i];
    return sum;
  };
  const trajectory<T> dpath{times, weight};
  T dx = 0;
  std::vector<T> dtheta(4, 0);
  test.f.backprop(test.theta, dx, dtheta, test.ws, dpath);
  for (std::size_t i = 0; i <= 4; ++i) {
    CAPTURE(i);
    const T expected = derivative([&](T eps) { return test.moved(i, eps, loss); });
    CHECK(std::abs((i < 4 ? dtheta[i] : dx) - expected) <= 1e-13L);
  }
  // The end of the pass counts as the argument dx, too.
  test.f.repeat(test.theta, test.x0, test.ws);
  const trajectory<T> all_but_last{{times.begin(), times.end() - 1},
                                   {weight.begin(), weight.end() - 1}};
  T again = weight.back();
  std::vector<T> dtheta_again(4, 0);
  test.f.backprop(test.theta, again, dtheta_again, test.ws, all_but_last);
  CHECK(again == dx);
  CHECK(dtheta_again == dtheta);
}
TEST_CASE_TEMPLATE_APPLY(path, dense_pairs);

TEST_CASE("times that do not fit are refused") {
  frozen_case<dormand_prince54, hat> test;
  REQUIRE(test.f.forward(test.theta, test.x0, test.ws));
  T dx = 0;
  std::vector<T> dtheta(4, 0);
  const auto refused = [&](const trajectory<T>& dpath, const char* text) {
    CHECK_THROWS_WITH_AS(test.f.backprop(test.theta, dx, dtheta, test.ws, dpath), text,
                         std::invalid_argument);
  };
  refused({{0, 1, .5L}, {1, 1, 1}},
          "backprop: expected times in order from 0 to 2, got 0.5 after 1");
  refused({{0, 3}, {1, 1}}, "backprop: expected times in order from 0 to 2, got 3 after 0");
  refused({{0, 1}, {1}}, "backprop: expected a gradient for each of 2 times, got 1");
  // A refusal leaves the record as it is.
  CHECK_NOTHROW(test.f.backprop(test.theta, dx, dtheta, test.ws));
}

TEST_CASE_TEMPLATE_DEFINE("a loss that reads the time and the state of an event", S, event) {
  // L = t* + 3 sin x(t*) where x² + t/8 = 1/4.
  frozen_case<S, hat> test;
  const auto g = [](T t, T x) { return x * x + t / 8 - .25L; };
  const auto loss_at = [](T t, T x) { return t + 3 * std::sin(x); };
  kutta::event when(g);
  const auto end = test.f.forward(test.theta, test.x0, test.ws, when);
  REQUIRE(end.status == status::event);
  REQUIRE(end.t == when.times().front());
  const T t = test.ws.event.t;
  const T x = test.ws.event.state, dg = 2 * x;

  T dy = 3 * std::cos(x), dx = 0;
  kutta::event_vjp<T>({test.ws.event.rate, dg, 1. / 8}, 1, dy);
  std::vector<T> dtheta(4, 0);
  test.f.backprop(test.theta, dx, dtheta, test.ws, trajectory<T>{{t}, {dy}});

  // The same zero by halving, on the dense output of the steps that were taken.
  const auto loss = [&](const auto& theta, T x_start) {
    T low = 0, high = 0, value = 0;
    test.f.repeat(theta, x_start, test.ws, [&](const auto& step) {
      T y = 0;
      const bool here = g(step.t0, step.x0) < 0 && g(step.t1, step.end()) >= 0;
      if (!here) return;
      low = step.t0;
      high = step.t1;
      for (int i = 0; i < 200; ++i) {
        const T middle = low + (high - low) / 2;
        step.at(middle, y);
        (g(middle, y) < 0 ? low : high) = middle;
      }
      step.at(high, y);
      value = loss_at(high, y);
    });
    return value;
  };
  CHECK(std::abs(loss(test.theta, test.x0) - loss_at(t, x)) <= 1e-14L);
  for (std::size_t i = 0; i <= 4; ++i) {
    CAPTURE(i);
    const T expected = derivative([&](T eps) { return test.moved(i, eps, loss); }, 1e-4L);
    CHECK(std::abs((i < 4 ? dtheta[i] : dx) - expected) <= 1e-12L);
  }
}
TEST_CASE_TEMPLATE_APPLY(event, dense_pairs);

TEST_CASE_TEMPLATE_DEFINE("a loss that reads the errors of the steps", S, errors) {
  frozen_case<kutta::keeping_errors<S>, hat> test;
  REQUIRE(test.f.forward(test.theta, test.x0, test.ws));
  const double errors = test.ws.errors;
  // The estimate is that of the pass: with ‖e‖ ≤ atol + rtol |x| its sum is a few times that.
  CHECK(errors > 1e-8);
  CHECK(errors < 1e-4 * 1.5);
  T dx = 2;
  std::vector<T> dtheta(4, 0);
  test.ws.derrors = 1e5;
  test.f.backprop(test.theta, dx, dtheta, test.ws);
  const auto loss = [&](const auto& theta, T x) {
    const T end = test.f.repeat(theta, x, test.ws);
    return 2 * end + 1e5L * test.ws.errors;
  };
  CHECK(std::abs(loss(test.theta, test.x0) - (2 * test.ws.last() + 1e5L * errors)) <= 1e-14L);
  for (std::size_t i = 0; i <= 4; ++i) {
    CAPTURE(i);
    const T expected = derivative([&](T eps) { return test.moved(i, eps, loss); });
    CHECK(std::abs((i < 4 ? dtheta[i] : dx) - expected) <= 1e-9L);  // a norm is a double
  }
  // Without a gradient by the errors: as if they were not read.
  test.f.repeat(test.theta, test.x0, test.ws);
  T plain = 1;
  std::vector<T> dplain(4, 0);
  test.f.backprop(test.theta, plain, dplain, test.ws);
  CHECK(std::abs(2 * plain - dx) > 1e-3);
}
TEST_CASE_TEMPLATE_APPLY(errors, pairs);

TEST_CASE("the gradient converges with the tolerance to that of the exact solution") {
  // ∂x1/∂theta_k = x1 (1 − x1) rate ∫ φ_k dt, ∂x1/∂x0 = x1 (1 − x1)/(x0 (1 − x0)).
  const T x0 = .2L, integral = 1.5L * (1 / 7.L - 2 * 5 / 14.L + 1.5L / 2);
  const std::vector<T> theta{1, -2, 1.5L};
  T last = 1;
  for (const double tolerance : {1e-4, 1e-6, 1e-8, 1e-10}) {
    CAPTURE(tolerance);
    const adaptive_block<logistic, dormand_prince54, piecewise_constant> f{
        logistic{},
        piecewise_constant(unequal),
        {.steps = {.rtol = tolerance, .atol = tolerance, .max_steps = 400}, .horizon = 1.5}};
    auto ws = f.make_workspace(theta, x0);
    REQUIRE(f.forward(theta, x0, ws));
    T dx = 1;
    std::vector<T> dtheta(3, 0);
    f.backprop(theta, dx, dtheta, ws);
    const T x1 = logistic::exact(x0, integral), slope = x1 * (1 - x1);
    const T error = std::abs(dx - slope / (x0 * (1 - x0))) +
                    std::abs(dtheta[0] - slope * 1.5L / 7) +
                    std::abs(dtheta[1] - slope * 7.5L / 14) + std::abs(dtheta[2] - slope * .75L);
    CHECK(error <= 50 * tolerance);
    CHECK(error <= .1L * last);
    last = error;
  }
}
