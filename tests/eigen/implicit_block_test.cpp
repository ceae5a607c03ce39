// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstddef>
#include <functional>
#include <stdexcept>
#include <utility>
#include <vector>

#include <Eigen/Dense>
#include <doctest/doctest.h>

#include <kutta/basis/hat.hpp>
#include <kutta/basis/piecewise_constant.hpp>
#include <kutta/eigen/implicit_block.hpp>
#include <kutta/layers/jacobian.hpp>
#include <kutta/ode/keep_online.hpp>
#include <kutta/ode/ode_block.hpp>
#include <kutta/ode/step_failure.hpp>
#include <kutta/schemes/fourth_order.hpp>
#include <kutta/schemes/order.hpp>

#include "support/dense_sine.hpp"
#include "support/gradient_under.hpp"
#include "support/implicit_schemes.hpp"
#include "support/problems.hpp"
#include "support/random.hpp"
#include "support/slope.hpp"

namespace {

using kutta::ode_block;
using kutta::scaled;
using kutta::step_failure;
using kutta::bases::hat;
using kutta::bases::piecewise_constant;
using kutta::test::dense_sine;
using kutta::test::implicit_schemes;
using kutta::test::observed_slope;
using kutta::test::random_like;
using kutta::test::splitmix64;
using namespace kutta::schemes;

using Eigen::MatrixXd;
using real = long double;
using vector = Eigen::Matrix<real, 2, 1>;
using matrix = Eigen::Matrix<real, 2, 2>;

/// S with its equations solved to the last digits of a long double.
template <class S>
struct tight : S {
  static constexpr kutta::newton_options newton{
      .tolerance = 1, .max_iterations = 40, .rtol = 1e-18, .atol = 1e-18};
};

// The tests of all schemes share one residual and erase the types of its functions: what they
// compile once takes seconds.
using weights = Eigen::Matrix<real, 4, 1>;
using weights_matrix = Eigen::Matrix<real, 2, 4>;

/// R = f(theta, x, t), with its derivatives by x and by theta.
///
/// The tape is what the derivatives read instead of x: it must be from the stage points.
struct problem {
  using state = vector;
  using params = weights;
  struct tape {
    vector x;
  };
  using context = kutta::context<problem>;

  std::function<vector(const weights&, const vector&, real)> f;
  std::function<matrix(const weights&, const vector&, real)> by_x;
  std::function<weights_matrix(const weights&, const vector&, real)> by_theta;

  void forward(const weights& theta, const vector& x, vector& y, tape& saved,
               const context& at) const {
    y = f(theta, x, static_cast<real>(at.t));
    saved.x = x;
  }
  void vjp(const weights& theta, const vector&, const tape& saved, const vector& dy, vector& dx,
           weights& dtheta, const context& at) const {
    dx += by_x(theta, saved.x, static_cast<real>(at.t)).transpose() * dy;
    dtheta += by_theta(theta, saved.x, static_cast<real>(at.t)).transpose() * dy;
  }
  void jvp(const weights& theta, const vector&, const tape& saved, const vector& vx,
           const weights& vtheta, vector& vy, const context& at) const {
    vy = by_x(theta, saved.x, static_cast<real>(at.t)) * vx +
         by_theta(theta, saved.x, static_cast<real>(at.t)) * vtheta;
  }
};

/// The same with a Jacobian of its own.
struct problem_with_jacobian : problem {
  using context = kutta::context<problem_with_jacobian>;

