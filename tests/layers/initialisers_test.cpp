// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include <Eigen/Core>
#include <doctest/doctest.h>

#include <kutta/eigen/mlp.hpp>
#include <kutta/layers/conv2d.hpp>
#include <kutta/layers/dense.hpp>
#include <kutta/layers/initialiser_by_name.hpp>
#include <kutta/layers/initialisers.hpp>

namespace {

using Eigen::MatrixXd;
using kutta::initialiser;
using kutta::initialiser_by_name;
using kutta::weight_shape;
namespace initialisers = kutta::initialisers;
using initialisers::fan;

template <class G = std::mt19937>
std::vector<double> drawn(const initialiser& how, const weight_shape& shape, unsigned seed = 1) {
  G generator(seed);
  std::vector<double> w(shape.size());
  kutta::initialise(how, shape, w.data(), generator);
  return w;
}

double mean_power(const std::vector<double>& w, int power) {
  double sum = 0;
  for (const double x : w) sum += std::pow(x, power);
  return sum / static_cast<double>(w.size());
}

double largest(const std::vector<double>& w) {
  double most = 0;
  for (const double x : w) most = std::max(most, std::abs(x));
  return most;
}

/// The first four moments within four standard errors.
void check_normal(const std::vector<double>& w, double variance) {
  const double n = static_cast<double>(w.size()), deviation = std::sqrt(variance);
  CHECK(std::abs(mean_power(w, 1)) <= 4 * deviation / std::sqrt(n));
  CHECK(std::abs(mean_power(w, 2) / variance - 1) <= 4 * std::sqrt(2 / n));
  CHECK(std::abs(mean_power(w, 3) / (variance * deviation)) <= 4 * std::sqrt(15 / n));
  CHECK(std::abs(mean_power(w, 4) / (variance * variance) - 3) <= 4 * std::sqrt(96 / n));
}

void check_uniform(const std::vector<double>& w, double bound) {
  const double n = static_cast<double>(w.size()), square = bound * bound;
  CHECK(std::abs(mean_power(w, 1)) <= 4 * bound / std::sqrt(3 * n));
  CHECK(std::abs(mean_power(w, 2) / square - 1. / 3) <= 4 * std::sqrt((1. / 5 - 1. / 9) / n));
  CHECK(std::abs(mean_power(w, 4) / (square * square) - 1. / 5) <=
        4 * std::sqrt((1. / 9 - 1. / 25) / n));
  CHECK(largest(w) <= bound);
  CHECK(largest(w) >= bound * (1 - 20 / n));
}

}  // namespace

TEST_CASE("the first numbers of a seed are always the same") {
  const double epsilon = std::numeric_limits<double>::epsilon();
  CHECK(drawn(initialisers::uniform(), {1, 3, 1}) ==
        std::vector{0.99436961646053112, 0.86511472273633094, -0.74375110445538795});
  const auto normal = drawn(initialisers::normal(), {1, 3, 1});
  const double expected[] = {-0.54974617895544964, -1.4028727091279209, 1.5827522919751402};
  for (std::size_t i = 0; i < 3; ++i) CHECK(std::abs(normal[i] - expected[i]) <= 8 * epsilon);
}

TEST_CASE("named initialisers have the variance of their papers") {
  const weight_shape conv{9, 30, 50};  // 3 × 3 taps, 270 weights an output, 450 an input
  const auto by_name = [&](const char* name, double number = 1) {
    CAPTURE(name);
    return drawn(initialiser_by_name(name, number), conv);
  };
  check_normal(by_name("he_normal"), 2. / 270);
  check_normal(by_name("he_normal_fan_out"), 2. / 450);
  check_normal(by_name("xavier_normal"), 2. / 720);
  check_normal(by_name("lecun_normal"), 1. / 270);
  check_normal(by_name("normal"), 1);
  check_normal(by_name("normal", .02), .0004);
  check_normal(by_name("he_normal", 3), 18. / 270);
  check_uniform(by_name("he_uniform"), std::sqrt(6. / 270));
  check_uniform(by_name("he_uniform_fan_out"), std::sqrt(6. / 450));
  check_uniform(by_name("xavier_uniform"), std::sqrt(6. / 720));
  check_uniform(by_name("xavier_uniform", 2), 2 * std::sqrt(6. / 720));
  check_uniform(by_name("lecun_uniform"), std::sqrt(3. / 270));
  check_uniform(by_name("uniform", .3), .3);
  CHECK(by_name("zeros") == std::vector<double>(conv.size(), 0));
  CHECK(by_name("constant", -.5) == std::vector<double>(conv.size(), -.5));
}

