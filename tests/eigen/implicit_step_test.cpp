// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cmath>
#include <cstddef>
#include <functional>
#include <limits>
#include <stdexcept>
#include <type_traits>
#include <vector>

#include <Eigen/Dense>
#include <doctest/doctest.h>

#include <kutta/eigen/implicit_step.hpp>
#include <kutta/schemes/order.hpp>
#include <kutta/tensor/contiguous.hpp>

#include "support/implicit_schemes.hpp"
#include "support/problems.hpp"
#include "support/random.hpp"
#include "support/slope.hpp"

namespace {

using kutta::finite_difference_jacobian;
using kutta::implicit_statistics;
using kutta::implicit_step;
using kutta::implicit_step_jvp;
using kutta::implicit_step_vjp;
using kutta::implicit_stepper_storage;
using kutta::newton_options;
using kutta::test::implicit_schemes;
using kutta::test::observed_slope;
using kutta::test::random_like;
using kutta::test::splitmix64;
using namespace kutta::schemes;

constexpr newton_options tight{.tolerance = 1, .max_iterations = 30, .rtol = 1e-14, .atol = 1e-14};
constexpr double quiet_nan = std::numeric_limits<double>::quiet_NaN();

// The tests of all schemes share one state and erase the types of f and J: what they compile once
// takes seconds.
using real = long double;
using state = Eigen::Matrix<real, 2, 1>;
using matrix = Eigen::Matrix<real, 2, 2>;

struct problem {
  std::function<void(real, const state&, state&)> f;
  std::function<void(real, const state&, matrix&)> jacobian;
};

/// Steps of one problem.
template <class S>
struct stepper {
  problem of;
  newton_options options{.tolerance = 1, .max_iterations = 40, .rtol = 1e-18, .atol = 1e-18};
  implicit_stepper_storage<S, state> storage{state::Zero()};
  implicit_statistics count{};

  bool step(real t, real h, const state& x0, state& x1) {
    return implicit_step<S>(of.f, of.jacobian, options, t, h, x0, x1, storage, count);
  }
  bool vjp(
      real t, real h, state& g,
      const std::function<void(real, const state&, const state&)>& add = [](auto&&...) {}) {
    return implicit_step_vjp<S>(of.f, of.jacobian, t, h, storage, g, count, add);
  }
  bool jvp(
      real t, real h, state& vx,
      const std::function<void(real, const state&, state&)>& add = [](auto&&...) {}) {
    return implicit_step_jvp<S>(of.f, of.jacobian, t, h, storage, vx, count, add);
  }
  /// x after so many steps over [0, end].
  state solution(state x, real end, int steps) {
    const real h = end / static_cast<real>(steps);
    bool solved = true;
    for (int n = 0; n < steps; ++n) solved = solved && step(static_cast<real>(n) * h, h, x, x);
    CHECK(solved);
    return x;
  }
};

/// Two logistic curves side by side.
const problem logistic{[](real t, const state& x, state& dx) {
                         for (int i = 0; i < 2; ++i)
                           dx[i] = kutta::test::driven_logistic<real>::rate(t, x[i]);
                       },
                       [](real t, const state& x, matrix& j) {
                         for (int i = 0; i < 2; ++i) j(i, i) = -1 - 2 * (x[i] - std::sin(t));
                       }};

state logistic_exact(real t, const state& x0) {
  using exact = kutta::test::driven_logistic<real>;
  return {exact::exact(t, x0[0]), exact::exact(t, x0[1])};
}

/// Kaps's problem, moved along a curve:   u' = −(1/ε + 2) u + v²/ε,   v' = u − v − v²,
/// (u, v) = x − (sin t, cos t),   with the solution u = e^{−2t}, v = e^{−t}.
/// Source: Dekker & Verwer, Stability of Runge–Kutta methods for stiff nonlinear differential
/// equations (1984).
constexpr real epsilon = 1.L / 8;
const problem moving_kaps{[](real t, const state& x, state& dx) {
                            const real u = x[0] - std::sin(t), v = x[1] - std::cos(t);
                            dx << -(1 / epsilon + 2) * u + v * v / epsilon + std::cos(t),
                                u - v - v * v - std::sin(t);
                          },
                          [](real t, const state& x, matrix& j) {
                            const real v = x[1] - std::cos(t);
                            j << -(1 / epsilon + 2), 2 * v / epsilon, 1, -1 - 2 * v;
                          }};

state moving_kaps_exact(real t) {
  return {std::exp(-2 * t) + std::sin(t), std::exp(-t) + std::cos(t)};
}

/// Nonlinear, driven by t, with a parameter p.
problem bent(real p) {
  return {[p](real t, const state& x, state& dx) {
            dx << std::sin(x[0] * x[1]) + t, p * x[0] * x[0] - (2 + t) * x[1];
          },
          [p](real t, const state& x, matrix& j) {
            const real c = std::cos(x[0] * x[1]);
            j << c * x[1], c * x[0], 2 * p * x[0], -(2 + t);
          }};
}

const matrix coefficients{{-1, 2}, {-1.5L, -.2L}};

const problem linear{[](real, const state& x, state& dx) { dx = coefficients * x; },
                     [](real, const state&, matrix& j) { j = coefficients; }};

/// R(Z) = I + (bᵀ ⊗ Z) (I − A ⊗ Z)⁻¹ (1 ⊗ I), in one dense solve.
template <class S>
matrix growth(const matrix& z) {
  using dynamic = Eigen::Matrix<real, Eigen::Dynamic, Eigen::Dynamic>;
  constexpr int s = static_cast<int>(S::tableau.stages);
  dynamic m = dynamic::Identity(2 * s, 2 * s), ones(2 * s, 2), b(2, 2 * s);
  for (int i = 0; i < s; ++i) {
    for (int j = 0; j < s; ++j)
      m.block(2 * i, 2 * j, 2, 2) -= kutta::to_real<real>(S::tableau.a[i][j]) * z;
    ones.middleRows(2 * i, 2).setIdentity();
    b.middleCols(2 * i, 2) = kutta::to_real<real>(S::tableau.b[i]) * z;
  }
  return matrix::Identity() + b * m.fullPivLu().solve(ones);
}

/// The same right-hand side for both components.
problem twice(std::function<real(real, real)> f, std::function<real(real)> derivative) {
  return {[f](real t, const state& x, state& dx) { dx << f(t, x[0]), f(t, x[1]); },
          [derivative](real, const state& x, matrix& j) {
            for (int i = 0; i < 2; ++i) j(i, i) = derivative(x[i]);
          }};
}

}  // namespace

