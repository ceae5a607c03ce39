// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstdint>
#include <stdexcept>
#include <vector>

#include <Eigen/Core>
#include <doctest/doctest.h>

#include <kutta/basis/hat.hpp>
#include <kutta/basis/legendre.hpp>
#include <kutta/basis/piecewise_constant.hpp>
#include <kutta/basis/running_statistics.hpp>
#include <kutta/layers/check_residual.hpp>
#include <kutta/ode/ode_block.hpp>
#include <kutta/schemes/first_order.hpp>
#include <kutta/schemes/fourth_order.hpp>

#include "support/normalised_affine.hpp"
#include "support/random.hpp"

namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;
using kutta::bases::hat;
using kutta::bases::piecewise_constant;
using kutta::schemes::euler;
using kutta::schemes::rk4_classic;
using kutta::test::normalised_affine;
using kutta::test::random_like;
using statistics = normalised_affine::statistics;

constexpr Eigen::Index width = 3, samples = 6;

template <class S, class B>
struct test_case {
  using block = kutta::ode_block<normalised_affine, S, B>;

  block f;
  kutta::test::splitmix64 random{1};
  typename block::coefficients theta =
      normalised_affine::random_coefficients(f.basis().size(), width, random);
  MatrixXd x0 = random_like(MatrixXd(width, samples), random);

  test_case(B phi, std::int64_t steps) : f(normalised_affine{}, phi, {.steps = steps}) {}
};

/// A ResNet of N layers with batch normalisation, written out.
struct resnet {
  std::vector<normalised_affine::params> theta;
  std::vector<statistics> running;
  double h, momentum;

  MatrixXd train(MatrixXd x) {
    for (std::size_t n = 0; n < theta.size(); ++n) {
      const VectorXd mean = x.rowwise().mean();
      const VectorXd var =
          (x.colwise() - mean).rowwise().squaredNorm() / static_cast<double>(x.cols());
      running[n].mean = (1 - momentum) * running[n].mean + momentum * mean;
      running[n].var = (1 - momentum) * running[n].var + momentum * var;
      x += h * layer(theta[n], mean, var, x);
    }
    return x;
  }
  MatrixXd infer(MatrixXd x) const {
    for (std::size_t n = 0; n < theta.size(); ++n)
      x += h * layer(theta[n], running[n].mean, running[n].var, x);
    return x;
  }
  static MatrixXd layer(const normalised_affine::params& p, const VectorXd& mean,
                        const VectorXd& var, const MatrixXd& x) {
    const VectorXd scale = (var.array() + normalised_affine::epsilon).rsqrt();
    const MatrixXd z = scale.asDiagonal() * (x.colwise() - mean);
    MatrixXd y = p.w * z;
    y.colwise() += p.b;
    return y;
  }
};

}  // namespace

TEST_CASE("the residual of these tests is its own derivative") {
  kutta::test::splitmix64 random(3);
  const auto theta = normalised_affine::random_coefficients(1, width, random);
  const auto report = kutta::check_residual(normalised_affine{}, theta[0],
                                            random_like(MatrixXd(width, samples), random));
  CHECK_MESSAGE(report.ok(), report.text());
}

TEST_CASE("Euler, piecewise constant, K = N: a ResNet with a batch normalisation in each layer") {
  for (const auto rule : {kutta::update_rule::simultaneous, kutta::update_rule::in_order})
    for (std::int64_t n : {1, 2, 5, 7, 12}) {
      CAPTURE(n);
      const test_case<euler, piecewise_constant> test(piecewise_constant(n), n);
      auto ws = test.f.make_workspace(test.theta, test.x0);
      auto stats = test.f.make_statistics(test.theta, test.x0, {.momentum = .1, .rule = rule});
      resnet twin{test.theta,
                  std::vector<statistics>(static_cast<std::size_t>(n),
                                          {VectorXd::Zero(width), VectorXd::Ones(width)}),
                  1. / static_cast<double>(n), .1};
      for (int pass = 0; pass < 3; ++pass) {
        const MatrixXd x = test.x0 * (1 + pass);
        CHECK(test.f.train(test.theta, stats, x, ws) == twin.train(x));
        for (std::size_t k = 0; k < twin.running.size(); ++k) {
          CHECK(stats.coefficients()[k].mean == twin.running[k].mean);
          CHECK(stats.coefficients()[k].var == twin.running[k].var);
        }
        CHECK(test.f.infer(test.theta, stats, x, ws) == twin.infer(x));
      }
    }
}

