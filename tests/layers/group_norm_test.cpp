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
#include <kutta/layers/check_residual.hpp>
#include <kutta/layers/group_norm.hpp>
#include <kutta/layers/layer_norm.hpp>
#include <kutta/tensor/shape.hpp>
#include <kutta/xtensor/tensor.hpp>

#include "support/random.hpp"

namespace {

using Eigen::MatrixXd;
using Eigen::MatrixXf;
using kutta::layers::group_norm;
using kutta::layers::image_shape;
using kutta::test::random_like;
using images = xt::xtensor<float, 4>;

static_assert(kutta::residual<group_norm<MatrixXf>> && kutta::has_jvp<group_norm<MatrixXf>>);
static_assert(kutta::residual<group_norm<images>> && !kutta::stateful<group_norm<images>>);
static_assert(kutta::samples_independent<group_norm<MatrixXd>>);

template <class X>
auto random_params(const group_norm<X>& layer, kutta::test::splitmix64& random) {
  std::mt19937 generator(1);
  return random_like(layer.make_params(generator), random);
}

template <class X>
X value(const group_norm<X>& layer, const kutta::layers::norm_params<X>& theta, const X& x) {
  auto saved = layer.make_tape(theta, x);
  auto scratch = layer.make_scratch(theta, x);
  X y = kutta::zeros_like(x);
  layer.forward(theta, x, y, saved, {0, 0, 0, scratch});
  return y;
}

/// Against the formula in long double, group by group.
template <class X>
void check_groups(const X& x, const image_shape& in, std::size_t groups, double mean) {
  CAPTURE(in.channels);
  CAPTURE(in.height);
  CAPTURE(groups);
  using scalar = kutta::scalar_t<X>;
  const group_norm<X> layer(in, groups);
  kutta::test::splitmix64 random(4);
  const auto theta = random_params(layer, random);
  const X y = value(layer, theta, x);
  // A number near the mean has lost ε |μ|/σ by being rounded; sums lose a few hundred ε at most.
  const double tolerance = (500 + 8 * mean) * std::numeric_limits<scalar>::epsilon();
  const std::size_t size = in.channels / groups;
  for (std::size_t image = 0; image < kutta::element_count(x); image += in.size())
    for (std::size_t g = 0; g < groups; ++g) {
      const auto for_each = [&](auto f) {
        for (std::size_t p = 0; p < in.pixels(); ++p)
          for (std::size_t c = g * size; c < (g + 1) * size; ++c) f(image + p * in.channels + c, c);
      };
      const auto n = static_cast<long double>(in.pixels() * size);
      long double mu = 0, variance = 0;
      for_each([&](std::size_t i, std::size_t) { mu += x.data()[i] / n; });
      for_each([&](std::size_t i, std::size_t) {
        variance += (x.data()[i] - mu) * (x.data()[i] - mu) / n;
      });
      for_each([&](std::size_t i, std::size_t c) {
        const long double expected =
            theta.gamma.data()[c] * (x.data()[i] - mu) / std::sqrt(variance + 1e-5L) +
            theta.beta.data()[c];
        if (!(std::abs(static_cast<double>(y.data()[i] - expected)) <= tolerance)) {
          CAPTURE(i);
          CHECK(y.data()[i] == static_cast<scalar>(expected));
        }
      });
    }
}

template <class X>
X random_images(const image_shape& in, Eigen::Index samples, double mean = 0) {
  kutta::test::splitmix64 random(3);
  const X x(static_cast<Eigen::Index>(in.size()), samples);
  return random_like(x, random, mean - 1, mean + 1);
}

}  // namespace

TEST_CASE("group norm of an image that can be computed by hand") {
  const group_norm<MatrixXd> layer({1, 2, 4}, 2, {.epsilon = 0});
  MatrixXd x(8, 1), expected(8, 1);
  x << 1, 3, 2, 2,  // the first pixel: channels 0 and 1 have mean 4 and variance 5,
      5, 7, 2, 6;   // channels 2 and 3 mean 3 and variance 3
  const Eigen::Vector4d gamma(1, 2, 3, 4), beta(0, 10, 0, 0);
  const double r = 1 / std::sqrt(5.), s = 1 / std::sqrt(3.);
  expected << -3 * r, 10 - 2 * r, -3 * s, -4 * s, r, 10 + 6 * r, -3 * s, 12 * s;
  CHECK((value(layer, {gamma, beta}, x) - expected).cwiseAbs().maxCoeff() <= 8e-15);
}

TEST_CASE_TEMPLATE("group norm is the plain loop, for odd shapes", X, MatrixXf, MatrixXd) {
  for (const auto& [in, groups] : {std::pair{image_shape{1, 1, 6}, 2u},
                                   {{5, 3, 1}, 1u},
                                   {{5, 3, 10}, 5u},
                                   {{4, 4, 16}, 4u},
                                   {{7, 3, 17}, 17u},
                                   {{7, 3, 17}, 1u},
                                   {{28, 28, 24}, 3u}})
    for (const double mean : {0., 1000.})
      check_groups(random_images<X>(in, 3, mean), in, groups, mean);
}

