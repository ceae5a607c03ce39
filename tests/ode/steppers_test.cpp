// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <kutta/ode/event.hpp>
#include <kutta/ode/integrate.hpp>
#include <kutta/ode/observers.hpp>
#include <kutta/ode/partitioned_stepper.hpp>
#include <kutta/ode/stabilised_stepper.hpp>
#include <kutta/schemes/low_storage.hpp>
#include <kutta/schemes/strong_stability.hpp>
#include <kutta/schemes/symplectic.hpp>

#include "support/problems.hpp"
#include "support/slope.hpp"

namespace {

using namespace kutta;
using problem = test::driven_logistic<long double>;

struct rate {
  void operator()(long double t, const long double& x, long double& dx) const {
    dx = problem::rate(t, x);
  }
};

/// d ← a d + f(t, x), and the plain rate: the two must agree.
struct accumulating_rate : rate {
  void accumulate(long double t, const long double& x, long double a, long double& d) const {
    d = a * d + problem::rate(t, x);
  }
};

template <class S, class F>
double error_at_end(std::int64_t steps, const F& f) {
  const long double x0 = problem::exact(0, 0.5L);
  const auto end = integrate<S>(f, x0, {0, 2}, fixed{.steps = steps});
  REQUIRE(end.status == status::success);
  return static_cast<double>(std::abs(end.x - problem::exact(2, 0.5L)));
}

template <class S, class F>
double slope(const F& f) {
  return test::observed_slope([&](double h) { return error_at_end<S>(std::llround(2 / h), f); },
                              1. / 64);
}

}  // namespace

TEST_CASE_TEMPLATE("steppers in forms of their own have the order of their table", S,
                   schemes::williamson3, schemes::carpenter_kennedy4, schemes::ssprk33,
                   schemes::ssprk54) {
  CHECK(std::abs(slope<S>(rate{}) - order(S::tableau)) < 0.15);
}

TEST_CASE_TEMPLATE("a rate that accumulates in place gives the same steps", S, schemes::williamson3,
                   schemes::carpenter_kennedy4) {
  const auto plain = integrate<S>(rate{}, 0.5L, {0, 2}, fixed{.steps = 50});
  const auto in_place = integrate<S>(accumulating_rate{}, 0.5L, {0, 2}, fixed{.steps = 50});
  CHECK(static_cast<double>(std::abs(plain.x - in_place.x)) <= 1e-17);
  CHECK(plain.stats.evaluations == 50 * std::int64_t(stages_v<S>));
  CHECK(in_place.stats.evaluations == plain.stats.evaluations);
}

TEST_CASE_TEMPLATE("observers see the same solution, and the cubic between the steps", S,
                   schemes::williamson3, schemes::ssprk54) {
  const auto plain = integrate<S>(rate{}, 0.5L, {0, 2}, fixed{.steps = 40});
  trajectory<long double> path;
  const auto observed = integrate<S>(rate{}, 0.5L, {0, 2}, fixed{.steps = 40},
                                     save_at({0.L, 0.51L, 1.999L, 2.L}, path));
  CHECK(observed.x == plain.x);
  REQUIRE(path.size() == 4);
  const long double c = 0.5L;  // x(0), by which `exact` names the solution
  for (std::size_t i = 0; i < path.size(); ++i)
    CHECK(static_cast<double>(std::abs(path.x[i] - problem::exact(path.t[i], c))) < 1e-5);
}

namespace {

/// x_t = x_yy on (0, 1) with x = 0 at the ends; x = sin πy decays at exactly `decay`.
struct heat {
  using state = std::vector<double>;

  std::size_t n;
  double width() const { return 1 / (static_cast<double>(n) + 1); }
  double decay() const {
    const double s = std::sin(std::numbers::pi * width() / 2);
    return 4 * s * s / (width() * width());
  }
  state start() const {
    state x(n);
    for (std::size_t i = 0; i < n; ++i)
      x[i] = std::sin(std::numbers::pi * width() * static_cast<double>(i + 1));
    return x;
  }
  void operator()(double, const state& x, state& dx) const {
    for (std::size_t i = 0; i < n; ++i)
      dx[i] =
          ((i > 0 ? x[i - 1] : 0) - 2 * x[i] + (i + 1 < n ? x[i + 1] : 0)) / (width() * width());
  }
};

struct heat_with_radius : heat {
  double spectral_radius(double, const state&) const { return 4 / (width() * width()); }
};

}  // namespace

