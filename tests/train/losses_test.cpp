// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cmath>
#include <cstddef>
#include <initializer_list>
#include <limits>
#include <numbers>
#include <stdexcept>
#include <tuple>
#include <vector>

#include <doctest/doctest.h>

#include <kutta/eigen/tensor.hpp>
#include <kutta/tensor/product.hpp>
#include <kutta/train/losses.hpp>

#include "support/random.hpp"

namespace {

constexpr double epsilon = std::numeric_limits<double>::epsilon();

/// max |dx − ∂loss/∂x| by central differences with one step of extrapolation.
template <class L>
double gradient_error(const L& loss, const Eigen::MatrixXd& x) {
  Eigen::MatrixXd dx = Eigen::MatrixXd::Zero(x.rows(), x.cols());
  loss(x, 0, dx);
  double error = 0;
  for (Eigen::Index i = 0; i < x.size(); ++i) {
    const auto slope = [&](double h) {
      Eigen::MatrixXd right = x, left = x;
      right(i) += h;
      left(i) -= h;
      return (loss(right) - loss(left)) / (2 * h);
    };
    const double difference = (4 * slope(5e-4) - slope(1e-3)) / 3;
    error = std::max(error, std::abs(dx(i) - difference));
    if (!std::isfinite(dx(i))) return dx(i);
  }
  return error;
}

/// The loss and gradient of a batch, tile by tile.
template <class L>
double by_tiles(const L& loss, const Eigen::MatrixXd& x, Eigen::Index tile, Eigen::MatrixXd& dx) {
  double total = 0;
  for (Eigen::Index first = 0; first < x.cols(); first += tile) {
    const Eigen::Index n = std::min(tile, x.cols() - first);
    const Eigen::MatrixXd piece = x.middleCols(first, n);
    Eigen::MatrixXd dpiece = Eigen::MatrixXd::Zero(x.rows(), n);
    total += loss(piece, static_cast<std::size_t>(first), dpiece);
    dx.middleCols(first, n) = dpiece;
  }
  return total;
}

Eigen::MatrixXd random_matrix(Eigen::Index rows, Eigen::Index cols, unsigned seed) {
  kutta::test::splitmix64 random(seed);
  const Eigen::MatrixXd like(rows, cols);
  return kutta::test::random_like(like, random, -2, 2);
}

/// The cross entropy by its formula in long double, and its gradient.
long double by_formula(const Eigen::MatrixXd& x, const std::vector<int>& labels, double smoothing,
                       Eigen::MatrixXd& dx) {
  const auto classes = x.rows();
  long double total = 0, count = 0;
  for (const int label : labels) count += label >= 0;
  for (Eigen::Index s = 0; s < x.cols(); ++s) {
    const int label = labels[static_cast<std::size_t>(s)];
    if (label < 0) continue;
    long double sum = 0;
    for (Eigen::Index c = 0; c < classes; ++c) sum += std::exp(static_cast<long double>(x(c, s)));
    for (Eigen::Index c = 0; c < classes; ++c) {
      const long double p = std::exp(static_cast<long double>(x(c, s))) / sum;
      const long double q =
          (c == label ? 1 - smoothing : 0) + smoothing / static_cast<double>(classes);
      total -= q * std::log(p) / count;
      dx(c, s) = static_cast<double>((p - q) / count);
    }
  }
  return total;
}

}  // namespace

TEST_CASE("the mean squared error is the mean over all elements") {
  const Eigen::MatrixXd target{{1, 2, 3}, {4, 5, 6}}, x{{2, 2, 3}, {4, 8, 4}};
  const kutta::mean_squared_error loss(target);
  Eigen::MatrixXd dx = Eigen::MatrixXd::Zero(2, 3);
  const Eigen::MatrixXd expected{{2. / 6, 0, 0}, {0, 6. / 6, -4. / 6}};
  CHECK(std::abs(loss(x) - 14. / 6) <= 4 * epsilon);
  CHECK(std::abs(loss(x, 0, dx) - 14. / 6) <= 4 * epsilon);
  CHECK((dx - expected).cwiseAbs().maxCoeff() <= epsilon);

  loss(x, 0, dx);
  CHECK((dx - 2 * expected).cwiseAbs().maxCoeff() <= 2 * epsilon);  // the gradient is added
}

