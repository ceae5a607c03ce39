// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>

#include <doctest/doctest.h>

#include <kutta/ode/step.hpp>
#include <kutta/schemes/order.hpp>
#include <kutta/tensor/contiguous.hpp>
#include <kutta/tensor/product.hpp>

#include "support/problems.hpp"
#include "support/random.hpp"
#include "support/schemes.hpp"
#include "support/slope.hpp"

namespace {

using kutta::stage_points;
using kutta::stage_rates;
using kutta::step;
using kutta::step_jvp;
using kutta::step_vjp;
using kutta::test::explicit_schemes;
using kutta::test::observed_slope;
using kutta::test::random_like;
using kutta::test::splitmix64;
using namespace kutta::schemes;

template <class S>
constexpr std::size_t stages = S::tableau.stages;

constexpr double quiet_nan = std::numeric_limits<double>::quiet_NaN();

/// A state with one component for each rate: k_i is the unit vector e_i, so that a point is its row
/// of weights.
using weights = std::array<double, 4>;

struct weights_of_step {
  std::array<weights, 4> a{};  ///< row i: X_i − x0
  weights b{};                 ///< x1 − x0
};

template <class S>
weights_of_step weights_of(double h) {
  weights_of_step w;
  const weights x0{};
  stage_points<S, weights> points{};
  stage_rates<S, weights> k{};
  const auto rate = [&](auto i, const weights& x, weights& ki) {
    w.a[decltype(i)::value] = x;
    ki = {};
    ki[decltype(i)::value] = 1;
  };
  step<S>(rate, h, x0, w.b, points, k);
  std::size_t i = 1;
  for (const weights& point : points) CHECK(point == w.a[i++]);
  CHECK(i == stages<S>);
  return w;
}

template <class S>
void check_weights(const std::array<weights, 4>& a, const weights& b) {
  const auto w = weights_of<S>(1);
  for (std::size_t i = 0; i < 4; ++i) {
    CAPTURE(i);
    CHECK(w.a[i] == a[i]);
  }
  CHECK(w.b == b);
}

/// A vector of two and a system that mixes its components, with the exact derivative:
/// f(t, x) = (sin(x_0 x_1) + t, x_0² − t x_1).
template <class T>
using plane = std::array<T, 2>;

template <class T>
plane<T> field(T t, const plane<T>& x) {
  return {std::sin(x[0] * x[1]) + t, x[0] * x[0] - t * x[1]};
}
template <class T>
plane<T> field_jvp(T t, const plane<T>& x, const plane<T>& v) {
  const T c = std::cos(x[0] * x[1]);
  return {c * (x[1] * v[0] + x[0] * v[1]), 2 * x[0] * v[0] - t * v[1]};
}
template <class T>
plane<T> field_vjp(T t, const plane<T>& x, const plane<T>& g) {
  const T c = std::cos(x[0] * x[1]);
  return {c * x[1] * g[0] + 2 * x[0] * g[1], c * x[0] * g[0] - t * g[1]};
}

/// One step of the field and its derivatives, from time t0.
template <class S, class T>
struct field_step {
  T t0, h;
  plane<T> x0;
  stage_points<S, plane<T>> points{};

  static T c(std::size_t i) { return static_cast<T>(kutta::to_double(S::tableau.c[i])); }