TEST_CASE_TEMPLATE_DEFINE("the error of many steps falls at the order of the table", S,
                          implicit_convergence) {
  const int p = kutta::order(S::tableau);
  // The doubles of a table err by 1e-16 each: that is reached before the rounding of a long double.
  const double h = p == 5 ? 1. / 16 : 1. / 64;
  const auto logistic_error = [&](double step) {
    const state x0(.6L, -.3L);
    stepper<S> s{logistic};
    const int steps = static_cast<int>(std::lround(2 / step));
    return (s.solution(x0, 2, steps) - logistic_exact(2, x0)).norm();
  };
  CHECK(std::abs(observed_slope(logistic_error, h) - p) <= .15);

  const auto kaps_error = [&](double step) {
    stepper<S> s{moving_kaps};
    const int steps = static_cast<int>(std::lround(1 / step));
    return (s.solution(moving_kaps_exact(0), 1, steps) - moving_kaps_exact(1)).norm();
  };
  CHECK(std::abs(observed_slope(kaps_error, p == 5 ? h / 2 : h / 4) - p) <= .15);
}
TEST_CASE_TEMPLATE_APPLY(implicit_convergence, implicit_schemes);

TEST_CASE_TEMPLATE_DEFINE("a linear system is multiplied by R(h J), its adjoint by the transpose",
                          S, implicit_linear) {
  for (const real h : {.3L, -.2L, 25.L}) {
    CAPTURE(h);
    const matrix expected = growth<S>(h * coefficients);
    const real tolerance = 1e-17L * (1 + std::abs(h)) * expected.norm();
    const state x0(.3L, -.7L), w(1, -2);
    state x1 = x0, g = w, v = w;
    stepper<S> s{linear};
    REQUIRE(s.step(0, h, x0, x1));
    CHECK((x1 - expected * x0).norm() <= tolerance);
    CHECK(s.vjp(0, h, g));
    CHECK((g - expected.transpose() * w).norm() <= tolerance * w.norm());
    CHECK(s.jvp(0, h, v));
    CHECK((v - expected * w).norm() <= tolerance * w.norm());
  }
}
TEST_CASE_TEMPLATE_APPLY(implicit_linear, implicit_schemes);

