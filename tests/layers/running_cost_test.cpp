// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstddef>
#include <type_traits>
#include <utility>
#include <vector>

#include <Eigen/Core>
#include <doctest/doctest.h>

#include <kutta/basis/hat.hpp>
#include <kutta/basis/piecewise_constant.hpp>
#include <kutta/layers/check_residual.hpp>
#include <kutta/layers/path_costs.hpp>
#include <kutta/layers/running_cost.hpp>
#include <kutta/ode/adaptive_block.hpp>
#include <kutta/ode/ode_block.hpp>
#include <kutta/schemes/embedded_fifth_order.hpp>
#include <kutta/schemes/fourth_order.hpp>

#include "support/curved_sine.hpp"
#include "support/problems.hpp"
#include "support/random.hpp"
#include "support/slope.hpp"

namespace {

using Eigen::MatrixXd;
using kutta::bases::hat;
using kutta::bases::piecewise_constant;
using kutta::layers::with_running_cost;
using kutta::schemes::dormand_prince54;
using kutta::schemes::rk4_classic;
using kutta::test::curved_sine;
using kutta::test::dense_sine;
using kutta::test::random_like;
using kutta::test::splitmix64;

namespace costs = kutta::costs;

/// l = theta x + R², a cost that reads all there is.
template <class R>
struct mixed_cost {
  using value = kutta::scalar_t<typename R::state>;
  struct tape {};
  using state = typename R::state;
  using params = typename R::params;

  value make_value(const state&) const { return 0; }
  void forward(const kutta::evaluation<R>& e, value& l, tape&, kutta::nothing&) const {
    l = e.theta * e.x + e.y * e.y;
  }
  void vjp(const kutta::evaluation<R>& e, const tape&, value dl, state& dx, state& dy,
           params& dtheta, kutta::nothing&) const {
    dx += e.theta * dl;
    dtheta += e.x * dl;
    dy += 2 * e.y * dl;
  }
  void jvp(const kutta::evaluation<R>& e, const tape&, const state& vx, const state& vy,
           const params& vtheta, value& vl) const {
    vl = e.theta * vx + e.x * vtheta + 2 * e.y * vy;
  }
};

template <class R, class L>
void check_derivatives(const R& r, const L& l) {
  splitmix64 random(1);
  const with_running_cost<R, L> with_cost{r, l};
  auto x = with_cost.start(random_like(MatrixXd(4, 3), random));
  x = random_like(x, random);
  const auto report =
      kutta::check_residual(with_cost, dense_sine::random_coefficients(1, 4, random).front(), x);
  INFO(report.text());
  CHECK(report.ok());
}

template <class R>
concept has_jacobian_norm = requires { typename costs::jacobian_norm<R>; };
static_assert(has_jacobian_norm<curved_sine> && !has_jacobian_norm<dense_sine>);

}  // namespace

TEST_CASE("the derivatives of a residual with its cost are right") {
  splitmix64 random(3);
  check_derivatives(dense_sine{}, costs::kinetic_energy<dense_sine>{});
  check_derivatives(dense_sine{}, costs::energy_of_elements<dense_sine>{});
  check_derivatives(curved_sine{},
                    costs::jacobian_norm<curved_sine>{random_like(MatrixXd(4, 3), random)});

  using logistic = kutta::test::logistic<double>;
  const with_running_cost<logistic, mixed_cost<logistic>> r{{}, {}};
  static_assert(kutta::has_jvp<with_running_cost<logistic, mixed_cost<logistic>>>);
  const auto report = kutta::check_residual(r, .7, {.3, .2});
  INFO(report.text());
  CHECK(report.ok());
}

TEST_CASE("the costs by hand") {
  splitmix64 random(2);
  const auto theta = curved_sine::random_coefficients(1, 4, random).front();
  const MatrixXd x = random_like(MatrixXd(4, 3), random), e = random_like(x, random);
  const curved_sine r;
  const auto rate = [&](auto cost) {
    const with_running_cost<curved_sine, decltype(cost)> with_cost{r, cost};
    const auto start = with_cost.start(x);
    CHECK(start.x == x);
    auto y = kutta::zeros_like(start);
    auto saved = with_cost.make_tape(theta, start);
    auto scratch = with_cost.make_scratch(theta, start);
    with_cost.forward(theta, start, y, saved, {0, 0, 0, scratch});
    return y.q;
  };
  const MatrixXd a = (theta.w * x).colwise() + theta.b;
  CHECK(rate(costs::kinetic_energy<curved_sine>{}) ==
        doctest::Approx(a.array().sin().square().sum()).epsilon(1e-14));
  CHECK((rate(costs::energy_of_elements<curved_sine>{}) - MatrixXd(a.array().sin().square()))
            .norm() <= 1e-15);
  const MatrixXd jte = theta.w.transpose() * (a.array().cos() * e.array()).matrix();
  CHECK(rate(costs::jacobian_norm<curved_sine>{e}) ==
        doctest::Approx(jte.squaredNorm()).epsilon(1e-14));
}