  plane<T> value() {
    plane<T> x1{};
    stage_rates<S, plane<T>> k{};
    const auto rate = [&](auto i, const plane<T>& x, plane<T>& ki) {
      ki = field(t0 + c(decltype(i)::value) * h, x);
    };
    step<S>(rate, h, x0, x1, points, k);
    return x1;
  }
  plane<T> jvp(plane<T> vx) {
    stage_rates<S, plane<T>> vk{};
    plane<T> point{};
    const auto rate = [&](auto i, const plane<T>& x, const plane<T>& v, plane<T>& vki) {
      vki = field_jvp(t0 + c(decltype(i)::value) * h, x, v);
    };
    step_jvp<S>(rate, h, x0, points, vx, vk, point);
    return vx;
  }
  plane<T> vjp(plane<T> g) {
    // Temporaries may hold anything.
    stage_rates<S, plane<T>> v;
    for (auto& vi : v) vi = {std::numeric_limits<T>::quiet_NaN(), 1};
    plane<T> dk{std::numeric_limits<T>::quiet_NaN(), 1};
    const auto rate_vjp = [&](auto i, const plane<T>& x, const plane<T>& dki, plane<T>& vi) {
      const auto add = field_vjp(t0 + c(decltype(i)::value) * h, x, dki);
      vi[0] += add[0], vi[1] += add[1];
    };
    step_vjp<S>(rate_vjp, h, x0, points, g, v, dk);
    return g;
  }
};

double norm(const plane<double>& x) {
  return std::sqrt(kutta::inner_product(x, x));
}

}  // namespace

TEST_CASE("every stage point has the weights of the printed table") {
  check_weights<euler>({}, {1});
  check_weights<midpoint>({{{}, {1. / 2}}}, {0, 1});
  check_weights<heun2>({{{}, {1}}}, {1. / 2, 1. / 2});
  check_weights<ralston2>({{{}, {2. / 3}}}, {1. / 4, 3. / 4});
  check_weights<kutta3>({{{}, {1. / 2}, {-1, 2}}}, {1. / 6, 2. / 3, 1. / 6});
  check_weights<rk4_classic>({{{}, {1. / 2}, {0, 1. / 2}, {0, 0, 1}}},
                             {1. / 6, 1. / 3, 1. / 3, 1. / 6});
  check_weights<rk4_38>({{{}, {1. / 3}, {-1. / 3, 1}, {1, -1, 1}}},
                        {1. / 8, 3. / 8, 3. / 8, 1. / 8});
}

TEST_CASE("the step size scales every weight, and may be negative") {
  const auto w = weights_of<rk4_38>(-.5);
  CHECK(w.a[2] == weights{.5 / 3, -.5});
  CHECK(w.b == weights{-1. / 16, -3. / 16, -3. / 16, -1. / 16});
}

TEST_CASE("a classical step is the one worked out by hand") {
  const auto f = [](double t, double x) {
    return kutta::test::driven_logistic<double>::rate(t, x);
  };
  const double t = .7, h = .3, x0 = .4;
  const double k1 = f(t, x0), k2 = f(t + h / 2, x0 + h / 2 * k1),
               k3 = f(t + h / 2, x0 + h / 2 * k2), k4 = f(t + h, x0 + h * k3);
  const double expected = x0 + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4);

  double x1 = quiet_nan;
  stage_points<rk4_classic, double> points;
  stage_rates<rk4_classic, double> k;
  const auto rate = [&](auto i, double x, double& ki) {
    ki = f(t + kutta::c_v<rk4_classic, decltype(i)::value> * h, x);
  };
  step<rk4_classic>(rate, h, x0, x1, points, k);
  const double ulp = std::numeric_limits<double>::epsilon() * std::abs(expected);
  CHECK(std::abs(x1 - expected) <= 4 * ulp);
  CHECK(std::abs(k[2] - k3) <= 4 * ulp);
  CHECK(std::abs(points[2] - (x0 + h * k3)) <= 4 * ulp);
}

TEST_CASE("a step may end where it starts") {
  double x = .4, apart = quiet_nan;
  stage_points<rk4_classic, double> points;
  stage_rates<rk4_classic, double> k;
  const auto rate = [](auto, double at, double& ki) { ki = at * (1 - at); };
  step<rk4_classic>(rate, .5, x, apart, points, k);
  step<rk4_classic>(rate, .5, x, x, points, k);
  CHECK(x == apart);
  CHECK(x != .4);
}

