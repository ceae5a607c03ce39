// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstddef>
#include <limits>
#include <stdexcept>
#include <tuple>
#include <vector>

#include <doctest/doctest.h>

#include <kutta/basis/hat.hpp>
#include <kutta/basis/mixed.hpp>
#include <kutta/basis/piecewise_constant.hpp>
#include <kutta/ode/ode_block.hpp>
#include <kutta/schemes/fourth_order.hpp>
#include <kutta/tensor/product.hpp>
#include <kutta/train/sgd.hpp>

#include "support/random.hpp"

namespace {

using kutta::field;
using kutta::ode_block;
using kutta::bases::hat;
using kutta::bases::mixed;
using kutta::bases::piecewise_constant;
using kutta::schemes::rk4_classic;

constexpr double epsilon = std::numeric_limits<double>::epsilon();

/// sin(w x + b).
struct layer {
  using state = double;
  struct params {
    double w, b;
    static constexpr auto fields = std::tuple{field{"w", &params::w}, field{"b", &params::b}};
  };
  struct tape {
    double cosine;
  };
  void forward(const params& theta, const double& x, double& y, tape& saved) const {
    const double z = theta.b + theta.w * x;
    saved.cosine = std::cos(z);
    y = std::sin(z);
  }
  void vjp(const params& theta, const double& x, const tape& saved, const double& dy, double& dx,
           params& dtheta) const {
    const double g = saved.cosine * dy;
    dx += theta.w * g;
    dtheta.w += x * g;
    dtheta.b += g;
  }
};
static_assert(kutta::residual<layer>);

/// sin(w x + c t + b): the time as another input.
struct layer_with_time {
  using state = double;
  struct params {
    double w, c, b;
    static constexpr auto fields =
        std::tuple{field{"w", &params::w}, field{"c", &params::c}, field{"b", &params::b}};
  };
  using tape = layer::tape;
  using context = kutta::context<layer_with_time>;
  void forward(const params& theta, const double& x, double& y, tape& saved,
               const context& at) const {
    const double z = (theta.b + theta.c * at.t) + theta.w * x;
    saved.cosine = std::cos(z);
    y = std::sin(z);
  }
  void vjp(const params& theta, const double& x, const tape& saved, const double& dy, double& dx,
           params& dtheta, const context& at) const {
    const double g = saved.cosine * dy;
    dx += theta.w * g;
    dtheta.w += x * g;
    dtheta.c += at.t * g;
    dtheta.b += g;
  }
};
static_assert(kutta::residual<layer_with_time>);

using coefficients = kutta::mixed_coefficients<layer::params>;
using constant_and_hats = mixed<piecewise_constant, hat>;

coefficients some_weights(const constant_and_hats& phi) {
  kutta::test::splitmix64 random(4);
  return kutta::test::random_like(kutta::zero_coefficients(phi, layer::params{}), random);
}

}  // namespace

TEST_CASE("w constant and b linear in depth is a block that is given the time") {
  // Depths in eighths, b and c in quarters: b(t) is the same number either way.
  const constant_and_hats phi(piecewise_constant(1), hat(2));
  const ode_block<layer, rk4_classic, constant_and_hats> f{{}, phi, {.steps = 4}};
  auto theta = kutta::zero_coefficients(phi, layer::params{});
  theta.of<&layer::params::w>() = {.8};
  theta.of<&layer::params::b>() = {.25, 1.75};
  const ode_block<layer_with_time, rk4_classic, piecewise_constant> g{
      {}, piecewise_constant(1), {.steps = 4}};
  const std::vector<layer_with_time::params> eta{{.8, 1.5, .25}};
  CHECK(std::abs(f(theta, .3) - g(eta, .3)) <= 2 * epsilon);
  CHECK(std::abs(f(theta, .3) - .3) > .1);

  auto ws = f.make_workspace(theta, .3);
  auto dtheta = kutta::zeros_like(theta);
  double dx = 1;
  f.forward(theta, .3, ws);
  f.backprop(theta, dx, dtheta, ws);
  auto ws_g = g.make_workspace(eta, .3);
  auto deta = kutta::zeros_like(eta);
  double dx_g = 1;
  g.forward(eta, .3, ws_g);
  g.backprop(eta, dx_g, deta, ws_g);
  CHECK(std::abs(dx - dx_g) <= 8 * epsilon);
  CHECK(std::abs(dtheta.of<&layer::params::w>()[0] - deta[0].w) <= 8 * epsilon);
  const auto& db = dtheta.of<&layer::params::b>();
  CHECK(std::abs(db[1] - deta[0].c) <= 8 * epsilon);
  CHECK(std::abs(db[0] + db[1] - deta[0].b) <= 8 * epsilon);
}

TEST_CASE("one family for every field is that family") {
  const mixed phi(hat(3), hat(3));
  const ode_block<layer, rk4_classic, hat> f{{}, hat(3), {.steps = 5}};
  const ode_block<layer, rk4_classic, mixed<hat, hat>> g{{}, phi, {.steps = 5}};
  const std::vector<layer::params> theta{{1, .5}, {-1, .25}, {.5, 2}};
  auto eta = kutta::zero_coefficients(phi, layer::params{});
  eta.of<&layer::params::w>() = {1, -1, .5};
  eta.of<&layer::params::b>() = {.5, .25, 2};
  CHECK(std::abs(f(theta, .7) - g(eta, .7)) <= 2 * epsilon);
}

TEST_CASE("the gradient is that of central differences, for every coefficient") {
  const constant_and_hats phi(piecewise_constant(3), hat(4));
  const ode_block<layer, rk4_classic, constant_and_hats> f{{}, phi, {.steps = 6, .horizon = 2}};
  const auto theta = some_weights(phi);
  auto ws = f.make_workspace(theta, .3);
  auto dtheta = kutta::zeros_like(theta);
  double dx = 1;
  f.forward(theta, .3, ws);
  f.backprop(theta, dx, dtheta, ws);
  auto moved = theta;
  kutta::for_each_leaf(
      [&](std::vector<double>& values, const std::vector<double>& d) {
        for (std::size_t k = 0; k < values.size(); ++k) {
          const double value = values[k], h = 1e-5;
          values[k] = value + h;
          const double above = f(moved, .3);
          values[k] = value - h;
          const double below = f(moved, .3);
          values[k] = value;
          CHECK(std::abs((above - below) / (2 * h) - d[k]) <= 1e-9);
        }
      },
      moved, dtheta);
}

TEST_CASE("optimisers move mixed coefficients") {
  const constant_and_hats phi(piecewise_constant(2), hat(3));
  auto theta = some_weights(phi);
  const auto before = theta;
  auto dtheta = kutta::zeros_like(theta);
  dtheta.of<&layer::params::b>()[2] = 1;
  kutta::sgd optimiser(theta, {.rate = .5});
  optimiser.step(theta, dtheta);
  CHECK(theta.of<&layer::params::b>()[2] == before.of<&layer::params::b>()[2] - .5);
  CHECK(theta.of<&layer::params::w>() == before.of<&layer::params::w>());
}

TEST_CASE("coefficients of another K are refused, and the message names the field") {
  const constant_and_hats phi(piecewise_constant(2), hat(3));
  const ode_block<layer, rk4_classic, constant_and_hats> f{{}, phi, {.steps = 2}};
  auto theta = some_weights(phi);
  theta.of<&layer::params::b>().push_back(0);
  CHECK_THROWS_WITH_AS(f(theta, .3), "make_workspace: theta.b: expected K = 3 coefficients, got 4",
                       std::invalid_argument);
}
