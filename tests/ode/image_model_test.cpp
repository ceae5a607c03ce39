// SPDX-License-Identifier: Apache-2.0
// Compiled with -ffp-contract=off: see resnet_test.cpp.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <tuple>
#include <utility>
#include <vector>

#include <Eigen/Core>
#include <doctest/doctest.h>

#include <kutta/basis/piecewise_constant.hpp>
#include <kutta/eigen/tensor.hpp>
#include <kutta/layers/average_pool.hpp>
#include <kutta/layers/check_residual.hpp>
#include <kutta/layers/dense.hpp>
#include <kutta/layers/layer_pass.hpp>
#include <kutta/layers/stitch.hpp>
#include <kutta/ode/continuous.hpp>
#include <kutta/schemes/first_order.hpp>
#include <kutta/schemes/fourth_order.hpp>
#include <kutta/schemes/second_order.hpp>
#include <kutta/train/losses.hpp>
#include <kutta/train/sgd.hpp>

#include "support/random.hpp"

namespace {

using Eigen::MatrixXd;
using kutta::bases::piecewise_constant;
using kutta::schemes::euler;
using kutta::schemes::midpoint;
using kutta::schemes::rk4_classic;
using kutta::test::random_like;
using kutta::test::splitmix64;
using namespace kutta::layers;

/// conv – BN – ReLU, a unit, a block of K cells and N steps, BN – average – dense.
template <class S>
auto make_model(const image_shape& in, std::size_t channels, std::size_t window,
                std::size_t classes, std::int64_t size, std::int64_t steps) {
  const image_shape inner{in.height, in.width, channels};
  const auto r = normalised_convolutions<MatrixXd>(inner, channels);
  const kutta::ode_block<std::remove_const_t<decltype(r)>, S, piecewise_constant> f{
      r, piecewise_constant(size), {.steps = steps}};
  const average_pool<MatrixXd> pool(inner, {window, window, window});
  return sequential{conv2d<MatrixXd>(in, channels),
                    batch_norm<MatrixXd, true>(channels),
                    residual_unit<MatrixXd>(inner),
                    continuous(f),
                    batch_norm<MatrixXd>(channels),
                    pool,
                    dense<MatrixXd>(pool.output_shape(), classes)};
}

constexpr image_shape small{8, 8, 1};

template <class L>
MatrixXd value(const L& layer, const typename L::params& theta, const MatrixXd& x) {
  return kutta::layer_pass(layer, theta, x).forward(theta, x);
}
template <class L>
MatrixXd inferred(const L& layer, const typename L::params& theta,
                  const typename L::statistics& stats, const MatrixXd& x) {
  return kutta::layer_pass(layer, theta, x).infer(theta, stats, x);
}

/// Bars that stand, lie or lean, somewhere in 6 × 6 pixels, with noise.
std::pair<MatrixXd, std::vector<int>> bars(std::size_t n, splitmix64& random) {
  std::pair<MatrixXd, std::vector<int>> set{
      random_like(MatrixXd(36, static_cast<Eigen::Index>(n)), random, -.3, .3), {}};
  for (std::size_t s = 0; s < n; ++s) {
    const int label = static_cast<int>(s % 4), place = static_cast<int>(random() % 6);
    for (int i = 0; i < 6; ++i) {
      const int row = label == 1 ? place : i;
      const int column = label == 0 ? place : label == 1 ? i : label == 2 ? i + place : place - i;
      set.first(6 * row + (column + 6) % 6, static_cast<Eigen::Index>(s)) += 1;
    }
    set.second.push_back(label);
  }
  return set;
}

double share_right(const MatrixXd& scores, const std::vector<int>& labels) {
  double right = 0;
  for (Eigen::Index i = 0; i < scores.cols(); ++i) {
    Eigen::Index best = 0;
    scores.col(i).maxCoeff(&best);
    if (best == labels[static_cast<std::size_t>(i)]) ++right;
  }
  return right / static_cast<double>(labels.size());
}

}  // namespace

TEST_CASE("the gradient of a whole model") {
  const auto model = make_model<rk4_classic>({5, 4, 1}, 2, 2, 3, 2, 2);
  splitmix64 random(1);
  std::mt19937 generator(1);
  const auto theta = random_like(model.make_params(generator), random);
  const auto report = kutta::check_residual(model, theta, random_like(MatrixXd(20, 3), random));
  CHECK_MESSAGE(report.ok(), report.text());
}