TEST_CASE_TEMPLATE_DEFINE("the derivatives of a step are those of its values", S,
                          implicit_derivatives) {
  const real t = .3L, p = .4L, vp = .7L;
  splitmix64 random(1);
  for (const real h : {.5L, -.25L}) {
    CAPTURE(h);
    const auto x0 = random_like(state{0, 0}, random), v = random_like(x0, random);
    const auto w = random_like(x0, random);
    state x1 = x0, jv = v, jtw = w;
    real dp = 0;

    stepper<S> s{bent(p)};
    REQUIRE(s.step(t, h, x0, x1));
    CHECK(s.vjp(t, h, jtw,
                [&](real, const state& x, const state& dk) { dp += x[0] * x[0] * dk[1]; }));
    CHECK(s.jvp(t, h, jv, [&](real, const state& x, state& vk) { vk[1] += x[0] * x[0] * vp; }));
    CHECK(std::abs(jtw.dot(v) + dp * vp - w.dot(jv)) <= 1e-17L * w.norm() * jv.norm());

    // Central differences, extrapolated: the error is of order ε⁴ and of rounding/ε.
    const auto difference = [&](const state& dx, real d_p, real eps) {
      const auto at = [&](real offset) {
        stepper<S> moved{bent(p + offset * d_p)};
        state end = x0;
        CHECK(moved.step(t, h, x0 + offset * dx, end));
        return end;
      };
      return state((at(eps) - at(-eps)) / (2 * eps));
    };
    const auto derivative = [&](const state& dx, real d_p) {
      return state((4 * difference(dx, d_p, .5e-3L) - difference(dx, d_p, 1e-3L)) / 3);
    };
    CHECK((jv - derivative(v, vp)).norm() <= 1e-12L * jv.norm());
    for (int i = 0; i < 2; ++i)
      CHECK(std::abs(jtw[i] - w.dot(derivative(state::Unit(i), 0))) <= 1e-12L * jtw.norm());
    CHECK(std::abs(dp - w.dot(derivative({0, 0}, 1))) <= 1e-12L * w.norm());
  }
}
TEST_CASE_TEMPLATE_APPLY(implicit_derivatives, implicit_schemes);

TEST_CASE_TEMPLATE("stiff decay is damped, and the gradient with it", S, backward_euler, sdirk2,
                   radau_iia3, radau_iia5, tr_bdf2, kvaerno32, kennedy_carpenter43) {
  // x' = −10⁶ (x − cos t) from afar: R(−10⁵) of the distance is left after each step.
  const problem stiff =
      twice([](real t, real x) { return -1e6L * (x - std::cos(t)); }, [](real) { return -1e6L; });
  stepper<S> s{stiff};
  s.options = {};
  const state x = s.solution({2, -5}, 2, 20);
  CHECK((x.array() - std::cos(2.L)).abs().maxCoeff() <= 1e-6L);
  state g(1, 1);
  CHECK(s.vjp(1.9L, .1L, g));
  CHECK(g.norm() <= 1e-3L);
}

TEST_CASE_TEMPLATE("quadratic invariants are conserved", S, implicit_midpoint, gauss4) {
  // x' = (1 + x₁) (x₂, −x₁), not linear: |x|² stays.
  const problem circle{
      [](real, const state& x, state& dx) { dx << (1 + x[0]) * x[1], -(1 + x[0]) * x[0]; },
      [](real, const state& x, matrix& j) { j << x[1], 1 + x[0], -1 - 2 * x[0], 0; }};
  const state x0(.3L, .2L);
  const state x = stepper<S>{circle}.solution(x0, 50, 500);
  CHECK((x - x0).norm() > .1L);
  CHECK(std::abs(x.squaredNorm() - x0.squaredNorm()) <= 1e-16L);
  // The control: a scheme of higher order does not.
  const state y = stepper<radau_iia5>{circle}.solution(x0, 50, 500);
  CHECK(std::abs(y.squaredNorm() - x0.squaredNorm()) > 1e-12L);
}

