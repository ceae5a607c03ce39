// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <stdexcept>
#include <vector>

#include <Eigen/Core>
#include <doctest/doctest.h>

#include <kutta/eigen/tensor.hpp>
#include <kutta/layers/check_residual.hpp>
#include <kutta/layers/embedding.hpp>
#include <kutta/layers/ids.hpp>
#include <kutta/layers/layer_norm.hpp>
#include <kutta/layers/layer_pass.hpp>
#include <kutta/layers/sequential.hpp>
#include <kutta/layers/sinusoids.hpp>
#include <kutta/tensor/shape.hpp>
#include <kutta/xtensor/tensor.hpp>

#include "support/random.hpp"

namespace {

using Eigen::MatrixXd;
using Eigen::MatrixXf;
using kutta::ids;
using kutta::layers::embedding;
using kutta::test::random_like;
using sequences = xt::xtensor<float, 3>;

static_assert(kutta::batch<ids>);
static_assert(kutta::layer<embedding<MatrixXf>> && kutta::layer<embedding<sequences>>);
static_assert(!kutta::residual<embedding<MatrixXf>> && kutta::has_jvp<embedding<MatrixXf>>);
static_assert(kutta::samples_independent<embedding<MatrixXf>>);

template <class X>
X value(const embedding<X>& layer, const kutta::layers::embedding_params<X>& theta, const ids& x) {
  auto scratch = layer.make_scratch(theta, x);
  X y = layer.make_output(theta, x);
  kutta::nothing tape;
  layer.forward(theta, x, y, tape, {0, 0, 0, scratch});
  return y;
}

template <class X>
auto random_table(const embedding<X>& layer) {
  kutta::test::splitmix64 random(2);
  std::mt19937 generator(1);
  return random_like(layer.make_params(generator), random);
}

}  // namespace

TEST_CASE("an id becomes its column of the table, in a matrix and in an array") {
  const ids x({4, 0, 6, 4, 4, 1}, 3);  // two samples of three
  const embedding<MatrixXf> layer(7, 5);
  const auto theta = random_table(layer);
  REQUIRE(theta.table.rows() == 5);
  REQUIRE(theta.table.cols() == 7);
  const MatrixXf y = value(layer, theta, x);
  REQUIRE(y.rows() == 15);
  REQUIRE(y.cols() == 2);
  for (Eigen::Index i = 0; i < 6; ++i)
    CHECK(y.col(i / 3).segment(i % 3 * 5, 5) == theta.table.col(x[static_cast<std::size_t>(i)]));

  const embedding<sequences> other(7, 5);
  const auto table = random_table(other);
  const sequences z = value(other, table, x);
  REQUIRE(z.shape() == sequences::shape_type{2, 3, 5});
  for (std::size_t s = 0; s < 2; ++s)
    for (std::size_t p = 0; p < 3; ++p)
      for (std::size_t i = 0; i < 5; ++i)
        CHECK(z(s, p, i) == table.table.data()[static_cast<std::size_t>(x[s * 3 + p]) * 5 + i]);
}

TEST_CASE("the gradient of a row adds up what its ids received") {
  const embedding<MatrixXd> layer(4, 2);
  const auto theta = random_table(layer);
  const ids x({3, 1, 3, 3});
  ids dx = kutta::zeros_like(x);
  MatrixXd dy(2, 4);
  dy << 1, 2, 4, 8,  //
      10, 20, 40, 80;
  auto dtheta = kutta::zeros_like(theta);
  dtheta.table(0, 0) = 7;
  kutta::nothing tape;
  auto scratch = layer.make_scratch(theta, x);
  layer.vjp(theta, x, tape, dy, dx, dtheta, {0, 0, 0, scratch});
  MatrixXd expected(2, 4);
  expected << 7, 2, 0, 13,  //
      0, 20, 0, 130;
  CHECK(dtheta.table == expected);
}

TEST_CASE_TEMPLATE("vjp and jvp of an embedding pass check_residual", X, MatrixXf, MatrixXd) {
  const ids x({3, 0, 3, 2, 1, 3, 8, 0}, 4);
  for (const bool positions : {false, true}) {
    const embedding<X> layer(9, 3, {.positions = positions, .padding = 8});
    const auto report = kutta::check_residual(layer, random_table(layer), x);
    CHECK_MESSAGE(report.ok(), report.text());
  }
}

