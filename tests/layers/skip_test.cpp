// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <random>
#include <type_traits>
#include <vector>

#include <Eigen/Core>
#include <doctest/doctest.h>

#include <kutta/basis/piecewise_constant.hpp>
#include <kutta/basis/running_statistics.hpp>
#include <kutta/eigen/tensor.hpp>
#include <kutta/layers/check_residual.hpp>
#include <kutta/layers/parallel.hpp>
#include <kutta/layers/skip.hpp>
#include <kutta/layers/stitch.hpp>
#include <kutta/layers/update_statistics.hpp>
#include <kutta/ode/ode_block.hpp>
#include <kutta/schemes/first_order.hpp>
#include <kutta/tensor/shape.hpp>

#include "support/normalised_affine.hpp"
#include "support/random.hpp"

namespace {

using Eigen::MatrixXd;
using kutta::layers::skip;
using kutta::test::normalised_affine;
using kutta::test::random_like;

constexpr kutta::layers::image_shape shape{3, 4, 5};

auto make_branch() {
  return kutta::layers::normalised_convolutions<MatrixXd>(shape, 5);
}
using branch = decltype(make_branch());
using scaled_branch = decltype(skip(make_branch()));

static_assert(kutta::residual<scaled_branch> && kutta::has_jvp<scaled_branch>);
static_assert(kutta::stateful<scaled_branch>);
static_assert(std::is_same_v<scaled_branch::statistics, branch::statistics>);

/// Images of `shape`, and a layer's weights; the workings of one pass.
template <class L>
struct one_pass {
  const L& layer;
  typename L::params theta;
  MatrixXd x;
  kutta::scratch_t<L> scratch = kutta::detail::make_scratch(layer, theta, x);
  typename L::tape saved = kutta::detail::make_tape(layer, theta, x);
  MatrixXd y = 0 * x;

  kutta::context<L> at() { return {0, 1, 0, scratch}; }
  const MatrixXd& forward() {
    kutta::detail::forward(layer, theta, x, y, saved, at());
    return y;
  }
  const MatrixXd& infer(const typename L::statistics& stats) {
    kutta::detail::infer(layer, theta, stats, x, y, saved, at());
    return y;
  }
};

MatrixXd random_images() {
  kutta::test::splitmix64 random(5);
  return random_like(MatrixXd(60, 3), random);
}

}  // namespace

TEST_CASE("at first y = 0, and only s has a gradient") {
  const auto layer = skip(make_branch());
  std::mt19937 generator(1);
  one_pass<scaled_branch> pass{layer, layer.make_params(generator), random_images()};
  CHECK(pass.theta.rate == 0);
  CHECK(kutta::element_count(pass.theta) == 18 * 25 + 4 * 5 + 1);
  CHECK(pass.forward().isZero(0));

  MatrixXd dx = 0 * pass.x;
  auto dtheta = kutta::zeros_like(pass.theta);
  const MatrixXd dy = MatrixXd::Ones(60, 3);
  kutta::detail::vjp(layer, pass.theta, pass.x, pass.saved, dy, dx, dtheta, pass.at());
  CHECK(dx.isZero(0));
  CHECK(kutta::inner_product(dtheta.theta, dtheta.theta) == 0);

  const auto inner = make_branch();
  one_pass<branch> plain{inner, pass.theta.theta, pass.x};
  const double sum = plain.forward().sum();  // ∂⟨1, s R⟩/∂s
  CHECK(std::abs(dtheta.rate - sum) <= 1e-13 * 180);
}

TEST_CASE("s R with its vjp and jvp, in the map of training") {
  const auto layer = skip(make_branch());
  std::mt19937 generator(2);
  auto theta = layer.make_params(generator);
  for (const double s : {0., -1.5}) {
    theta.rate = s;
    const auto report = kutta::check_residual(layer, theta, random_images());
    CHECK_MESSAGE(report.ok(), report.text());
  }
}

TEST_CASE("the statistics are those of R, in training and in inference") {
  const auto layer = skip(make_branch());
  const auto inner = make_branch();
  std::mt19937 generator(3);
  auto theta = layer.make_params(generator);
  theta.rate = 0.5;
  const MatrixXd x = random_images();
  one_pass<scaled_branch> pass{layer, theta, x};
  one_pass<branch> plain{inner, theta.theta, x};
  CHECK(pass.forward() == 0.5 * plain.forward());

  auto stats = layer.make_statistics(theta, x), expected = inner.make_statistics(theta.theta, x);
  kutta::update_statistics(layer, stats, pass.saved, 0.1);
  kutta::update_statistics(inner, expected, plain.saved, 0.1);
  const auto distance = [](auto a, const auto& b) {
    kutta::add(a, a, kutta::scaled{-1, b});
    return kutta::inner_product(a, a);
  };
  CHECK(distance(stats, layer.make_statistics(theta, x)) > 1e-4);
  CHECK(distance(stats, expected) == 0);
  CHECK(distance(layer.positive_statistics(stats), inner.positive_statistics(stats)) == 0);
  CHECK(pass.infer(stats) == 0.5 * plain.infer(stats));
}

TEST_CASE("a residual unit with it is the identity at first") {
  const kutta::layers::parallel unit{kutta::layers::identity<MatrixXd>{}, skip(make_branch())};
  std::mt19937 generator(4);
  one_pass<std::remove_const_t<decltype(unit)>> pass{unit, unit.make_params(generator),
                                                     random_images()};
  CHECK(pass.forward() == pass.x);
}

TEST_CASE("s is a function of depth, one for each cell") {
  using residual = kutta::layers::with_rate<normalised_affine>;
  const kutta::ode_block<residual, kutta::schemes::euler, kutta::bases::piecewise_constant> f{
      skip(normalised_affine{}), kutta::bases::piecewise_constant(2), {.steps = 2}};
  kutta::test::splitmix64 random(6);
  const auto weights = normalised_affine::random_coefficients(2, 3, random);
  const MatrixXd x0 = random_like(MatrixXd(3, 4), random);
  CHECK(f({{weights[0], 0}, {weights[1], 0}}, x0) == x0);

  // Euler by hand: the first layer adds nothing, the second h s = 1 times R.
  const std::vector<residual::params> theta{{weights[0], 0}, {weights[1], 2}};
  auto stats = f.make_statistics(theta, x0, {.momentum = 1});
  auto ws = f.make_workspace(theta, x0);
  const MatrixXd mean = x0.rowwise().mean();
  const MatrixXd centred = x0.colwise() - mean.col(0);
  const Eigen::VectorXd var = centred.rowwise().squaredNorm() / 4;
  const MatrixXd z = (var.array() + 1e-5).rsqrt().matrix().asDiagonal() * centred;
  const MatrixXd expected = x0 + ((weights[1].w * z).colwise() + weights[1].b);
  CHECK((f.train(theta, stats, x0, ws) - expected).cwiseAbs().maxCoeff() <= 1e-14);
  CHECK((stats.coefficients()[1].mean - mean.col(0)).cwiseAbs().maxCoeff() <= 1e-15);
  CHECK((f.infer(theta, stats, x0, ws) - expected).cwiseAbs().maxCoeff() <= 1e-14);
}
