// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <random>
#include <stdexcept>
#include <tuple>
#include <vector>

#include <Eigen/Core>
#include <doctest/doctest.h>

#include <kutta/eigen/tensor.hpp>
#include <kutta/layers/check_residual.hpp>
#include <kutta/layers/dense.hpp>
#include <kutta/layers/dropout.hpp>
#include <kutta/layers/elementwise.hpp>
#include <kutta/layers/layer_pass.hpp>
#include <kutta/layers/random_bits.hpp>
#include <kutta/layers/sequential.hpp>
#include <kutta/xtensor/tensor.hpp>

#include "support/random.hpp"

namespace {

using Eigen::MatrixXd;
using kutta::layers::dropout;
using kutta::test::random_like;
using drop = dropout<MatrixXd>;
using images = xt::xtensor<float, 4>;

static_assert(kutta::residual<drop> && kutta::has_jvp<drop> && kutta::stateful<drop>);
static_assert(kutta::stateful<dropout<images>> && kutta::stateful<dropout<std::vector<double>>>);
static_assert(kutta::samples_independent<drop>);

/// What becomes of x in a pass, on samples first, first + 1, ….
template <class X>
X dropped(const dropout<X>& layer, const X& x, std::uint64_t pass, std::size_t first = 0) {
  kutta::nothing scratch;
  typename dropout<X>::tape saved;
  X y = kutta::zeros_like(x);
  layer.forward({}, x, y, saved, {0, pass, first, scratch});
  return y;
}

/// The part of the elements that is 0 in both.
double both_zero(const MatrixXd& a, const MatrixXd& b) {
  return static_cast<double>((a.array() == 0 && b.array() == 0).count()) /
         static_cast<double>(a.size());
}

/// Six standard errors of the mean of n draws of probability p.
double six_errors(double p, double n) {
  return 6 * std::sqrt(p * (1 - p) / n);
}

}  // namespace

TEST_CASE("random bits by their place are the sequence of splitmix64") {
  for (const std::uint64_t key : {0u, 1u, 77u}) {
    kutta::test::splitmix64 sequence(key);
    for (std::uint64_t n = 0; n < 100; ++n) CHECK(kutta::detail::random_bits(key, n) == sequence());
  }
  // Published: the generator's first numbers for the seed 1234567.
  static_assert(kutta::detail::random_bits(1234567, 0) == 6457827717110365317u);
  static_assert(kutta::detail::random_bits(1234567, 1) == 3203168211198807973u);
}

TEST_CASE("a part p of the elements is 0, the others are x/(1 − p)") {
  const MatrixXd x = MatrixXd::Constant(100, 1000, 3);
  for (const double p : {0.1, 0.5, 0.9}) {
    CAPTURE(p);
    const MatrixXd y = dropped(drop({.rate = p, .seed = 1}), x, 1);
    const auto zeros = static_cast<double>((y.array() == 0).count());
    CHECK(std::abs(zeros / 1e5 - p) <= six_errors(p, 1e5));
    CHECK((y.array() == 0 || (y.array() - 3 / (1 - p)).abs() <= 1e-14).all());
    CHECK(std::abs(y.mean() / 3 - 1) <= six_errors(p, 1e5) / (1 - p));
    // So in each sample and in each place of a sample.
    const double worst_sample =
        ((y.array() == 0).cast<double>().colwise().mean() - p).abs().maxCoeff();
    const double worst_place =
        ((y.array() == 0).cast<double>().rowwise().mean() - p).abs().maxCoeff();
    CHECK(worst_sample <= six_errors(p, 100));
    CHECK(worst_place <= six_errors(p, 1000));
  }
}

TEST_CASE("rate 0 changes nothing") {
  kutta::test::splitmix64 random(1);
  const MatrixXd x = random_like(MatrixXd(7, 5), random);
  CHECK(dropped(drop({.rate = 0}), x, 4) == x);
}

TEST_CASE("another pass, seed, sample or element drops independently of the first") {
  const MatrixXd x = MatrixXd::Ones(100, 1000);
  const drop layer({.rate = 0.3, .seed = 1});
  const MatrixXd y = dropped(layer, x, 1);
  const double tolerance = six_errors(0.09, 1e5);
  CHECK(dropped(layer, x, 1) == y);
  CHECK(std::abs(both_zero(y, dropped(layer, x, 2)) - 0.09) <= tolerance);
  CHECK(std::abs(both_zero(y, dropped(drop({.rate = 0.3, .seed = 2}), x, 1)) - 0.09) <= tolerance);
  CHECK(std::abs(both_zero(y.leftCols(999), y.rightCols(999)) - 0.09) <= tolerance);
  CHECK(std::abs(both_zero(y.topRows(99), y.bottomRows(99)) - 0.09) <= tolerance);
  CHECK(std::abs(both_zero(y.topRows(99).leftCols(999), y.bottomRows(99).rightCols(999)) - 0.09) <=
        tolerance);
}

