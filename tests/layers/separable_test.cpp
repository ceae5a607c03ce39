// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstddef>
#include <vector>

#include <Eigen/Core>
#include <doctest/doctest.h>

#include <kutta/layers/check_residual.hpp>
#include <kutta/layers/separable.hpp>

#include "support/dense_sine.hpp"
#include "support/random.hpp"

namespace {

using Eigen::MatrixXd;
using kutta::test::dense_sine;
using kutta::test::random_like;
using kutta::test::splitmix64;

/// theta sin(t) x, where scratch must come from the caller.
struct swing {
  using state = double;
  using params = double;
  struct tape {
    double sine;
  };
  using scratch = std::vector<double>;

  double make_params(double& next) const { return next *= 2; }
  scratch make_scratch(double, double) const { return scratch(1); }

  void forward(double theta, double x, double& y, tape& saved,
               const kutta::context<swing>& at) const {
    at.scratch[0] = std::sin(at.t);
    saved.sine = at.scratch[0];
    y = theta * saved.sine * x;
  }
  void vjp(double theta, double x, const tape& saved, double dy, double& dx, double& dtheta) const {
    dx += theta * saved.sine * dy;
    dtheta += saved.sine * x * dy;
  }
};
/// −theta x².
struct square {
  using state = double;
  using params = double;
  struct tape {};

  double make_params(double& next) const { return next += 1; }

  void forward(double theta, double x, double& y, tape&) const { y = -theta * x * x; }
  void vjp(double theta, double x, const tape&, double dy, double& dx, double& dtheta) const {
    dx -= 2 * theta * x * dy;
    dtheta -= x * x * dy;
  }
};

using sines = kutta::layers::separable<dense_sine, dense_sine>;
using swing_on_square = kutta::layers::separable<swing, square>;

dense_sine::params weights(splitmix64& random) {
  return random_like(dense_sine::params{MatrixXd(4, 4), Eigen::VectorXd(4)}, random);
}

}  // namespace

TEST_CASE("either rate reads the other half") {
  splitmix64 random{1};
  const sines r{{}, {}};
  const sines::params theta{weights(random), weights(random)};
  const sines::state x{random_like(MatrixXd(4, 3), random), random_like(MatrixXd(4, 3), random)};
  sines::state y = kutta::zeros_like(x);
  auto saved = r.make_tape(theta, x);
  auto scratch = r.make_scratch(theta, x);
  r.forward(theta, x, y, saved, {.scratch = scratch});
  CHECK(y.q == MatrixXd(((theta.v.w * x.p).colwise() + theta.v.b).array().sin()));
  CHECK(y.p == MatrixXd(((theta.a.w * x.q).colwise() + theta.a.b).array().sin()));
}

TEST_CASE("the time, scratch and weights of both rates") {
  const swing_on_square r{{}, {}};
  double next = 1.5;
  const auto theta = r.make_params(next);
  CHECK(theta.v == 3);
  CHECK(theta.a == 4);
  const kutta::phase_point<double> x{.5, .25};
  kutta::phase_point<double> y{}, dx{}, dy{1, 10};
  swing_on_square::tape saved{};
  swing_on_square::params dtheta{};
  auto scratch = r.make_scratch(theta, x);
  const kutta::context<swing_on_square> at{.t = .7, .scratch = scratch};
  r.forward(theta, x, y, saved, at);
  CHECK(y.q == 3 * std::sin(.7) * .25);
  CHECK(y.p == -1);
  r.vjp(theta, x, saved, dy, dx, dtheta, at);
  CHECK(dx.q == -40);
  CHECK(dx.p == 3 * std::sin(.7));
  CHECK(dtheta.v == std::sin(.7) * .25);
  CHECK(dtheta.a == -2.5);
}

TEST_CASE("the derivatives of two separate rates") {
  splitmix64 random{2};
  const sines::params theta{weights(random), weights(random)};
  const sines::state x{random_like(MatrixXd(4, 3), random), random_like(MatrixXd(4, 3), random)};
  CHECK(kutta::check_residual(sines{{}, {}}, theta, x).text() == "no fault");
  CHECK(kutta::check_residual(swing_on_square{{}, {}}, {1.5, .5}, {.3, -.2}, .7).text() ==
        "no fault");
}

TEST_CASE("what separable is") {
  static_assert(kutta::separable_residual<sines> && kutta::has_jvp<sines>);
  static_assert(kutta::separable_residual<swing_on_square> && !kutta::has_jvp<swing_on_square>);
  static_assert(!kutta::separable_residual<dense_sine>);
  static_assert(kutta::samples_independent<sines>);
}
