// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstddef>
#include <random>
#include <stdexcept>
#include <utility>
#include <vector>

#include <Eigen/Core>
#include <doctest/doctest.h>

#include <kutta/eigen/tensor.hpp>
#include <kutta/layers/call.hpp>
#include <kutta/layers/check_residual.hpp>
#include <kutta/layers/conv2d.hpp>
#include <kutta/tensor/shape.hpp>
#include <kutta/xtensor/tensor.hpp>

#include "support/random.hpp"

namespace {

using Eigen::MatrixXd;
using Eigen::MatrixXf;
using kutta::layers::conv2d;
using kutta::layers::image_shape;
using kutta::layers::padding;
using kutta::test::random_like;
using array = xt::xtensor<double, 4>;
using row_major = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

static_assert(kutta::residual<conv2d<MatrixXf>> && kutta::residual<conv2d<array, true>>);
static_assert(kutta::has_jvp<conv2d<MatrixXf>> && kutta::samples_independent<conv2d<MatrixXf>>);

template <class L>
auto random_params(const L& layer, kutta::test::splitmix64& random) {
  std::mt19937 generator(1);
  return random_like(layer.make_params(generator), random);
}

template <class L, class X>
X value(const L& layer, const typename L::params& theta, const X& x) {
  auto scratch = layer.make_scratch(theta, x);
  X y = layer.make_output(theta, x);
  kutta::nothing tape;
  layer.forward(theta, x, y, tape, kutta::context<L>{0, 0, 0, scratch});
  return y;
}

template <class X, bool Bias>
void check_derivatives(const image_shape& in, std::size_t channels,
                       const kutta::layers::convolution_options& how, Eigen::Index samples) {
  CAPTURE(in.height);
  CAPTURE(in.channels);
  CAPTURE(channels);
  CAPTURE(how.stride);
  const conv2d<X, Bias> layer(in, channels, how);
  kutta::test::splitmix64 random(5);
  const X x = random_like(X(X::Zero(static_cast<Eigen::Index>(in.size()), samples)), random);
  const auto report = kutta::check_residual(layer, random_params(layer, random), x);
  INFO(report.text());
  CHECK(report.ok());
}

}  // namespace

TEST_CASE("a convolution of numbers that can be checked by hand") {
  const conv2d<MatrixXd, true> layer({3, 3, 1}, 1);
  conv2d<MatrixXd, true>::params theta{MatrixXd(1, 9), MatrixXd::Constant(1, 1, 100)};
  theta.w << 1, 2, 3, 4, 5, 6, 7, 8, 9;
  MatrixXd x(9, 1), y(9, 1);
  x << 1, 0, 0, 0, 0, 0, 0, 0, 2;
  y << 5, 4, 0, 2, 1 + 2 * 9, 2 * 8, 0, 2 * 6, 2 * 5;  // 1 meets 5, 4, 2, 1 and 2 meets 9, 8, 6, 5
  y.array() += 100;
  CHECK(value(layer, theta, x) == y);
}

TEST_CASE("the pixels that come out, and the zeros in front, are those of Torch and of Flax") {
  const auto extent = [](std::size_t n, std::size_t k, std::size_t s, padding where) {
    const conv2d<MatrixXd> layer({n, n + 1, 1}, 1, {k, s, where});
    return std::pair{layer.output_shape().height, layer.output_shape().width};
  };
  using sizes = std::pair<std::size_t, std::size_t>;
  CHECK(extent(32, 3, 1, padding::torch) == sizes{32, 33});
  CHECK(extent(32, 3, 2, padding::torch) == sizes{16, 17});
  CHECK(extent(32, 1, 2, padding::torch) == sizes{16, 17});
  CHECK(extent(32, 3, 2, padding::flax) == sizes{16, 17});
  CHECK(extent(7, 5, 2, padding::flax) == sizes{4, 4});
  CHECK(extent(1, 3, 2, padding::torch) == sizes{1, 1});

  // One tap that is 1 shows where the window begins: Torch's has one zero in front, Flax's none.
  const auto first = [](padding where) {
    const conv2d<MatrixXd> layer({1, 4, 1}, 1, {.kernel = 3, .stride = 2, .padding = where});
    conv2d<MatrixXd>::params theta{MatrixXd::Zero(1, 9)};
    theta.w(0, 5) = 1;  // the middle row's last tap
    return value(layer, theta, MatrixXd(Eigen::Vector4d(1, 2, 3, 4)));
  };
  CHECK(first(padding::torch) == MatrixXd(Eigen::Vector2d(2, 4)));
  CHECK(first(padding::flax) == MatrixXd(Eigen::Vector2d(3, 0)));
}

