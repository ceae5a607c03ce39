// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstddef>
#include <limits>

#include <doctest/doctest.h>

#include <kutta/ode/low_storage_step.hpp>
#include <kutta/schemes/first_order.hpp>
#include <kutta/schemes/low_storage.hpp>
#include <kutta/schemes/order.hpp>

#include "step_properties.hpp"
#include "support/problems.hpp"
#include "support/slope.hpp"

using namespace kutta;
using namespace kutta::test;
using schemes::carpenter_kennedy4;
using schemes::williamson3;

namespace {

/// Euler's scheme in this form: the fewest stages there can be.
struct euler_2n {
  static constexpr low_storage_tableau<1> low_storage{.b = {1}};
  static constexpr auto tableau = butcher_form(low_storage);
};

struct other_stages {
  static constexpr auto low_storage = williamson3::low_storage;
  static constexpr auto tableau = carpenter_kennedy4::tableau;
};

template <class S, class T>
struct field_step {
  T h;
  plane<T> x0;
  stage_points<S, plane<T>> points{};

  T time(std::size_t i) const {
    return static_cast<T>(.3) + static_cast<T>(to_double(S::tableau.c[i])) * h;
  }
  plane<T> value() {
    plane<T> x1{}, d{std::numeric_limits<T>::quiet_NaN(), 1}, k = d;
    const auto rate = [&](auto i, const plane<T>& x, plane<T>& ki) { ki = plane_rate(time(i), x); };
    low_storage_step<S>(rate, h, x0, x1, points, d, k);
    return x1;
  }
  plane<T> jvp(plane<T> vx) {
    plane<T> vd{std::numeric_limits<T>::quiet_NaN(), 1}, vk = vd;
    const auto rate_jvp = [&](auto i, const plane<T>& x, const plane<T>& v, plane<T>& vki) {
      vki = plane_jvp(time(i), x, v);
    };
    low_storage_step_jvp<S>(rate_jvp, h, x0, points, vx, vd, vk);
    return vx;
  }
  plane<T> vjp(plane<T> g) {
    plane<T> dd{std::numeric_limits<T>::quiet_NaN(), 1};
    const auto rate_vjp = [&](auto i, const plane<T>& x, const plane<T>& ddi, plane<T>& gi) {
      plane_vjp(time(i), x, ddi, gi);
    };
    low_storage_step_vjp<S>(rate_vjp, h, x0, points, g, dd);
    return g;
  }
};

}  // namespace

static_assert(low_storage_scheme<williamson3> && low_storage_scheme<carpenter_kennedy4>);
static_assert(low_storage_scheme<euler_2n>);
static_assert(!low_storage_scheme<schemes::euler> && !low_storage_scheme<other_stages>);

TEST_CASE_TEMPLATE("a step is that of the Butcher form, in place, fused or recorded", S, euler_2n,
                   williamson3, carpenter_kennedy4) {
  for (const double h : {.5, -.125}) {
    const plane<double> x0{.7, -.4};
    const auto f = [&](auto i, const plane<double>& x) {
      return plane_rate(.3 + c_v<S, decltype(i)::value> * h, x);
    };
    const auto rate = [&](auto i, const plane<double>& x, plane<double>& k) { k = f(i, x); };
    const auto fused = [&](auto i, const plane<double>& x, double a, plane<double>& d) {
      const plane<double> k = f(i, x);
      d = {a * d[0] + k[0], a * d[1] + k[1]};
    };

    stage_points<S, plane<double>> expected_points{}, points{};
    stage_rates<S, plane<double>> rates{};
    plane<double> expected{};
    step<S>(rate, h, x0, expected, expected_points, rates);

    const auto close = [](const plane<double>& x, const plane<double>& y) {
      return std::abs(x[0] - y[0]) <= 1e-15 && std::abs(x[1] - y[1]) <= 1e-15;
    };
    plane<double> x = x0, d{quiet_nan, quiet_nan}, k = d;
    low_storage_step<S>(rate, h, x, d, k);
    CHECK(close(x, expected));

    x = x0, d = {quiet_nan, quiet_nan};
    low_storage_step<S>(fused, h, x, d);
    CHECK(close(x, expected));

    x = x0, d = {quiet_nan, quiet_nan};
    low_storage_step<S>(rate, h, x, x, points, d, k);
    CHECK(close(x, expected));
    for (std::size_t i = 0; i + 1 < stages_v<S>; ++i) CHECK(close(points[i], expected_points[i]));
  }
}

TEST_CASE_TEMPLATE("the error of many steps falls at the order of the scheme", S, euler_2n,
                   williamson3, carpenter_kennedy4) {
  using T = long double;
  using problem = driven_logistic<T>;
  const T x0 = .6L, end = 2;
  const auto error = [&](double size) {
    const int steps = static_cast<int>(std::lround(static_cast<double>(end) / size));
    const T h = end / static_cast<T>(steps);
    T x = x0, d = 0, k = 0;
    for (int n = 0; n < steps; ++n) {
      const auto rate = [&](auto i, const T& at, T& ki) {
        ki = problem::rate((static_cast<T>(n) + c_v<S, decltype(i)::value, T>)*h, at);
      };
      low_storage_step<S>(rate, h, x, d, k);
    }
    return std::abs(x - problem::exact(end, x0));
  };
  CHECK(std::abs(observed_slope(error, 1. / 64) - order(S::tableau)) <= .15);
}

TEST_CASE_TEMPLATE("the derivatives of a step are those of its values", S, euler_2n, williamson3,
                   carpenter_kennedy4) {
  check_derivatives<2>([]<class T>(T h, const plane<T>& x0) { return field_step<S, T>{h, x0}; });
}

TEST_CASE_TEMPLATE("a step does to each element of a tensor what it does to a number", S,
                   williamson3, carpenter_kennedy4) {
  check_on_every_tensor([]<class X>(const X& x0, const X& v, const X& w) {
    const double h = .25;
    X x1 = zeros_like(x0), jv = v, jtw = w, d = zeros_like(x0), k = zeros_like(x0);
    auto points = several_like<stages_v<S> - 1>(x0);
    low_storage_step<S>(
        [&](auto i, const X& x, X& ki) { elementwise_rate(c_v<S, decltype(i)::value>, x, ki); }, h,
        x0, x1, points, d, k);
    low_storage_step_jvp<S>(
        [](auto, const X& x, const X& vx, X& vk) { elementwise_jvp(x, vx, vk); }, h, x0, points, jv,
        d, k);
    low_storage_step_vjp<S>([](auto, const X& x, const X& dd, X& g) { elementwise_vjp(x, dd, g); },
                            h, x0, points, jtw, d);
    return step_outputs<X>{x1, jv, jtw};
  });
}

TEST_CASE_TEMPLATE("a step reads and writes as many states as it says", S, euler_2n, williamson3,
                   carpenter_kennedy4) {
  constexpr int s = stages_v<S>;
  counted x, d, k;
  counted::streams = 0;
  low_storage_step<S>([](auto, const counted&, counted&) { counted::streams += 2; }, .5, x, d, k);
  CHECK(counted::streams == 8 * s - 3);
  counted::streams = 0;
  low_storage_step<S>([](auto, const counted&, double, counted&) { counted::streams += 3; }, .5, x,
                      d);
  CHECK(counted::streams == 6 * s + 1);
}
