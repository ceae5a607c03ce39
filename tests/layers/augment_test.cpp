// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cmath>
#include <cstddef>
#include <stdexcept>
#include <utility>

#include <Eigen/Core>
#include <doctest/doctest.h>

#include <kutta/eigen/tensor.hpp>
#include <kutta/layers/augment.hpp>
#include <kutta/layers/check_residual.hpp>
#include <kutta/xtensor/tensor.hpp>

#include "support/random.hpp"

namespace {

using Eigen::MatrixXd;
using kutta::layers::augment;
using kutta::layers::image_shape;
using kutta::test::random_like;
using images = xt::xtensor<double, 4>;

static_assert(kutta::layer<augment<MatrixXd>> && kutta::has_jvp<augment<MatrixXd>>);
static_assert(kutta::samples_independent<augment<images>>);

template <class X>
X value(const augment<X>& layer, const X& x) {
  X y = layer.make_output({}, x);
  kutta::nothing tape;
  layer.forward({}, x, y, tape);
  return y;
}

}  // namespace

TEST_CASE("zeros behind the channels of each pixel") {
  const augment<images> layer({2, 1, 3}, 2);
  CHECK(layer.input_shape() == image_shape{2, 1, 3});
  CHECK(layer.output_shape() == image_shape{2, 1, 5});
  kutta::test::splitmix64 random(1);
  const images x = random_like(images(std::array<std::size_t, 4>{3, 2, 1, 3}), random);
  const images y = value(layer, x);
  REQUIRE(y.shape() == std::array<std::size_t, 4>{3, 2, 1, 5});
  for (std::size_t n = 0; n < 3; ++n)
    for (std::size_t i = 0; i < 2; ++i)
      for (std::size_t c = 0; c < 5; ++c) CHECK(y(n, i, 0, c) == (c < 3 ? x(n, i, 0, c) : 0));
}

TEST_CASE("samples of two numbers get three more") {
  const augment<MatrixXd> layer({1, 1, 2}, 3);
  const MatrixXd x = (MatrixXd(2, 2) << 1, 3, 2, 4).finished();
  CHECK(value(layer, x) == (MatrixXd(5, 2) << 1, 3, 2, 4, 0, 0, 0, 0, 0, 0).finished());
}

TEST_CASE("the transpose drops what was added") {
  const augment<MatrixXd> layer({1, 2, 1}, 1);
  const MatrixXd x = MatrixXd::Zero(2, 1), dy = (MatrixXd(4, 1) << 1, 2, 3, 4).finished();
  MatrixXd dx = MatrixXd::Constant(2, 1, 10);
  std::array<double, 0> none{};
  layer.vjp(none, x, {}, dy, dx, none);
  CHECK(dx == (MatrixXd(2, 1) << 11, 13).finished());
}

TEST_CASE("vjp and jvp over odd shapes") {
  kutta::test::splitmix64 random(2);
  for (const auto& [in, more] : {std::pair{image_shape{1, 1, 1}, std::size_t{1}},
                                 std::pair{image_shape{3, 5, 7}, std::size_t{2}},
                                 std::pair{image_shape{2, 2, 10}, std::size_t{17}}}) {
    const augment<MatrixXd> layer(in, more);
    for (const Eigen::Index n : {1, 3}) {
      const MatrixXd like(static_cast<Eigen::Index>(in.size()), n);
      const auto report = kutta::check_residual(layer, {}, random_like(like, random));
      CHECK_MESSAGE(report.ok(), report.text());
    }
  }
}

TEST_CASE("no channel more, no pixel, other images") {
  CHECK_THROWS_WITH_AS(augment<MatrixXd>({4, 4, 3}, 0),
                       "augment: expected images of at least 1 pixel and at least 1 more channel, "
                       "got shape (4, 4, 3) and 0 more",
                       std::invalid_argument);
  CHECK_THROWS_AS(augment<MatrixXd>({4, 4, 0}, 2), std::invalid_argument);
  const augment<MatrixXd> layer({2, 2, 2}, 1);
  CHECK_THROWS_AS(layer.make_output({}, MatrixXd::Zero(7, 2)), std::invalid_argument);
}