TEST_CASE(
    "the mean squared error of numbers, arrays, vectors and structs is that of whole states") {
  const double target = 3;
  double dx = 0;
  CHECK(kutta::mean_squared_error(target)(5., 0, dx) == 4);
  CHECK(dx == 4);

  const std::array<float, 2> corner{1, 2};
  std::array<float, 2> dcorner{};
  CHECK(kutta::mean_squared_error(corner)({2, 4}, 0, dcorner) == 2.5);
  CHECK(dcorner == std::array<float, 2>{1, 2});

  const std::vector<double> path{1, 2, 3, 4};
  std::vector<double> dpath(4);
  const kutta::mean_squared_error to_path(path);
  CHECK(to_path({1, 2, 3, 6}, 0, dpath) == 1);
  CHECK(dpath == std::vector<double>{0, 0, 0, 1});
  CHECK_THROWS_WITH_AS(to_path({1, 2, 3, 6}, 1, dpath),
                       "mean_squared_error: expected samples among 1, got 1 from sample 1",
                       std::invalid_argument);

  const std::tuple<double, std::vector<double>> pair{1, {2, 3}};
  std::tuple<double, std::vector<double>> dpair{0, {0, 0}};
  CHECK(kutta::mean_squared_error(pair)({4, {2, 3}}, 0, dpair) == 3);
  CHECK(std::get<0>(dpair) == 2);
  CHECK(std::get<1>(dpair) == std::vector<double>{0, 0});
}

TEST_CASE("losses of a batch refer to their data: new labels and targets are seen") {
  std::vector<double> target{1, 1};
  const kutta::mean_squared_error loss(target);
  target = {0, 0};
  CHECK(loss({1, 1}) == 1);
}

