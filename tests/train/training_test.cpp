// SPDX-License-Identifier: Apache-2.0
// Loss, gradient and optimiser together, where the answer is known.
#include <cmath>
#include <cstddef>
#include <vector>

#include <Eigen/Core>
#include <doctest/doctest.h>

#include <kutta/basis/piecewise_constant.hpp>
#include <kutta/eigen/tensor.hpp>
#include <kutta/ode/ode_block.hpp>
#include <kutta/schemes/fourth_order.hpp>
#include <kutta/train/adam.hpp>
#include <kutta/train/losses.hpp>

namespace {

/// R(theta, x) = theta x.
struct growth {
  using state = Eigen::MatrixXd;
  using params = double;
  struct tape {};
  static constexpr bool samples_independent = true;

  void forward(double theta, const state& x, state& y, tape&) const { y = theta * x; }
  void vjp(double theta, const state& x, const tape&, const state& dy, state& dx,
           double& dtheta) const {
    dx += theta * dy;
    dtheta += x.cwiseProduct(dy).sum();
  }
};

using block =
    kutta::ode_block<growth, kutta::schemes::rk4_classic, kutta::bases::piecewise_constant>;

const block model(growth{}, kutta::bases::piecewise_constant{2}, {.steps = 4});
const Eigen::MatrixXd x0{{1, -2, 0.5, 3, 1}, {0.25, 1, -1, 2, -3}};

}  // namespace

TEST_CASE("a block and a mean squared error find the weights that made the data") {
  // x(1) is symmetric in the two weights: equal ones have equal gradients, and stay equal.
  const block::coefficients exact{-0.7, -0.7};
  const Eigen::MatrixXd target = model(exact, x0);
  block::coefficients theta{0.3, 0.3}, dtheta = kutta::zeros_like(theta);
  Eigen::MatrixXd dx = x0;
  auto ws = model.make_workspace(theta, x0);
  const kutta::mean_squared_error loss(target);
  kutta::adam optimiser(theta, {.rate = 0.05});
  double last = 1;
  for (int n = 0; n < 500; ++n) {
    kutta::set_zero(dtheta);
    last = model.gradient(theta, x0, loss, dx, dtheta, ws);
    optimiser.set_rate(0.05 * (1 - n / 500.));
    optimiser.step(theta, dtheta);
  }
  CHECK(last <= 1e-12);
  CHECK(std::abs(theta[0] + 0.7) <= 1e-6);
  CHECK(std::abs(theta[1] + 0.7) <= 1e-6);
}

TEST_CASE("losses see the whole batch through its tiles") {
  const Eigen::MatrixXd target = Eigen::MatrixXd::Constant(2, 5, 0.5);
  const std::vector<int> labels{0, 1, 1, 0, 1};
  const block::coefficients theta{0.4, -1.1};
  const auto check = [&](const auto& loss) {
    auto whole = model.make_workspace(theta, x0);
    block::coefficients dtheta{0, 0}, dtheta_tiled{0, 0};
    Eigen::MatrixXd dx = x0, dx_tiled = x0;
    const double value = model.gradient(theta, x0, loss, dx, dtheta, whole);
    CHECK(std::abs(value - loss(model(theta, x0))) <= 1e-15 * std::abs(value));
    for (const std::size_t tile : {1u, 2u, 5u}) {
      auto tiled = model.make_workspace(theta, x0, {.threads = 2, .tile = tile});
      dtheta_tiled = {0, 0};
      const double sum = model.gradient(theta, x0, loss, dx_tiled, dtheta_tiled, tiled);
      CHECK(std::abs(sum - value) <= 1e-14 * value);
      CHECK((dx_tiled - dx).cwiseAbs().maxCoeff() <= 1e-15);
      for (std::size_t k = 0; k < 2; ++k) CHECK(std::abs(dtheta_tiled[k] - dtheta[k]) <= 1e-14);
    }
  };
  check(kutta::mean_squared_error(target));
  check(kutta::cross_entropy(labels));
}