TEST_CASE("the update is the fit of the cloud of averages") {
  const auto check = [](const auto& phi, std::int64_t steps) {
    CAPTURE(steps);
    const test_case<rk4_classic, std::decay_t<decltype(phi)>> test(phi, steps);
    auto ws = test.f.make_workspace(test.theta, test.x0);
    auto stats = test.f.make_statistics(test.theta, test.x0, {.momentum = .25});
    for (int pass = 0; pass < 2; ++pass) {
      const auto old = stats.coefficients();
      test.f.train(test.theta, stats, test.x0, ws);
      std::vector<kutta::depth_sample<statistics>> cloud;
      statistics room = kutta::zeros_like(old[0]);
      const kutta::rational c[] = {0, {1, 2}, {1, 2}, 1};
      for (std::int64_t n = 0; n < steps; ++n)
        for (std::size_t i = 0; i < 4; ++i) {
          const auto s = kutta::stage_depth(n, steps, c[i]);
          const auto& seen = ws.history.record(n).tapes[i].batch;
          cloud.push_back({s, kutta::zeros_like(old[0])});
          kutta::combine(cloud.back().value, kutta::scaled{.75, kutta::evaluate(phi, s, old, room)},
                         kutta::scaled{.25, seen});
        }
      const auto expected =
          kutta::fit(cloud, phi, old, normalised_affine{}.positive_statistics(old[0]));
      for (std::size_t k = 0; k < old.size(); ++k) {
        CAPTURE(k);
        CHECK((stats.coefficients()[k].mean - expected[k].mean).norm() <= 1e-13);
        CHECK((stats.coefficients()[k].var - expected[k].var).norm() <= 1e-13);
        CHECK(stats.coefficients()[k].var.minCoeff() > 0);
      }
    }
  };
  check(piecewise_constant(2), 2);
  check(piecewise_constant(3), 4);
  check(hat(3), 4);
  check(hat(5), 2);  // 8 samples, two of which lie at 1/2
  check(hat(9), 2);  // some coefficients are left open, some untouched
  check(piecewise_constant(8), 1);
}

TEST_CASE("two cells, RK4, two steps: each coefficient is the mean of its four averages") {
  const test_case<rk4_classic, piecewise_constant> test(piecewise_constant(2), 2);
  auto ws = test.f.make_workspace(test.theta, test.x0);
  auto stats = test.f.make_statistics(test.theta, test.x0, {.momentum = 1});
  test.f.train(test.theta, stats, test.x0, ws);
  for (std::int64_t n = 0; n < 2; ++n) {
    VectorXd mean = VectorXd::Zero(width);
    for (std::size_t i = 0; i < 4; ++i) mean += ws.history.record(n).tapes[i].batch.mean / 4;
    CHECK((stats.coefficients()[static_cast<std::size_t>(n)].mean - mean).norm() <= 1e-15);
  }
}

TEST_CASE("in order: after each stage the statistics there are the average") {
  const hat phi(3);
  kutta::running_statistics<double, hat> stats(
      phi, {1., 2., 4.}, 0, {.momentum = .5, .rule = kutta::update_rule::in_order});
  stats.begin();
  const kutta::depth quarter{1, 4};
  stats.observe(quarter, 5.);  // 1.5 before, so 3.25: both neighbours move by the same 1.75
  CHECK(stats.coefficients() == std::vector{2.75, 3.75, 4.});
  stats.observe({1, 1, 0, kutta::side::left}, 0.);
  CHECK(stats.coefficients() == std::vector{2.75, 3.75, 2.});
  stats.end();
  CHECK(stats.coefficients() == std::vector{2.75, 3.75, 2.});
}

