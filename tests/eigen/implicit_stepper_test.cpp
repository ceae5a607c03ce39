// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstdint>
#include <limits>

#include <Eigen/Core>
#include <doctest/doctest.h>

#include <kutta/eigen/implicit_stepper.hpp>
#include <kutta/ode/observers.hpp>
#include <kutta/schemes/embedded_implicit.hpp>
#include <kutta/schemes/implicit.hpp>

#include "support/problems.hpp"
#include "support/slope.hpp"

namespace {

using namespace kutta;
using Eigen::Vector2d;

struct van_der_pol {
  double mu;

  void operator()(double, const Vector2d& x, Vector2d& dx) const {
    dx << x[1], mu * ((1 - x[0] * x[0]) * x[1] - x[0]);
  }
};

struct van_der_pol_with_jacobian : van_der_pol {
  template <class J>
  void jacobian(double, const Vector2d& x, J& j) const {
    j(0, 1) = 1;
    j(1, 0) = mu * (-2 * x[0] * x[1] - 1);
    j(1, 1) = mu * (1 - x[0] * x[0]);
  }
};

/// x(2) for mu = 1e6 from (2, −0.66). Source: Hairer & Wanner, Solving ODEs II, reference solution
/// of the test problem VDPOL.
const Vector2d end_of_van_der_pol(0.1706167732170483e1, -0.8928097010247975);

}  // namespace

TEST_CASE_TEMPLATE("stiff van der Pol: the error follows the tolerance", S, schemes::tr_bdf2,
                   schemes::kvaerno32, schemes::kennedy_carpenter43) {
  double before = 1;
  for (const double tolerance : {1e-4, 1e-6}) {
    const auto end = integrate<S>(van_der_pol_with_jacobian{{1e6}}, Vector2d(2, -0.66), {0.0, 2.0},
                                  adaptive{.rtol = tolerance, .atol = tolerance});
    REQUIRE(end.status == status::success);
    const double error = (end.x - end_of_van_der_pol).cwiseQuotient(end_of_van_der_pol).norm();
    CHECK(error < 200 * tolerance);
    CHECK(error < before / 5);
    before = error;
    // An explicit scheme would take some mu · 2/3 = 700,000 steps for stability alone.
    CHECK(end.stats.accepted + end.stats.rejected < 5000);
  }
}

TEST_CASE("a Jacobian that is given is used, and differences serve without one") {
  const adaptive how{.rtol = 1e-6, .atol = 1e-6};
  const auto given = integrate<schemes::kennedy_carpenter43>(van_der_pol_with_jacobian{{1e3}},
                                                             Vector2d(2, -0.66), {0.0, 0.5}, how);
  const auto differences = integrate<schemes::kennedy_carpenter43>(
      van_der_pol{1e3}, Vector2d(2, -0.66), {0.0, 0.5}, how);
  REQUIRE(given.status == status::success);
  REQUIRE(differences.status == status::success);
  CHECK((given.x - differences.x).norm() < 1e-5);
  CHECK(given.stats.jacobians > 0);
  CHECK(given.stats.factorizations >= given.stats.accepted);
  CHECK(given.stats.evaluations < differences.stats.evaluations);
}

TEST_CASE_TEMPLATE("implicit schemes have their order through integrate", S,
                   schemes::backward_euler, schemes::implicit_midpoint, schemes::crank_nicolson,
                   schemes::sdirk2, schemes::gauss4, schemes::radau_iia3, schemes::radau_iia5,
                   schemes::kvaerno32, schemes::kennedy_carpenter43) {
  using problem = test::driven_logistic<double>;
  const auto f = [](double t, const double& x, double& dx) { dx = problem::rate(t, x); };
  const auto error = [&](double h) {
    const auto end = integrate<S>(f, 0.5, {0.0, 2.0}, fixed{.steps = std::llround(2 / h)});
    REQUIRE(end.status == status::success);
    return std::abs(end.x - problem::exact(2, 0.5));
  };
  CHECK(std::abs(test::observed_slope(error, order(S::tableau) > 3 ? 0.1 : 1. / 64) -
                 order(S::tableau)) < 0.15);
}

TEST_CASE("dense output between stiff steps stays on the solution") {
  // x' = −λ (x³ − cos³ t) − sin t from x = 1: x = cos t, however stiff. A rate evaluated at the end
  // would enlarge what is left of Newton's error by h λ. The step is limited, for the ends of steps
  // of any length lie on the solution, and only the cubic between them does not.
  const auto f = [](double t, const double& x, double& dx) {
    const double c = std::cos(t);
    dx = -1e8 * (x * x * x - c * c * c) - std::sin(t);
  };
  trajectory<double> path;
  const auto end = integrate<schemes::kvaerno32>(
      f, 1.0, {0.0, 1.0}, adaptive{.rtol = 1e-6, .atol = 1e-6, .largest_step = 0.1},
      save_at({0.123, 0.25, 0.5, 0.71, 0.9}, path));
  REQUIRE(end.status == status::success);
  CHECK(end.stats.accepted < 200);
  REQUIRE(path.size() == 5);
  for (std::size_t i = 0; i < path.size(); ++i)
    CHECK(path.x[i] == doctest::Approx(std::cos(path.t[i])).epsilon(1e-5));
}

TEST_CASE("equations without a solution have a status") {
  // x' = −√x ends in x = 0; the stage equations of a step beyond it have no real solution.
  const auto f = [](double, const double& x, double& dx) { dx = -1 - std::sqrt(x); };
  SUBCASE("fixed steps") {
    const auto end = integrate<schemes::backward_euler>(f, 1.0, {0.0, 5.0}, fixed{.steps = 50});
    CHECK(end.status == status::not_converged);
    CHECK(end.t < 1);
    CHECK(end.x > 0);
  }
  SUBCASE("adaptive steps") {
    const auto end = integrate<schemes::kvaerno32>(f, 1.0, {0.0, 5.0}, adaptive{});
    CHECK(!end.ok());
    // dx/(1 + √x) from 1 to 0: t = 2 − 2 ln 2.
    CHECK(end.t == doctest::Approx(2 - 2 * std::log(2.)).epsilon(1e-3));
  }
  SUBCASE("a right-hand side that is NaN") {
    const auto nan = [](double t, const double& x, double& dx) {
      dx = t > 1 ? std::numeric_limits<double>::quiet_NaN() : -x;
    };
    const auto end = integrate<schemes::kvaerno32>(nan, 1.0, {0.0, 5.0}, adaptive{});
    CHECK(!end.ok());
    CHECK(end.t == doctest::Approx(1).epsilon(1e-6));
  }
}

TEST_CASE("options of one's own for Newton's method are kept") {
  using problem = test::driven_logistic<double>;
  const auto f = [](double t, const double& x, double& dx) { dx = problem::rate(t, x); };
  implicit_stepper<schemes::kvaerno32, double> strict(0.5, {.rtol = 1e-13, .atol = 1e-13});
  const adaptive how{.rtol = 1e-3, .atol = 1e-3};
  const auto by_strict = integrate(strict, f, 0.5, {0.0, 2.0}, how);
  const auto by_default = integrate<schemes::kvaerno32>(f, 0.5, {0.0, 2.0}, how);
  REQUIRE(by_strict.status == status::success);
  REQUIRE(by_default.status == status::success);
  CHECK(by_strict.stats.evaluations > by_default.stats.evaluations);
}