TEST_CASE("group norm takes arrays of images") {
  kutta::test::splitmix64 random(3);
  for (const std::size_t channels : {3u, 10u, 16u})
    check_groups(random_like(images(images::shape_type{2, 5, 3, channels}), random),
                 {5, 3, channels}, channels % 2 == 0 ? 2 : 1, 0);
}

TEST_CASE("one group of a single pixel is layer norm") {
  const group_norm<MatrixXd> layer({1, 1, 19}, 1, {.epsilon = 1e-6});
  const kutta::layers::layer_norm<MatrixXd> other(19);
  kutta::test::splitmix64 random(4);
  const auto theta = random_params(layer, random);
  const MatrixXd x = random_images<MatrixXd>({1, 1, 19}, 4);
  MatrixXd y = x;
  auto saved = other.make_tape(theta, x);
  other.forward(theta, x, y, saved);
  CHECK((value(layer, theta, x) - y).cwiseAbs().maxCoeff() <= 1e-14);
}

TEST_CASE_TEMPLATE("vjp and jvp of group norm pass check_residual", X, MatrixXf, MatrixXd) {
  for (const auto& [in, groups] : {std::pair{image_shape{1, 1, 6}, 2u},
                                   {{3, 2, 1}, 1u},
                                   {{2, 2, 10}, 5u},
                                   {{2, 1, 16}, 4u},
                                   {{3, 1, 17}, 17u},
                                   {{1, 2, 17}, 1u}}) {
    CAPTURE(in.channels);
    CAPTURE(groups);
    const group_norm<X> layer(in, groups);
    kutta::test::splitmix64 random(6);
    const X x = random_images<X>(in, 2, 2);
    const auto report = kutta::check_residual(layer, random_params(layer, random), x);
    CHECK_MESSAGE(report.ok(), report.text());
  }
}

TEST_CASE("⟨w, J v⟩ = ⟨Jᵀ w, v⟩ for group norm, in all arguments at once") {
  kutta::test::splitmix64 random(8);
  const image_shape in{7, 5, 12};
  for (const std::size_t groups : {1u, 3u, 12u}) {
    const group_norm<MatrixXd> layer(in, groups);
    const auto theta = random_params(layer, random), vtheta = random_params(layer, random);
    const MatrixXd x = random_images<MatrixXd>(in, 3), vx = random_like(x, random),
                   w = random_like(x, random);
    auto saved = layer.make_tape(theta, x);
    auto scratch = layer.make_scratch(theta, x);
    const kutta::context<group_norm<MatrixXd>> at{0, 0, 0, scratch};
    MatrixXd y = x, vy = x, dx = 0 * x;
    auto dtheta = kutta::zeros_like(theta);
    layer.forward(theta, x, y, saved, at);
    layer.jvp(theta, x, saved, vx, vtheta, vy, at);
    layer.vjp(theta, x, saved, w, dx, dtheta, at);
    const double left = kutta::inner_product(w, vy);
    const double right = kutta::inner_product(dx, vx) + kutta::inner_product(dtheta, vtheta);
    CHECK(std::abs(left - right) <= 1e-13 * w.norm() * vy.norm());
  }
}

TEST_CASE("an image's group norm does not depend on the others") {
  const image_shape in{5, 3, 6};
  const group_norm<MatrixXf> layer(in, 3);
  kutta::test::splitmix64 random(5);
  const auto theta = random_params(layer, random);
  const MatrixXf x = random_images<MatrixXf>(in, 4);
  const MatrixXf y = value(layer, theta, x);
  for (Eigen::Index s = 0; s < 4; ++s)
    CHECK(value(layer, theta, MatrixXf(x.col(s))) == MatrixXf(y.col(s)));
}

TEST_CASE("a group norm of wrong shapes is refused by name") {
  CHECK_THROWS_WITH_AS(group_norm<MatrixXd>({2, 2, 10}, 3),
                       "group_norm: expected groups of as many channels each, got 3 groups of "
                       "images of shape (2, 2, 10)",
                       std::invalid_argument);
  CHECK_THROWS_AS(group_norm<MatrixXd>({2, 2, 10}, 0), std::invalid_argument);
  CHECK_THROWS_AS(group_norm<MatrixXd>({0, 2, 10}, 2), std::invalid_argument);
  CHECK_THROWS_WITH_AS(group_norm<MatrixXd>({1, 1, 1}, 1, {.epsilon = -1}),
                       "group_norm: expected a finite epsilon of at least 0, got -1",
                       std::invalid_argument);
  const group_norm<MatrixXd> layer({2, 2, 3}, 3);
  std::mt19937 generator(1);
  auto theta = layer.make_params(generator);
  CHECK(theta.gamma == MatrixXd::Ones(3, 1));
  CHECK(theta.beta == MatrixXd::Zero(3, 1));
  CHECK_THROWS_WITH_AS(layer.make_tape(theta, MatrixXd(8, 3)),
                       "group_norm: expected images of shape (2, 2, 3), got shape (8, 3)",
                       std::invalid_argument);
  theta.gamma.resize(2, 1);
  CHECK_THROWS_WITH_AS(layer.make_tape(theta, MatrixXd(12, 2)),
                       "group_norm: gamma: expected 3 elements, got shape (2, 1)",
                       std::invalid_argument);
}