TEST_CASE("Euler, K = N: a residual network with batch normalisation, bit for bit") {
  const std::int64_t depth = 5;
  const auto model = make_model<euler>(small, 3, 4, 5, depth, depth);
  splitmix64 random(2);
  std::mt19937 generator(2);
  const auto theta = random_like(model.make_params(generator), random);
  const MatrixXd x = random_like(MatrixXd(64, 4), random);
  kutta::layer_pass pass(model, theta, x);
  auto stats = model.make_statistics(theta, x);
  const MatrixXd y = pass.forward(theta, x);
  pass.update_statistics(stats, .5);
  const MatrixXd y_inferred = pass.infer(theta, stats, x);

  const auto& r = model.get<3>().get().residual();
  const double h = 1. / static_cast<double>(depth);
  MatrixXd u = value(model.get<0>(), std::get<0>(theta), x);
  u = value(model.get<1>(), std::get<1>(theta), u);
  u = value(model.get<2>(), std::get<2>(theta), u);
  for (const auto& theta_n : std::get<3>(theta)) u = u + h * value(r, theta_n, u);
  u = value(model.get<4>(), std::get<4>(theta), u);
  u = value(model.get<5>(), std::get<5>(theta), u);
  CHECK(value(model.get<6>(), std::get<6>(theta), u) == y);

  u = value(model.get<0>(), std::get<0>(theta), x);
  u = inferred(model.get<1>(), std::get<1>(theta), std::get<0>(stats), u);
  u = inferred(model.get<2>(), std::get<2>(theta), std::get<1>(stats), u);
  for (std::size_t n = 0; n < 5; ++n)
    u = u + h * inferred(r, std::get<3>(theta)[n], std::get<2>(stats)[n], u);
  u = inferred(model.get<4>(), std::get<4>(theta), std::get<3>(stats), u);
  u = value(model.get<5>(), std::get<5>(theta), u);
  CHECK(value(model.get<6>(), std::get<6>(theta), u) == y_inferred);
}

TEST_CASE("the MNIST model of Stateful ODE-Nets: 17,600, 10,240 and 6,560 parameters") {
  std::mt19937 generator(1);
  const auto count = [&](std::int64_t size) {
    const auto model = make_model<rk4_classic>({28, 28, 1}, 10, 8, 10, size, size);
    return kutta::element_count(model.make_params(generator));
  };
  CHECK(count(8) == 17'600);
  CHECK(count(4) == 10'240);
  CHECK(count(2) == 6'560);
}

TEST_CASE("32 images are learnt by heart") {
  const auto model = make_model<midpoint>({6, 6, 1}, 4, 3, 4, 2, 2);
  splitmix64 random(3);
  std::mt19937 generator(3);
  const auto [x, labels] = bars(32, random);
  auto theta = model.make_params(generator);
  auto stats = model.make_statistics(theta, x);
  auto dtheta = kutta::zeros_like(theta);
  kutta::layer_pass pass(model, theta, x);
  kutta::sgd optimiser(theta, {.rate = .1, .momentum = .9, .weight_decay = 5e-4});
  const kutta::cross_entropy loss(labels);
  const double first = pass.gradient(theta, x, loss, dtheta);
  double last = first;
  for (int step = 0; step < 60; ++step) {
    kutta::set_zero(dtheta);
    last = pass.gradient(theta, x, loss, dtheta);
    pass.update_statistics(stats, .1);
    optimiser.step(theta, dtheta);
  }
  CHECK(last <= .05 * first);
  CHECK(share_right(pass.y(), labels) == 1);
  CHECK(share_right(pass.infer(theta, stats, x), labels) == 1);
}

TEST_CASE("a model and a block train to the same bits on one thread and on two") {
  const auto model = make_model<rk4_classic>(small, 3, 4, 5, 2, 2);
  splitmix64 random(4);
  std::mt19937 generator(4);
  const auto theta = random_like(model.make_params(generator), random);
  const MatrixXd x = random_like(MatrixXd(64, 13), random);
  const std::vector<int> labels{0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0, 1, 2};
  const auto same = [](const auto& a, const auto& b) {
    auto difference = a;
    kutta::add(difference, a, kutta::scaled{-1, b});
    return kutta::inner_product(difference, difference) == 0;
  };
  kutta::layer_pass alone(model, theta, x), shared(model, theta, x, 2);
  auto dtheta = kutta::zeros_like(theta), dtheta_shared = dtheta;
  const kutta::cross_entropy loss(labels);
  CHECK(alone.gradient(theta, x, loss, dtheta) == shared.gradient(theta, x, loss, dtheta_shared));
  CHECK(same(dtheta, dtheta_shared));
  CHECK(same(alone.dx(), shared.dx()));
  auto stats = model.make_statistics(theta, x), stats_shared = stats;
  alone.update_statistics(stats, .1);
  shared.update_statistics(stats_shared, .1);
  CHECK(same(stats, stats_shared));
  CHECK(alone.infer(theta, stats, x) == shared.infer(theta, stats, x));

  const auto& f = model.get<3>().get();
  const auto& weights = std::get<3>(theta);
  const MatrixXd u = random_like(MatrixXd(192, 13), random);
  auto whole = f.make_workspace(weights, u);
  auto threaded = f.make_workspace(weights, u, {.threads = 2});
  const auto half_square = [](const MatrixXd& y, std::size_t, MatrixXd& dy) {
    dy += y;
    return .5 * y.squaredNorm();
  };
  MatrixXd du = u, du_threaded = u;
  auto dweights = kutta::zeros_like(weights), dweights_threaded = dweights;
  CHECK(f.gradient(weights, u, half_square, du, dweights, whole) ==
        f.gradient(weights, u, half_square, du_threaded, dweights_threaded, threaded));
  CHECK(du == du_threaded);
  CHECK(same(dweights, dweights_threaded));
}
