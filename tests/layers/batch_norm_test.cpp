// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstddef>
#include <limits>
#include <random>
#include <stdexcept>
#include <utility>

#include <Eigen/Core>
#include <doctest/doctest.h>

#include <kutta/eigen/tensor.hpp>
#include <kutta/layers/batch_norm.hpp>
#include <kutta/layers/call.hpp>
#include <kutta/layers/check_residual.hpp>
#include <kutta/tensor/shape.hpp>
#include <kutta/tensor/worker_pool.hpp>

#include "support/random.hpp"

namespace {

using Eigen::MatrixXd;
using Eigen::MatrixXf;
using kutta::layers::batch_norm;
using kutta::test::random_like;

static_assert(kutta::residual<batch_norm<MatrixXf>> && kutta::has_jvp<batch_norm<MatrixXf>>);
static_assert(kutta::stateful<batch_norm<MatrixXd, true>>);
static_assert(!kutta::samples_independent<batch_norm<MatrixXd>>);

template <class L, class X>
struct run {
  typename L::params theta;
  typename L::tape saved;
  typename L::scratch scratch;
  X y;

  run(const L& layer, const typename L::params& p, const X& x)
      : theta(p), saved(layer.make_tape(p, x)), scratch(layer.make_scratch(p, x)), y(0 * x) {
    layer.forward(theta, x, y, saved, at());
  }
  kutta::context<L> at() { return {0, 0, 0, scratch}; }
};

/// Pixels of `channels` numbers, uniform on [−1, 1) times `scale`, plus `mean`.
template <class X>
X random_pixels(std::size_t channels, std::size_t pixels, double mean = 0, double scale = 1) {
  kutta::test::splitmix64 random(3);
  const X x(static_cast<Eigen::Index>(channels), static_cast<Eigen::Index>(pixels));
  return random_like(x, random, mean - scale, mean + scale);
}

/// Mean and Σ(x − μ)²/n of row c, in long double.
template <class X>
std::pair<long double, long double> moments(const X& x, Eigen::Index c) {
  const auto row = x.row(c).template cast<long double>().array().eval();
  const long double mean = row.mean();
  return {mean, (row - mean).square().mean()};
}

template <class X, bool Relu>
void check_values(std::size_t channels, std::size_t pixels, double mean) {
  CAPTURE(channels);
  CAPTURE(pixels);
  CAPTURE(mean);
  using scalar = typename X::Scalar;
  using layer_type = batch_norm<X, Relu>;
  const layer_type layer(channels);
  kutta::test::splitmix64 random(4);
  std::mt19937 generator(1);
  const auto theta = random_like(layer.make_params(generator), random);
  const X x = random_pixels<X>(channels, pixels, mean);
  const run r(layer, theta, x);
  // A number near the mean has lost ε |μ|/σ by being rounded; sums lose a few hundred ε at most.
  const double tolerance = (1000 + 8 * mean) * std::numeric_limits<scalar>::epsilon();
  for (Eigen::Index c = 0; c < x.rows(); ++c) {
    const auto [mu, var] = moments(x, c);
    CHECK(std::abs(static_cast<double>(layer.observed(r.saved).mean(c) - mu)) <=
          (4 + mean) * std::numeric_limits<scalar>::epsilon());
    CHECK(std::abs(static_cast<double>(layer.observed(r.saved).var(c) / var - 1)) <=
          200 * std::numeric_limits<scalar>::epsilon());
    for (Eigen::Index p = 0; p < x.cols(); ++p) {
      long double y = theta.gamma(c) * (x(c, p) - mu) / std::sqrt(var + 1e-5L) + theta.beta(c);
      if (Relu && y < 0) y = 0;
      if (!(std::abs(static_cast<double>(y - r.y(c, p))) <= tolerance)) {
        CAPTURE(p);
        CHECK(static_cast<double>(y) == r.y(c, p));
      }
    }
  }
}

template <class X, bool Relu>
void check_derivatives(std::size_t channels, std::size_t pixels) {
  CAPTURE(channels);
  CAPTURE(pixels);
  const batch_norm<X, Relu> layer(channels);
  kutta::test::splitmix64 random(6);
  std::mt19937 generator(1);
  const auto theta = random_like(layer.make_params(generator), random);
  const auto report = kutta::check_residual(layer, theta, random_pixels<X>(channels, pixels, 3));
  INFO(report.text());
  CHECK(report.ok());
}

}  // namespace

TEST_CASE("statistics and values that can be computed by hand") {
  const batch_norm<MatrixXd> layer(2, {.epsilon = 0});
  const batch_norm<MatrixXd> unbiased(2, {.epsilon = 0, .unbiased = true});
  MatrixXd x(2, 4), y(2, 4);
  x << 1, 3, 5, 7,  // mean 4, variance 5
      2, 2, 2, 6;   // mean 3, variance 3
  const batch_norm<MatrixXd>::params theta{Eigen::Vector2d(2, 1), Eigen::Vector2d(10, 0)};
  y.row(0) = 10 + 2 * (x.row(0).array() - 4) / std::sqrt(5.);
  y.row(1) = (x.row(1).array() - 3) / std::sqrt(3.);

  run r(layer, theta, x), s(unbiased, theta, x);
  CHECK((r.y - y).cwiseAbs().maxCoeff() <= 4e-15);
  CHECK(s.y == r.y);
  CHECK(layer.observed(r.saved).mean == MatrixXd(Eigen::Vector2d(4, 3)));
  CHECK(layer.observed(r.saved).var == MatrixXd(Eigen::Vector2d(5, 3)));
  CHECK((unbiased.observed(s.saved).var - Eigen::Vector2d(20. / 3, 4)).cwiseAbs().maxCoeff() <=
        4e-15);

  auto saved = layer.make_tape(theta, x);
  MatrixXd inferred = 0 * x;
  layer.infer(theta, {Eigen::Vector2d(1, 2), Eigen::Vector2d(4, 16)}, x, inferred, saved, r.at());
  y.row(0) = 10 + (x.row(0).array() - 1);
  y.row(1) = (x.row(1).array() - 2) / 4;
  CHECK(inferred == y);
  layer.infer(theta, layer.observed(r.saved), x, inferred, saved, r.at());
  CHECK(inferred == r.y);
}