TEST_CASE_TEMPLATE_DEFINE("what cannot be solved is refused, and x1 stays as it was", S,
                          implicit_failure) {
  state x1(7, 7);
  const auto attempt = [&](const problem& p, real x0, real h) {
    stepper<S> s{p};
    s.options = {};
    return s.step(0, h, {x0, .5L}, x1);
  };
  const auto minus_one = [](real) { return -1.L; };
  const auto decay = twice([](real, real x) { return -x; }, minus_one);
  CHECK_FALSE(attempt(twice([](real, real) { return quiet_nan; }, minus_one), 1, .1L));
  CHECK_FALSE(
      attempt(twice([](real t, real x) { return t > 0 ? quiet_nan : -x; }, minus_one), 1, .1L));
  CHECK_FALSE(attempt(
      twice([](real, real) { return std::numeric_limits<real>::infinity(); }, minus_one), 1, .1L));
  CHECK_FALSE(
      attempt(twice([](real, real x) { return -x; }, [](real) { return quiet_nan; }), 1, .1L));
  CHECK_FALSE(attempt(decay, quiet_nan, .1L));
  CHECK_FALSE(attempt(decay, std::numeric_limits<real>::infinity(), .1L));
  CHECK_FALSE(attempt(twice([](real, real) { return -1; }, [](real) { return 0; }),
                      std::numeric_limits<real>::infinity(), .1L));
  CHECK_FALSE(attempt(decay, 1, quiet_nan));
  // z = h a (1 + z)² has no real solution for h a > 1/4: the step is too large.
  const auto blow_up = twice([](real, real x) { return x * x; }, [](real x) { return 2 * x; });
  CHECK_FALSE(attempt(blow_up, 1, 4));
  CHECK(x1 == state(7, 7));
  CHECK(attempt(blow_up, 1, .01L));
  CHECK(std::abs(x1[0] - 1 / .99L) <= 1e-3L);
}
TEST_CASE_TEMPLATE_APPLY(implicit_failure, implicit_schemes);

TEST_CASE_TEMPLATE("a linear system is solved by the first correction and confirmed by the second",
                   S, backward_euler, sdirk2, tr_bdf2, radau_iia5) {
  constexpr std::size_t stages = S::tableau.stages;
  constexpr std::size_t explicit_stages = kutta::is_explicit_stage(S::tableau, 0) ? 1 : 0;
  constexpr bool coupled = !kutta::is_diagonally_implicit(S::tableau);
  state x1(0, 0);
  stepper<S> s{linear};
  REQUIRE(s.step(0, .3L, {.3L, -.7L}, x1));
  CHECK(s.count.evaluations == 2 * stages - explicit_stages);
  CHECK(s.count.jacobians == 1);
  CHECK(s.count.factorizations == 1);
  CHECK(s.count.iterations == 2 * (coupled ? 1 : stages - explicit_stages));
}

TEST_CASE("a Jacobian that is no good is taken anew, and given up in the end") {
  const auto f = [](double, double x, double& dx) { dx = -x * x * x; };
  int calls = 0;
  const auto stale = [&](double, double x, auto& j) { j(0, 0) = calls++ == 0 ? 30 : -3 * x * x; };
  const auto wrong = [&](double, double, auto& j) { j(0, 0) = 30; };
  implicit_stepper_storage<backward_euler, double> storage(1.);
  implicit_statistics count;
  double x1 = 0;
  CHECK(implicit_step<backward_euler>(f, stale, tight, 0, .5, 1., x1, storage, count));
  CHECK(calls == 2);
  CHECK(std::abs(x1 + .5 * x1 * x1 * x1 - 1) <= 1e-13);
  CHECK(count.jacobians == 2);
  CHECK(count.factorizations == 2);
  newton_options options = tight;
  options.max_jacobians = 3;
  CHECK_FALSE(implicit_step<backward_euler>(f, wrong, options, 0, .5, 1., x1, storage, count));
  CHECK(count.jacobians == 2 + 3);
}

TEST_CASE_TEMPLATE("a slow iteration goes on with fresh Jacobians to a tight tolerance", S,
                   backward_euler, kvaerno32, radau_iia5) {
  // h λ goes from −0.1 to −4.2; the Jacobian at x0 is several times that at the stages.
  const double h = .05;
  const auto f = [](double, const Eigen::VectorXd& x, Eigen::VectorXd& dx) {
    for (int i = 0; i < x.size(); ++i) dx[i] = -(i + 1) * x[i] * x[i];
  };
  const Eigen::VectorXd x0 = Eigen::VectorXd::Constant(60, .7);
  Eigen::VectorXd x1 = x0, k(60);
  implicit_stepper_storage<S, Eigen::VectorXd> storage(x0);
  implicit_statistics count;
  REQUIRE(implicit_step<S>(f, finite_difference_jacobian{}, newton_options{}, 0, h, x0, x1, storage,
                           count));
  CHECK(count.jacobians > 1);
  for (std::size_t i = 0; i < S::tableau.stages; ++i) {
    Eigen::VectorXd defect = x0 - storage.points[i];
    for (std::size_t j = 0; j < S::tableau.stages; ++j) {
      f(0, storage.points[j], k);
      defect += h * kutta::to_double(S::tableau.a[i][j]) * k;
    }
    CHECK(defect.cwiseAbs().maxCoeff() <= 1e-11);
  }
}

