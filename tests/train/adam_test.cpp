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
#include <kutta/train/adam.hpp>

namespace {

template <class M>
struct affine {
  M w;
  std::vector<double> b;
  static constexpr auto fields =
      std::tuple{kutta::field{"w", &affine::w}, kutta::field{"b", &affine::b}};
};

struct weights {
  Eigen::Matrix2f w;
  static constexpr auto fields = std::tuple{kutta::field{"w", &weights::w}};
};

}  // namespace

TEST_CASE("AdamW takes the known steps") {
  double theta = 1;
  kutta::adam optimiser(
      theta, {.rate = 0.01, .beta1 = 0.9, .beta2 = 0.98, .epsilon = 1e-9, .decoupled_decay = 0.1});
  const double gradient[] = {1, -2, 0.5};
  const double expected[] = {0.98900000001, 0.9916615391374136, 0.992038722940123};
  for (int n = 0; n < 3; ++n) {
    optimiser.step(theta, gradient[n]);
    CHECK(std::abs(theta - expected[n]) <= 1e-12);
  }
  CHECK(optimiser.moments().steps == 3);
  CHECK(std::abs(optimiser.moments().first - (0.1 * (0.81 - 2 * 0.9 + 0.5))) <= 1e-15);
  CHECK(std::abs(optimiser.moments().second - (0.02 * (0.98 * 0.98 + 4 * 0.98 + 0.25))) <= 1e-15);
}

TEST_CASE("under a constant gradient every Adam step is rate g/(|g| + epsilon)") {
  // m̂ = g and v̂ = g² exactly, whatever the betas.
  for (const double g : {3., -1e-4}) {
    double theta = 0;
    kutta::adam optimiser(theta, {.rate = 1e-3, .epsilon = 1e-5});
    for (int n = 1; n <= 1000; ++n) optimiser.step(theta, g);
    const double expected = -1000 * 1e-3 * g / (std::abs(g) + 1e-5);
    CHECK(std::abs(theta - expected) <= 1e-11 * std::abs(expected));
  }
}

TEST_CASE("weight decay joins the gradient, decoupled decay does not") {
  double coupled = 4, decoupled = 4;
  kutta::adam with_gradient(coupled, {.rate = 0.5, .epsilon = 1e-30, .weight_decay = 0.25});
  kutta::adam by_itself(decoupled, {.rate = 0.5, .epsilon = 1e-30, .decoupled_decay = 0.25});
  with_gradient.step(coupled, 0);
  by_itself.step(decoupled, 0);
  CHECK(std::abs(coupled - 3.5) <= 1e-15);  // the gradient is 1, and its size is normalised away
  CHECK(decoupled == 3.5);                  // 4 (1 − 0.5 · 0.25)
  with_gradient.step(coupled, 1);
  by_itself.step(decoupled, 0);
  CHECK(std::abs(with_gradient.moments().first - (0.9 * 0.1 + 0.1 * 1.875)) <= 1e-15);
  CHECK(decoupled == 3.0625);
}

TEST_CASE("every leaf of every coefficient has its own moments") {
  using params = affine<Eigen::MatrixXd>;
  std::vector<params> theta(2, {Eigen::MatrixXd::Zero(2, 3), {0, 0}});
  auto dtheta = theta;
  dtheta[0].w(1, 2) = 5;
  dtheta[1].b[1] = -0.25;
  kutta::adam<std::vector<params>> optimiser(theta, {.rate = 0.125, .epsilon = 1e-30});
  optimiser.step(theta, dtheta);

  Eigen::MatrixXd moved = Eigen::MatrixXd::Zero(2, 3);
  moved(1, 2) = -0.125;
  CHECK((theta[0].w - moved).cwiseAbs().maxCoeff() <= 1e-16);
  CHECK(theta[0].b == std::vector<double>{0, 0});
  CHECK(theta[1].w == Eigen::MatrixXd::Zero(2, 3));
  CHECK(theta[1].b[0] == 0);
  CHECK(std::abs(theta[1].b[1] - 0.125) <= 1e-16);
  CHECK(std::abs(optimiser.moments().first[0].w(1, 2) - 0.5) <= 1e-15);
  CHECK(std::abs(optimiser.moments().second[1].b[1] - 0.0000625) <= 1e-18);
}

TEST_CASE("structs of other fields, in float, are optimised the same way") {
  weights theta{Eigen::Matrix2f::Zero()};
  const weights dtheta{(Eigen::Matrix2f() << 1, -2, 0, 100).finished()};
  kutta::adam optimiser(theta, {.rate = 0.25});
  for (int n = 0; n < 4; ++n) optimiser.step(theta, dtheta);
  const Eigen::Matrix2f expected = (Eigen::Matrix2f() << -1, 1, 0, -1).finished();
  CHECK((theta.w - expected).cwiseAbs().maxCoeff() <= 1e-6f);
}

TEST_CASE("Adam finds the minimum of a badly scaled quadratic") {
  // L = Σ a_i (θ_i − c_i)²/2 with condition number 1e6, under a rate that falls to 0.
  const std::vector<double> a{1e-3, 1, 1e3}, c{1, -2, 0.5};
  std::vector<double> theta(3), dtheta(3);
  kutta::adam optimiser(theta, {.rate = 0.05});
  constexpr int steps = 4000;
  for (int n = 0; n < steps; ++n) {
    optimiser.set_rate(0.05 * (1 - double(n) / steps));
    for (std::size_t i = 0; i < 3; ++i) dtheta[i] = a[i] * (theta[i] - c[i]);
    optimiser.step(theta, dtheta);
  }
  for (std::size_t i = 0; i < 3; ++i) CHECK(std::abs(theta[i] - c[i]) <= 1e-4);
}

TEST_CASE("an optimiser with the moments of another goes on where it was") {
  std::vector<double> theta{1, -1}, dtheta{0.5, 0.25};
  kutta::adam first(theta);
  first.step(theta, dtheta);
  auto copy = theta;
  kutta::adam second(copy);
  second.moments() = first.moments();
  for (int n = 0; n < 3; ++n) {
    dtheta = {theta[1], theta[0]};
    first.step(theta, dtheta);
    second.step(copy, dtheta);
  }
  CHECK(theta == copy);
}

TEST_CASE("adam refuses bad options and shapes by name") {
  const auto refuses = [](const kutta::adam_options& options, const char* message) {
    CHECK_THROWS_WITH_AS(kutta::adam(1., options), message, std::invalid_argument);
  };
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  refuses({.rate = nan}, "adam: rate must be finite and at least 0, got nan");
  refuses({.rate = -1e-9}, "adam: rate must be finite and at least 0, got -1e-09");
  refuses({.beta1 = 1}, "adam: beta1 must be in [0, 1), got 1");
  refuses({.beta2 = -0.5}, "adam: beta2 must be in [0, 1), got -0.5");
  refuses({.epsilon = 0}, "adam: epsilon must be finite and above 0, got 0");
  refuses({.weight_decay = nan}, "adam: weight_decay must be finite and at least 0, got nan");
  refuses({.decoupled_decay = -1}, "adam: decoupled_decay must be finite and at least 0, got -1");

  std::vector<double> theta(3), other(2);
  kutta::adam optimiser(theta);
  CHECK_THROWS_WITH_AS(optimiser.set_rate(nan), "adam: rate must be finite and at least 0, got nan",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(optimiser.step(theta, other), "adam: dtheta: expected shape (3), got (2)",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(optimiser.step(other, other), "adam: theta: expected shape (3), got (2)",
                       std::invalid_argument);
  CHECK(optimiser.moments().steps == 0);
}