TEST_CASE("a tile of a batch drops what the batch does there; so does every kind of array") {
  kutta::test::splitmix64 random(2);
  const drop layer({.rate = 0.4, .seed = 5});
  const MatrixXd x = random_like(MatrixXd(6, 9), random);
  const MatrixXd y = dropped(layer, x, 3);
  for (const Eigen::Index first : {0, 1, 4, 8})
    for (Eigen::Index n = 1; first + n <= 9; ++n) {
      const MatrixXd tile = x.middleCols(first, n);
      CHECK(dropped(layer, tile, 3, static_cast<std::size_t>(first)) == y.middleCols(first, n));
    }

  const dropout<images> of_images({.rate = 0.4, .seed = 5});
  images z(std::array<std::size_t, 4>{9, 1, 2, 3});
  for (std::size_t i = 0; i < 54; ++i) z.data()[i] = static_cast<float>(x.data()[i]);
  const images dropped_images = dropped(of_images, z, 3);
  for (std::size_t i = 0; i < 54; ++i) CHECK((dropped_images.data()[i] == 0) == (y.data()[i] == 0));

  const dropout<std::vector<double>> of_numbers({.rate = 0.4, .seed = 5});
  const std::vector<double> first_sample(x.data(), x.data() + 6);
  const auto numbers = dropped(of_numbers, first_sample, 3);
  for (std::size_t i = 0; i < 6; ++i) CHECK(numbers[i] == y.data()[i]);
}

TEST_CASE("vjp and jvp drop the same elements") {
  kutta::test::splitmix64 random(3);
  const auto report = kutta::check_residual(drop({.rate = 0.4, .seed = 8}), {},
                                            random_like(MatrixXd(5, 4), random));
  CHECK_MESSAGE(report.ok(), report.text());

  const drop layer({.rate = 0.5, .seed = 8});
  const MatrixXd x = MatrixXd::Ones(6, 5), y = dropped(layer, x, 12, 3);
  kutta::nothing scratch;
  const kutta::context<drop> at{0, 12, 3, scratch};
  MatrixXd dx = MatrixXd::Constant(6, 5, 10), vy = x;
  std::array<double, 0> none{};
  layer.vjp(none, x, {}, x, dx, none, at);
  layer.jvp(none, x, {}, x, none, vy, at);
  CHECK(dx == (y.array() + 10).matrix());
  CHECK(vy == y);
}

TEST_CASE("a model drops in training and not in inference") {
  const kutta::layers::sequential model{
      kutta::layers::dense<MatrixXd>({1, 1, 4}, 50), kutta::layers::tanh<MatrixXd>{},
      drop({.rate = 0.5, .seed = 1}), kutta::layers::dense<MatrixXd>({1, 1, 50}, 3)};
  std::mt19937 generator(1);
  kutta::test::splitmix64 random(4);
  const auto theta = random_like(model.make_params(generator), random);
  const MatrixXd x = random_like(MatrixXd(4, 7), random);

  kutta::layer_pass pass(model, theta, x);
  const auto stats = model.make_statistics(theta, x);
  const auto& [a, b, c, d] = theta;
  const MatrixXd inner = ((a.w * x).colwise() + a.b.col(0)).array().tanh();
  const MatrixXd expected = (d.w * inner).colwise() + d.b.col(0);
  CHECK((pass.infer(theta, stats, x) - expected).cwiseAbs().maxCoeff() <= 1e-13);

  // Two passes differ; their mean over many is the map of inference.
  const MatrixXd first = pass.forward(theta, x);
  CHECK((pass.forward(theta, x) - first).cwiseAbs().maxCoeff() > 1e-3);
  MatrixXd mean = MatrixXd::Zero(3, 7);
  const int passes = 4000;
  for (int i = 0; i < passes; ++i) mean += pass.forward(theta, x) / passes;
  // The variance of an output is at most Σ_k d.w², for p = 1/2 and |inner| ≤ 1.
  const double deviation = std::sqrt(d.w.rowwise().squaredNorm().maxCoeff() / passes);
  CHECK((mean - expected).cwiseAbs().maxCoeff() <= 6 * deviation);

  const auto report = kutta::check_residual(model, theta, x);
  CHECK_MESSAGE(report.ok(), report.text());
}

TEST_CASE("the vjp behind a pass of inference drops nothing") {
  const drop layer({.rate = 0.5});
  const MatrixXd x = MatrixXd::Ones(3, 2);
  MatrixXd y = 0 * x, dx = 0 * x, vy = 0 * x;
  kutta::nothing scratch;
  drop::tape saved;
  std::array<double, 0> none{};
  layer.infer(none, {}, x, y, saved);
  layer.vjp(none, x, saved, x, dx, none, {0, 1, 0, scratch});
  layer.jvp(none, x, saved, x, none, vy, {0, 1, 0, scratch});
  CHECK(y == x);
  CHECK(dx == x);
  CHECK(vy == x);
}

TEST_CASE("a rate is at least 0 and less than 1") {
  CHECK_THROWS_WITH_AS(drop({.rate = 1}),
                       "dropout: expected a rate of at least 0 and less than 1, got 1",
                       std::invalid_argument);
  CHECK_THROWS_AS(drop({.rate = -0.1}), std::invalid_argument);
  CHECK_THROWS_AS(drop({.rate = std::numeric_limits<double>::quiet_NaN()}), std::invalid_argument);
}