  void forward(const weights& theta, const vector& x, vector& y, tape& saved,
               const context& at) const {
    y = f(theta, x, static_cast<real>(at.t));
    saved.x = x;
  }
  void vjp(const weights& theta, const vector&, const tape& saved, const vector& dy, vector&,
           weights& dtheta, const context& at) const {
    dtheta += by_theta(theta, saved.x, static_cast<real>(at.t)).transpose() * dy;
  }
  void jacobian(const weights& theta, const vector& x, auto& j, const context& at) const {
    CHECK(j.isZero(0));
    j = by_x(theta, x, static_cast<real>(at.t));
  }
};
static_assert(kutta::has_jacobian<problem_with_jacobian, matrix>);
static_assert(!kutta::has_jacobian<problem, matrix>);

matrix as_matrix(const weights& a) {
  return matrix{{a[0], a[1]}, {a[2], a[3]}};
}
weights as_weights(const matrix& a) {
  return {a(0, 0), a(0, 1), a(1, 0), a(1, 1)};
}

/// R(A, x) = A x.
const problem linear{
    [](const weights& a, const vector& x, real) { return vector(as_matrix(a) * x); },
    [](const weights& a, const vector&, real) { return as_matrix(a); },
    [](const weights&, const vector& x, real) {
      return weights_matrix{{x[0], x[1], 0, 0}, {0, 0, x[0], x[1]}};
    }};

/// A logistic curve with the rate theta₀(t/T), beside one that is driven by t.
const problem logistic{
    [](const weights& theta, const vector& x, real t) {
      return vector(theta[0] * x[0] * (1 - x[0]),
                    kutta::test::driven_logistic<real>::rate(t, x[1]));
    },
    [](const weights& theta, const vector& x, real t) {
      return matrix{{theta[0] * (1 - 2 * x[0]), 0}, {0, -1 - 2 * (x[1] - std::sin(t))}};
    },
    [](const weights&, const vector& x, real) {
      return weights_matrix{{x[0] * (1 - x[0]), 0, 0, 0}, {0, 0, 0, 0}};
    }};

/// (sin(x₀ x₁) + theta₀ t, theta₁ x₀² − (2 + theta₂ t) x₁ + theta₃).
const problem bent{
    [](const weights& theta, const vector& x, real t) {
      return vector(std::sin(x[0] * x[1]) + theta[0] * t,
                    theta[1] * x[0] * x[0] - (2 + theta[2] * t) * x[1] + theta[3]);
    },
    [](const weights& theta, const vector& x, real t) {
      const real c = std::cos(x[0] * x[1]);
      return matrix{{c * x[1], c * x[0]}, {2 * theta[1] * x[0], -(2 + theta[2] * t)}};
    },
    [](const weights&, const vector& x, real t) {
      return weights_matrix{{t, 0, 0, 0}, {0, x[0] * x[0], -t * x[1], 1}};
    }};

template <class S>
using block = ode_block<problem, tight<S>, hat>;
using coefficients = std::vector<weights>;

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

real dot(const coefficients& a, const coefficients& b) {
  real sum = 0;
  for (std::size_t k = 0; k < a.size(); ++k) sum += a[k].dot(b[k]);
  return sum;
}

/// A point, a direction, and a gradient of the loss.
struct random_point {
  splitmix64 random{1};
  coefficients theta = random_like(coefficients(3, weights::Zero()), random);
  coefficients vtheta = random_like(theta, random);
  vector x0 = random_like(vector(0, 0), random), vx = random_like(x0, random);
  vector w = random_like(x0, random);
};

}  // namespace

TEST_CASE("backward Euler multiplies by (I - h A(s))^-1, A at the end of each step") {
  const matrix a0{{-1, 2}, {-1.5L, -.2L}}, a1{{-3, .5L}, {1, -2}};
  const block<backward_euler> f(linear, hat(2), {.steps = 4, .horizon = 2});
  const coefficients theta{as_weights(a0), as_weights(a1)};
  auto ws = f.make_workspace(theta, vector(0, 0));
  const vector x0(.3L, -.7L), w(1, -2);
  const real h = .5L;

  matrix product = matrix::Identity();
  std::vector<matrix> inverse;
  std::vector<vector> x{x0};
  for (int n = 1; n <= 4; ++n) {
    const real s = static_cast<real>(n) / 4;
    inverse.push_back((matrix::Identity() - h * ((1 - s) * a0 + s * a1)).inverse());
    product = inverse.back() * product;
    x.push_back(inverse.back() * x.back());
  }
  // x_n = M x_{n−1}, M = (I − h A)⁻¹: dA = h Mᵀ g x_nᵀ.
  matrix da0 = matrix::Zero(), da1 = da0;
  vector g = w;
  for (std::size_t n = 4; n > 0; --n) {
    const real s = static_cast<real>(n) / 4;
    g = inverse[n - 1].transpose() * g;
    da0 += (1 - s) * h * g * x[n].transpose();
    da1 += s * h * g * x[n].transpose();
  }

  CHECK((f.forward(theta, x0, ws) - product * x0).norm() <= 1e-18L);
  vector dx = w;
  coefficients dtheta{weights::Zero(), weights::Zero()};
  f.backprop(theta, dx, dtheta, ws);
  CHECK((dx - product.transpose() * w).norm() <= 1e-18L);
  CHECK((as_matrix(dtheta[0]) - da0).norm() <= 1e-18L);
  CHECK((as_matrix(dtheta[1]) - da1).norm() <= 1e-18L);
}

