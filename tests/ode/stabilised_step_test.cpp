// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numbers>
#include <stdexcept>
#include <vector>

#include <doctest/doctest.h>

#include <kutta/ode/stabilised_step.hpp>

#include "step_properties.hpp"
#include "support/problems.hpp"
#include "support/slope.hpp"

using namespace kutta;
using namespace kutta::test;
using schemes::rkc2;

namespace {

using real = long double;

/// T_s = cosh(s η), cos(s φ) and their derivatives, not by recurrence.
real chebyshev(int s, real x) {
  const auto n = static_cast<real>(s);
  if (std::abs(x) <= 1) return std::cos(n * std::acos(x));
  const real outside = std::cosh(n * std::acosh(std::abs(x)));
  return x < 0 && s % 2 == 1 ? -outside : outside;
}
real chebyshev_slope(int s, real x) {  // x > 1
  const auto n = static_cast<real>(s);
  return n * std::sinh(n * std::acosh(x)) / std::sqrt(x * x - 1);
}
/// From (x² − 1) T'' + x T' = s² T.
real chebyshev_curvature(int s, real x) {
  const auto n = static_cast<real>(s);
  return (n * n * chebyshev(s, x) - x * chebyshev_slope(s, x)) / (x * x - 1);
}

/// 1 − b_s T_s(w₀) + b_s T_s(w₀ + w₁ z).
real stability_polynomial(int s, real z) {
  const auto n = static_cast<real>(s);
  const real w0 = 1 + 2 / (13 * n * n);
  const real slope = chebyshev_slope(s, w0), curvature = chebyshev_curvature(s, w0);
  const real b = curvature / (slope * slope), w1 = slope / curvature;
  return 1 + b * (chebyshev(s, w0 + w1 * z) - chebyshev(s, w0));
}

/// One step on x' = λ x from 1, h λ = z.
template <class T>
T linear_step(const rkc2& scheme, T z) {
  stabilised_storage<T> work(0);
  T x1 = 0;
  stabilised_step(
      scheme, [z](int, T, const T& x, T& k) { k = z * x; }, 1, T(1), x1, work);
  return x1;
}

/// One step of the plane system from time .3.
template <class T>
struct field_step {
  T h;
  plane<T> x0;
  rkc2 scheme;
  std::vector<plane<T>> points = make_stabilised_points(scheme, x0);
  stabilised_storage<plane<T>> work = stabilised_storage<plane<T>>(x0);

  T time(T c) const { return static_cast<T>(.3) + c * h; }
  plane<T> value() {
    plane<T> x1{};
    const auto rate = [&](int, T c, const plane<T>& x, plane<T>& k) { k = plane_rate(time(c), x); };
    stabilised_step(scheme, rate, h, x0, x1, points, work);
    return x1;
  }
  plane<T> jvp(plane<T> vx) {
    forget();
    const auto rate_jvp = [&](int, T c, const plane<T>& x, const plane<T>& v, plane<T>& vk) {
      vk = plane_jvp(time(c), x, v);
    };
    stabilised_step_jvp(scheme, rate_jvp, h, x0, points, vx, work);
    return vx;
  }
  plane<T> vjp(plane<T> g) {
    forget();
    const auto rate_vjp = [&](int, T c, const plane<T>& x, const plane<T>& dk, plane<T>& into) {
      plane_vjp(time(c), x, dk, into);
    };
    stabilised_step_vjp(scheme, rate_vjp, h, x0, points, g, work);
    return g;
  }
  void forget() {
    const plane<T> anything{std::numeric_limits<T>::quiet_NaN(), 1};
    work.f0 = work.k = work.y[0] = work.y[1] = anything;
  }
};

}  // namespace

TEST_CASE("fewer than 2 stages are refused") {
  CHECK_THROWS_WITH_AS(rkc2(1), "rkc2: at least 2 stages are expected, got 1",
                       std::invalid_argument);
  CHECK_THROWS_AS(rkc2(0), std::invalid_argument);
  CHECK_THROWS_AS(rkc2(-3), std::invalid_argument);
  CHECK(rkc2{2}.stages() == 2);
}

TEST_CASE("a wrong number of points is refused") {
  const rkc2 scheme(4);
  std::vector<double> points(4);
  stabilised_storage<double> work(0);
  double x = 1;
  const auto rate = [](int, double, double, double& k) { k = 0; };
  CHECK_THROWS_WITH_AS(stabilised_step(scheme, rate, .1, x, x, points, work),
                       "stabilised_step: expected 3 stage points, got 4", std::invalid_argument);
  const auto of_two = [](int, double, double, double, double&) {};
  CHECK_THROWS_AS(stabilised_step_vjp(scheme, of_two, .1, x, points, x, work),
                  std::invalid_argument);
  CHECK_THROWS_AS(stabilised_step_jvp(scheme, of_two, .1, x, points, x, work),
                  std::invalid_argument);
}

