// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstddef>
#include <stdexcept>
#include <vector>

#include <Eigen/Core>
#include <doctest/doctest.h>

#include <kutta/basis/hat.hpp>
#include <kutta/basis/piecewise_constant.hpp>
#include <kutta/ode/hessian.hpp>

#include "support/curved_sine.hpp"
#include "support/random.hpp"
#include "support/schemes.hpp"

namespace {

using Eigen::MatrixXd;
using kutta::ode_block;
using kutta::scaled;
using kutta::bases::hat;
using kutta::bases::piecewise_constant;
using kutta::test::curved_sine;
using kutta::test::random_like;
using kutta::test::splitmix64;

/// L = Σ_i w_i cos x_i, which has a Hessian of its own.
struct cosine_loss {
  MatrixXd w;

  double operator()(const MatrixXd& x, std::size_t, MatrixXd& dx) const {
    dx.array() -= w.array() * x.array().sin();
    return (w.array() * x.array().cos()).sum();
  }
  double operator()(const MatrixXd& x, const MatrixXd& vx, MatrixXd& dx, MatrixXd& vdx) const {
    vdx.array() -= w.array() * x.array().cos() * vx.array();
    return (*this)(x, 0, dx);
  }
};

template <class S, class B>
struct hessian_case {
  using coefficients = std::vector<curved_sine::params>;
  struct point {
    MatrixXd x;
    coefficients theta;
  };

  ode_block<curved_sine, S, B> f{curved_sine{}, B(3), {.steps = 4, .horizon = 1.5, .rate = .75}};
  splitmix64 random{1};
  point at = random_point(), u = random_point(), v = random_point();
  cosine_loss loss{random_like(at.x, random)};

  point random_point() {
    MatrixXd x = random_like(MatrixXd(4, 3), random);
    return {x, curved_sine::random_coefficients(3, 4, random)};
  }
  static double dot(const point& a, const point& b) {
    return kutta::inner_product(a.x, b.x) + kutta::inner_product(a.theta, b.theta);
  }
  point zero() const { return {kutta::zeros_like(at.x), kutta::zeros_like(at.theta)}; }

  template <class K = kutta::keep::everything>
  point product(const point& direction, const K& keep = {}) const {
    const kutta::hessian h(f);
    auto ws = h.make_workspace(at.theta, at.x, keep);
    point result = zero();
    h.product(at.theta, at.x, direction.theta, direction.x, loss, result.x, result.theta, ws);
    return result;
  }
  point gradient(double eps, const point& direction) const {
    point moved = zero(), d = zero();
    kutta::add(moved.x, at.x, scaled<MatrixXd>{eps, direction.x});
    kutta::add(moved.theta, at.theta, scaled<coefficients>{eps, direction.theta});
    auto ws = f.make_workspace(moved.theta, moved.x);
    f.gradient(moved.theta, moved.x, loss, d.x, d.theta, ws);
    return d;
  }
};

template <class S, class B>
void check_hessian() {
  const hessian_case<S, B> test;
  const auto hv = test.product(test.v), hu = test.product(test.u);

  const double uhv = test.dot(test.u, hv), vhu = test.dot(test.v, hu);
  CHECK(std::abs(uhv) > .1);
  CHECK(std::abs(uhv - vhu) <= 1e-12 * (std::sqrt(test.dot(test.u, test.u) * test.dot(hv, hv)) +
                                        std::sqrt(test.dot(test.v, test.v) * test.dot(hu, hu))));

  // (8 (g(h/2) − g(−h/2)) − (g(h) − g(−h)))/6h: O(h⁴).
  auto difference = test.zero();
  const double h = 2e-3;
  for (const auto& [eps, weight] : {std::pair{h / 2, 8.}, {-h / 2, -8.}, {h, -1.}, {-h, 1.}}) {
    const auto g = test.gradient(eps, test.v);
    kutta::add(difference.x, difference.x, scaled<MatrixXd>{weight / (6 * h), g.x});
    kutta::add(difference.theta, difference.theta, scaled{weight / (6 * h), g.theta});
  }
  kutta::add(difference.x, difference.x, scaled<MatrixXd>{-1, hv.x});
  kutta::add(difference.theta, difference.theta, scaled{-1, hv.theta});
  CHECK(test.dot(difference, difference) <= 1e-18 * test.dot(hv, hv));
}

}  // namespace

TEST_CASE_TEMPLATE_DEFINE("the product is symmetric, and the derivative of the gradient", S,
                          symmetry) {
  check_hessian<S, hat>();
  check_hessian<S, piecewise_constant>();
}
TEST_CASE_TEMPLATE_APPLY(symmetry, kutta::test::explicit_schemes);

TEST_CASE("a product is the same under every policy, and leaves loss and gradient") {
  const hessian_case<kutta::schemes::rk4_classic, hat> test;
  const auto expected = test.product(test.v);
  CHECK(test.product(test.v, kutta::keep::steps{}).x == expected.x);
  CHECK(test.product(test.v, kutta::keep::binomial{2}).x == expected.x);

  const kutta::hessian h(test.f);
  auto ws = h.make_workspace(test.at.theta, test.at.x);
  auto twice = test.zero();
  for (int i = 0; i < 2; ++i) {
    const double value = h.product(test.at.theta, test.at.x, test.v.theta, test.v.x, test.loss,
                                   twice.x, twice.theta, ws);
    auto dx = test.at.x;
    CHECK(value == test.loss(test.f(test.at.theta, test.at.x), 0, dx));
  }
  CHECK(twice.x == expected.x);  // replaced
  for (std::size_t k = 0; k < 3; ++k) {
    CHECK((twice.theta[k].w - 2 * expected.theta[k].w).norm() <= 1e-14);  // added to
    CHECK((ws.dtheta[k].tangent.w - test.gradient(0, test.v).theta[k].w).norm() <= 1e-14);
  }
  CHECK((ws.dx.tangent - test.gradient(0, test.v).x).norm() <= 1e-14);
}

TEST_CASE("what does not fit is refused by name") {
  hessian_case<kutta::schemes::euler, hat> test;
  const kutta::hessian h(test.f);
  auto ws = h.make_workspace(test.at.theta, test.at.x);
  auto out = test.zero();
  auto few = test.v.theta;
  few.pop_back();
  CHECK_THROWS_WITH_AS(
      h.product(test.at.theta, test.at.x, few, test.v.x, test.loss, out.x, out.theta, ws),
      "vtheta: expected K = 3 coefficients, got 2", std::invalid_argument);
  const MatrixXd small = MatrixXd::Zero(4, 2);
  CHECK_THROWS_WITH_AS(
      h.product(test.at.theta, test.at.x, test.v.theta, small, test.loss, out.x, out.theta, ws),
      "state: expected shape (4, 3), got (4, 2)", std::invalid_argument);
}