TEST_CASE("vjp and jvp of a convolution pass check_residual") {
  check_derivatives<MatrixXd, true>({1, 1, 1}, 1, {}, 1);
  check_derivatives<MatrixXd, true>({5, 4, 3}, 10, {}, 2);
  check_derivatives<MatrixXd, false>({5, 4, 10}, 3, {.kernel = 1, .stride = 2}, 2);
  for (const padding where : {padding::torch, padding::flax}) {
    check_derivatives<MatrixXd, true>({4, 5, 17}, 16, {.stride = 2, .padding = where}, 1);
    check_derivatives<MatrixXd, false>({6, 3, 3}, 32, {.stride = 2, .padding = where}, 3);
  }
  check_derivatives<MatrixXf, true>({4, 4, 16}, 16, {}, 2);
}

TEST_CASE("every kind of array holds the same bytes") {
  const image_shape in{5, 6, 3};
  const conv2d<MatrixXd, true> columns(in, 10);
  const conv2d<row_major, true> rows(in, 10);
  const conv2d<array, true> axes(in, 10);
  const conv2d<std::vector<double>, true> flat(in, 10);
  kutta::test::splitmix64 random(9);
  const MatrixXd x = random_like(MatrixXd(90, 2), random);
  const auto theta = random_params(columns, random);
  const MatrixXd expected = value(columns, theta, x);

  const auto same = [&](const auto& layer, auto other) {
    std::mt19937 generator(1);
    auto p = layer.make_params(generator);
    std::copy_n(theta.w.data(), theta.w.size(), p.w.data());
    std::copy_n(theta.b.data(), theta.b.size(), p.b.data());
    std::copy_n(x.data(), x.size(), other.data());
    const auto y = value(layer, p, other);
    return std::equal(y.data(), y.data() + y.size(), expected.data());
  };
  CHECK(same(rows, row_major(2, 90)));
  CHECK(same(axes, array({2, 5, 6, 3})));
  CHECK(same(flat, std::vector<double>(180)));

  std::mt19937 generator(1);
  CHECK(kutta::shape_text(columns.make_params(generator)) == "{(10, 27), (10, 1)}");
  CHECK(kutta::shape_text(axes.make_params(generator)) == "{(3, 3, 3, 10), (1, 1, 1, 10)}");
  CHECK(kutta::shape_text(value(axes, axes.make_params(generator), array({2, 5, 6, 3}))) ==
        "(2, 5, 6, 10)");
}

TEST_CASE("a convolution of wrong shapes is refused by name") {
  CHECK_THROWS_WITH_AS(conv2d<MatrixXd>({0, 4, 3}, 3),
                       "conv2d: expected extents of at least 1, got images of shape (0, 4, 3) and "
                       "3 output channels",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(conv2d<MatrixXd>({4, 4, 3}, 3, {.kernel = 0}),
                       "conv2d: expected a kernel of at least 1, got 0", std::invalid_argument);
  CHECK_THROWS_WITH_AS(conv2d<MatrixXd>({4, 4, 3}, 3, {.stride = 3}),
                       "conv2d: expected stride 1 or 2, got 3", std::invalid_argument);

  const conv2d<MatrixXd, true> layer({4, 4, 3}, 5);
  std::mt19937 generator(1);
  auto theta = layer.make_params(generator);
  CHECK_NOTHROW(layer.make_scratch(theta, MatrixXd(48, 2)));
  CHECK_THROWS_WITH_AS(layer.make_scratch(theta, MatrixXd(47, 2)),
                       "conv2d: expected images of shape (4, 4, 3), got shape (47, 2)",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(layer.make_scratch(theta, MatrixXd(2, 48)),
                       "conv2d: expected images of shape (4, 4, 3), got shape (2, 48)",
                       std::invalid_argument);
  theta.b.resize(4, 1);
  CHECK_THROWS_WITH_AS(layer.make_scratch(theta, MatrixXd(48, 2)),
                       "conv2d: theta.b: expected 5 elements, got shape (4, 1)",
                       std::invalid_argument);
  theta.w.resize(5, 26);
  CHECK_THROWS_WITH_AS(layer.make_scratch(theta, MatrixXd(48, 2)),
                       "conv2d: theta.w: expected 135 elements, got shape (5, 26)",
                       std::invalid_argument);
}

TEST_CASE("a seeded initialisation has mean 0, the variance it promises, and can be repeated") {
  const conv2d<MatrixXd, true> layer({8, 8, 32}, 64);
  std::mt19937_64 generator(1), again(1);
  const auto theta = layer.make_params(generator);
  const double n = static_cast<double>(theta.w.size()), variance = 2. / (9 * 64);
  CHECK(theta.w.size() == 9 * 32 * 64);
  CHECK(std::abs(theta.w.mean()) <= 4 * std::sqrt(variance / n));  // four standard errors each
  CHECK(std::abs(theta.w.squaredNorm() / n - variance) <= 4 * variance * std::sqrt(2 / n));
  CHECK(theta.b == MatrixXd::Zero(64, 1));
  CHECK(layer.make_params(again).w == theta.w);
}
