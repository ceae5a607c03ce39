// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cmath>
#include <cstddef>
#include <random>
#include <stdexcept>

#include <Eigen/Core>
#include <doctest/doctest.h>

#include <kutta/eigen/tensor.hpp>
#include <kutta/layers/check_residual.hpp>
#include <kutta/layers/dense.hpp>
#include <kutta/tensor/shape.hpp>

#include "support/random.hpp"

namespace {

using Eigen::MatrixXd;
using kutta::layers::dense;
using kutta::test::random_like;

static_assert(kutta::layer<dense<MatrixXd>> && kutta::has_jvp<dense<MatrixXd>>);

}  // namespace

TEST_CASE("y = wᵀ x + b, as Eigen has it, and its derivatives") {
  kutta::test::splitmix64 random(2);
  std::mt19937 generator(1);
  for (const auto& [in, out, n] : {std::array{12, 5, 7}, std::array{90, 10, 3}, std::array{1, 1, 1},
                                   std::array{130, 67, 5}, std::array{3, 200, 2}}) {
    CAPTURE(in);
    const dense<MatrixXd> layer({1, 1, static_cast<std::size_t>(in)},
                                static_cast<std::size_t>(out));
    const auto theta = random_like(layer.make_params(generator), random);
    REQUIRE(theta.w.rows() == out);
    REQUIRE(theta.w.cols() == in);
    const MatrixXd x = random_like(MatrixXd(in, n), random);
    MatrixXd y = layer.make_output(theta, x);
    kutta::nothing tape;
    auto scratch = layer.make_scratch(theta, x);
    layer.forward(theta, x, y, tape, {0, 0, 0, scratch});
    const MatrixXd expected = (theta.w * x).colwise() + theta.b.col(0);
    CHECK((y - expected).cwiseAbs().maxCoeff() <= 1e-14 * in);
    const auto report = kutta::check_residual(layer, theta, x);
    CHECK_MESSAGE(report.ok(), report.text());
  }
}

TEST_CASE("weights begin with variance 1/in, biases at 0") {
  std::mt19937 generator(3);
  const auto theta = dense<MatrixXd>({4, 4, 4}, 500).make_params(generator);
  CHECK(kutta::element_count(theta) == 64 * 500 + 500);
  const double variance = theta.w.squaredNorm() / static_cast<double>(theta.w.size());
  CHECK(std::abs(64 * variance - 1) <= 4 * std::sqrt(2. / 32'000));  // four standard errors
  CHECK(theta.b.isZero(0));
}

TEST_CASE("what does not fit") {
  CHECK_THROWS_WITH_AS(dense<MatrixXd>({1, 1, 0}, 3),
                       "dense: expected at least 1 input and 1 output, got samples of shape "
                       "(1, 1, 0) and 3 outputs",
                       std::invalid_argument);
  const dense<MatrixXd> layer({1, 1, 4}, 3);
  std::mt19937 generator(1);
  auto theta = layer.make_params(generator);
  CHECK_THROWS_AS(layer.make_output(theta, MatrixXd::Zero(5, 2)), std::invalid_argument);
  theta.b.resize(4, 1);
  CHECK_THROWS_WITH_AS(layer.make_output(theta, MatrixXd::Zero(4, 2)),
                       "dense: theta.b: expected 3 elements, got shape (4, 1)",
                       std::invalid_argument);
}