TEST_CASE("generators with other numbers of values give the same distributions") {
  const weight_shape shape{1, 100, 100};
  check_normal(drawn<std::mt19937_64>(initialisers::normal(), shape), 1);
  check_uniform(drawn<std::mt19937_64>(initialisers::uniform(), shape), 1);
  check_normal(drawn<std::minstd_rand>(initialisers::normal(), shape), 1);
  check_uniform(drawn<std::ranlux24_base>(initialisers::uniform(), shape), 1);
}

TEST_CASE("orthogonal weights have orthonormal rows or columns") {
  for (const weight_shape shape : {weight_shape{1, 7, 7}, {9, 3, 5}, {1, 3, 17}, {1, 1, 1}}) {
    CAPTURE(shape.out);
    const auto w = drawn(initialisers::orthogonal(2), shape);
    const auto out = static_cast<Eigen::Index>(shape.out);
    const Eigen::Map<const MatrixXd> q(w.data(), out, static_cast<Eigen::Index>(w.size()) / out);
    const MatrixXd products =
        q.rows() <= q.cols() ? MatrixXd(q * q.transpose()) : MatrixXd(q.transpose() * q);
    const auto identity = MatrixXd::Identity(products.rows(), products.cols());
    CHECK((products - 4 * identity).cwiseAbs().maxCoeff() <= 1e-14);
  }
}

TEST_CASE("orthogonal 2 × 2 weights turn by any angle, and reflect half of the time") {
  std::mt19937 generator(1);
  const int n = 10'000;
  double cosine = 0, fourth = 0, reflections = 0, w[4];
  for (int i = 0; i < n; ++i) {
    kutta::initialise(initialisers::orthogonal(), {1, 2, 2}, w, generator);
    cosine += w[0] / n;
    fourth += std::pow(w[0], 4) / n;
    reflections += w[0] * w[3] < w[1] * w[2];
  }
  CHECK(std::abs(cosine) <= 4 * std::sqrt(1. / 2 / n));
  CHECK(std::abs(fourth - 3. / 8) <= 4 * std::sqrt((35. / 128 - 9. / 64) / n));
  CHECK(std::abs(reflections / n - .5) <= 4 * std::sqrt(.25 / n));
}

TEST_CASE("layers begin as they are told") {
  std::mt19937 generator(1), again(1), other(2);
  const kutta::layers::dense<MatrixXd> dense({1, 1, 40}, 60, initialisers::xavier_uniform());
  const auto theta = dense.make_params(generator);
  check_uniform({theta.w.data(), theta.w.data() + theta.w.size()}, std::sqrt(6. / 100));
  CHECK(theta.b.isZero(0));
  CHECK(dense.make_params(again).w == theta.w);
  CHECK(dense.make_params(other).w != theta.w);

  const kutta::layers::conv2d<MatrixXd> conv({8, 8, 16}, 32,
                                             {.weights = initialisers::he_uniform()});
  const auto kernels = conv.make_params(generator).w;
  check_uniform({kernels.data(), kernels.data() + kernels.size()}, std::sqrt(6. / (9 * 16)));

  const auto net = kutta::layers::mlp{3, 50, 2}.with_weights(initialisers::constant(.25));
  const auto layers = net.make_params(generator);
  CHECK(std::get<0>(layers).w == MatrixXd::Constant(50, 3, .25));
  CHECK(std::get<1>(layers).w == MatrixXd::Constant(2, 50, .25));
  CHECK(std::get<0>(layers).b.isZero(0));
}

TEST_CASE("a name or number that does not fit is refused") {
  CHECK_THROWS_WITH_AS(
      initialiser_by_name("glorot"),
      "initialiser: expected one of constant, he_normal, he_normal_fan_out, he_uniform, "
      "he_uniform_fan_out, lecun_normal, lecun_uniform, normal, orthogonal, uniform, "
      "xavier_normal, xavier_uniform, zeros; got \"glorot\"",
      std::invalid_argument);
  CHECK_THROWS_WITH_AS(initialisers::he_normal(fan::in, -1),
                       "he_normal: expected a finite number of at least 0, got -1",
                       std::invalid_argument);
  CHECK_THROWS_AS(initialisers::normal(std::nan("")), std::invalid_argument);
  CHECK_THROWS_AS(initialisers::uniform(INFINITY), std::invalid_argument);
  CHECK_THROWS_AS(initialisers::orthogonal(-1), std::invalid_argument);
  static_assert(initialisers::uniform(.1).square == .1 * .1);
}
