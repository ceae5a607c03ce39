// SPDX-License-Identifier: Apache-2.0
// Compiled with -ffp-contract=off: see resnet_test.cpp.
//
// Blocks, losses, optimisers and files of a model on xtensor's arrays and on Eigen's matrices: the
// same numbers, bit for bit.
#include <cstdint>
#include <random>
#include <string>
#include <type_traits>
#include <vector>

#include <Eigen/Core>
#include <doctest/doctest.h>
#include <xtensor/xtensor.hpp>
#include <xtensor/xview.hpp>

#include <kutta/basis/hat.hpp>
#include <kutta/basis/running_statistics.hpp>
#include <kutta/eigen/tensor.hpp>
#include <kutta/io/checkpoint.hpp>
#include <kutta/layers/batch_norm.hpp>
#include <kutta/layers/conv2d.hpp>
#include <kutta/layers/image_shape.hpp>
#include <kutta/layers/sequential.hpp>
#include <kutta/ode/ode_block.hpp>
#include <kutta/schemes/fourth_order.hpp>
#include <kutta/tensor/host_copy.hpp>
#include <kutta/train/adam.hpp>
#include <kutta/train/losses.hpp>
#include <kutta/train/sgd.hpp>
#include <kutta/xtensor/tensor.hpp>

#include "io/scratch_folder.hpp"
#include "support/gradient_under.hpp"
#include "support/random.hpp"

namespace {

using kutta::copy_to_host;
using kutta::bases::hat;
using kutta::layers::image_shape;
using kutta::test::random_like;
using kutta::test::splitmix64;
using matrices = Eigen::MatrixXf;
using arrays = xt::xtensor<float, 4>;
using numbers = std::vector<std::vector<float>>;

constexpr image_shape shape{5, 4, 2};

/// A convolution with a batch normalisation behind it, a block of that, and where it is evaluated.
template <class X>
struct test_case {
  static auto make_residual() {
    return kutta::layers::sequential{kutta::layers::conv2d<X, true>(shape, 2),
                                     kutta::layers::batch_norm<X, true>(2)};
  }
  using residual = decltype(make_residual());
  using block = kutta::ode_block<residual, kutta::schemes::rk4_classic, hat>;
  using coefficients = typename block::coefficients;

  block f{make_residual(), hat(3), {.steps = 4}};
  splitmix64 random{1};
  std::mt19937 generator{2};
  coefficients theta =
      random_like(coefficients(3, f.residual().make_params(generator)), random, -.5, .5);
  X x0 = random_like(kutta::detail::zero_images<X>(6, shape), random);
  X w = random_like(x0, random);
};

template <class X, class K>
numbers gradient_under(const K& keep) {
  const test_case<X> test;
  const auto out = kutta::test::gradient_under(keep, test.f, test.theta, test.x0, test.w);
  return {copy_to_host(out.x1), copy_to_host(out.dx), copy_to_host(out.dtheta)};
}

/// Three passes of training, then inference and a derivative.
template <class X>
numbers with_statistics() {
  const test_case<X> test;
  auto ws = test.f.make_workspace(test.theta, test.x0);
  auto stats = test.f.make_statistics(test.theta, test.x0, {.momentum = .1});
  for (int pass = 0; pass < 3; ++pass) test.f.train(test.theta, stats, test.x0, ws);
  const auto y = copy_to_host(test.f.infer(test.theta, stats, test.x0, ws));
  X vx = test.w;
  const auto x1 = copy_to_host(test.f.jvp(test.theta, test.x0, test.theta, vx, ws));
  return {y, copy_to_host(stats.coefficients()), x1, copy_to_host(vx)};
}

/// Weights after four steps, the last two from a file.
template <class X, template <class> class Optimiser, class Options, class Loss>
numbers trained(const Options& options, const Loss& loss_on) {
  const kutta::test::scratch_folder folder;
  const std::string path = folder.path("run.safetensors");
  test_case<X> test;
  const auto loss = loss_on(test.w);
  auto ws = test.f.make_workspace(test.theta, test.x0);
  auto dtheta = kutta::zeros_like(test.theta);
  X dx = test.x0;
  std::vector<float> losses;
  const auto step = [&](auto& theta, auto& optimiser) {
    kutta::set_zero(dtheta);
    losses.push_back(static_cast<float>(test.f.gradient(theta, test.x0, loss, dx, dtheta, ws)));
    optimiser.step(theta, dtheta);
  };
  const auto run = [](auto& theta, auto& optimiser) {
    return kutta::checkpoint(kutta::named("theta", theta), kutta::named("optimiser", optimiser));
  };

  Optimiser<typename test_case<X>::coefficients> optimiser(test.theta, options);
  for (int n = 0; n < 2; ++n) step(test.theta, optimiser);
  run(test.theta, optimiser).save(path);
  auto theta = kutta::zeros_like(test.theta);
  Optimiser<typename test_case<X>::coefficients> other(theta, options);
  run(theta, other).load(path);
  CHECK(copy_to_host(theta) == copy_to_host(test.theta));
  for (int n = 0; n < 2; ++n) step(theta, other);
  return {losses, copy_to_host(theta)};
}

const auto to_target = [](const auto& target) { return kutta::mean_squared_error(target); };

const std::vector<int> labels{1, 0, 39, 7, 7, 20};
const auto to_labels = [](const auto&) { return kutta::cross_entropy(labels); };

}  // namespace

TEST_CASE("whatever a pass keeps: values and gradients of a block of images") {
  const numbers expected = gradient_under<matrices>(kutta::keep::everything{});
  CHECK(expected[1].size() == 6 * 40);
  CHECK(gradient_under<arrays>(kutta::keep::everything{}) == expected);
  CHECK(gradient_under<arrays>(kutta::keep::steps{}) == expected);
  CHECK(gradient_under<arrays>(kutta::keep::every{2}) == expected);
  CHECK(gradient_under<arrays>(kutta::keep::binomial{2}) == expected);
}

TEST_CASE("training and inference with running statistics, and the derivative") {
  CHECK(with_statistics<arrays>() == with_statistics<matrices>());
}

TEST_CASE("weights and losses of a training that goes on from its file") {
  const kutta::adam_options adam{.rate = .01, .decoupled_decay = .1};
  const kutta::sgd_options sgd{.rate = .01, .momentum = .9};
  const numbers of_adam = trained<arrays, kutta::adam>(adam, to_target);
  CHECK(of_adam == trained<matrices, kutta::adam>(adam, to_target));
  CHECK(of_adam[0].back() < of_adam[0].front());
  CHECK(trained<arrays, kutta::sgd>(sgd, to_labels) ==
        trained<matrices, kutta::sgd>(sgd, to_labels));
}

TEST_CASE("a view of a data set is a batch: xtensor copies it") {
  test_case<arrays> test;
  const arrays data = test.x0;
  const auto slice = xt::view(data, xt::range(2, 4));
  auto ws = test.f.make_workspace(test.theta, slice);
  const arrays x0 = slice;
  CHECK(copy_to_host(test.f.forward(test.theta, slice, ws)) ==
        copy_to_host(test.f(test.theta, x0)));
}