TEST_CASE_TEMPLATE("values are those of the plain loop, at any number of channels", X, MatrixXf,
                   MatrixXd) {
  for (const std::size_t channels : {1u, 3u, 10u, 16u, 17u, 32u, 40u})
    for (const std::size_t pixels : {2u, 7u, 64u, 3001u}) {
      check_values<X, false>(channels, pixels, 0);
      check_values<X, true>(channels, pixels, 0);
    }
}

TEST_CASE_TEMPLATE("a mean far from zero does not spoil the variance", X, MatrixXf, MatrixXd) {
  check_values<X, false>(3, 20000, 1000);
  check_values<X, false>(16, 5000, 1000);
}

TEST_CASE_TEMPLATE("results do not depend on the number of threads", X, MatrixXf, MatrixXd) {
  using layer_type = batch_norm<X, true>;
  for (const std::size_t pixels : {1u, 5u, 3001u}) {
    const layer_type layer(10);
    kutta::test::splitmix64 random(4);
    std::mt19937 generator(1);
    const auto theta = random_like(layer.make_params(generator), random);
    const auto vtheta = random_like(theta, random);
    const X x = random_pixels<X>(10, pixels, 3), v = random_like(x, random);
    run r(layer, theta, x);
    X dx = v, vy = v;
    auto dtheta = vtheta;
    layer.vjp(theta, x, r.saved, v, dx, dtheta, r.at());
    layer.jvp(theta, x, r.saved, v, vtheta, vy, r.at());
    for (const std::size_t threads : {1u, 2u, 12u}) {
      kutta::worker_pool workers(threads);
      run s(layer, theta, x);
      const kutta::context<layer_type> at{0, 0, 0, s.scratch, &workers};
      layer.forward(theta, x, s.y, s.saved, at);
      CHECK(s.y == r.y);
      CHECK(layer.observed(s.saved).mean == layer.observed(r.saved).mean);
      CHECK(layer.observed(s.saved).var == layer.observed(r.saved).var);
      X dx1 = v, vy1 = v;
      auto dtheta1 = vtheta;
      layer.vjp(theta, x, s.saved, v, dx1, dtheta1, at);
      layer.jvp(theta, x, s.saved, v, vtheta, vy1, at);
      CHECK(dx1 == dx);
      CHECK(vy1 == vy);
      CHECK(dtheta1.gamma == dtheta.gamma);
      CHECK(dtheta1.beta == dtheta.beta);
    }
  }
}

TEST_CASE_TEMPLATE("vjp and jvp pass check_residual", X, MatrixXf, MatrixXd) {
  for (const std::size_t channels : {1u, 3u, 10u, 16u, 17u}) {
    check_derivatives<X, false>(channels, 7);
    check_derivatives<MatrixXd, true>(channels, 7);  // float's differences step over kinks
  }
}

TEST_CASE("a constant channel has variance 0 and finite gradients") {
  const batch_norm<MatrixXd> layer(3);
  std::mt19937 generator(1);
  const auto theta = layer.make_params(generator);
  const MatrixXd x = MatrixXd::Constant(3, 9, .1), dy = MatrixXd::Random(3, 9);
  run r(layer, theta, x);
  CHECK(layer.observed(r.saved).var.cwiseAbs().maxCoeff() <= 1e-30);
  CHECK(r.y.cwiseAbs().maxCoeff() <= 1e-12);
  MatrixXd dx = 0 * x;
  auto dtheta = kutta::zeros_like(theta);
  layer.vjp(theta, x, r.saved, dy, dx, dtheta, r.at());
  CHECK(dx.allFinite());
  CHECK((dx.rowwise().sum().cwiseAbs().maxCoeff() <= 1e-10));
}

TEST_CASE("a batch norm of wrong shapes is refused by name") {
  CHECK_THROWS_WITH_AS(batch_norm<MatrixXd>(0), "batch_norm: expected at least 1 channel, got 0",
                       std::invalid_argument);
  CHECK_THROWS_AS(batch_norm<MatrixXd>(1, {.epsilon = -1}), std::invalid_argument);
  const batch_norm<MatrixXd> layer(3), unbiased(3, {.unbiased = true});
  std::mt19937 generator(1);
  auto theta = layer.make_params(generator);
  CHECK_NOTHROW(layer.make_tape(theta, MatrixXd(3, 1)));
  CHECK_THROWS_WITH_AS(layer.make_tape(theta, MatrixXd(4, 2)),
                       "batch_norm: expected pixels of 3 channels, got shape (4, 2)",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(layer.make_tape(theta, MatrixXd(3, 0)),
                       "batch_norm: expected pixels of 3 channels, got shape (3, 0)",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(unbiased.make_tape(theta, MatrixXd(3, 1)),
                       "batch_norm: expected at least 2 pixels for an unbiased variance, got 1",
                       std::invalid_argument);
  theta.beta.resize(2, 1);
  CHECK_THROWS_WITH_AS(layer.make_tape(theta, MatrixXd(3, 2)),
                       "batch_norm: beta: expected 3 elements, got shape (2, 1)",
                       std::invalid_argument);
}
