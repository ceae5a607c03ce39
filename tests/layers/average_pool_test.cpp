// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstddef>
#include <stdexcept>

#include <Eigen/Core>
#include <doctest/doctest.h>

#include <kutta/eigen/tensor.hpp>
#include <kutta/layers/average_pool.hpp>
#include <kutta/layers/check_residual.hpp>

#include "support/random.hpp"

namespace {

using Eigen::MatrixXd;
using kutta::layers::average_pool;
using kutta::layers::image_shape;
using kutta::layers::pool_options;
using kutta::test::random_like;

static_assert(kutta::layer<average_pool<MatrixXd>> && kutta::has_jvp<average_pool<MatrixXd>>);
static_assert(kutta::samples_independent<average_pool<MatrixXd>>);

MatrixXd value(const average_pool<MatrixXd>& pool, const MatrixXd& x) {
  MatrixXd y = pool.make_output({}, x);
  kutta::nothing tape;
  pool.forward({}, x, y, tape);
  return y;
}

Eigen::Index place(const image_shape& s, std::size_t i, std::size_t j, std::size_t c) {
  return static_cast<Eigen::Index>((i * s.width + j) * s.channels + c);
}

}  // namespace

TEST_CASE("a mean over each window, pixel by pixel") {
  kutta::test::splitmix64 random(1);
  const image_shape in{7, 9, 3};
  for (const pool_options how :
       {pool_options{2, 2, 2}, {3, 3, 2}, {2, 4, 3}, {7, 9, 1}, {1, 1, 1}}) {
    CAPTURE(how.height);
    CAPTURE(how.stride);
    const average_pool<MatrixXd> pool(in, how);
    const MatrixXd x = random_like(MatrixXd(in.size(), 5), random);
    const MatrixXd y = value(pool, x);
    const image_shape out = pool.output_shape();
    CHECK(out.height == (7 - how.height) / how.stride + 1);
    CHECK(out.width == (9 - how.width) / how.stride + 1);
    REQUIRE(y.rows() == static_cast<Eigen::Index>(out.size()));
    for (Eigen::Index n = 0; n < 5; ++n)
      for (std::size_t i = 0; i < out.height; ++i)
        for (std::size_t j = 0; j < out.width; ++j)
          for (std::size_t c = 0; c < 3; ++c) {
            double sum = 0;
            for (std::size_t ky = 0; ky < how.height; ++ky)
              for (std::size_t kx = 0; kx < how.width; ++kx)
                sum += x(place(in, how.stride * i + ky, how.stride * j + kx, c), n);
            const double mean = sum / static_cast<double>(how.height * how.width);
            CHECK(std::abs(y(place(out, i, j, c), n) - mean) <= 1e-15);
          }
    const auto report = kutta::check_residual(pool, {}, x);
    CHECK_MESSAGE(report.ok(), report.text());
  }
}

TEST_CASE(
    "digits of 28 pixels in windows of 8: nine numbers a channel, the last 4 pixels are out") {
  const image_shape in{28, 28, 10};
  const average_pool<MatrixXd> pool(in, {8, 8, 8});
  CHECK(pool.output_shape() == image_shape{3, 3, 10});
  MatrixXd x = MatrixXd::Zero(in.size(), 1);
  x(place(in, 24, 3, 2), 0) = 1;
  CHECK(value(pool, x).isZero(0));
  x(place(in, 23, 3, 2), 0) = 64;
  CHECK(value(pool, x)(place(pool.output_shape(), 2, 0, 2), 0) == 1);
}

TEST_CASE("one window: the mean of an image") {
  const average_pool<MatrixXd> mean(image_shape{2, 3, 2});
  CHECK(mean.output_shape() == image_shape{1, 1, 2});
  MatrixXd x(12, 1);
  x << 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 6;
  CHECK(value(mean, x) == (MatrixXd(2, 1) << 3.5, 1).finished());
  const auto global = kutta::layers::global_average_pool<MatrixXd>({2, 3, 2});
  CHECK(value(global, x) == value(mean, x));
}

TEST_CASE("windows that do not fit") {
  CHECK_THROWS_WITH_AS(average_pool<MatrixXd>({7, 9, 3}, {8, 2, 1}),
                       "average_pool: expected a window that fits into the image and a stride of "
                       "at least 1, got images of shape (7, 9, 3), a window of 8 x 2 and stride 1",
                       std::invalid_argument);
  CHECK_THROWS_AS(average_pool<MatrixXd>({7, 9, 3}, {2, 2, 0}), std::invalid_argument);
  const average_pool<MatrixXd> pool({2, 2, 1}, {2, 2, 1});
  CHECK_THROWS_AS(pool.make_output({}, MatrixXd::Zero(5, 2)), std::invalid_argument);
}
