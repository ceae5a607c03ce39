// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cmath>
#include <cstddef>
#include <random>
#include <tuple>
#include <utility>
#include <vector>

#include <Eigen/Core>
#include <doctest/doctest.h>

#include <kutta/basis/hat.hpp>
#include <kutta/basis/running_statistics.hpp>
#include <kutta/eigen/tensor.hpp>
#include <kutta/layers/dense.hpp>
#include <kutta/layers/dropout.hpp>
#include <kutta/layers/elementwise.hpp>
#include <kutta/layers/layer_pass.hpp>
#include <kutta/layers/sequential.hpp>
#include <kutta/ode/continuous.hpp>
#include <kutta/ode/execution.hpp>
#include <kutta/ode/ode_block.hpp>
#include <kutta/schemes/fourth_order.hpp>
#include <kutta/tensor/host_copy.hpp>

#include "support/random.hpp"

namespace {

using Eigen::MatrixXd;
using kutta::bases::hat;
using kutta::layers::dense;
using kutta::layers::dropout;
using kutta::schemes::rk4_classic;
using kutta::test::random_like;

auto make_residual(double rate) {
  return kutta::layers::sequential{dense<MatrixXd>({1, 1, 3}, 8), kutta::layers::tanh<MatrixXd>{},
                                   dropout<MatrixXd>({.rate = rate, .seed = 2}),
                                   dense<MatrixXd>({1, 1, 8}, 3)};
}
using dropping = decltype(make_residual(0.));
using block = kutta::ode_block<dropping, rk4_classic, hat>;

struct dropout_case {
  block f{make_residual(0.4), hat(3), {.steps = 4}};
  kutta::test::splitmix64 random{1};
  block::coefficients theta = make_theta();
  MatrixXd x0 = random_like(MatrixXd(3, 10), random);

  block::coefficients make_theta() {
    std::mt19937 generator(1);
    block::coefficients coefficients;
    for (int k = 0; k < 3; ++k)
      coefficients.push_back(random_like(f.residual().make_params(generator), random));
    return coefficients;
  }
};

double squares(const MatrixXd& x1, MatrixXd& dx) {
  dx += x1;
  return x1.squaredNorm() / 2;
}

}  // namespace

TEST_CASE("the reverse pass drops what the forward pass dropped, whatever is kept of it") {
  dropout_case c;
  const auto gradient = [&](const auto& keep) {
    auto ws = c.f.make_workspace(c.theta, c.x0, keep);
    auto dtheta = kutta::zeros_like(c.theta);
    MatrixXd dx = c.f.forward(c.theta, c.x0, ws);
    c.f.backprop(c.theta, dx, dtheta, ws);
    return std::pair{std::move(dx), kutta::copy_to_host(dtheta)};
  };
  const auto [dx, dtheta] = gradient(kutta::keep::everything{});
  CHECK((gradient(kutta::keep::steps{}) == std::pair{dx, dtheta}));
  CHECK((gradient(kutta::keep::binomial{2}) == std::pair{dx, dtheta}));

  // Differences, with the mask of pass 1 again and again.
  const auto loss = [&](const MatrixXd& x0) {
    auto ws = c.f.make_workspace(c.theta, x0);
    return c.f.forward(c.theta, x0, ws).squaredNorm() / 2;
  };
  const MatrixXd v = random_like(c.x0, c.random);
  const auto slope = [&](double h) { return (loss(c.x0 + h * v) - loss(c.x0 - h * v)) / (2 * h); };
  const double difference = (4 * slope(5e-4) - slope(1e-3)) / 3;
  CHECK(std::abs(dx.cwiseProduct(v).sum() - difference) <= 1e-8 * std::abs(difference));
}

TEST_CASE("tiles on any number of threads drop the same, pass after pass") {
  dropout_case c;
  const auto three_passes = [&](std::size_t threads, std::size_t tile) {
    auto ws = c.f.make_workspace(c.theta, c.x0, {.threads = threads, .tile = tile, .shards = 10});
    std::vector<double> values;
    for (int i = 0; i < 3; ++i) {
      MatrixXd dx = 0 * c.x0;
      auto dtheta = kutta::zeros_like(c.theta);
      values.push_back(c.f.gradient(
          c.theta, c.x0,
          [](const MatrixXd& x1, std::size_t, MatrixXd& g) { return squares(x1, g); }, dx, dtheta,
          ws));
      values.push_back(dx.sum());
      values.push_back(kutta::inner_product(dtheta, dtheta));
    }
    return values;
  };
  const auto one = three_passes(1, 3);
  CHECK(three_passes(2, 3) == one);
  CHECK(three_passes(4, 3) == one);
  CHECK(std::abs(one[0] - one[3]) > 1e-3);
  const auto whole = three_passes(1, 10);
  for (std::size_t i = 0; i < one.size(); ++i)
    CHECK(std::abs(one[i] - whole[i]) <= 1e-12 * std::abs(whole[i]));

  auto ws = c.f.make_workspace(c.theta, c.x0);
  const double plain = c.f.forward(c.theta, c.x0, ws).squaredNorm() / 2;
  CHECK(std::abs(plain - one[0]) <= 1e-13 * plain);
}

TEST_CASE("inference does not drop, in a block and in a model around it") {
  dropout_case c;
  auto ws = c.f.make_workspace(c.theta, c.x0);
  auto stats = c.f.make_statistics(c.theta, c.x0);
  const kutta::ode_block<dropping, rk4_classic, hat> plain{make_residual(0), hat(3), {.steps = 4}};
  const MatrixXd expected = plain(c.theta, c.x0);
  const MatrixXd trained = c.f.train(c.theta, stats, c.x0, ws);
  CHECK((trained - expected).cwiseAbs().maxCoeff() > 1e-2);
  CHECK(c.f.infer(c.theta, stats, c.x0, ws) == expected);

  const kutta::layers::sequential model{kutta::layers::continuous(c.f),
                                        dropout<MatrixXd>({.rate = 0.5, .seed = 7})};
  const std::tuple theta{c.theta, std::array<double, 0>{}};
  kutta::layer_pass pass(model, theta, c.x0);
  auto model_stats = model.make_statistics(theta, c.x0);
  const MatrixXd y = pass.forward(theta, c.x0);
  // Pass 1, as above: the block drops the same; the layer behind it halves or doubles.
  CHECK((y.array() == 0 || (y - 2 * trained).array().abs() <= 1e-15).all());
  pass.update_statistics(model_stats, 0.1);
  CHECK(pass.infer(theta, model_stats, c.x0) == expected);
}
