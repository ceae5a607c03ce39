// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <Eigen/Core>
#include <doctest/doctest.h>

#include <kutta/basis/hat.hpp>
#include <kutta/basis/legendre.hpp>
#include <kutta/basis/piecewise_constant.hpp>
#include <kutta/layers/check_residual.hpp>
#include <kutta/layers/layer_pass.hpp>
#include <kutta/layers/sequential.hpp>
#include <kutta/ode/continuous.hpp>
#include <kutta/schemes/first_order.hpp>
#include <kutta/schemes/fourth_order.hpp>

#include "support/dense_sine.hpp"
#include "support/normalised_affine.hpp"
#include "support/random.hpp"

namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;
using kutta::bases::hat;
using kutta::bases::piecewise_constant;
using kutta::layers::continuous;
using kutta::layers::sequential;
using kutta::schemes::euler;
using kutta::schemes::rk4_classic;
using kutta::test::dense_sine;
using kutta::test::normalised_affine;
using kutta::test::random_like;
using kutta::test::splitmix64;

constexpr Eigen::Index width = 3, samples = 6;

template <class R, class S, class B>
kutta::ode_block<R, S, B> make_block(const B& phi, std::int64_t steps) {
  return kutta::ode_block<R, S, B>{R{}, phi, {.steps = steps, .horizon = .75, .rate = 1.5}};
}

/// Statistics with the largest difference of two.
template <class Stats>
double distance(const Stats& a, const Stats& b) {
  double most = 0;
  for (std::size_t k = 0; k < a.size(); ++k) {
    most = std::max(most, (a[k].mean - b[k].mean).cwiseAbs().maxCoeff());
    most = std::max(most, (a[k].var - b[k].var).cwiseAbs().maxCoeff());
  }
  return most;
}

/// Makes parameters that show in which order they were made.
struct counting {
  using state = double;
  using params = double;
  using tape = kutta::nothing;
  double make_params(int& next) const { return next++; }
  void forward(double theta, double x, double& y, tape&) const { y = theta * x; }
  void vjp(double theta, double x, const tape&, double dy, double& dx, double& dtheta) const {
    dx += theta * dy;
    dtheta += x * dy;
  }
};

}  // namespace

TEST_CASE("the block's map and gradient, whatever is kept") {
  splitmix64 random(1);
  const auto f = make_block<dense_sine, rk4_classic>(hat(3), 4);
  const auto theta = dense_sine::random_coefficients(3, width, random);
  const MatrixXd x = random_like(MatrixXd(width, samples), random);
  const MatrixXd dy = random_like(x, random);
  auto ws = f.make_workspace(theta, x);
  const MatrixXd x1 = f.forward(theta, x, ws);
  MatrixXd g = dy;
  auto dtheta = kutta::zeros_like(theta);
  f.backprop(theta, g, dtheta, ws);

  const auto check = [&](const auto& keep) {
    const continuous layer(f, keep);
    kutta::layer_pass pass(layer, theta, x);
    auto sum = kutta::zeros_like(theta);
    const auto loss = [&](const MatrixXd&, std::size_t, MatrixXd& to) {
      to += dy;
      return 0.;
    };
    for (int repeat = 0; repeat < 2; ++repeat) {
      kutta::set_zero(sum);
      pass.gradient(theta, x, loss, sum);
      CHECK(pass.y() == x1);
      CHECK(pass.dx() == g);
      for (std::size_t k = 0; k < 3; ++k) CHECK(sum[k].w == dtheta[k].w);
    }
  };
  check(kutta::keep::everything{});
  check(kutta::keep::steps{});
  check(kutta::keep::binomial{2});
}

TEST_CASE("a layer like any other: forward overwrites, vjp accumulates, jvp is its transpose's") {
  splitmix64 random(2);
  const MatrixXd x = random_like(MatrixXd(width, samples), random);
  {
    const continuous layer(make_block<dense_sine, rk4_classic>(hat(3), 3));
    static_assert(kutta::residual<decltype(layer)> == false);  // const
    using plain = std::remove_const_t<decltype(layer)>;
    static_assert(kutta::residual<plain> && kutta::has_jvp<plain> && !kutta::stateful<plain>);
    const auto report =
        kutta::check_residual(layer, dense_sine::random_coefficients(3, width, random), x);
    CHECK_MESSAGE(report.ok(), report.text());
  }
  {
    const sequential model{
        continuous(make_block<normalised_affine, rk4_classic>(hat(3), 2)),
        continuous(make_block<dense_sine, euler>(piecewise_constant(2), 2), kutta::keep::steps{})};
    const auto report =
        kutta::check_residual(model,
                              std::tuple{normalised_affine::random_coefficients(3, width, random),
                                         dense_sine::random_coefficients(2, width, random)},
                              x);
    CHECK_MESSAGE(report.ok(), report.text());
  }
}

TEST_CASE("a block of blocks: the right-hand side is itself a block") {
  splitmix64 random(3);
  const MatrixXd x = random_like(MatrixXd(width, samples), random);
  using inner = continuous<dense_sine, euler, piecewise_constant>;
  const kutta::ode_block<inner, rk4_classic, hat> outer{
      inner(make_block<dense_sine, euler>(piecewise_constant(2), 2)), hat(2), {.steps = 2}};
  const continuous layer(
      kutta::ode_block<inner, rk4_classic, hat>{
          inner(make_block<dense_sine, euler>(piecewise_constant(2), 2)), hat(2), {.steps = 2}},
      kutta::keep::steps{});
  std::vector<std::vector<dense_sine::params>> theta;
  for (int k = 0; k < 2; ++k) theta.push_back(dense_sine::random_coefficients(2, width, random));
  CHECK(kutta::layer_pass(layer, theta, x).forward(theta, x) == outer(theta, x));
  const auto report = kutta::check_residual(layer, theta, x);
  CHECK_MESSAGE(report.ok(), report.text());
}