TEST_CASE("states of every kind give the same step") {
  const auto f = [](double t, const auto& x, auto& dx) {
    using T = std::remove_cvref_t<decltype(x[0])>;
    dx[0] = std::sin(x[0] * x[1]) + T(t);
    dx[1] = T(.4) * x[0] * x[0] - T(2 + t) * x[1];
  };
  const auto end = [&]<class S, class X>(S, const X& x0) {
    X x1 = x0, g = x0;
    implicit_stepper_storage<S, X> storage(x0);
    implicit_statistics count;
    CHECK(implicit_step<S>(f, finite_difference_jacobian{}, tight, .3, .2, x0, x1, storage, count));
    CHECK(implicit_step_vjp<S>(f, finite_difference_jacobian{}, .3, .2, storage, g, count));
    return std::array{double(x1[0]), double(x1[1]), double(g[0]), double(g[1])};
  };
  const auto check = [&](auto scheme) {
    const auto fixed = end(scheme, Eigen::Vector2d(.3, -.8));
    const auto near = [&](const std::array<double, 4>& x, double tolerance) {
      for (std::size_t i = 0; i < 4; ++i) CHECK(std::abs(x[i] - fixed[i]) <= tolerance);
    };
    near(end(scheme, Eigen::VectorXd(Eigen::Vector2d(.3, -.8))), 1e-14);
    near(end(scheme, std::array{.3, -.8}), 1e-14);
    near(end(scheme, std::vector{.3, -.8}), 1e-14);
    near(end(scheme, kutta::vec<double, 2>{{.3, -.8}}), 1e-14);
    near(end(scheme, Eigen::Vector2f(.3F, -.8F)), 1e-3);
  };
  check(radau_iia5{});
  check(kvaerno32{});
}

TEST_CASE("in double the products of adjoint and tangent agree to rounding") {
  using vector = Eigen::Vector3d;
  const auto f = [](double t, const vector& x, vector& dx) {
    dx << std::sin(x[0] * x[1]) + t, x[2] - x[1] * x[1], -50 * (x[2] - x[0]);
  };
  const auto jacobian = [](double, const vector& x, Eigen::Matrix3d& j) {
    const double c = std::cos(x[0] * x[1]);
    j << c * x[1], c * x[0], 0, 0, -2 * x[1], 1, 50, 0, -50;
  };
  const auto check = [&]<class S>(S) {
    splitmix64 random(2);
    const vector x0 = random_like(vector(0, 0, 0), random), v = random_like(x0, random);
    const vector w = random_like(x0, random);
    vector x1 = x0, jv = v, jtw = w;
    implicit_stepper_storage<S, vector> storage(x0);
    implicit_statistics count;
    REQUIRE(implicit_step<S>(f, jacobian, tight, .1, .4, x0, x1, storage, count));
    const auto points = storage.points;
    CHECK(implicit_step_vjp<S>(f, jacobian, .1, .4, storage, jtw, count));
    CHECK(implicit_step_jvp<S>(f, jacobian, .1, .4, storage, jv, count));
    CHECK(std::abs(jtw.dot(v) - w.dot(jv)) <= 1e-13 * w.norm() * jv.norm());
    CHECK(storage.points == points);
  };
  check(radau_iia5{});
  check(kennedy_carpenter43{});
}

TEST_CASE("a component that starts at 0 needs no absolute tolerance") {
  const auto f = [](double, double x, double& dx) { dx = 1 - x; };
  implicit_stepper_storage<backward_euler, double> storage(0.);
  implicit_statistics count;
  newton_options options;
  options.atol = std::numeric_limits<double>::min();
  double x1 = 0;
  REQUIRE(implicit_step<backward_euler>(f, finite_difference_jacobian{}, options, 0, .5, 0., x1,
                                        storage, count));
  CHECK(std::abs(x1 - 1. / 3) <= 1e-12);
  const auto still = [](double, double, double& dx) { dx = 0; };
  REQUIRE(implicit_step<backward_euler>(still, finite_difference_jacobian{}, options, 0, .5, 0., x1,
                                        storage, count));
  CHECK(x1 == 0);
}

