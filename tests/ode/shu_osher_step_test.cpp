// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstddef>
#include <limits>
#include <type_traits>
#include <vector>

#include <doctest/doctest.h>

#include <kutta/ode/shu_osher_step.hpp>
#include <kutta/schemes/low_storage.hpp>
#include <kutta/schemes/order.hpp>
#include <kutta/schemes/strong_stability.hpp>

#include "step_properties.hpp"
#include "support/problems.hpp"
#include "support/slope.hpp"

using namespace kutta;
using namespace kutta::test;
using schemes::ssprk33;
using schemes::ssprk54;

namespace {

/// One stage, so that there are no points.
struct euler_ssp {
  static constexpr shu_osher_tableau<1> shu_osher{.alpha = {{1}}, .beta = {{1}}};
  static constexpr auto tableau = butcher_form(shu_osher);
};

/// Order 2, and no bound is kept: it goes 20 steps back first.
/// Source: Gottlieb & Shu, Total variation diminishing Runge–Kutta schemes, Math. Comp. 67 (1998).
struct oscillating2 {
  static constexpr shu_osher_tableau<2> shu_osher{.alpha = {{1}, {1}},
                                                  .beta = {{-20}, {41_r / 40, -1_r / 40}}};
  static constexpr auto tableau = butcher_form(shu_osher);
};
static_assert(order(oscillating2::tableau) == 2);

/// A stage that feeds nothing, and one whose state feeds nothing but its rate.
struct idle_stages {
  static constexpr shu_osher_tableau<3> shu_osher{
      .alpha = {{1}, {1}, {1}}, .beta = {{1_r / 2}, {1_r / 3}, {1_r / 4, 3_r / 4}}};
  static constexpr auto tableau = butcher_form(shu_osher);
};

template <class S, class T>
struct field_step {
  T h;
  plane<T> x0;
  stage_points<S, plane<T>> points{};

  static plane<T> anything() { return {std::numeric_limits<T>::quiet_NaN(), 1}; }
  T time(std::size_t i) const {
    return static_cast<T>(.3) + static_cast<T>(to_double(S::tableau.c[i])) * h;
  }
  plane<T> value() {
    plane<T> x1{};
    stage_rates<S, plane<T>> k{};
    const auto rate = [&](auto i, const plane<T>& x, plane<T>& ki) { ki = plane_rate(time(i), x); };
    shu_osher_step<S>(rate, h, x0, x1, points, k);
    return x1;
  }
  plane<T> jvp(plane<T> vx) {
    stage_points<S, plane<T>> vu{};
    stage_rates<S, plane<T>> vk{};
    const auto rate_jvp = [&](auto i, const plane<T>& x, const plane<T>& v, plane<T>& vki) {
      vki = plane_jvp(time(i), x, v);
    };
    shu_osher_step_jvp<S>(rate_jvp, h, x0, points, vx, vu, vk);
    return vx;
  }
  plane<T> vjp(plane<T> g) {
    stage_points<S, plane<T>> v{};
    for (std::size_t i = 0; i + 1 < stages_v<S>; ++i) v.data()[i] = anything();
    plane<T> dk = anything();
    const auto rate_vjp = [&](auto i, const plane<T>& x, const plane<T>& dki, plane<T>& du) {
      plane_vjp(time(i), x, dki, du);
    };
    shu_osher_step_vjp<S>(rate_vjp, h, x0, points, g, v, dk);
    return g;
  }
};

double total_variation(const std::vector<double>& u) {
  double sum = 0;
  for (std::size_t i = 0; i < u.size(); ++i)
    sum += std::abs(u[i] - u[i == 0 ? u.size() - 1 : i - 1]);
  return sum;
}

/// Burgers' equation on a periodic line of cells of size 1, where 0 ≤ u: k_i = (u²_{i−1} − u_i²)/2.
/// The variation of Euler's steps does not grow for h max u ≤ 1.
void burgers(auto, const std::vector<double>& u, std::vector<double>& k) {
  for (std::size_t i = 0; i < u.size(); ++i) {
    const double before = u[i == 0 ? u.size() - 1 : i - 1];
    k[i] = (before * before - u[i] * u[i]) / 2;
  }
}

/// The largest growth of the total variation in one of 60 steps, from a step of height 1.
template <class S>
double growth_of_variation(double h) {
  std::vector<double> u(40);
  for (std::size_t i = 5; i < 20; ++i) u[i] = 1;
  auto points = several_like<stages_v<S> - 1>(u);
  auto k = several_like<stages_v<S>>(u);
  double largest = 0, before = total_variation(u);
  for (int n = 0; n < 60; ++n) {
    shu_osher_step<S>([](auto i, const auto& x, auto& ki) { burgers(i, x, ki); }, h, u, u, points,
                      k);
    const double now = total_variation(u);
    if (!(now - before <= largest)) largest = now - before;
    before = now;
  }
  return largest;
}

}  // namespace

static_assert(shu_osher_scheme<ssprk33> && shu_osher_scheme<ssprk54>);
static_assert(shu_osher_scheme<euler_ssp> && !shu_osher_scheme<schemes::williamson3>);

#define SHU_OSHER_SCHEMES euler_ssp, ssprk33, ssprk54, oscillating2, idle_stages

