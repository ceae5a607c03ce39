// SPDX-License-Identifier: Apache-2.0
#include <random>

#include <doctest/doctest.h>

#include "two_translation_units/program.hpp"

TEST_CASE("two translation units that include every header make one program") {
  const program::block f(program::network{}, kutta::bases::hat(2), {.steps = 3});
  std::mt19937 generator(1);
  const program::block::coefficients theta{f.residual().make_params(generator),
                                           f.residual().make_params(generator)};
  const Eigen::Matrix2Xd x0 = Eigen::Matrix2Xd::Random(2, 4);

  auto ws = f.make_workspace(theta, x0);
  const Eigen::Matrix2Xd x1 = f.forward(theta, x0, ws);
  Eigen::Matrix2Xd dx = x1;
  auto dtheta = kutta::zeros_like(theta);
  f.backprop(theta, dx, dtheta, ws);

  const auto elsewhere = program::evaluate_elsewhere(f, theta, x0);
  CHECK(elsewhere.x1 == x1);
  CHECK(elsewhere.dx == dx);
  CHECK(kutta::copy_to_host(elsewhere.dtheta) == kutta::copy_to_host(dtheta));
  CHECK(kutta::inner_product(dtheta, dtheta) > 0);
}

TEST_CASE("a constant of the library is one object in the whole program") {
  CHECK(program::coefficient_elsewhere() == &kutta::a_v<kutta::schemes::rk4_classic, 1, 0>);
  CHECK(program::fields_elsewhere() == &kutta::affine_params<double>::fields);
}