TEST_CASE_TEMPLATE_DEFINE("a linear block multiplies by R(hA)^N, its adjoint by the transpose", S,
                          linear_block) {
  const matrix a{{-1, 2}, {-1.5L, -.2L}};
  const coefficients theta(2, as_weights(a));
  for (const double horizon : {.9, 60.}) {
    CAPTURE(horizon);
    const block<S> f(linear, hat(2), {.steps = 3, .horizon = horizon});
    const matrix step = growth<S>(static_cast<real>(horizon / 3) * a);
    const matrix expected = step * step * step;
    auto ws = f.make_workspace(theta, vector(0, 0));
    const vector x0(.3L, -.7L), w(1, -2);
    const real tolerance = 1e-16L * (1 + expected.norm());
    CHECK((f.forward(theta, x0, ws) - expected * x0).norm() <= tolerance);
    vector dx = w;
    auto dtheta = kutta::zeros_like(theta);
    f.backprop(theta, dx, dtheta, ws);
    CHECK((dx - expected.transpose() * w).norm() <= tolerance);
  }
}
TEST_CASE_TEMPLATE_APPLY(linear_block, implicit_schemes);

TEST_CASE_TEMPLATE_DEFINE("an implicit block converges at the order of the table", S,
                          block_convergence) {
  const int p = kutta::order(S::tableau);
  const vector x0(.2L, .6L);
  // theta(s) = 1 + s has the integral 3 over [0, 2].
  const coefficients theta{{1, 0, 0, 0}, {2, 0, 0, 0}};
  const vector exact(kutta::test::logistic<real>::exact(x0[0], 3),
                     kutta::test::driven_logistic<real>::exact(2, x0[1]));
  for (int i : {0, 1}) {
    CAPTURE(i);
    const auto error = [&](double h) {
      const block<S> f(logistic, hat(2), {.steps = std::llround(2 / h), .horizon = 2});
      auto ws = f.make_workspace(theta, x0);
      return std::abs(f.forward(theta, x0, ws)[i] - exact[i]);
    };
    CHECK(std::abs(observed_slope(error, p == 5 ? 1. / 16 : 1. / 64) - p) <= .15);
  }
}
TEST_CASE_TEMPLATE_APPLY(block_convergence, implicit_schemes);

TEST_CASE_TEMPLATE_DEFINE("the derivatives of an implicit block are those of its values", S,
                          block_derivatives) {
  const random_point at;
  const block<S> f(bent, hat(3), {.steps = 3, .horizon = 1.5, .rate = .75});
  auto ws = f.make_workspace(at.theta, at.x0);
  vector dx = at.w, vx = at.vx;
  auto dtheta = kutta::zeros_like(at.theta);
  const vector x1 = f.forward(at.theta, at.x0, ws);
  f.backprop(at.theta, dx, dtheta, ws);
  CHECK(f.jvp(at.theta, at.x0, at.vtheta, vx, ws) == x1);

  const real slope = dx.dot(at.vx) + dot(dtheta, at.vtheta);
  CHECK(std::abs(slope - at.w.dot(vx)) <= 1e-17L * at.w.norm() * vx.norm());
  CHECK(vx.norm() > .1L);

  // Central differences, extrapolated: the error is of order ε⁴ and of rounding/ε.
  const auto objective = [&](real eps) {
    auto theta = at.theta;
    kutta::add(theta, theta, scaled{eps, at.vtheta});
    return at.w.dot(f.forward(theta, at.x0 + eps * at.vx, ws));
  };
  const auto difference = [&](real eps) { return (objective(eps) - objective(-eps)) / (2 * eps); };
  CHECK(std::abs(slope - (4 * difference(.5e-3L) - difference(1e-3L)) / 3) <= 1e-12L);
}
TEST_CASE_TEMPLATE_APPLY(block_derivatives, implicit_schemes);