TEST_CASE("diffusion takes the stages it needs, and few evaluations") {
  const heat_with_radius f{{.n = 99}};
  stabilised_stepper<heat::state> stepper(f.start());
  int most = 0;
  const auto end =
      integrate(stepper, f, f.start(), {0.0, 0.1}, adaptive{.rtol = 1e-5, .atol = 1e-7},
                [&](const auto&) { most = std::max(most, stepper.stages()); });
  REQUIRE(end.status == status::success);
  CHECK(end.x[49] == doctest::Approx(std::exp(-f.decay() * 0.1)).epsilon(1e-4));
  // Euler's steps are limited to width²/2: 2000 of them.
  CHECK(end.stats.evaluations < 1000);
  CHECK(most > 10);
}

TEST_CASE("with a scheme of its own a stabilised stepper keeps its stages") {
  const heat f{.n = 30};
  stabilised_stepper<heat::state> stepper(f.start(), schemes::rkc2(20));
  const auto end = integrate(stepper, f, f.start(), {0.0, 0.1}, fixed{.steps = 20});
  REQUIRE(end.status == status::success);
  CHECK(stepper.stages() == 20);
  CHECK(end.stats.evaluations == 20 * 20);
  CHECK(end.x[14] == doctest::Approx(f.start()[14] * std::exp(-f.decay() * 0.1)).epsilon(1e-3));
}

TEST_CASE("the error estimate of a stabilised step has the order it claims") {
  // The estimate is O(h³): halving h divides it by 8.
  const auto f = [](double t, const double& x, double& dx) {
    dx = test::driven_logistic<double>::rate(t, x);
  };
  const auto estimate = [&](double h) {
    stabilised_stepper<double> stepper(0.5, schemes::rkc2(5));
    statistics stats;
    double x1 = 0;
    stepper.start();
    stepper.attempt(f, 0.3, h, 0.5, x1, stats);
    const error_scale<double> scale({.rtol = 0, .atol = 1}, 0.5);
    return std::sqrt(stepper.squared_error(scale, h, 0.5, x1));
  };
  CHECK(std::abs(test::observed_slope(estimate, 1e-2) - 3) < 0.15);
}

namespace {

using plane = std::array<double, 2>;

struct kepler {
  void position_rate(double, const plane& p, plane& dq) const { dq = p; }
  void momentum_rate(double, const plane& q, plane& dp) const {
    const double r = std::hypot(q[0], q[1]);
    dp = {-q[0] / (r * r * r), -q[1] / (r * r * r)};
  }
  static double energy(const phase_point<plane>& x) {
    return (x.p[0] * x.p[0] + x.p[1] * x.p[1]) / 2 - 1 / std::hypot(x.q[0], x.q[1]);
  }
  /// Eccentricity e, at the perihelion.
  static phase_point<plane> start(double e) {
    return {{1 - e, 0}, {0, std::sqrt((1 + e) / (1 - e))}};
  }
};

}  // namespace

TEST_CASE("a thousand orbits keep their energy") {
  const auto start = kepler::start(0.6);
  double largest = 0;
  const auto end = integrate<schemes::stoermer_verlet>(
      kepler{}, start, {0.0, 2000 * std::numbers::pi}, fixed{.steps = 1'000'000},
      [&](const auto& step) {
        largest = std::fmax(largest, std::abs(kepler::energy(step.end()) + 0.5));
      });
  REQUIRE(end.status == status::success);
  CHECK(largest < 1e-3);
  CHECK(std::abs(kepler::energy(end.x) + 0.5) < 1e-3);
}

TEST_CASE("events and dense output of a partitioned system") {
  // A circle: y = sin t, whose falling zero is at π.
  event half([](double, const phase_point<plane>& x) { return x.q[1]; }, crossing::falling);
  const auto end = integrate<schemes::forest_ruth4>(kepler{}, kepler::start(0), {0.0, 6.0},
                                                    fixed{.steps = 600}, half);
  CHECK(end.status == status::event);
  CHECK(end.t == doctest::Approx(std::numbers::pi).epsilon(1e-7));
}

TEST_CASE("a partitioned integration and its way back meet") {
  const auto start = kepler::start(0.3);
  const auto there =
      integrate<schemes::stoermer_verlet>(kepler{}, start, {0.0, 10.0}, fixed{.steps = 1000});
  const auto back =
      integrate<schemes::stoermer_verlet>(kepler{}, there.x, {10.0, 0.0}, fixed{.steps = 1000});
  for (std::size_t i = 0; i < 2; ++i) {
    CHECK(back.x.q[i] == doctest::Approx(start.q[i]).epsilon(1e-11));
    CHECK(back.x.p[i] == doctest::Approx(start.p[i]).epsilon(1e-11));
  }
}
