// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstddef>
#include <random>
#include <stdexcept>
#include <tuple>
#include <utility>

#include <Eigen/Core>
#include <doctest/doctest.h>

#include <kutta/eigen/tensor.hpp>
#include <kutta/layers/batch_norm.hpp>
#include <kutta/layers/check_residual.hpp>
#include <kutta/layers/conv2d.hpp>
#include <kutta/layers/normalised_convolutions.hpp>
#include <kutta/layers/sequential.hpp>
#include <kutta/tensor/heap_bytes.hpp>
#include <kutta/tensor/shape.hpp>
#include <kutta/tensor/worker_pool.hpp>

#include "support/random.hpp"

namespace {

using Eigen::MatrixXd;
using Eigen::MatrixXf;
using kutta::layers::batch_norm;
using kutta::layers::conv2d;
using kutta::layers::image_shape;
using kutta::layers::normalised_convolutions;
using kutta::layers::padding;
using kutta::layers::sequential;
using kutta::test::random_like;

static_assert(kutta::residual<normalised_convolutions<MatrixXf>>);
static_assert(kutta::has_jvp<normalised_convolutions<MatrixXd>>);
static_assert(kutta::stateful<normalised_convolutions<MatrixXd>>);
static_assert(!kutta::samples_independent<normalised_convolutions<MatrixXd>>);

/// The layers one behind the other, each over the whole batch.
template <class X>
auto one_by_one(const image_shape& in, std::size_t channels, std::size_t stride, padding where) {
  const conv2d<X> first(in, channels, {.kernel = 3, .stride = stride, .padding = where});
  return sequential{batch_norm<X, true>(in.channels), first, batch_norm<X, true>(channels),
                    conv2d<X>(first.output_shape(), channels, {.kernel = 3, .padding = where})};
}

/// All that a layer computes of x, dy, vx and vtheta.
template <class L, class X>
struct results {
  X y, dx, vy, inferred;
  typename L::params dtheta;
  typename L::statistics observed;

  results(const L& layer, const typename L::params& theta, const X& x, const X& dy, const X& vx,
          const typename L::params& vtheta, kutta::worker_pool* workers = nullptr)
      : y(layer.make_output(theta, x)), dx(vx), vy(y), inferred(y), dtheta(vtheta) {
    auto saved = layer.make_tape(theta, x);
    auto scratch = layer.make_scratch(theta, x);
    const kutta::context<L> at{0, 0, 0, scratch, workers};
    layer.forward(theta, x, y, saved, at);
    observed = layer.observed(saved);
    layer.jvp(theta, x, saved, vx, vtheta, vy, at);
    layer.vjp(theta, x, saved, dy, dx, dtheta, at);  // adds to vx and vtheta
    layer.infer(theta, observed, x, inferred, saved, at);
  }

  /// The largest difference, in units of the largest number of each array.
  template <class Other>
  double distance(const Other& other) const {
    double largest = 0;
    const auto compare = [&](const auto& a, const auto& b) {
      const double d = static_cast<double>((a - b).cwiseAbs().maxCoeff()) /
                       static_cast<double>(a.cwiseAbs().maxCoeff());
      if (!(d <= largest)) largest = d;
    };
    compare(y, other.y), compare(dx, other.dx), compare(vy, other.vy);
    compare(inferred, other.inferred);
    compare(std::get<0>(dtheta).gamma, std::get<0>(other.dtheta).gamma);
    compare(std::get<0>(dtheta).beta, std::get<0>(other.dtheta).beta);
    compare(std::get<1>(dtheta).w, std::get<1>(other.dtheta).w);
    compare(std::get<2>(dtheta).gamma, std::get<2>(other.dtheta).gamma);
    compare(std::get<2>(dtheta).beta, std::get<2>(other.dtheta).beta);
    compare(std::get<3>(dtheta).w, std::get<3>(other.dtheta).w);
    compare(std::get<0>(observed).mean, std::get<0>(other.observed).mean);
    compare(std::get<0>(observed).var, std::get<0>(other.observed).var);
    compare(std::get<1>(observed).mean, std::get<1>(other.observed).mean);
    compare(std::get<1>(observed).var, std::get<1>(other.observed).var);
    return largest;
  }
};

/// A layer with random arguments.
template <class X>
struct test_case {
  using layer_type = normalised_convolutions<X>;

  layer_type layer;
  typename layer_type::params theta, vtheta;
  X x, dy, vx;