TEST_CASE_TEMPLATE("with a Jacobian of the residual's own the derivatives are the same", S,
                   kvaerno32, gauss4) {
  const random_point at;
  const auto gradient = [&]<class R>(const R& r) {
    const ode_block<R, tight<S>, hat> f(r, hat(3), {.steps = 3, .horizon = 1.5});
    auto ws = f.make_workspace(at.theta, at.x0);
    vector dx = at.w;
    auto dtheta = kutta::zeros_like(at.theta);
    f.forward(at.theta, at.x0, ws);
    f.backprop(at.theta, dx, dtheta, ws);
    return std::pair(dx, dtheta);
  };
  const auto [dx, dtheta] = gradient(bent);
  const auto [own_dx, own_dtheta] = gradient(problem_with_jacobian{bent});
  CHECK((dx - own_dx).norm() <= 1e-17L);
  for (std::size_t k = 0; k < 3; ++k) CHECK((dtheta[k] - own_dtheta[k]).norm() <= 1e-17L);
}

TEST_CASE_TEMPLATE("whatever a policy keeps, the gradient of an implicit block has the same bits",
                   S, sdirk2, radau_iia5) {
  splitmix64 random(1);
  const auto theta = dense_sine::random_coefficients(3, 2, random);
  const MatrixXd x0 = random_like(MatrixXd(2, 3), random), w = random_like(x0, random);
  const ode_block<dense_sine, S, hat> f({}, hat(3), {.steps = 7, .horizon = 3});
  const auto under = [&](const auto& keep) {
    return kutta::test::gradient_under(keep, f, theta, x0, w);
  };
  const auto expected = under(kutta::keep::everything{});
  CHECK(expected.dx != w);
  CHECK(under(kutta::keep::steps{}) == expected);
  CHECK(under(kutta::keep::every{3}) == expected);
  CHECK(under(kutta::keep::binomial{2}) == expected);
  CHECK(under(kutta::keep::online{2}) == expected);

  // A sample alone is another iteration towards the same solution.
  auto tiles = f.make_workspace(theta, x0, {.threads = 2, .tile = 1, .shards = 2});
  MatrixXd dx = kutta::zeros_like(x0);
  auto dtheta = kutta::zeros_like(theta);
  const auto loss = [&](const MatrixXd& x1, std::size_t first, MatrixXd& g) {
    const MatrixXd part = w.middleCols(static_cast<Eigen::Index>(first), x1.cols());
    g += part;
    return x1.cwiseProduct(part).sum();
  };
  const double value = f.gradient(theta, x0, loss, dx, dtheta, tiles);
  CHECK(std::abs(value - expected.x1.cwiseProduct(w).sum()) <= 1e-10);
  CHECK((dx - expected.dx).norm() <= 1e-10);
  for (std::size_t k = 0; k < 3; ++k) CHECK((dtheta[k].w - expected.dtheta[k].w).norm() <= 1e-10);
}

namespace {

/// R(theta, x) = −theta (x − cos t): stiff for a large theta.
struct relaxation {
  using state = double;
  using params = double;
  struct tape {};
  using context = kutta::context<relaxation>;

  void forward(double theta, double x, double& y, tape&, const context& at) const {
    y = -theta * (x - std::cos(at.t));
  }
  void vjp(double theta, double x, const tape&, double dy, double& dx, double& dtheta,
           const context& at) const {
    dx -= theta * dy;
    dtheta -= (x - std::cos(at.t)) * dy;
  }
};

/// R(theta, x) = theta x².
struct blow_up {
  using state = double;
  using params = double;
  struct tape {};

  void forward(double theta, double x, double& y, tape&) const { y = theta * x * x; }
  void vjp(double theta, double x, const tape&, double dy, double& dx, double& dtheta) const {
    dx += 2 * theta * x * dy;
    dtheta += x * x * dy;
  }
};

struct rough : sdirk2 {
  static constexpr kutta::newton_options newton{.tolerance = 1, .rtol = 1e-4, .atol = 1e-4};
};

struct senseless : sdirk2 {
  static constexpr kutta::newton_options newton{.max_iterations = 0};
};

}  // namespace

