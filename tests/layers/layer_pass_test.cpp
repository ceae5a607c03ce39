// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <random>
#include <stdexcept>
#include <vector>

#include <Eigen/Core>
#include <doctest/doctest.h>

#include <kutta/eigen/tensor.hpp>
#include <kutta/layers/batch_norm.hpp>
#include <kutta/layers/conv2d.hpp>
#include <kutta/layers/dense.hpp>
#include <kutta/layers/layer_pass.hpp>
#include <kutta/layers/sequential.hpp>

#include "support/random.hpp"

namespace {

using Eigen::MatrixXd;
using namespace kutta::layers;
using kutta::test::random_like;

/// ½ Σ y², whose gradient is y.
double half_square(const MatrixXd& y, std::size_t, MatrixXd& dy) {
  dy += y;
  return .5 * y.squaredNorm();
}

}  // namespace

TEST_CASE("loss and gradient of a model, against differences") {
  const sequential model{conv2d<MatrixXd>({4, 4, 2}, 3), batch_norm<MatrixXd>(3),
                         dense<MatrixXd>({4, 4, 3}, 2)};
  std::mt19937 generator(1);
  kutta::test::splitmix64 random(2);
  auto theta = random_like(model.make_params(generator), random);
  const MatrixXd x = random_like(MatrixXd(32, 5), random);
  kutta::layer_pass pass(model, theta, x);
  auto dtheta = kutta::zeros_like(theta);
  const double value = pass.gradient(theta, x, half_square, dtheta);
  const MatrixXd dx = pass.dx();
  CHECK(value == .5 * pass.y().squaredNorm());

  const auto direction = random_like(theta, random);
  const MatrixXd vx = random_like(x, random);
  const auto moved = [&](double t) {
    auto other = theta;
    kutta::add(other, other, kutta::scaled{t, direction});
    return .5 * pass.forward(other, x + t * vx).squaredNorm();
  };
  const double slope = kutta::inner_product(dtheta, direction) + dx.cwiseProduct(vx).sum();
  const double h = 1e-4;
  const double difference =
      (8 * (moved(h) - moved(-h)) - (moved(2 * h) - moved(-2 * h))) / (12 * h);
  CHECK(std::abs(difference - slope) <= 1e-9 * std::abs(slope));

  // A second call adds to dtheta, not to dx.
  auto twice = dtheta;
  pass.gradient(theta, x, half_square, twice);
  CHECK(pass.dx() == dx);
  kutta::add(twice, twice, kutta::scaled{-2, dtheta});
  CHECK(kutta::inner_product(twice, twice) <= 1e-24 * kutta::inner_product(dtheta, dtheta));
}

TEST_CASE("the running average of each layer moves by its share") {
  const sequential model{batch_norm<MatrixXd>(2), sequential{batch_norm<MatrixXd>(2)}};
  std::mt19937 generator(1);
  kutta::test::splitmix64 random(3);
  const auto theta = model.make_params(generator);
  const MatrixXd x = random_like(MatrixXd(8, 3), random, 1, 4);
  kutta::layer_pass pass(model, theta, x);
  pass.forward(theta, x);
  auto stats = model.make_statistics(theta, x);
  pass.update_statistics(stats, .1);
  const Eigen::Map<const MatrixXd> by_channel(x.data(), 2, 12);
  const Eigen::VectorXd mean = by_channel.rowwise().mean();
  const Eigen::VectorXd var = (by_channel.colwise() - mean).rowwise().squaredNorm() / 12;
  CHECK((std::get<0>(stats).mean - .1 * mean).norm() <= 1e-14);
  CHECK((std::get<0>(stats).var.array() - .9 - .1 * var.array()).matrix().norm() <= 1e-14);
  CHECK((std::get<0>(std::get<1>(stats)).var.array() - 1).abs().maxCoeff() <= 1e-5);  // of ones
  CHECK(std::get<0>(std::get<1>(stats)).mean.norm() <= 1e-14);
}

TEST_CASE("a batch of another size") {
  const dense<MatrixXd> layer({1, 1, 4}, 3);
  std::mt19937 generator(1);
  const auto theta = layer.make_params(generator);
  kutta::layer_pass pass(layer, theta, MatrixXd(MatrixXd::Zero(4, 2)));
  CHECK_THROWS_WITH_AS(pass.forward(theta, MatrixXd::Zero(4, 3)),
                       "layer_pass: x: expected shape (4, 2), got (4, 3)", std::invalid_argument);
}

TEST_CASE("results do not depend on the number of threads") {
  const sequential model{conv2d<MatrixXd>({4, 4, 2}, 3), batch_norm<MatrixXd, true>(3),
                         dense<MatrixXd>({4, 4, 3}, 2)};
  std::mt19937 generator(1);
  kutta::test::splitmix64 random(2);
  const auto theta = random_like(model.make_params(generator), random);
  const MatrixXd x = random_like(MatrixXd(32, 21), random);
  kutta::layer_pass alone(model, theta, x), shared(model, theta, x, 2);
  auto dtheta = kutta::zeros_like(theta), other = dtheta;
  CHECK(alone.gradient(theta, x, half_square, dtheta) ==
        shared.gradient(theta, x, half_square, other));
  CHECK(alone.y() == shared.y());
  CHECK(alone.dx() == shared.dx());
  kutta::add(other, other, kutta::scaled{-1, dtheta});
  CHECK(kutta::inner_product(other, other) == 0);
  CHECK_THROWS_WITH_AS(kutta::layer_pass(model, theta, x, 0),
                       "layer_pass: threads must be at least 1, got 0", std::invalid_argument);
}