  test_case(const image_shape& in, std::size_t channels, std::size_t stride, padding where,
            Eigen::Index samples)
      : layer(in, channels, stride, where) {
    kutta::test::splitmix64 random(4);
    std::mt19937 generator(1);
    theta = random_like(layer.make_params(generator), random);
    vtheta = random_like(theta, random);
    x = random_like(X(static_cast<Eigen::Index>(in.size()), samples), random, -1, 2);
    vx = random_like(x, random);
    dy = random_like(layer.make_output(theta, x), random);
  }
  template <class L>
  results<L, X> run(const L& l, kutta::worker_pool* workers = nullptr) const {
    return {l, theta, x, dy, vx, vtheta, workers};
  }
};

template <class X>
void check(const image_shape& in, std::size_t channels, std::size_t stride, padding where,
           Eigen::Index samples) {
  CAPTURE(in.height);
  CAPTURE(in.channels);
  CAPTURE(channels);
  CAPTURE(stride);
  CAPTURE(samples);
  const test_case<X> test(in, channels, stride, where, samples);
  const auto expected = test.run(one_by_one<X>(in, channels, stride, where));
  const double epsilon = std::numeric_limits<typename X::Scalar>::epsilon();
  CHECK(test.run(test.layer).distance(expected) <= 500 * epsilon);
}

}  // namespace

TEST_CASE_TEMPLATE("values and derivatives are those of the layers one behind the other", X,
                   MatrixXf, MatrixXd) {
  check<X>({5, 4, 3}, 3, 1, padding::torch, 2);
  check<X>({1, 1, 1}, 1, 1, padding::torch, 9);
  check<X>({7, 9, 10}, 10, 1, padding::torch, 13);
  check<X>({8, 8, 16}, 16, 1, padding::flax, 8);
  check<X>({6, 5, 3}, 10, 2, padding::torch, 11);  // a stitch: images grow smaller,
  check<X>({8, 8, 16}, 32, 2, padding::flax, 7);
  check<X>({4, 6, 3}, 17, 1, padding::torch, 5);  // or larger
  check<X>({28, 28, 10}, 10, 1, padding::torch, 3);
}

TEST_CASE("vjp and jvp of normalised convolutions pass check_residual") {
  const auto passes = [](const image_shape& in, std::size_t channels, std::size_t stride,
                         Eigen::Index samples) {
    const test_case<MatrixXd> test(in, channels, stride, padding::torch, samples);
    const auto report = kutta::check_residual(test.layer, test.theta, test.x);
    CHECK_MESSAGE(report.ok(), report.text());
  };
  passes({5, 4, 3}, 3, 1, 6);
  passes({4, 4, 10}, 10, 1, 9);
  passes({4, 5, 3}, 6, 2, 6);
}

TEST_CASE_TEMPLATE("results do not depend on the number of threads", X, MatrixXf, MatrixXd) {
  for (const std::size_t stride : {1u, 2u})
    for (const Eigen::Index samples : {3, 19}) {
      const test_case<X> test({6, 7, 10}, 10, stride, padding::torch, samples);
      const auto alone = test.run(test.layer);
      for (const std::size_t threads : {1u, 2u, 3u, 12u}) {
        kutta::worker_pool workers(threads);
        CHECK(test.run(test.layer, &workers).distance(alone) == 0);
      }
    }
}

TEST_CASE("the tape holds one array, and what does not grow with the batch") {
  const image_shape in{28, 28, 10};
  const test_case<MatrixXf> small(in, 10, 1, padding::torch, 1);
  const test_case<MatrixXf> large(in, 10, 1, padding::torch, 17);
  const auto bytes = [](const auto& test) {
    return kutta::heap_bytes(test.layer.make_tape(test.theta, test.x));
  };
  CHECK(bytes(large) - bytes(small) == 16 * in.size() * sizeof(float));
}

TEST_CASE("images of another shape are refused by name") {
  const test_case<MatrixXd> test({5, 4, 3}, 3, 1, padding::torch, 2);
  CHECK_THROWS_WITH_AS(
      test.layer.make_tape(test.theta, MatrixXd::Zero(59, 2)),
      "normalised_convolutions: expected images of shape (5, 4, 3), got shape (59, 2)",
      std::invalid_argument);
  CHECK_THROWS_AS(test.layer.make_scratch(test.theta, MatrixXd::Zero(59, 2)),
                  std::invalid_argument);
  auto theta = test.theta;
  std::get<3>(theta).w.resize(3, 26);
  CHECK_THROWS_WITH_AS(test.layer.make_scratch(theta, test.x),
                       "conv2d: theta.w: expected 81 elements, got shape (3, 26)",
                       std::invalid_argument);
  CHECK_THROWS_AS(normalised_convolutions<MatrixXd>({5, 4, 3}, 3, 3), std::invalid_argument);
}