TEST_CASE("a fit that extrapolates below zero stays positive where it must") {
  // Two hats, samples at 0 and 1/2: rows (1, 0) and (-1, 2).
  const auto after = [](double positive) {
    kutta::running_statistics<double, hat> stats(hat(2), {1., 1.}, positive, {.momentum = 1});
    stats.begin();
    stats.observe({0, 1}, 8.);
    stats.observe({1, 2}, 3.);
    stats.end();
    return stats.coefficients();
  };
  CHECK(std::abs(after(0)[1] + 2) <= 1e-14);
  CHECK(std::abs(after(1)[0] - 8) <= 1e-14);
  CHECK(after(1)[1] == 3);
}

TEST_CASE("only train changes the statistics, and backprop is that of the training map") {
  const test_case<rk4_classic, hat> test(hat(3), 4);
  auto stats = test.f.make_statistics(test.theta, test.x0);
  auto ws = test.f.make_workspace(test.theta, test.x0, kutta::keep::binomial{2});
  const MatrixXd x1 = test.f.train(test.theta, stats, test.x0, ws);
  const auto trained = stats.coefficients();
  const auto unchanged = [&] {
    bool same = true;
    for (std::size_t k = 0; k < trained.size(); ++k)
      same = same && stats.coefficients()[k].mean == trained[k].mean &&
             stats.coefficients()[k].var == trained[k].var;
    return same;
  };
  MatrixXd dx = x1;
  auto dtheta = kutta::zeros_like(test.theta);
  test.f.backprop(test.theta, dx, dtheta, ws);  // runs stages again
  CHECK(unchanged());
  test.f.infer(test.theta, stats, test.x0, ws);
  CHECK(unchanged());
  MatrixXd again = x1;
  CHECK_THROWS_AS(test.f.backprop(test.theta, again, dtheta, ws), std::logic_error);  // no record

  auto plain = test.f.make_workspace(test.theta, test.x0);
  CHECK(test.f.forward(test.theta, test.x0, plain) == x1);
  auto dtheta_plain = kutta::zeros_like(test.theta);
  test.f.backprop(test.theta, again, dtheta_plain, plain);
  CHECK(again == dx);
  CHECK(dtheta_plain[1].w == dtheta[1].w);
  CHECK(unchanged());
}

TEST_CASE("statistics learnt from one batch reproduce it in inference") {
  const test_case<rk4_classic, piecewise_constant> test(piecewise_constant(4), 4);
  auto stats = test.f.make_statistics(test.theta, test.x0, {.momentum = .3});
  auto ws = test.f.make_workspace(test.theta, test.x0);
  for (int pass = 0; pass < 200; ++pass) test.f.train(test.theta, stats, test.x0, ws);
  // The fixed point of the averages: the mean over the stages of a cell.
  for (std::size_t k = 0; k < 4; ++k) {
    VectorXd mean = VectorXd::Zero(width);
    const auto& tapes = ws.history.record(static_cast<std::int64_t>(k)).tapes;
    for (std::size_t i = 0; i < 4; ++i) mean += tapes[i].batch.mean / 4;
    CHECK((stats.coefficients()[k].mean - mean).norm() <= 1e-13);
  }
}

TEST_CASE("a family of their own: weights in Legendre's polynomials, statistics on cells") {
  const test_case<rk4_classic, kutta::bases::legendre> test(kutta::bases::legendre(3), 4);
  auto stats = test.f.make_statistics(test.theta, test.x0, piecewise_constant(4));
  auto ws = test.f.make_workspace(test.theta, test.x0);
  test.f.train(test.theta, stats, test.x0, ws);
  CHECK(stats.coefficients().size() == 4);
  CHECK(stats.coefficients()[3].mean != VectorXd::Zero(width));
}

TEST_CASE("what running statistics cannot be") {
  const test_case<rk4_classic, kutta::bases::legendre> test(kutta::bases::legendre(3), 4);
  CHECK_THROWS_WITH_AS(test.f.make_statistics(test.theta, test.x0),
                       "running_statistics: statistics that stay positive expect a family of "
                       "non-negative members that sum to 1",
                       std::invalid_argument);
  using scalars = kutta::running_statistics<double, hat>;
  CHECK_THROWS_WITH_AS(scalars(hat(3), {1., 2.}, 0),
                       "running_statistics: expected K = 3 coefficients, got 2",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(scalars(hat(1), {1.}, 0, {.momentum = 1.5}),
                       "running_statistics: momentum must be in [0, 1], got 1.500000",
                       std::invalid_argument);
}