TEST_CASE("every coefficient is made for itself") {
  const continuous layer(kutta::ode_block<counting, euler, hat>{counting{}, hat(4), {.steps = 1}});
  int next = 7;
  CHECK(layer.make_params(next) == std::vector<double>{7, 8, 9, 10});
}

TEST_CASE("the update of statistics is the one of the block's own training pass") {
  splitmix64 random(4);
  const MatrixXd x = random_like(MatrixXd(width, samples), random);
  const auto check = [&](const auto& phi, std::int64_t steps, const auto& keep) {
    CAPTURE(phi.size());
    CAPTURE(steps);
    const auto f = make_block<normalised_affine, rk4_classic>(phi, steps);
    const auto theta = normalised_affine::random_coefficients(phi.size(), width, random);
    auto ws = f.make_workspace(theta, x);
    auto expected = f.make_statistics(theta, x, {.momentum = .25});
    const continuous layer(f, keep);
    static_assert(kutta::stateful<std::remove_const_t<decltype(layer)>>);
    kutta::layer_pass pass(layer, theta, x);
    auto stats = layer.make_statistics(theta, x);
    for (int repeat = 1; repeat < 4; ++repeat) {
      const MatrixXd batch = repeat * x;
      f.train(theta, expected, batch, ws);
      pass.forward(theta, batch);
      pass.update_statistics(stats, .25);
      CHECK(distance(stats, expected.coefficients()) == 0);
      CHECK(pass.infer(theta, stats, batch) == f.infer(theta, expected, batch, ws));
    }
  };
  check(piecewise_constant(2), 2, kutta::keep::everything{});
  check(piecewise_constant(8), 1, kutta::keep::everything{});  // most cells see no stage
  check(hat(5), 2, kutta::keep::steps{});
  check(hat(9), 2, kutta::keep::binomial{1});  // some coefficients are left open
  check(hat(3), 4, kutta::keep::everything{});
}

TEST_CASE("of a whole model: a cell that no stage visits stays as it was") {
  splitmix64 random(5);
  const MatrixXd x = random_like(MatrixXd(width, samples), random);
  const sequential model{continuous(make_block<normalised_affine, euler>(piecewise_constant(4), 2)),
                         sequential{normalised_affine{}}};
  const std::tuple theta{normalised_affine::random_coefficients(4, width, random),
                         std::tuple{normalised_affine::random_coefficients(1, width, random)[0]}};
  kutta::layer_pass pass(model, theta, x);
  auto stats = model.make_statistics(theta, x);
  auto& [in_depth, behind] = stats;
  in_depth[1].mean.setConstant(42);
  pass.forward(theta, x);
  pass.update_statistics(stats, .5);
  CHECK(in_depth[1].mean == VectorXd::Constant(width, 42));
  CHECK(in_depth[3].var == VectorXd::Ones(width));
  const VectorXd mean = x.rowwise().mean();
  CHECK(in_depth[0].mean == .5 * mean);
  CHECK(in_depth[2].mean != VectorXd::Zero(width));
  CHECK(std::get<0>(behind).mean != VectorXd::Zero(width));
}

TEST_CASE("what is observed: the fit, and a new model's where no stage leads") {
  splitmix64 random(6);
  const MatrixXd x = random_like(MatrixXd(width, samples), random);
  const continuous layer(make_block<normalised_affine, euler>(piecewise_constant(2), 1));
  const auto theta = normalised_affine::random_coefficients(2, width, random);
  auto tape = layer.make_tape(theta, x);
  auto scratch = layer.make_scratch(theta, x);
  MatrixXd y = kutta::zeros_like(x);
  using plain = std::remove_const_t<decltype(layer)>;
  layer.forward(theta, x, y, tape, kutta::context<plain>{0, 1, 0, scratch});
  CHECK(layer.observed(tape)[0].mean == x.rowwise().mean());
  CHECK(layer.observed(tape)[1].mean == VectorXd::Zero(width));
  CHECK(layer.observed(tape)[1].var == VectorXd::Ones(width));
  const auto positive = layer.positive_statistics(layer.observed(tape));
  CHECK(positive.size() == 2);
  CHECK(positive[1].var == VectorXd::Ones(width));
}

TEST_CASE("what does not belong together") {
  splitmix64 random(7);
  const continuous layer(make_block<dense_sine, euler>(hat(3), 1));
  CHECK_THROWS_AS(
      layer.make_tape(dense_sine::random_coefficients(2, width, random), MatrixXd(width, samples)),
      std::invalid_argument);
  // Variances in Legendre's polynomials could become negative.
  const continuous normalised(make_block<normalised_affine, euler>(kutta::bases::legendre(2), 1));
  CHECK_THROWS_AS(normalised.make_tape(normalised_affine::random_coefficients(2, width, random),
                                       MatrixXd(width, samples)),
                  std::invalid_argument);
}