TEST_CASE_TEMPLATE("a step is that of the Butcher form", S, SHU_OSHER_SCHEMES) {
  for (const double h : {.5, -.125}) {
    const plane<double> x0{.7, -.4};
    const auto rate = [&](auto i, const plane<double>& x, plane<double>& k) {
      k = plane_rate(.3 + c_v<S, decltype(i)::value> * h, x);
    };
    stage_points<S, plane<double>> expected_points{}, points{};
    stage_rates<S, plane<double>> expected_k{}, k{};
    plane<double> expected{}, x = x0;
    step<S>(rate, h, x0, expected, expected_points, expected_k);
    shu_osher_step<S>(rate, h, x, x, points, k);  // may end where it starts
    // The rates that far away are large.
    const double tolerance = std::is_same_v<S, oscillating2> ? 1e-10 : 2e-15;
    for (std::size_t j = 0; j < 2; ++j) {
      CHECK(std::abs(x[j] - expected[j]) <= tolerance);
      for (std::size_t i = 0; i < stages_v<S>; ++i)
        CHECK(std::abs(k[i][j] - expected_k[i][j]) <= tolerance);
      for (std::size_t i = 0; i + 1 < stages_v<S>; ++i)
        CHECK(std::abs(points[i][j] - expected_points[i][j]) <= tolerance);
    }
  }
}

TEST_CASE_TEMPLATE("the error of many steps falls at the order of the scheme", S, euler_ssp,
                   ssprk33, ssprk54) {
  using T = long double;
  using problem = driven_logistic<T>;
  const T x0 = .6L, end = 2;
  const auto error = [&](double size) {
    const int steps = static_cast<int>(std::lround(static_cast<double>(end) / size));
    const T h = end / static_cast<T>(steps);
    T x = x0;
    stage_points<S, T> points{};
    stage_rates<S, T> k{};
    for (int n = 0; n < steps; ++n) {
      const auto rate = [&](auto i, const T& at, T& ki) {
        ki = problem::rate((static_cast<T>(n) + c_v<S, decltype(i)::value, T>)*h, at);
      };
      shu_osher_step<S>(rate, h, x, x, points, k);
    }
    return std::abs(x - problem::exact(end, x0));
  };
  CHECK(std::abs(observed_slope(error, 1. / 64) - order(S::tableau)) <= .15);
}

TEST_CASE_TEMPLATE("the derivatives of a step are those of its values", S, euler_ssp, ssprk33,
                   ssprk54, idle_stages) {
  check_derivatives<2>([]<class T>(T h, const plane<T>& x0) { return field_step<S, T>{h, x0}; });
}

TEST_CASE_TEMPLATE("a step does to each element of a tensor what it does to a number", S, ssprk33,
                   ssprk54) {
  check_on_every_tensor([]<class X>(const X& x0, const X& v, const X& w) {
    const double h = .25;
    X x1 = zeros_like(x0), jv = v, jtw = w, dk = zeros_like(x0);
    auto points = several_like<stages_v<S> - 1>(x0), others = several_like<stages_v<S> - 1>(x0);
    auto k = several_like<stages_v<S>>(x0);
    shu_osher_step<S>(
        [](auto i, const X& x, X& ki) { elementwise_rate(c_v<S, decltype(i)::value>, x, ki); }, h,
        x0, x1, points, k);
    shu_osher_step_jvp<S>([](auto, const X& x, const X& vx, X& vk) { elementwise_jvp(x, vx, vk); },
                          h, x0, points, jv, others, k);
    shu_osher_step_vjp<S>(
        [](auto, const X& x, const X& dki, X& du) { elementwise_vjp(x, dki, du); }, h, x0, points,
        jtw, others, dk);
    return step_outputs<X>{x1, jv, jtw};
  });
}

TEST_CASE("only what is not zero is summed") {
  counted x0, x1;
  stage_points<ssprk54, counted> points{};
  stage_rates<ssprk54, counted> k{};
  counted::streams = 0;
  shu_osher_step<ssprk54>([](auto, const counted&, counted&) {}, .5, x0, x1, points, k);
  CHECK(counted::streams == 5 + (2 + 3 + 3 + 3 + 5));  // one u written a row, its terms read
  counted::streams = 0;
  step<ssprk54>([](auto, const counted&, counted&) {}, .5, x0, x1, points, k);
  CHECK(counted::streams == 5 + (2 + 3 + 4 + 5 + 6));
}

TEST_CASE("the total variation does not grow up to the coefficient times Euler's step") {
  const double rounding = 1e-13;
  CHECK(growth_of_variation<euler_ssp>(1) <= rounding);
  CHECK(growth_of_variation<ssprk33>(ssp_coefficient(ssprk33::shu_osher)) <= rounding);
  CHECK(growth_of_variation<ssprk54>(ssp_coefficient(ssprk54::shu_osher)) <= rounding);
}

TEST_CASE("the total variation grows beyond Euler's step, and where no bound is kept") {
  CHECK(growth_of_variation<euler_ssp>(1.2) >= .02);
  CHECK(growth_of_variation<oscillating2>(.5) >= .05);
}

TEST_CASE("one step on advection beyond the coefficient adds what its expansion says") {
  // k_i = u_{i−1} − u_i: h k = h (E − 1) u with the shift E, and u₁ = Σ_m h^m/m! (E − 1)^m u. Of
  // its four weights only that of E², h² (1 − h)/2, can be negative for h < 3/2; a jump of 1
  // then varies by 1 + h² (h − 1), and there are two.
  const auto advection = [](auto, const std::vector<double>& u, std::vector<double>& k) {
    for (std::size_t i = 0; i < u.size(); ++i) k[i] = u[i == 0 ? u.size() - 1 : i - 1] - u[i];
  };
  for (const double h : {.5, 1., 1.1, 1.25}) {
    std::vector<double> u(40);
    for (std::size_t i = 5; i < 20; ++i) u[i] = 1;
    auto points = several_like<2>(u);
    auto k = several_like<3>(u);
    shu_osher_step<ssprk33>(advection, h, u, u, points, k);
    const double expected = h <= 1 ? 2 : 2 * (1 + h * h * (h - 1));
    CHECK(std::abs(total_variation(u) - expected) <= 1e-14);
  }
}
