// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <initializer_list>
#include <limits>
#include <stdexcept>
#include <tuple>
#include <vector>

#include <doctest/doctest.h>

#include <kutta/eigen/tensor.hpp>
#include <kutta/tensor/product.hpp>
#include <kutta/train/sgd.hpp>

namespace {

struct params {
  Eigen::MatrixXf w;
  Eigen::VectorXf b;
  static constexpr auto fields =
      std::tuple{kutta::field{"w", &params::w}, kutta::field{"b", &params::b}};
};

}  // namespace

TEST_CASE("sgd with momentum and weight decay takes the known steps") {
  double theta = 1;
  kutta::sgd optimiser(theta, {.rate = 0.1, .momentum = 0.9, .weight_decay = 0.5});
  for (const double expected : {0.85, 0.5725, 0.194125}) {
    optimiser.step(theta, 1);
    CHECK(std::abs(theta - expected) <= 1e-12);
  }
}

TEST_CASE("nesterov looks ahead: theta falls by rate (g + momentum v)") {
  double theta = 1;
  kutta::sgd optimiser(theta, {.rate = 0.5, .momentum = 0.5, .nesterov = true});
  optimiser.step(theta, 1);  // v = 1: 1 − (1 + 1/2)/2
  CHECK(theta == 0.25);
  optimiser.step(theta, -1);  // v = −1/2: 1/4 + (1 + 1/4)/2
  CHECK(theta == 0.875);
}

TEST_CASE("plain sgd keeps no velocity") {
  double theta = 1;
  kutta::sgd optimiser(theta, {.rate = 0.25, .weight_decay = 1});
  CHECK(!optimiser.velocity());
  optimiser.step(theta, 1);  // 1 − (1 + 1)/4
  CHECK(theta == 0.5);
}

TEST_CASE("every leaf of every coefficient moves by its own gradient") {
  for (const bool nesterov : {false, true}) {
    std::vector<params> theta(
        3, {Eigen::MatrixXf::Constant(2, 3, 1.f), Eigen::VectorXf::Constant(2, 2.f)});
    auto dtheta = theta;
    dtheta[0].w.setZero();
    dtheta[2].b.setConstant(-4);
    kutta::sgd optimiser(theta, {.rate = 0.5, .momentum = 0.5, .nesterov = nesterov});
    optimiser.step(theta, dtheta);
    const float factor = nesterov ? 0.75f : 0.5f;
    CHECK(theta[0].w == Eigen::MatrixXf::Constant(2, 3, 1.f));
    CHECK(theta[0].b == Eigen::VectorXf::Constant(2, 2 - factor * 2));
    CHECK(theta[1].w == Eigen::MatrixXf::Constant(2, 3, 1 - factor));
    CHECK(theta[2].b == Eigen::VectorXf::Constant(2, 2 + factor * 4));
    CHECK((*optimiser.velocity())[2].b == dtheta[2].b);
  }
}

TEST_CASE("sgd on a quadratic with momentum converges at the known rate") {
  // On x²/2 with rate = momentum = 1/4, v and x are multiplied by [[1/4, 1], [−1/16, 3/4]]: both
  // eigenvalues are 1/2, so that x_n = (a + b n) 2^−n.
  double theta = 1;
  kutta::sgd optimiser(theta, {.rate = 0.25, .momentum = 0.25});
  for (int n = 1; n <= 40; ++n) {
    optimiser.step(theta, theta);
    const double expected = (1 + 0.5 * n) * std::exp2(-n);
    CHECK(std::abs(theta - expected) <= 1e-13 * expected);
  }
}

TEST_CASE("a schedule changes the rate between steps") {
  double theta = 1;
  kutta::sgd optimiser(theta, {.rate = 0.5});
  optimiser.step(theta, 1);
  optimiser.set_rate(0.125);
  optimiser.step(theta, 1);
  CHECK(theta == 0.375);
  CHECK(optimiser.options().rate == 0.125);
  CHECK_THROWS_WITH_AS(optimiser.set_rate(-1), "sgd: rate must be finite and at least 0, got -1",
                       std::invalid_argument);
  CHECK(optimiser.options().rate == 0.125);
}

TEST_CASE("sgd refuses bad options and shapes by name") {
  const auto refuses = [](const kutta::sgd_options& options, const char* message) {
    CHECK_THROWS_WITH_AS(kutta::sgd(1., options), message, std::invalid_argument);
  };
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  constexpr double infinity = std::numeric_limits<double>::infinity();
  refuses({.rate = nan}, "sgd: rate must be finite and at least 0, got nan");
  refuses({.rate = infinity}, "sgd: rate must be finite and at least 0, got inf");
  refuses({.rate = -1e-3}, "sgd: rate must be finite and at least 0, got -0.001");
  refuses({.momentum = 1}, "sgd: momentum must be in [0, 1), got 1");
  refuses({.momentum = nan}, "sgd: momentum must be in [0, 1), got nan");
  refuses({.weight_decay = -1}, "sgd: weight_decay must be finite and at least 0, got -1");
  refuses({.nesterov = true}, "sgd: momentum must be above 0 for nesterov, got 0");

  std::vector<double> theta(3), other(2);
  kutta::sgd optimiser(theta, {.momentum = 0.5});
  CHECK_THROWS_WITH_AS(optimiser.step(theta, other), "sgd: dtheta: expected shape (3), got (2)",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(optimiser.step(other, other), "sgd: theta: expected shape (3), got (2)",
                       std::invalid_argument);
}