TEST_CASE("two stages make the only polynomial of degree 2 and order 2") {
  const rkc2 scheme(2);
  for (const double z : {-2., -1., -.25, .5, 1.})
    CHECK(std::abs(linear_step(scheme, z) - (1 + z + z * z / 2)) <= 1e-15);
  CHECK(scheme.real_stability() == doctest::Approx(2).epsilon(.03));
}

TEST_CASE("a step on a linear equation is Chebyshev's polynomial") {
  for (int s = 2; s <= 50; ++s) {
    CAPTURE(s);
    const rkc2 scheme(s);
    for (int n = 0; n <= 40; ++n) {
      const real z = -scheme.real_stability() * n / 40;
      const real expected = stability_polynomial(s, z);
      // Rounding grows as s²: Sommeijer, Shampine & Verwer (1998), § 2.
      CHECK(std::abs(linear_step(scheme, static_cast<double>(z)) - expected) <= 2e-15 * s * s);
    }
  }
}

TEST_CASE("every decay in the interval of stability decays, and not far beyond it") {
  for (int s = 2; s <= 50; ++s) {
    CAPTURE(s);
    const rkc2 scheme(s);
    const double beta = scheme.real_stability();
    const int samples = 20 * s;
    for (int n = 1; n <= samples; ++n)
      CHECK(std::abs(linear_step(scheme, -beta * n / samples)) <= 1);
    for (int n = samples / 2; n <= samples; ++n)
      if (s > 4)
        CHECK(std::abs(linear_step(scheme, -beta * n / samples)) <= 1 - .9 * rkc2::damping / 3);
    // For odd s, T_s(−1 − δ) ≈ −cosh(s √(2δ)) must reach about −5: δ = 2.6/s², of an interval of 2.
    CHECK(std::abs(linear_step(scheme, -beta * (1 + 2. / (s * s)))) > 1);
    const double published = 2. / 3 * (s * s - 1) * (1 - 2. / 15 * rkc2::damping);
    CHECK(std::abs(beta / published - 1) <= (s < 10 ? .03 : .005));
  }
}

TEST_CASE("the least number of stages that is stable is found") {
  CHECK(rkc2::stages_for(.1, 0) == 2);
  for (const double z : {.5, 1.9, 2.1, 10., 99., 1234., 1e6})
    for (const double h : {1., -.25}) {
      const int s = rkc2::stages_for(h, z / std::abs(h));
      CHECK(rkc2(s).real_stability() >= z);
      if (s > 2) CHECK(rkc2(s - 1).real_stability() < z);
    }
  const double infinity = std::numeric_limits<double>::infinity();
  CHECK_THROWS_AS(rkc2::stages_for(1, -1), std::invalid_argument);
  CHECK_THROWS_AS(rkc2::stages_for(1, 1e12), std::invalid_argument);
  CHECK_THROWS_AS(rkc2::stages_for(infinity, 1), std::invalid_argument);
  CHECK_THROWS_AS(rkc2::stages_for(1, quiet_nan), std::invalid_argument);
}

TEST_CASE("the stages lie where an integral of 1 puts them, near (j² − 1)/(s² − 1)") {
  for (const int s : {2, 3, 10, 50}) {
    const rkc2 scheme(s);
    std::vector<double> c, at;
    stabilised_storage<double> work(0);
    double x1 = 0;
    stabilised_step(
        scheme,
        [&](int j, double cj, double x, double& k) {
          CHECK(j == static_cast<int>(c.size()));
          c.push_back(cj);
          at.push_back(x);
          k = 1;
        },
        1, 0., x1, work);
    CHECK(c.size() == static_cast<std::size_t>(s));
    for (int j = 0; j < s; ++j) {
      const auto i = static_cast<std::size_t>(j);
      CHECK(std::abs(at[i] - c[i]) <= 2e-16 * s);
      if (j >= 2) CHECK(std::abs(c[i] - (j * j - 1.) / (s * s - 1.)) <= .02);
    }
    const double w0 = 1 + rkc2::damping / (s * s);
    CHECK(std::abs(c[1] / scheme.stage(2).c - 1 / (4 * w0)) <= 1e-15);  // c_1 = c_2/T_2'(w0)
    CHECK(std::abs(x1 - 1) <= 2e-16 * s * s);
    CHECK(std::abs(scheme.stage(s).c - 1) <= 1e-15);
  }
}

TEST_CASE("the error of many steps falls as h²") {
  using problem = driven_logistic<real>;
  for (const int s : {2, 3, 5, 10, 30}) {
    CAPTURE(s);
    const rkc2 scheme(s);
    const auto error = [&](double size) {
      const int steps = static_cast<int>(std::lround(2 / size));
      const real h = real(2) / static_cast<real>(steps);
      real x = .6L;
      stabilised_storage<real> work(0);
      for (int n = 0; n < steps; ++n) {
        const auto rate = [&](int, real c, real at, real& k) {
          k = problem::rate((static_cast<real>(n) + c) * h, at);
        };
        stabilised_step(scheme, rate, h, x, x, work);
      }
      return std::abs(x - problem::exact(2, .6L));
    };
    CHECK(std::abs(observed_slope(error, 1. / 64) - 2) <= .15);
  }
}

