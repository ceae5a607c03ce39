// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cstddef>
#include <random>
#include <stdexcept>
#include <type_traits>

#include <Eigen/Core>
#include <doctest/doctest.h>

#include <kutta/eigen/tensor.hpp>
#include <kutta/layers/check_residual.hpp>
#include <kutta/layers/dense.hpp>
#include <kutta/layers/flatten.hpp>
#include <kutta/layers/sequential.hpp>
#include <kutta/xtensor/tensor.hpp>

#include "support/random.hpp"

namespace {

using Eigen::MatrixXd;
using kutta::layers::flatten;
using kutta::test::random_like;
using images = xt::xtensor<double, 4>;
using rows = xt::xtensor<double, 2>;

static_assert(kutta::layer<flatten<images, rows>> && kutta::has_jvp<flatten<images, rows>>);
static_assert(!kutta::residual<flatten<images, rows>> && kutta::residual<flatten<MatrixXd>>);
static_assert(kutta::samples_independent<flatten<images, rows>>);

}  // namespace

TEST_CASE("an image of four axes becomes a row: height, then width, then channel") {
  const flatten<images, rows> layer({2, 3, 5});
  CHECK(layer.output_shape() == kutta::layers::image_shape{1, 1, 30});
  kutta::test::splitmix64 random(1);
  const images x = random_like(images(std::array<std::size_t, 4>{4, 2, 3, 5}), random);
  rows y = layer.make_output({}, x);
  REQUIRE(y.shape() == std::array<std::size_t, 2>{4, 30});
  kutta::nothing tape;
  layer.forward({}, x, y, tape);
  for (std::size_t n = 0; n < 4; ++n)
    for (std::size_t i = 0; i < 2; ++i)
      for (std::size_t j = 0; j < 3; ++j)
        for (std::size_t c = 0; c < 5; ++c) CHECK(y(n, (i * 3 + j) * 5 + c) == x(n, i, j, c));
  const auto report = kutta::check_residual(layer, {}, x);
  CHECK_MESSAGE(report.ok(), report.text());
}

TEST_CASE("an Eigen matrix keeps its shape; dense follows") {
  const flatten<MatrixXd> layer({2, 2, 3});
  kutta::test::splitmix64 random(2);
  const MatrixXd x = random_like(MatrixXd(12, 3), random);
  MatrixXd y = layer.make_output({}, x);
  kutta::nothing tape;
  layer.forward({}, x, y, tape);
  CHECK(y == x);
  const kutta::layers::sequential model{layer,
                                        kutta::layers::dense<MatrixXd>(layer.output_shape(), 4)};
  std::mt19937 generator(1);
  const auto theta = random_like(model.make_params(generator), random);
  const auto report = kutta::check_residual(model, theta, x);
  CHECK_MESSAGE(report.ok(), report.text());
}

TEST_CASE("no flattening of nothing, nor of other images") {
  CHECK_THROWS_WITH_AS((flatten<images, rows>({2, 0, 3})),
                       "flatten: expected images of at least 1 pixel, got shape (2, 0, 3)",
                       std::invalid_argument);
  const flatten<images, rows> layer({2, 3, 5});
  CHECK_THROWS_WITH_AS(layer.make_output({}, images(std::array<std::size_t, 4>{4, 2, 3, 4}, 0.)),
                       "flatten: expected images of shape (2, 3, 5), got shape (4, 2, 3, 4)",
                       std::invalid_argument);
}