TEST_CASE_TEMPLATE_DEFINE("the error of many steps falls at the order of the table", S,
                          convergence) {
  using T = long double;
  using problem = kutta::test::driven_logistic<T>;
  const T x0 = .6L, end = 2;
  const auto error = [&](double h) {
    const int steps = static_cast<int>(std::lround(static_cast<double>(end) / h));
    const T step_size = end / static_cast<T>(steps);
    T x = x0;
    stage_points<S, T> points;
    stage_rates<S, T> k;
    for (int n = 0; n < steps; ++n) {
      const auto rate = [&](auto i, const T& at, T& ki) {
        const T c = kutta::c_v<S, decltype(i)::value>;
        ki = problem::rate((static_cast<T>(n) + c) * step_size, at);
      };
      step<S>(rate, step_size, x, x, points, k);
    }
    return std::abs(x - problem::exact(end, x0));
  };
  CHECK(std::abs(observed_slope(error, 1. / 64) - kutta::order(S::tableau)) <= .15);
}
TEST_CASE_TEMPLATE_APPLY(convergence, explicit_schemes);

TEST_CASE_TEMPLATE_DEFINE("the derivatives of a step are those of its values", S, derivatives) {
  splitmix64 random(1);
  for (const double h : {.5, -.25}) {
    CAPTURE(h);
    const auto x0 = random_like(plane<double>{}, random), v = random_like(x0, random);
    const auto w = random_like(x0, random);
    field_step<S, double> f{.3, h, x0};
    f.value();
    const auto jv = f.jvp(v), jtw = f.vjp(w);

    // Central differences, extrapolated: the error is of order ε⁴ and of rounding/ε.
    const auto difference = [&](std::size_t i, long double eps) {
      const auto end = [&](long double s) {
        plane<long double> x{};
        for (std::size_t j = 0; j < 2; ++j) x[j] = x0[j] + s * v[j];
        return field_step<S, long double>{.3, h, x}.value()[i];
      };
      return (end(eps) - end(-eps)) / (2 * eps);
    };
    double w_dv = 0;
    for (std::size_t i = 0; i < 2; ++i) {
      const long double exact = (4 * difference(i, .5e-4L) - difference(i, 1e-4L)) / 3;
      CHECK(std::abs(jv[i] - exact) <= 1e-13 * norm(jv));
      w_dv += w[i] * static_cast<double>(exact);
    }
    CHECK(std::abs(kutta::inner_product(jtw, v) - w_dv) <= 1e-13 * norm(w) * norm(jv));
    CHECK(std::abs(kutta::inner_product(jtw, v) - kutta::inner_product(w, jv)) <=
          1e-13 * norm(w) * norm(jv));
  }
}
TEST_CASE_TEMPLATE_APPLY(derivatives, explicit_schemes);

TEST_CASE("the weights of the transpose are those of the step") {
  // With a rate that does not depend on x, dk_i = h b_i g and no stage feeds another.
  std::array<double, 4> dk_of{};
  const auto record = [&](auto i, double, const double& dk, double&) {
    dk_of[decltype(i)::value] = dk;
  };
  double g = 2, dk = quiet_nan;
  const stage_points<rk4_38, double> points{};
  stage_rates<rk4_38, double> v{{quiet_nan, quiet_nan, quiet_nan, quiet_nan}};
  step_vjp<rk4_38>(record, .5, 0., points, g, v, dk);
  CHECK(dk_of == std::array{1. / 8, 3. / 8, 3. / 8, 1. / 8});
  CHECK(g == 2);
}

namespace {

/// A table with a stage that feeds nothing.
struct idle_stage {
  static constexpr kutta::butcher_tableau<2> tableau{.c = {0, 1}, .a = {{}, {1}}, .b = {1, 0}};
};

}  // namespace

TEST_CASE("a stage that feeds nothing is not walked back") {
  int visited = 0;
  const auto rate_vjp = [&](auto i, double, const double& dk, double& v) {
    visited += 1 + 10 * static_cast<int>(decltype(i)::value);
    v += 3 * dk;
  };
  double g = 2, dk = quiet_nan;
  const stage_points<idle_stage, double> points{};
  stage_rates<idle_stage, double> v{{quiet_nan, quiet_nan}};
  step_vjp<idle_stage>(rate_vjp, .5, 0., points, g, v, dk);
  CHECK(visited == 1);
  CHECK(g == 2 * (1 + .5 * 3));
}