TEST_CASE("the mean squared error names what does not fit") {
  const Eigen::MatrixXd target(2, 3);
  const kutta::mean_squared_error loss(target);
  Eigen::MatrixXd x = Eigen::MatrixXd::Zero(2, 2), dx = x, wide = Eigen::MatrixXd::Zero(3, 2);
  CHECK_THROWS_WITH_AS(loss(x, 2, dx),
                       "mean_squared_error: expected samples among 3, got 2 from sample 2",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(
      loss(wide, 0, wide),
      "mean_squared_error: expected samples of a batch of shape (2, 3), got shape (3, 2)",
      std::invalid_argument);
  CHECK_THROWS_WITH_AS(loss(x, 0, wide),
                       "mean_squared_error: the gradient: expected shape (2, 2), got (3, 2)",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(loss(x), "mean_squared_error: expected shape (2, 3), got (2, 2)",
                       std::invalid_argument);
  const std::vector<double> none;
  CHECK_THROWS_WITH_AS(kutta::mean_squared_error{none},
                       "mean_squared_error: expected a target with elements, got shape (0)",
                       std::invalid_argument);
  CHECK(dx == Eigen::MatrixXd::Zero(2, 2));
}

TEST_CASE("the cross entropy of equal scores is log C") {
  const std::vector<int> labels{0, 2};
  const kutta::cross_entropy loss(labels);
  const Eigen::MatrixXd x = Eigen::MatrixXd::Constant(3, 2, 7.);
  Eigen::MatrixXd dx = Eigen::MatrixXd::Zero(3, 2);
  CHECK(std::abs(loss(x) - std::log(3.)) <= 4 * epsilon);
  CHECK(std::abs(loss(x, 0, dx) - std::log(3.)) <= 4 * epsilon);
  const Eigen::MatrixXd expected{{-1. / 3, 1. / 6}, {1. / 6, 1. / 6}, {1. / 6, -1. / 3}};
  CHECK((dx - expected).cwiseAbs().maxCoeff() <= epsilon);
}

TEST_CASE("the cross entropy of two classes is the logistic loss") {
  const std::vector<long> labels{1};
  const std::array<double, 2> x{0, -std::numbers::ln2};  // the odds are 2 : 1
  std::array<double, 2> dx{};
  const kutta::cross_entropy loss(labels);
  CHECK(std::abs(loss(x, 0, dx) - std::log(3.)) <= 4 * epsilon);
  CHECK(std::abs(dx[0] - 2. / 3) <= 2 * epsilon);
  CHECK(std::abs(dx[1] + 2. / 3) <= 2 * epsilon);
}

TEST_CASE("the cross entropy does not overflow, and does not hide what is not a number") {
  const std::vector<int> right{0}, wrong{1};
  const std::vector<float> x{1e4f, -1e4f};
  std::vector<float> dx(2);
  CHECK(kutta::cross_entropy(right)(x, 0, dx) == 0);
  CHECK(dx == std::vector<float>{0, 0});
  CHECK(kutta::cross_entropy(wrong)(x, 0, dx) == 2e4);
  CHECK(dx == std::vector<float>{1, -1});

  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double infinity = std::numeric_limits<double>::infinity();
  for (const auto& bad : {std::vector{nan, 1.}, std::vector{1., nan}, std::vector{infinity, 1.}})
    CHECK(std::isnan(kutta::cross_entropy(right)(bad)));
}

TEST_CASE("the cross entropy names labels and counts that do not fit") {
  const std::vector<int> labels{0, 3, 1}, negative{-1, 0};
  const kutta::cross_entropy loss(labels);
  Eigen::MatrixXd x = Eigen::MatrixXd::Zero(3, 2), dx = x;
  CHECK_THROWS_WITH_AS(loss(x, 1, dx), "cross_entropy: expected labels below 3, got 3 for sample 1",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(kutta::cross_entropy{negative}(x, 0, dx),
                       "cross_entropy: expected labels below 3, got -1 for sample 0",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(loss(x, 2, dx),
                       "cross_entropy: expected samples among 3, got 2 from sample 2",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(loss(x), "cross_entropy: expected 3 samples, got 2", std::invalid_argument);
  const std::vector<int> none;
  CHECK_THROWS_WITH_AS(kutta::cross_entropy{none},
                       "cross_entropy: expected at least 1 label, got 0", std::invalid_argument);
  CHECK(dx == Eigen::MatrixXd::Zero(3, 2));
}

TEST_CASE("gradients of losses agree with differences, and tiles add up to the batch") {
  const auto x = random_matrix(5, 7, 1), target = random_matrix(5, 7, 2);
  const std::vector<unsigned> labels{4, 0, 1, 1, 3, 2, 4};
  const auto check = [&](const auto& loss) {
    CHECK(gradient_error(loss, x) <= 1e-10);
    Eigen::MatrixXd whole = Eigen::MatrixXd::Zero(5, 7), tiled = whole, added = target;
    const double value = loss(x, 0, whole);
    loss(x, 0, added);  // the gradient is added to what is there
    CHECK((added - target - whole).cwiseAbs().maxCoeff() <= 4 * epsilon);
    for (const Eigen::Index tile : {1, 3, 7}) {
      CHECK(std::abs(by_tiles(loss, x, tile, tiled) - value) <= 8 * epsilon * value);
      CHECK(tiled == whole);
    }
  };
  check(kutta::mean_squared_error(target));
  check(kutta::cross_entropy(labels));
}

TEST_CASE("the cross entropy with ignored labels and smoothing is its formula in long double") {
  const auto x = random_matrix(5, 7, 3);
  for (const auto& labels : {std::vector{4, 0, 1, 1, 3, 2, 4}, std::vector{-1, 0, -1, 1, 3, -1, 4}})
    for (const double smoothing : {0., .1, 1.}) {
      const kutta::cross_entropy loss(labels, {.smoothing = smoothing, .ignore = -1});
      Eigen::MatrixXd dx = Eigen::MatrixXd::Zero(5, 7), expected = dx, tiled = dx;
      const double value = static_cast<double>(by_formula(x, labels, smoothing, expected));
      CHECK(std::abs(loss(x, 0, dx) - value) <= 4 * epsilon * value);
      CHECK(std::abs(loss(x) - value) <= 4 * epsilon * value);
      CHECK((dx - expected).cwiseAbs().maxCoeff() <= epsilon);
      CHECK(std::abs(by_tiles(loss, x, 3, tiled) - value) <= 8 * epsilon * value);
      CHECK(tiled == dx);
    }
}

TEST_CASE("ignored labels may be any number, and their scores anything") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const std::vector<long> labels{-100, 1, -100};
  Eigen::MatrixXd x{{nan, 1, 2}, {nan, 1, nan}}, dx = Eigen::MatrixXd::Zero(2, 3);
  const kutta::cross_entropy loss(labels, {.ignore = -100});
  CHECK(std::abs(loss(x, 0, dx) - std::log(2.)) <= 2 * epsilon);
  CHECK(dx == Eigen::MatrixXd{{0, .5, 0}, {0, -.5, 0}});
}

TEST_CASE("a sum is the mean times the number of labels") {
  const auto x = random_matrix(4, 6, 5);
  const std::vector<int> labels{3, 0, 9, 2, 9, 1};
  const kutta::cross_entropy mean(labels, {.ignore = 9}), sum(labels, {.ignore = 9, .sum = true});
  Eigen::MatrixXd dmean = Eigen::MatrixXd::Zero(4, 6), dsum = dmean;
  CHECK(std::abs(sum(x, 0, dsum) - 4 * mean(x, 0, dmean)) <= 16 * epsilon);
  CHECK((dsum - 4 * dmean).cwiseAbs().maxCoeff() <= 4 * epsilon);
  const std::vector<int> none{9, 9};
  const Eigen::MatrixXd y = x.leftCols(2);
  CHECK(kutta::cross_entropy(none, {.ignore = 9, .sum = true})(y) == 0);
}

TEST_CASE("a sample may have several labels: scores of its tokens side by side") {
  const Eigen::MatrixXd tokens = random_matrix(3, 8, 6);
  const Eigen::MatrixXd x = tokens.reshaped(12, 2);  // 4 tokens with 3 scores a sample
  const std::vector<int> labels{0, 2, 1, -1, 1, 1, 2, 0};
  const kutta::cross_entropy loss(labels, {.ignore = -1, .per_sample = 4});
  const kutta::cross_entropy one_by_one(labels, {.ignore = -1});
  Eigen::MatrixXd dx = Eigen::MatrixXd::Zero(12, 2), dtokens = Eigen::MatrixXd::Zero(3, 8),
                  tiled = dx;
  CHECK(loss(x, 0, dx) == one_by_one(tokens, 0, dtokens));
  CHECK(dx == dtokens.reshaped(12, 2));
  by_tiles(loss, x, 1, tiled);
  CHECK(tiled == dx);
  CHECK(gradient_error(loss, x) <= 1e-10);
}

TEST_CASE("a masked class may have the score -infinity, unless smoothing wants some of it") {
  const double infinity = std::numeric_limits<double>::infinity();
  const std::vector<int> labels{0};
  const std::vector<double> x{1, 1, -infinity};
  std::vector<double> dx(3);
  CHECK(std::abs(kutta::cross_entropy(labels)(x, 0, dx) - std::log(2.)) <= epsilon);
  CHECK(dx == std::vector{-.5, .5, 0.});
  CHECK(kutta::cross_entropy(labels, {.smoothing = .1})(x) == infinity);
}

TEST_CASE("options of the cross entropy that do not fit") {
  const std::vector<int> labels{0, 1, -1}, none{-1, -1, -1}, far{0, 7, 1};
  CHECK_THROWS_WITH_AS((kutta::cross_entropy(labels, {.smoothing = 1.5})),
                       "cross_entropy: expected a smoothing in [0, 1], got 1.5",
                       std::invalid_argument);
  CHECK_THROWS_AS((kutta::cross_entropy(labels, {.smoothing = std::nan("")})),
                  std::invalid_argument);
  CHECK_THROWS_WITH_AS((kutta::cross_entropy(labels, {.per_sample = 2})),
                       "cross_entropy: expected 2 labels a sample, got 3", std::invalid_argument);
  const Eigen::MatrixXd x = Eigen::MatrixXd::Zero(2, 3), wide = Eigen::MatrixXd::Zero(7, 1);
  CHECK_THROWS_WITH_AS(
      kutta::cross_entropy(none, {.ignore = -1})(x),
      "cross_entropy: expected at least 1 label that is not ignored, got 3 that are",
      std::invalid_argument);
  CHECK_THROWS_WITH_AS(kutta::cross_entropy(labels, {.per_sample = 3})(wide),
                       "cross_entropy: expected scores for 3 labels a sample, got shape (7, 1)",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(
      kutta::cross_entropy(far, {.per_sample = 3})(Eigen::MatrixXd(x.reshaped(6, 1))),
      "cross_entropy: expected labels below 2, got 7 for label 1", std::invalid_argument);
}
