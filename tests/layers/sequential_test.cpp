// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <random>
#include <tuple>
#include <type_traits>

#include <Eigen/Core>
#include <doctest/doctest.h>

#include <kutta/eigen/mlp.hpp>
#include <kutta/eigen/tensor.hpp>
#include <kutta/layers/batch_norm.hpp>
#include <kutta/layers/call.hpp>
#include <kutta/layers/check_residual.hpp>
#include <kutta/layers/conv2d.hpp>
#include <kutta/layers/relu.hpp>
#include <kutta/layers/sequential.hpp>
#include <kutta/tensor/shape.hpp>

#include "support/random.hpp"

namespace {

using Eigen::MatrixXd;
using kutta::layers::batch_norm;
using kutta::layers::conv2d;
using kutta::layers::relu;
using kutta::layers::sequential;
using kutta::test::random_like;

using conv = conv2d<MatrixXd>;
using norm = batch_norm<MatrixXd>;
using residual_branch = sequential<norm, relu<MatrixXd>, conv, norm, relu<MatrixXd>, conv>;
using stateless = sequential<relu<MatrixXd>, conv>;
using nested = sequential<stateless, residual_branch, conv>;

static_assert(kutta::residual<residual_branch> && kutta::has_jvp<residual_branch>);
static_assert(kutta::stateful<residual_branch> && !kutta::stateful<stateless>);
static_assert(kutta::samples_independent<stateless> &&
              !kutta::samples_independent<residual_branch>);
static_assert(
    std::is_same_v<residual_branch::statistics, std::tuple<norm::statistics, norm::statistics>>);

residual_branch make_branch(std::size_t c) {
  const kutta::layers::image_shape shape{4, 5, c};
  return residual_branch(norm(c), {}, conv(shape, c), norm(c), {}, conv(shape, c));
}

template <class L>
struct run {
  const L& layer;
  typename L::params theta;
  MatrixXd x;
  typename L::tape saved = layer.make_tape(theta, x);
  typename L::scratch scratch = layer.make_scratch(theta, x);
  MatrixXd y = layer.make_output(theta, x);

  kutta::context<L> at() { return {.5, 3, 0, scratch}; }
  const MatrixXd& forward() {
    layer.forward(theta, x, y, saved, at());
    return y;
  }
};

template <class L>
run<L> random_run(const L& layer, Eigen::Index rows, Eigen::Index samples) {
  std::mt19937 generator(1);
  kutta::test::splitmix64 random(8);
  const auto theta = random_like(layer.make_params(generator), random);
  return {layer, theta, random_like(MatrixXd(rows, samples), random)};
}

template <class L>
MatrixXd apply(const L& layer, const typename L::params& theta, const MatrixXd& x) {
  run<L> r{layer, theta, x};
  return kutta::detail::forward(layer, theta, x, r.y, r.saved, r.at()), r.y;
}

}  // namespace

TEST_CASE("layers in a row give what they give one by one") {
  const auto branch = make_branch(3);
  auto r = random_run(branch, 60, 2);
  MatrixXd x = r.x;
  const auto step = [&](const auto& layer, const auto& theta) {
    using L = std::remove_cvref_t<decltype(layer)>;
    auto saved = kutta::detail::make_tape(layer, theta, x);
    auto scratch = kutta::detail::make_scratch(layer, theta, x);
    MatrixXd y = 0 * x;
    kutta::detail::forward(layer, theta, x, y, saved, kutta::context<L>{0, 0, 0, scratch});
    x = y;
  };
  step(branch.get<0>(), std::get<0>(r.theta));
  step(branch.get<1>(), std::get<1>(r.theta));
  step(branch.get<2>(), std::get<2>(r.theta));
  step(branch.get<3>(), std::get<3>(r.theta));
  step(branch.get<4>(), std::get<4>(r.theta));
  step(branch.get<5>(), std::get<5>(r.theta));
  CHECK(r.forward() == x);
}

TEST_CASE("vjp and jvp of layers in a row pass check_residual") {
  const auto check = [](const auto& layer, Eigen::Index rows, Eigen::Index samples) {
    const auto r = random_run(layer, rows, samples);
    const auto report = kutta::check_residual(layer, r.theta, r.x);
    INFO(report.text());
    CHECK(report.ok());
  };
  check(make_branch(3), 60, 2);
  check(sequential(conv({4, 5, 3}, 7)), 60, 2);
  check(sequential(conv({4, 5, 3}, 7, {.stride = 2}), relu<MatrixXd>{}), 60, 2);
  check(nested(stateless({}, conv({4, 5, 2}, 3)), make_branch(3), conv({4, 5, 3}, 1)), 40, 2);
  check(sequential(kutta::layers::mlp{3, 8, 4}, relu<MatrixXd>{}, kutta::layers::mlp{4, 2}), 3, 5);
}

TEST_CASE("statistics are those of the layers that have any, in order") {
  const auto branch = make_branch(3);
  auto r = random_run(branch, 60, 2);
  r.forward();
  const auto& [first, second] = branch.observed(r.saved);
  const Eigen::Map<const MatrixXd> pixels(r.x.data(), 3, 40);
  const Eigen::Vector3d mean = pixels.rowwise().mean();
  CHECK((first.mean - mean).cwiseAbs().maxCoeff() <= 1e-15);
  const auto& inner = std::get<2>(r.saved.between);
  const Eigen::Map<const MatrixXd> inner_pixels(inner.data(), 3, 40);
  CHECK((second.mean - inner_pixels.rowwise().mean()).cwiseAbs().maxCoeff() <= 1e-14);

  auto s = random_run(branch, 60, 2);
  branch.infer(r.theta, branch.observed(r.saved), r.x, s.y, s.saved, s.at());
  CHECK(s.y == r.y);
  auto other = branch.make_statistics(r.theta, r.x);
  CHECK(std::get<1>(other).var == MatrixXd::Ones(3, 1));
  CHECK(std::get<1>(branch.positive_statistics(other)).mean == MatrixXd::Zero(3, 1));
  branch.infer(r.theta, other, r.x, s.y, s.saved, s.at());
  CHECK(s.y != r.y);
}