TEST_CASE("a large state") {
  // Heat on a rod, 40 points: the slowest mode decays by R(h λ).
  constexpr int n = 40;
  const auto f = [](double, const Eigen::VectorXd& x, Eigen::VectorXd& dx) {
    for (int i = 0; i < n; ++i)
      dx[i] = (i > 0 ? x[i - 1] : 0) - 2 * x[i] + (i + 1 < n ? x[i + 1] : 0);
  };
  Eigen::VectorXd x(n);
  const double pi = std::acos(-1.);
  for (int i = 0; i < n; ++i) x[i] = std::sin(pi * (i + 1) / (n + 1));
  const double z = -4 * std::pow(std::sin(pi / 2 / (n + 1)), 2) * 100;
  const Eigen::VectorXd x0 = x;
  implicit_stepper_storage<radau_iia5, Eigen::VectorXd> storage(x);
  implicit_statistics count;
  REQUIRE(implicit_step<radau_iia5>(f, finite_difference_jacobian{}, tight, 0, 100, x, x, storage,
                                    count));
  const double r = (1 + 2 * z / 5 + z * z / 20) / (1 - 3 * z / 5 + 3 * z * z / 20 - z * z * z / 60);
  CHECK((x - r * x0).norm() <= 1e-12);
}

TEST_CASE("the filtered estimate of a pair is bounded on stiff decay and of its order elsewhere") {
  const auto estimate = [](double rate, double h) {
    const auto f = [&](double, double x, double& dx) { dx = -rate * x; };
    implicit_stepper_storage<tr_bdf2, double> storage(1.);
    implicit_statistics count;
    double x1 = 0, e = 0;
    CHECK(implicit_step<tr_bdf2>(f, finite_difference_jacobian{}, tight, 0, h, 1., x1, storage,
                                 count));
    constexpr const auto& rk = tr_bdf2::tableau;
    for (std::size_t i = 0; i < 3; ++i) e += h * (rk.b[i] - rk.b_hat[i]) * storage.rates[i];
    const double raw = std::abs(e);
    kutta::filter_error<tr_bdf2>(storage, e);
    return std::array{raw, std::abs(e)};
  };
  CHECK(estimate(1e8, 1)[0] > 1e6);
  CHECK(estimate(1e8, 1)[1] < 2);
  const auto filtered = [&](double h) { return estimate(1, h)[1]; };
  CHECK(std::abs(observed_slope(filtered, 1. / 64) - 3) <= .15);
}

TEST_CASE("bad input is refused with what was expected and what came") {
  const auto f = [](double, double x, double& dx) { dx = -x; };
  implicit_stepper_storage<backward_euler, double> storage(1.);
  implicit_statistics count;
  double x1 = 0;
  const auto attempt = [&](const newton_options& options, double h) {
    return implicit_step<backward_euler>(f, finite_difference_jacobian{}, options, 0, h, 1., x1,
                                         storage, count);
  };
  CHECK_THROWS_WITH_AS(static_cast<void>(attempt({}, 0)),
                       "implicit_step: a step other than 0 is expected, got 0",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(static_cast<void>(attempt({.max_iterations = 0}, .1)),
                       "newton_options: a max_iterations of at least 1 is expected, got 0",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(static_cast<void>(attempt({.max_jacobians = 0}, .1)),
                       "newton_options: a max_jacobians of at least 1 is expected, got 0",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(static_cast<void>(attempt({.tolerance = quiet_nan}, .1)),
                       "newton_options: a finite tolerance above 0 is expected, got nan",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(static_cast<void>(attempt({.rtol = -1}, .1)),
                       "newton_options: a finite rtol of at least 0 is expected, got -1",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(static_cast<void>(attempt({.atol = 0}, .1)),
                       "newton_options: a finite atol above 0 is expected, got 0",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(
      (implicit_stepper_storage<backward_euler, Eigen::VectorXd>(Eigen::VectorXd())),
      "implicit_stepper_storage: a state of at least 1 element is expected, got 0",
      std::invalid_argument);
}