TEST_CASE("sinusoids of places") {
  const MatrixXd w = kutta::sinusoids<MatrixXd>(50, 7);
  REQUIRE(w.rows() == 7);
  REQUIRE(w.cols() == 50);
  CHECK(w(0, 1) == std::sin(1.));
  CHECK(w(1, 1) == std::cos(1.));
  CHECK(w.col(0) == Eigen::Vector<double, 7>{0, 1, 0, 1, 0, 1, 0});
  for (Eigen::Index p = 0; p < 50; ++p)
    for (Eigen::Index i = 0; i < 7; ++i) {
      const Eigen::Index pair = i / 2;
      const long double angle = p * std::pow(10'000.L, -2.L * static_cast<long double>(pair) / 7);
      const long double wave = i % 2 == 0 ? std::sin(angle) : std::cos(angle);
      CHECK(std::abs(static_cast<double>(w(i, p) - wave)) <= 2e-14);
    }

  const embedding<MatrixXd> plain(6, 7), placed(6, 7, {.positions = true});
  const auto theta = random_table(plain);
  const ids x({4, 0, 5, 4, 4, 1}, 3);
  const MatrixXd y = value(plain, theta, x), z = value(placed, theta, x);
  for (Eigen::Index s = 0; s < 2; ++s) CHECK(z.col(s) == y.col(s) + w.leftCols(3).reshaped(21, 1));
}

TEST_CASE("padding becomes zeros without gradient or place, whatever its id") {
  for (const std::int32_t padding : {-1, 0, 99}) {
    const embedding<MatrixXd> layer(3, 2, {.positions = true, .padding = padding});
    const auto theta = random_table(layer);
    const ids x({2, padding, 1, padding}, 2);
    const MatrixXd y = value(layer, theta, x);
    CHECK(y.row(2).isZero(0));
    CHECK(y.row(3).isZero(0));
    CHECK(y(0, 0) == theta.table(0, 2));
    auto dtheta = kutta::zeros_like(theta);
    ids dx = x;
    kutta::nothing tape;
    auto scratch = layer.make_scratch(theta, x);
    layer.vjp(theta, x, tape, MatrixXd(MatrixXd::Ones(4, 2)), dx, dtheta, {0, 0, 0, scratch});
    CHECK(dtheta.table == MatrixXd{{0, 1, 1}, {0, 1, 1}});
  }
}

TEST_CASE("an embedding begins a model, and its gradient is that of differences") {
  using kutta::layers::layer_norm;
  const kutta::layers::sequential model{embedding<MatrixXd>(6, 5, {.positions = true}),
                                        layer_norm<MatrixXd>(5)};
  std::mt19937 generator(1);
  const auto theta = model.make_params(generator);
  const ids x({3, 0, 3, 2, 1, 3, 5, 0}, 4);
  const auto report = kutta::check_residual(model, theta, x);
  CHECK_MESSAGE(report.ok(), report.text());

  kutta::layer_pass pass(model, theta, x);
  auto dtheta = kutta::zeros_like(theta);
  const auto loss = [](const MatrixXd& y, std::size_t, MatrixXd& dy) {
    dy += y;
    return y.squaredNorm() / 2;
  };
  const double value = pass.gradient(theta, x, loss, dtheta);
  CHECK(std::abs(value - 2 * 4 * 5 / 2.) <= 1e-3);    // rows of mean 0 and variance 1 nearly
  CHECK(std::get<0>(dtheta).table.col(4).isZero(0));  // an id that does not occur
  CHECK_THROWS_WITH_AS(pass.forward(theta, ids({1, 2, 3}, 3)),
                       "layer_pass: x: expected shape (2, 4, 0), got (1, 3, 0)",
                       std::invalid_argument);
}

TEST_CASE("ids are a tensor without numbers: only copies carry them over") {
  const ids x({3, 1, 4, 1, 5, 9}, 2);
  CHECK(kutta::samples(x) == 3);
  CHECK(kutta::element_count(x) == 0);
  CHECK(kutta::inner_product(x, x) == 0);
  CHECK(kutta::heap_bytes(x) == 24);
  ids y = kutta::zeros_like(x, 3);
  kutta::add(y, y, kutta::scaled{2, x});
  CHECK(y == ids({0, 0, 0, 0, 0, 0}, 2));
  kutta::copy_samples(x, 1, 2, y, 0);
  CHECK(y == ids({4, 1, 5, 9, 0, 0}, 2));
  kutta::copy_samples(x, 0, 1, y, 2);
  CHECK(y == ids({4, 1, 5, 9, 3, 1}, 2));
  kutta::assign(y, x);
  CHECK(y == x);
  kutta::set_zero(y);
  CHECK(y == x);
  CHECK_THROWS_WITH_AS(ids({1, 2, 3}, 2), "ids: expected 2 ids a sample, got 3",
                       std::invalid_argument);
  CHECK_THROWS_AS(ids({1, 2, 3}, 0), std::invalid_argument);
}

TEST_CASE("an embedding begins with variance 1/width, or as it is told") {
  std::mt19937 generator(3);
  const auto table = embedding<MatrixXd>(500, 64).make_params(generator).table;
  const double variance = table.squaredNorm() / static_cast<double>(table.size());
  CHECK(std::abs(64 * variance - 1) <= 4 * std::sqrt(2. / 32'000));  // four standard errors
  const embedding<MatrixXd> ones(5, 4, {.weights = kutta::initialisers::constant()});
  CHECK(ones.make_params(generator).table == MatrixXd::Ones(4, 5));
}

TEST_CASE("an embedding names what does not fit") {
  CHECK_THROWS_WITH_AS(embedding<MatrixXd>(3, 0),
                       "embedding: expected at least 1 row of at least 1 number, got 3 rows of 0",
                       std::invalid_argument);
  const embedding<MatrixXd> layer(3, 2);
  std::mt19937 generator(1);
  auto theta = layer.make_params(generator);
  CHECK_THROWS_WITH_AS(value(layer, theta, ids({0, 1, 2, 3}, 2)),
                       "embedding: expected ids below 3, got 3 at place 1 of sample 1",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(value(layer, theta, ids({-1})),
                       "embedding: expected ids below 3, got -1 at place 0 of sample 0",
                       std::invalid_argument);
  theta.table.resize(2, 2);
  CHECK_THROWS_WITH_AS(value(layer, theta, ids({0})),
                       "embedding: theta.table: expected 6 elements, got shape (2, 2)",
                       std::invalid_argument);
}