TEST_CASE("the mean over probes with random signs is the norm of the Jacobian") {
  // Two elements: all four signs. J = cos a W, sample by sample.
  splitmix64 random(4);
  const auto theta = curved_sine::random_coefficients(1, 2, random).front();
  const MatrixXd x = random_like(MatrixXd(2, 1), random);
  double mean = 0;
  for (const double first : {-1., 1.})
    for (const double second : {-1., 1.}) {
      const MatrixXd e = (MatrixXd(2, 1) << first, second).finished();
      const with_running_cost<curved_sine, costs::jacobian_norm<curved_sine>> r{{}, {e}};
      const auto start = r.start(x);
      auto y = kutta::zeros_like(start);
      auto saved = r.make_tape(theta, start);
      auto scratch = r.make_scratch(theta, start);
      r.forward(theta, start, y, saved, {0, 0, 0, scratch});
      mean += y.q / 4;
    }
  const MatrixXd cosine = ((theta.w * x).colwise() + theta.b).array().cos();
  CHECK(mean == doctest::Approx((cosine.col(0).asDiagonal() * theta.w).squaredNorm()));
}

TEST_CASE("the cost is integrated along the path, with the order of the scheme") {
  // l = theta x + R² and theta = 1: ∫ x dt = ln(x₀ e^T + 1 − x₀), ∫ R² dt = ∫ x (1 − x) dx.
  using T = long double;
  using logistic = kutta::test::logistic<T>;
  using costly = with_running_cost<logistic, mixed_cost<logistic>>;
  const T x0 = .2L, x1 = logistic::exact(x0, 2), end = 2;
  const auto integral = [](T x) { return x * x / 2 - x * x * x / 3; };
  const T exact = std::log(x0 * std::exp(end) + 1 - x0) + integral(x1) - integral(x0);
  const std::vector<T> theta{1};
  const auto error = [&](double h) {
    const kutta::ode_block<costly, rk4_classic, hat> f{
        costly{{}, {}}, hat(1), {.steps = std::lround(2 / h), .horizon = 2}};
    return std::abs(f(theta, costly{{}, {}}.start(x0)).q - exact);
  };
  CHECK(std::abs(kutta::test::observed_slope(error, 1. / 32) - 4) <= .15);
}

TEST_CASE("the gradient of an integrated cost, on fixed steps and on those of an adaptive pass") {
  using T = long double;
  using logistic = kutta::test::logistic<T>;
  using costly = with_running_cost<logistic, mixed_cost<logistic>>;
  const std::vector<T> theta{1, -2, 3};
  const auto start = costly{{}, {}}.start(.2L);
  const auto loss = [](const auto& end) { return std::sin(end.x) + end.q * end.q; };
  const auto check = [&](auto&& run, auto&& backprop) {
    const auto end = run(theta, start);
    kutta::with_cost<T, T> dx{std::cos(end.x), 2 * end.q};
    std::vector<T> dtheta(3, 0);
    backprop(dx, dtheta);
    for (std::size_t i = 0; i <= 3; ++i) {
      CAPTURE(i);
      const auto moved = [&](T eps) {
        auto c = theta;
        auto x = start;
        (i < 3 ? c[i] : x.x) += eps;
        return loss(run(c, x));
      };
      const T h = 1e-4L;
      const T difference = (8 * (moved(h / 2) - moved(-h / 2)) - (moved(h) - moved(-h))) / (6 * h);
      CHECK(std::abs((i < 3 ? dtheta[i] : dx.x) - difference) <= 1e-13L);
    }
    CHECK(dx.q == 2 * end.q);
  };

  const kutta::ode_block<costly, rk4_classic, hat> f{
      costly{{}, {}}, hat(3), {.steps = 5, .horizon = 2, .rate = .5}};
  auto ws = f.make_workspace(theta, start);
  check([&](const auto& c, const auto& x) { return f.forward(c, x, ws); },
        [&](auto& dx, auto& dtheta) {
          f.forward(theta, start, ws);
          f.backprop(theta, dx, dtheta, ws);
        });

  const kutta::adaptive_block<costly, dormand_prince54, piecewise_constant> g{
      costly{{}, {}}, piecewise_constant(3), {.steps = {.rtol = 1e-4, .max_steps = 100}}};
  auto steps = g.make_workspace(theta, start);
  REQUIRE(g.forward(theta, start, steps));
  check([&](const auto& c, const auto& x) { return g.repeat(c, x, steps); },
        [&](auto& dx, auto& dtheta) {
          g.repeat(theta, start, steps);
          g.backprop(theta, dx, dtheta, steps);
        });
}

TEST_CASE("the path of least energy: a penalty on it straightens the path") {
  // dx/dt = theta(t) from 0 to x(1) = 1: ∫ theta² ≥ 1, and 1 where theta = 1 throughout.
  struct drift {
    using state = double;
    using params = double;
    struct tape {};
    void forward(double theta, double, double& y, tape&) const { y = theta; }
    void vjp(double, double, const tape&, double dy, double&, double& dtheta) const {
      dtheta += dy;
    }
  };
  using costly = with_running_cost<drift, costs::kinetic_energy<drift>>;
  const kutta::ode_block<costly, rk4_classic, piecewise_constant> f{
      costly{{}, {}}, piecewise_constant(4), {.steps = 4}};
  std::vector<double> theta{3, -1, 2, 0};
  const auto start = costly{{}, {}}.start(0.);
  auto ws = f.make_workspace(theta, start);
  for (int i = 0; i < 2000; ++i) {  // L = 100 (x − 1)² + q
    const auto& end = f.forward(theta, start, ws);
    kutta::with_cost<double, double> dx{200 * (end.x - 1), 1};
    std::vector<double> dtheta(4, 0.);
    f.backprop(theta, dx, dtheta, ws);
    for (std::size_t k = 0; k < 4; ++k) theta[k] -= .01 * dtheta[k];
  }
  const double best = 100. / 101;  // of 100 (c − 1)² + c²
  for (const double c : theta) CHECK(std::abs(c - best) <= 1e-3);
}
