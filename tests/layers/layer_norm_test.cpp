// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstddef>
#include <limits>
#include <random>
#include <stdexcept>
#include <vector>

#include <Eigen/Core>
#include <doctest/doctest.h>

#include <kutta/eigen/tensor.hpp>
#include <kutta/layers/check_residual.hpp>
#include <kutta/layers/layer_norm.hpp>
#include <kutta/layers/row_sums.hpp>
#include <kutta/tensor/shape.hpp>
#include <kutta/xtensor/tensor.hpp>

#include "support/random.hpp"

namespace {

using Eigen::MatrixXd;
using Eigen::MatrixXf;
using kutta::layers::layer_norm;
using kutta::test::random_like;
using sequences = xt::xtensor<double, 3>;

static_assert(kutta::residual<layer_norm<MatrixXf>> && kutta::has_jvp<layer_norm<MatrixXf>>);
static_assert(kutta::residual<layer_norm<sequences>> && !kutta::stateful<layer_norm<sequences>>);
static_assert(kutta::samples_independent<layer_norm<MatrixXd>>);

template <class X>
auto random_params(const layer_norm<X>& layer, kutta::test::splitmix64& random) {
  std::mt19937 generator(1);
  return random_like(layer.make_params(generator), random);
}

template <class X>
X value(const layer_norm<X>& layer, const kutta::layers::norm_params<X>& theta, const X& x) {
  auto saved = layer.make_tape(theta, x);
  X y = kutta::zeros_like(x);
  layer.forward(theta, x, y, saved);
  return y;
}

/// Against the formula in long double, row by row.
template <class X>
void check_rows(const X& x, std::size_t features, double mean) {
  CAPTURE(features);
  CAPTURE(mean);
  using scalar = kutta::scalar_t<X>;
  const layer_norm<X> layer(features);
  kutta::test::splitmix64 random(4);
  const auto theta = random_params(layer, random);
  const X y = value(layer, theta, x);
  // A number near the mean has lost ε |μ|/σ by being rounded; sums lose a few hundred ε at most.
  const double tolerance = (500 + 8 * mean) * std::numeric_limits<scalar>::epsilon();
  for (std::size_t row = 0; row < kutta::element_count(x); row += features) {
    const scalar* const a = x.data() + row;
    long double mu = 0, variance = 0;
    for (std::size_t i = 0; i < features; ++i) mu += a[i];
    mu /= static_cast<long double>(features);
    for (std::size_t i = 0; i < features; ++i) variance += (a[i] - mu) * (a[i] - mu);
    variance /= static_cast<long double>(features);
    for (std::size_t i = 0; i < features; ++i) {
      const long double expected =
          theta.gamma.data()[i] * (a[i] - mu) / std::sqrt(variance + 1e-6L) + theta.beta.data()[i];
      if (!(std::abs(static_cast<double>(y.data()[row + i] - expected)) <= tolerance)) {
        CAPTURE(row);
        CAPTURE(i);
        CHECK(y.data()[row + i] == static_cast<scalar>(expected));
      }
    }
  }
}

template <class X>
X random_matrix(std::size_t rows, Eigen::Index samples, double mean = 0) {
  kutta::test::splitmix64 random(3);
  const X x(static_cast<Eigen::Index>(rows), samples);
  return random_like(x, random, mean - 1, mean + 1);
}

}  // namespace

TEST_CASE("layer norm of rows that can be computed by hand") {
  const layer_norm<MatrixXd> layer(4, {.epsilon = 4});
  MatrixXd x(4, 2), expected(4, 2);
  x.col(0) << 1, 3, 5, 7;    // mean 4, variance 5
  x.col(1) << 10, 10, 2, 2;  // mean 6, variance 16
  const Eigen::Vector4d gamma(1, 2, 3, 4), beta(0, 0, 10, 0);
  expected.col(0) << -3. / 3, 2 * -1. / 3, 10 + 3 * 1. / 3, 4 * 3. / 3;
  expected.col(1) = Eigen::Vector4d(4, 8, -12, -16) / std::sqrt(20.) + beta;
  CHECK((value(layer, {gamma, beta}, x) - expected).cwiseAbs().maxCoeff() <= 4e-15);
}

TEST_CASE_TEMPLATE("layer norm is the plain loop, at any number of features", X, MatrixXf,
                   MatrixXd) {
  for (const std::size_t features : {1u, 2u, 3u, 10u, 16u, 17u, 128u, 5000u}) {
    check_rows(random_matrix<X>(features, 5), features, 0);
    check_rows(random_matrix<X>(features, 5, 1000), features, 1000);
  }
  check_rows(random_matrix<X>(6 * 10, 3), 10, 0);  // six tokens a sample
}

