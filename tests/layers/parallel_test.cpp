// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <random>
#include <stdexcept>
#include <tuple>

#include <Eigen/Core>
#include <doctest/doctest.h>

#include <kutta/eigen/tensor.hpp>
#include <kutta/layers/check_residual.hpp>
#include <kutta/layers/layer_pass.hpp>
#include <kutta/layers/stitch.hpp>
#include <kutta/tensor/shape.hpp>

#include "support/random.hpp"

namespace {

using Eigen::MatrixXd;
using kutta::layers::batch_norm;
using kutta::layers::conv2d;
using kutta::layers::identity;
using kutta::layers::image_shape;
using kutta::layers::parallel;
using kutta::test::random_like;

constexpr image_shape in{5, 4, 3};

/// A layer with random parameters, and images for it.
template <class L>
struct test_case {
  L layer;
  typename L::params theta;
  MatrixXd x;

  explicit test_case(L l, Eigen::Index samples = 6) : layer(std::move(l)) {
    kutta::test::splitmix64 random(4);
    std::mt19937 generator(1);
    theta = random_like(layer.make_params(generator), random);
    x = random_like(MatrixXd(static_cast<Eigen::Index>(in.size()), samples), random);
  }
  MatrixXd value() const { return kutta::layer_pass(layer, theta, x).forward(theta, x); }
};

template <class L>
MatrixXd value(const L& layer, const typename L::params& theta, const MatrixXd& x) {
  return kutta::layer_pass(layer, theta, x).forward(theta, x);
}

}  // namespace

TEST_CASE("the sum of two layers, and its derivatives") {
  const test_case test(parallel{conv2d<MatrixXd>(in, 2), conv2d<MatrixXd>(in, 2, {.kernel = 1})});
  const MatrixXd f = value(test.layer.first(), std::get<0>(test.theta), test.x);
  const MatrixXd g = value(test.layer.second(), std::get<1>(test.theta), test.x);
  CHECK(test.value() == f + g);
  const auto report = kutta::check_residual(test.layer, test.theta, test.x);
  CHECK_MESSAGE(report.ok(), report.text());
  static_assert(kutta::samples_independent<decltype(test.layer)>);
  static_assert(!kutta::stateful<decltype(test.layer)>);
}

TEST_CASE("the layers of a stitch, one behind the other") {
  const test_case test(kutta::layers::stitch<MatrixXd>(in, 6));
  const auto& [of_skip, of_h] = test.theta;
  const conv2d<MatrixXd> first(in, 6, {.stride = 2}), skip(in, 6, {.kernel = 1, .stride = 2});
  CHECK(first.output_shape() == image_shape{3, 2, 6});
  const conv2d<MatrixXd> second(first.output_shape(), 6);
  const batch_norm<MatrixXd, true> before(3), between(6);

  MatrixXd h = value(before, std::get<0>(of_h), test.x);
  h = value(first, std::get<1>(of_h), h);
  h = value(between, std::get<2>(of_h), h);
  h = value(second, std::get<3>(of_h), h);
  MatrixXd s = value(skip, std::get<0>(of_skip), test.x);
  s = value(batch_norm<MatrixXd>(6), std::get<1>(of_skip), s);
  CHECK((test.value() - s - h).cwiseAbs().maxCoeff() <= 1e-13);  // sums in another order

  const auto report = kutta::check_residual(test.layer, test.theta, test.x);
  CHECK_MESSAGE(report.ok(), report.text());
}

TEST_CASE("a residual unit is x + R(x)") {
  const test_case test(kutta::layers::residual_unit<MatrixXd>(in));
  const auto r = kutta::layers::normalised_convolutions<MatrixXd>(in, 3);
  CHECK(test.value() == test.x + value(r, std::get<1>(test.theta), test.x));
  const auto report = kutta::check_residual(test.layer, test.theta, test.x);
  CHECK_MESSAGE(report.ok(), report.text());
}

TEST_CASE("parameters as the papers count them") {
  std::mt19937 generator(1);
  const auto count = [&](const auto& layer) {
    return kutta::element_count(layer.make_params(generator));
  };
  // 18 C² + 4 C, and between 16 and 32 channels what Stateful ODE-Nets' shallow model needs.
  CHECK(count(kutta::layers::residual_unit<MatrixXd>({28, 28, 10})) == 1840);
  CHECK(count(kutta::layers::residual_unit<MatrixXd>({32, 32, 16})) == 4672);
  CHECK(count(kutta::layers::stitch<MatrixXd>({32, 32, 16}, 32)) == 14'496);
}

TEST_CASE("statistics of both branches: inference, what is observed, the update") {
  const test_case test(kutta::layers::stitch<MatrixXd>(in, 6));
  using layer = decltype(test.layer);
  static_assert(kutta::stateful<layer> && std::tuple_size_v<layer::statistics> == 2);
  kutta::layer_pass pass(test.layer, test.theta, test.x);
  auto stats = test.layer.make_statistics(test.theta, test.x);
  const auto fresh = stats;
  const MatrixXd y = pass.forward(test.theta, test.x);
  pass.update_statistics(stats, 1);
  // Statistics of one batch alone: inference is training.
  CHECK((pass.infer(test.theta, stats, test.x) - y).cwiseAbs().maxCoeff() <= 1e-13);

  auto quarter = fresh;
  pass.forward(test.theta, test.x);
  pass.update_statistics(quarter, .25);
  auto expected = fresh;
  kutta::combine(expected, kutta::scaled{.75, fresh}, kutta::scaled{.25, stats});
  kutta::add(expected, expected, kutta::scaled{-1, quarter});
  CHECK(kutta::inner_product(expected, expected) <= 1e-28);

  const auto positive = test.layer.positive_statistics(stats);
  CHECK(std::get<1>(std::get<1>(positive)).var == MatrixXd::Ones(6, 1));
  CHECK(std::get<0>(std::get<0>(positive)).mean == MatrixXd::Zero(6, 1));
}

TEST_CASE("branches of different shapes") {
  const parallel layer(conv2d<MatrixXd>(in, 2), identity<MatrixXd>{});
  std::mt19937 generator(1);
  const auto theta = layer.make_params(generator);
  CHECK_THROWS_WITH_AS(layer.make_output(theta, MatrixXd::Zero(60, 4)),
                       "parallel: the second layer's output: expected shape (40, 4), got (60, 4)",
                       std::invalid_argument);
}