TEST_CASE("the estimate is h³ x'''/15 and 0.8 of the error, which with many stages is the same") {
  struct one_step {
    real third;  // h³ x'''/15 for x' = −x
    real error, estimate;
  };
  const auto take = [](int s, double size) {
    const auto h = static_cast<real>(size);
    const rkc2 scheme(s);
    stabilised_storage<real> work(0);
    real x1 = 0, estimate = 0;
    const auto rate = [](int, real, real x, real& k) { k = -x; };
    stabilised_step(scheme, rate, h, real(1), x1, work);
    stabilised_error(scheme, rate, h, real(1), x1, work, estimate);
    CHECK(work.k == -x1);
    return one_step{-h * h * h / 15, std::exp(-h) - x1, estimate};
  };
  for (const int s : {2, 5, 30}) {
    CAPTURE(s);
    const auto deviation = [&](double h) {
      const auto [third, error, estimate] = take(s, h);
      return std::abs(estimate / (third + real(.8L) * error) - 1);
    };
    CHECK(std::abs(observed_slope(deviation, 1e-2) - 1) <= .05);
  }
  const auto [third, error, estimate] = take(30, 1e-3);
  CHECK(std::abs(error / third - 1) <= .02);
  CHECK(std::abs(estimate / error - 1.8L) <= .02);
}

TEST_CASE("diffusion is stable up to the limit of the step, and not beyond") {
  // u' = (u_{i−1} − 2 u_i + u_{i+1})/dx² between two zeros: eigenvalues −(2/dx sin(k π dx/2))².
  constexpr int n = 40;
  const double dx = 1. / (n + 1);
  const double radius = std::pow(2 / dx * std::sin(n * std::numbers::pi * dx / 2), 2);
  const auto rate = [&](int, double, const std::vector<double>& u, std::vector<double>& k) {
    for (std::size_t i = 0; i < n; ++i)
      k[i] = ((i == 0 ? 0 : u[i - 1]) - 2 * u[i] + (i + 1 == n ? 0 : u[i + 1])) / (dx * dx);
  };
  for (const int s : {5, 10, 20}) {
    CAPTURE(s);
    const rkc2 scheme(s);
    const auto growth = [&](double fraction, int steps) {
      splitmix64 random(3);
      std::vector<double> u = random_like(std::vector<double>(n), random);
      const double start = inner_product(u, u);
      stabilised_storage<std::vector<double>> work(u);
      for (int taken = 0; taken < steps; ++taken)
        stabilised_step(scheme, rate, fraction * scheme.real_stability() / radius, u, u, work);
      return std::sqrt(inner_product(u, u) / start);
    };
    CHECK(growth(.95, 200) <= 1);
    CHECK(growth(1.1, 20) >= 1e6);
  }
}

TEST_CASE("the derivatives of a step are those of its values") {
  for (const int s : {2, 3, 4, 9}) {
    CAPTURE(s);
    check_derivatives<2>([s]<class T>(T h, const plane<T>& x0) {
      return field_step<T>{h, x0, rkc2(s)};
    });
  }
}

TEST_CASE("a step is the same whether its points are kept or not") {
  field_step<double> kept{.5, {.7, -.4}, rkc2(7)};
  const plane<double> expected = kept.value();
  plane<double> x = kept.x0;
  stabilised_step(
      kept.scheme,
      [&](int, double c, const plane<double>& at, plane<double>& k) {
        k = plane_rate(kept.time(c), at);
      },
      .5, x, x, kept.work);
  for (std::size_t i = 0; i < 2; ++i) CHECK(std::abs(x[i] - expected[i]) <= 1e-15);
}

TEST_CASE("a step does to each element of a tensor what it does to a number") {
  for (const int s : {2, 5})
    check_on_every_tensor([s]<class X>(const X& x0, const X& v, const X& w) {
      using T = detail::step_real_t<X>;
      const rkc2 scheme(s);
      auto points = make_stabilised_points(scheme, x0);
      stabilised_storage<X> work(x0);
      X x1 = zeros_like(x0), jv = v, jtw = w;
      stabilised_step(
          scheme, [](int, T c, const X& x, X& k) { elementwise_rate(c, x, k); }, .25, x0, x1,
          points, work);
      stabilised_step_jvp(
          scheme, [](int, T, const X& x, const X& vx, X& vk) { elementwise_jvp(x, vx, vk); }, .25,
          x0, points, jv, work);
      stabilised_step_vjp(
          scheme, [](int, T, const X& x, const X& dk, X& g) { elementwise_vjp(x, dk, g); }, .25, x0,
          points, jtw, work);
      return step_outputs<X>{x1, jv, jtw};
    });
}

TEST_CASE("a step reads and writes as many states as it says") {
  for (const int s : {2, 3, 10}) {
    const counted x0;
    counted x1;
    stabilised_storage<counted> work(x0);
    counted::streams = 0;
    stabilised_step(
        rkc2(s), [](int, double, const counted&, counted&) { counted::streams += 2; }, .5, x0, x1,
        work);
    CHECK(counted::streams == 8 * s - 3);
  }
}