TEST_CASE("a stiff block: few steps where an explicit scheme overflows, and the exact gradient") {
  constexpr int steps = 20;
  constexpr double lambda = 1e6, h = .1;
  const ode_block<relaxation, backward_euler, piecewise_constant> f(
      {}, piecewise_constant(1), {.steps = steps, .horizon = steps * h});
  auto ws = f.make_workspace({lambda}, 2.);

  // x_n = (x_{n−1} + hλ cos t_n)/(1 + hλ), and its derivative by λ.
  const auto solution = [&](auto c) {
    real x = 2, dx = 0;
    for (int n = 1; n <= steps; ++n) {
      x = (x + c(n)) / (1 + static_cast<real>(h) * lambda);
      dx = (dx + c(n) / lambda - static_cast<real>(h) * x) / (1 + static_cast<real>(h) * lambda);
    }
    return std::vector<real>{x, dx};
  };
  const auto expected = solution([&](int n) {
    return static_cast<real>(h) * lambda * std::cos(static_cast<real>(n) * static_cast<real>(h));
  });
  const double x1 = f.forward({lambda}, 2., ws);
  CHECK(std::abs(x1 - static_cast<double>(expected[0])) <= 1e-12);
  CHECK(std::abs(x1 - std::cos(2.)) <= 1e-5);
  double dx = 1;
  std::vector<double> dtheta{0};
  f.backprop({lambda}, dx, dtheta, ws);
  CHECK(std::abs(dx - std::pow(1 + h * lambda, -steps)) <= 1e-9 * dx);
  const auto by_hand = static_cast<double>(expected[1]);
  CHECK(std::abs(dtheta[0] - by_hand) <= 1e-7 * std::abs(by_hand));

  CHECK_FALSE(std::isfinite(f.with_scheme<rk4_classic>().with_steps(200)({lambda}, 2.)));
  const double by_radau = f.with_scheme<radau_iia5>()({lambda}, 2.);
  CHECK(std::abs(by_radau - std::cos(2.)) <= 1e-6);
}

TEST_CASE("a step that cannot be solved is an error that says which") {
  // z = h (x + z)² has no real solution for h x > 1/4: step 1 starts at x = 1.1270.
  const ode_block<blow_up, backward_euler, piecewise_constant> f(
      {}, piecewise_constant(2), {.steps = 2, .horizon = .2, .rate = 1});
  const std::vector<double> theta{1, 4}, flat{1, 1}, nan{std::nan(""), 1};
  auto ws = f.make_workspace(theta, 1.);
  CHECK_THROWS_WITH_AS(f.forward(theta, 1., ws),
                       "ode_block: step 1 at t = 0.1 with h = 0.1 failed: not_converged: the "
                       "equations of an implicit step were not solved; check the Jacobian, or take "
                       "a smaller step",
                       step_failure);
  double dx = 1;
  std::vector<double> dtheta{0, 0};
  CHECK_THROWS_AS(f.backprop(theta, dx, dtheta, ws), std::logic_error);  // there is no record
  try {
    f.forward(theta, 1., ws);
  } catch (const step_failure& e) {
    CHECK(e.status == kutta::status::not_converged);
    CHECK(e.t == .1);
    CHECK(e.h == .1);
    CHECK(e.step == 1);
  }
  CHECK_THROWS_AS(f.forward(nan, 1., ws), step_failure);

  // The workspace serves again: x = (1 − √(1 − 4 h x₀))/2h.
  real x = 1;
  for (int n = 0; n < 2; ++n) x = (1 - std::sqrt(1 - .4L * x)) / .2L;
  CHECK(std::abs(f.forward(flat, 1., ws) - static_cast<double>(x)) <= 1e-11);
  dx = std::nan("");
  CHECK_THROWS_WITH_AS(f.backprop(flat, dx, dtheta, ws), doctest::Contains("non_finite"),
                       step_failure);
}

TEST_CASE("the equations are solved as the newton of a scheme says") {
  const ode_block<kutta::test::logistic<double>, sdirk2, hat> f({}, hat(2),
                                                                {.steps = 4, .horizon = 8});
  const auto g = f.with_scheme<rough>();
  auto ws = f.make_workspace({1, 2}, .2);
  auto rough_ws = g.make_workspace({1, 2}, .2);
  const double x = f.forward({1, 2}, .2, ws), y = g.forward({1, 2}, .2, rough_ws);
  CHECK(x != y);
  CHECK(std::abs(x - y) <= 1e-3);
  CHECK(rough_ws.temporaries.count.iterations < ws.temporaries.count.iterations);
  CHECK_THROWS_WITH_AS(f.with_scheme<senseless>()({1, 2}, .2),
                       "newton_options: a max_iterations of at least 1 is expected, got 0",
                       std::invalid_argument);
}