TEST_CASE("the variance does not suffer from the rounding of a mean far away") {
  kutta::test::splitmix64 random(9);
  std::vector<float> x(101);  // floats near 2¹⁷ are 1/64 apart, and so is the rounded mean
  double sum = 0, squares = 0;
  for (auto& a : x) {
    const auto k = static_cast<double>(random() % 4);
    a = static_cast<float>(131'072 + k / 64);
    sum += k, squares += k * k;
  }
  const auto m = kutta::detail::row_moments(x.data(), x.size());
  const double mean = sum / 101, variance = (squares / 101 - mean * mean) / (64 * 64);
  CHECK(std::abs(m.mean - 131'072 - mean / 64) <= 1e-10);
  CHECK(std::abs(m.variance / variance - 1) <= 1e-6);
}

TEST_CASE("layer norm takes the last axis of an array") {
  kutta::test::splitmix64 random(3);
  for (const std::size_t features : {1u, 3u, 17u, 128u})
    check_rows(random_like(sequences(sequences::shape_type{3, 5, features}), random), features, 0);
}

TEST_CASE_TEMPLATE("vjp and jvp of layer norm pass check_residual", X, MatrixXf, MatrixXd) {
  for (const std::size_t features : {3u, 5u, 10u, 16u, 17u})  // of 2, x̂ is ±1
    for (const std::size_t tokens : {1u, 4u}) {
      CAPTURE(features);
      CAPTURE(tokens);
      const layer_norm<X> layer(features);
      kutta::test::splitmix64 random(6);
      const X x = random_matrix<X>(features * tokens, 3, 2);
      const auto report = kutta::check_residual(layer, random_params(layer, random), x);
      CHECK_MESSAGE(report.ok(), report.text());
    }
}

TEST_CASE("⟨w, J v⟩ = ⟨Jᵀ w, v⟩ for layer norm, in all arguments at once") {
  kutta::test::splitmix64 random(8);
  for (const std::size_t features : {3u, 16u, 33u, 128u}) {
    const layer_norm<MatrixXd> layer(features);
    const auto theta = random_params(layer, random), vtheta = random_params(layer, random);
    const MatrixXd x = random_matrix<MatrixXd>(features, 7), vx = random_like(x, random),
                   w = random_like(x, random);
    auto saved = layer.make_tape(theta, x);
    MatrixXd y = x, vy = x, dx = 0 * x;
    auto dtheta = kutta::zeros_like(theta);
    layer.forward(theta, x, y, saved);
    layer.jvp(theta, x, saved, vx, vtheta, vy);
    layer.vjp(theta, x, saved, w, dx, dtheta);
    const double left = kutta::inner_product(w, vy);
    const double right = kutta::inner_product(dx, vx) + kutta::inner_product(dtheta, vtheta);
    CHECK(std::abs(left - right) <= 1e-13 * w.norm() * vy.norm());
  }
}

TEST_CASE("a sample's layer norm does not depend on the others") {
  const layer_norm<MatrixXf> layer(19);
  kutta::test::splitmix64 random(5);
  const auto theta = random_params(layer, random);
  const MatrixXf x = random_matrix<MatrixXf>(19 * 2, 6);
  const MatrixXf y = value(layer, theta, x);
  for (Eigen::Index s = 0; s < 6; ++s)
    CHECK(value(layer, theta, MatrixXf(x.col(s))) == MatrixXf(y.col(s)));
}

TEST_CASE("a constant row becomes β, with finite gradients") {
  const layer_norm<MatrixXd> layer(9);
  kutta::test::splitmix64 random(5);
  const auto theta = random_params(layer, random);
  const MatrixXd x = MatrixXd::Constant(9, 2, .1), dy = random_like(x, random);
  CHECK((value(layer, theta, x).colwise() - theta.beta.col(0)).cwiseAbs().maxCoeff() <= 1e-12);
  auto saved = layer.make_tape(theta, x);
  MatrixXd y = x, dx = 0 * x;
  auto dtheta = kutta::zeros_like(theta);
  layer.forward(theta, x, y, saved);
  layer.vjp(theta, x, saved, dy, dx, dtheta);
  CHECK(dx.allFinite());
  CHECK(dx.colwise().sum().cwiseAbs().maxCoeff() <= 1e-10);
}

TEST_CASE("a layer norm of wrong shapes is refused by name") {
  CHECK_THROWS_WITH_AS(layer_norm<MatrixXd>(0), "layer_norm: expected at least 1 feature, got 0",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(layer_norm<MatrixXd>(1, {.epsilon = -1}),
                       "layer_norm: expected a finite epsilon of at least 0, got -1",
                       std::invalid_argument);
  CHECK_THROWS_AS(layer_norm<MatrixXd>(1, {.epsilon = std::nan("")}), std::invalid_argument);
  const layer_norm<MatrixXd> layer(4);
  std::mt19937 generator(1);
  auto theta = layer.make_params(generator);
  CHECK(theta.gamma == MatrixXd::Ones(4, 1));
  CHECK(theta.beta == MatrixXd::Zero(4, 1));
  CHECK_NOTHROW(layer.make_tape(theta, MatrixXd(8, 3)));
  CHECK_THROWS_WITH_AS(layer.make_tape(theta, MatrixXd(6, 2)),
                       "layer_norm: expected samples in rows of 4 features, got shape (6, 2)",
                       std::invalid_argument);
  theta.beta.resize(3, 1);
  CHECK_THROWS_WITH_AS(layer.make_tape(theta, MatrixXd(4, 2)),
                       "layer_norm: beta: expected 4 elements, got shape (3, 1)",
                       std::invalid_argument);
}
