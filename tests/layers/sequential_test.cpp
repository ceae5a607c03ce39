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
#include <kutta/layers/layer_pass.hpp>
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

TEST_CASE("a row of layers within a row is the row of all: value, vjp, inference, statistics") {
  const kutta::layers::image_shape shape{4, 5, 3};
  const conv first(shape, 3);
  const auto branch = make_branch(3);
  const norm last(3);
  const sequential inner{norm(3), branch};
  const sequential outer{first, inner, relu<MatrixXd>{}, last};
  const sequential flat{
      first,           norm(3),         branch.get<0>(), branch.get<1>(),  branch.get<2>(),
      branch.get<3>(), branch.get<4>(), branch.get<5>(), relu<MatrixXd>{}, last};
  using outer_statistics = decltype(outer)::statistics;
  static_assert(
      std::is_same_v<outer_statistics, std::tuple<decltype(inner)::statistics, norm::statistics>>);

  const auto r = random_run(outer, 60, 2);
  const auto report = kutta::check_residual(outer, r.theta, r.x);
  CHECK_MESSAGE(report.ok(), report.text());
  const auto flatten = [](const auto& theta) {
    const auto& [a, b, c, d] = theta;
    return std::tuple_cat(std::tie(a), std::tie(std::get<0>(b)), std::get<1>(b), std::tie(c, d));
  };
  const decltype(flat)::params theta = flatten(r.theta);

  kutta::layer_pass nested(outer, r.theta, r.x);
  kutta::layer_pass plain(flat, theta, r.x);
  auto stats = outer.make_statistics(r.theta, r.x);
  auto expected = flat.make_statistics(theta, r.x);
  const auto same_statistics = [&] {
    const auto& [of_inner, of_last] = stats;
    const auto& [a, b, c, d] = expected;
    const auto same = [](const auto& s, const auto& t) {
      return s.mean == t.mean && s.var == t.var;
    };
    const auto& of_branch = std::get<1>(of_inner);
    return same(std::get<0>(of_inner), a) && same(std::get<0>(of_branch), b) &&
           same(std::get<1>(of_branch), c) && same(of_last, d);
  };
  const auto loss = [](const MatrixXd& y, std::size_t, MatrixXd& dy) {
    dy += y.cwiseProduct(y);
    return 0.;
  };
  auto dtheta = kutta::zeros_like(r.theta);
  auto expected_dtheta = kutta::zeros_like(theta);
  nested.gradient(r.theta, r.x, loss, dtheta);
  plain.gradient(theta, r.x, loss, expected_dtheta);
  CHECK(nested.y() == plain.y());
  CHECK(nested.dx() == plain.dx());
  CHECK(std::get<0>(dtheta).w == std::get<0>(expected_dtheta).w);
  CHECK(std::get<0>(std::get<1>(dtheta)).beta == std::get<1>(expected_dtheta).beta);
  nested.update_statistics(stats, .3);
  plain.update_statistics(expected, .3);
  CHECK(same_statistics());
  CHECK(std::get<0>(expected).mean != MatrixXd::Zero(3, 1));
  const MatrixXd inferred = nested.infer(r.theta, stats, r.x);
  CHECK(inferred == plain.infer(theta, expected, r.x));
  CHECK(inferred != nested.forward(r.theta, r.x));
}
