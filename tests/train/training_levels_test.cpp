// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <tuple>
#include <vector>

#include <Eigen/Core>
#include <doctest/doctest.h>

#include <kutta/basis/hat.hpp>
#include <kutta/basis/legendre.hpp>
#include <kutta/basis/mixed.hpp>
#include <kutta/basis/piecewise_constant.hpp>
#include <kutta/ode/ode_block.hpp>
#include <kutta/schemes/first_order.hpp>
#include <kutta/schemes/fourth_order.hpp>
#include <kutta/train/adam.hpp>
#include <kutta/train/sgd.hpp>
#include <kutta/train/training_levels.hpp>

#include "support/normalised_affine.hpp"
#include "support/problems.hpp"
#include "support/random.hpp"

namespace {

using kutta::ode_block;
using kutta::training_level;
using kutta::bases::hat;
using kutta::bases::legendre;
using kutta::bases::piecewise_constant;
using kutta::schemes::euler;
using kutta::schemes::rk4_classic;

using logistic = kutta::test::logistic<double>;
template <class S, class B>
using block = ode_block<logistic, S, B>;

template <class B>
double value_at(const B& phi, const std::vector<double>& theta, std::int64_t num,
                std::int64_t den) {
  double at = 0;
  return kutta::evaluate(phi, {num, den}, theta, at);
}

/// Three levels of one kind: K = N = 1, 2, 4.
std::vector<training_level<block<euler, piecewise_constant>>> doubled() {
  const block<euler, piecewise_constant> f{logistic{}, piecewise_constant(1), {.steps = 1}};
  return {{0, f}, {3, kutta::finer(f)}, {5, kutta::finer(kutta::finer(f))}};
}

/// One step of training towards x(T) = target from x0 = .2, by the squared error.
template <class Block, class Optimiser>
double learn(const Block& f, double target, std::vector<double>& theta, Optimiser& optimiser) {
  auto ws = f.make_workspace(theta, .2);
  auto dtheta = kutta::zeros_like(theta);
  double dx = 0;
  const auto squared = [&](double x1, std::size_t, double& d) {
    d += 2 * (x1 - target);
    return (x1 - target) * (x1 - target);
  };
  const double loss = f.gradient(theta, .2, squared, dx, dtheta, ws);
  optimiser.step(theta, dtheta);
  return loss;
}

}  // namespace

TEST_CASE("every epoch is trained once, on the block of its level") {
  std::vector<double> theta{2};
  kutta::adam optimiser(theta);
  std::vector<std::tuple<std::int64_t, std::size_t, std::int64_t>> seen;
  kutta::train_in_levels(doubled(), 0, 7, std::tie(theta, optimiser),
                         [&](const auto& f, std::int64_t epoch) {
                           seen.emplace_back(epoch, theta.size(), f.options().steps);
                           CHECK(f.basis().size() == theta.size());
                         });
  const decltype(seen) expected{{0, 1, 1}, {1, 1, 1}, {2, 1, 1}, {3, 2, 2},
                                {4, 2, 2}, {5, 4, 4}, {6, 4, 4}};
  CHECK(seen == expected);
}

TEST_CASE("a level changes no function of depth: weights, moments and velocity") {
  std::vector<double> theta{2};
  kutta::adam adam(theta);
  kutta::sgd sgd(theta, {.momentum = .9});
  kutta::train_in_levels(doubled(), 0, 6, std::tie(theta, adam, sgd),
                         [&](const auto&, std::int64_t epoch) {
                           const std::size_t k = theta.size();
                           if (epoch == 0) {
                             adam.moments().first[0] = .5;
                             adam.moments().second[0] = .25;
                             adam.moments().steps = 17;
                             (*sgd.velocity())[0] = -3;
                           }
                           if (epoch == 3) theta[1] = 5;
                           if (epoch < 5) return;
                           CHECK(theta == std::vector<double>{2, 2, 5, 5});
                           CHECK(adam.moments().first == std::vector<double>(k, .5));
                           CHECK(adam.moments().second == std::vector<double>(k, .25));
                           CHECK(adam.moments().steps == 17);
                           CHECK(*sgd.velocity() == std::vector<double>(k, -3));
                         });
}

TEST_CASE("moments can be dropped") {
  auto levels = doubled();
  levels[1].drop_moments = true;
  std::vector<double> theta{2};
  kutta::adam adam(theta);
  kutta::sgd sgd(theta, {.momentum = .9});
  kutta::train_in_levels(levels, 0, 4, std::tie(theta, adam, sgd),
                         [&](const auto&, std::int64_t epoch) {
                           if (epoch < 3) {
                             adam.moments() = {{1}, {1}, 5};
                             *sgd.velocity() = {1};
                           } else {
                             CHECK(adam.moments().first == std::vector<double>{0, 0});
                             CHECK(adam.moments().second == std::vector<double>{0, 0});
                             CHECK(adam.moments().steps == 0);
                             CHECK(*sgd.velocity() == std::vector<double>{0, 0});
                           }
                         });
}

TEST_CASE("levels of different kinds: schemes, families, steps of their own") {
  const auto levels = std::tuple{
      training_level{
          0, block<euler, piecewise_constant>{logistic{}, piecewise_constant(2), {.steps = 3}}},
      training_level{2, block<rk4_classic, hat>{logistic{}, hat(5), {.steps = 4, .rate = 2}}},
      training_level{3, block<rk4_classic, legendre>{logistic{}, legendre(3), {.steps = 1}}}};
  std::vector<double> theta{1, 3};
  std::vector<std::size_t> sizes;
  kutta::train_in_levels(levels, 0, 4, std::tie(theta), [&](const auto& f, std::int64_t epoch) {
    sizes.push_back(theta.size());
    if (epoch == 2) theta = {0, 1, 2, 3, 4};  // 4 t
    if (epoch == 3) {
      CHECK(std::abs(value_at(f.basis(), theta, 1, 4) - 1) <= 1e-14);
      CHECK(std::abs(value_at(f.basis(), theta, 1, 1) - 4) <= 1e-14);
    }
  });
  CHECK(sizes == std::vector<std::size_t>{2, 2, 5, 3});
}

TEST_CASE("fields in families of their own") {
  using affine = kutta::test::normalised_affine;
  using kutta::bases::mixed;
  const mixed coarse(piecewise_constant(2), hat(2)), fine(piecewise_constant(4), hat(3));
  const ode_block<affine, euler, mixed<piecewise_constant, hat>> f{affine{}, coarse, {.steps = 2}};
  const std::vector levels{training_level{0, f}, training_level{1, f.with_basis(fine)}};
  const affine::params like{Eigen::MatrixXd::Zero(1, 1), Eigen::VectorXd::Zero(1)};
  auto theta = kutta::zero_coefficients(coarse, like);
  kutta::adam optimiser(theta);
  kutta::train_in_levels(levels, 0, 2, std::tie(theta, optimiser),
                         [&](const auto&, std::int64_t epoch) {
                           auto& w = theta.of<&affine::params::w>();
                           auto& b = theta.of<&affine::params::b>();
                           if (epoch == 0) {
                             w[1](0, 0) = 3;
                             b[1](0) = 4;
                             optimiser.moments().steps = 2;
                             return;
                           }
                           REQUIRE(w.size() == 4);
                           REQUIRE(b.size() == 3);
                           CHECK(w[1](0, 0) == 0);
                           CHECK(w[2](0, 0) == 3);
                           CHECK(std::abs(b[1](0) - 2) <= 1e-14);
                           CHECK(optimiser.moments().steps == 2);
                           CHECK(kutta::same_shape(optimiser.moments().first, theta));
                         });
}

TEST_CASE("a run that goes on from what was saved is the run that was not broken off") {
  const auto levels = doubled();
  for (std::int64_t cut : {1, 3, 4, 5, 6}) {
    CAPTURE(cut);
    std::vector<double> theta{.5}, resumed{.5};
    kutta::adam optimiser(theta, {.rate = .1}), other(resumed, {.rate = .1});
    std::vector<double> losses, again;
    kutta::train_in_levels(
        levels, 0, 8, std::tie(theta, optimiser),
        [&](const auto& f, std::int64_t) { losses.push_back(learn(f, .9, theta, optimiser)); });
    const auto train = [&](const auto& f, std::int64_t) {
      again.push_back(learn(f, .9, resumed, other));
    };
    kutta::train_in_levels(levels, 0, cut, std::tie(resumed, other), train);
    auto saved = resumed;
    auto moments = other.moments();
    resumed = {};
    resumed = saved;
    other.moments() = moments;
    kutta::train_in_levels(levels, cut, 8, std::tie(resumed, other), train);
    CHECK(again == losses);
    CHECK(resumed == theta);
    CHECK(losses.back() < losses.front());
  }
}

TEST_CASE("statistics go over too, and what is positive stays so") {
  using kutta::test::normalised_affine;
  using stateful = ode_block<normalised_affine, rk4_classic, piecewise_constant>;
  using smooth = ode_block<normalised_affine, rk4_classic, hat>;
  const auto levels = std::tuple{
      training_level{0, stateful{normalised_affine{}, piecewise_constant(4), {.steps = 4}}},
      training_level{1, smooth{normalised_affine{}, hat(5), {.steps = 4}}}};
  kutta::test::splitmix64 random(2);
  auto theta = normalised_affine::random_coefficients(4, 2, random);
  const Eigen::MatrixXd x0 = kutta::test::random_like(Eigen::MatrixXd(2, 5), random);
  const Eigen::VectorXd one = Eigen::VectorXd::Ones(2), zero = Eigen::VectorXd::Zero(2);
  kutta::level_statistics<normalised_affine::statistics> stats{
      std::vector<normalised_affine::statistics>(4, {zero, one}), {zero, one}, {.momentum = 1}};
  kutta::train_in_levels(
      levels, 0, 2, std::tie(theta, stats), [&](const auto& f, std::int64_t epoch) {
        auto ws = f.make_workspace(theta, x0);
        auto running = stats.in(f);
        if (epoch == 0) f.train(theta, running, x0, ws);
        stats.coefficients = running.coefficients();
        if (epoch == 0)  // a variance that falls off so steeply that the projection is negative
          for (std::size_t k = 0; k < 4; ++k) {
            stats.coefficients[k].var =
                k == 0 ? Eigen::VectorXd(one * 8) : Eigen::VectorXd(one * .1);
            stats.coefficients[k].mean = k == 0 ? one : zero;
          }
        else {
          CHECK(stats.coefficients.size() == 5);
          for (const auto& sigma : stats.coefficients) CHECK(sigma.var.minCoeff() > 0);
          CHECK(stats.coefficients[2].mean.minCoeff() < 0);  // a mean may undershoot
        }
      });
}

TEST_CASE("what a schedule cannot be") {
  auto levels = doubled();
  std::vector<double> theta{2};
  const auto run = [&] {
    kutta::train_in_levels(levels, 0, 7, std::tie(theta), [](const auto&, std::int64_t) {});
  };
  levels[2].epoch = 3;
  CHECK_THROWS_WITH_AS(run(),
                       "train_in_levels: a level must begin after the one before it, got epoch 3 "
                       "after 3",
                       std::invalid_argument);
  levels[0].epoch = 1;
  CHECK_THROWS_WITH_AS(run(), "train_in_levels: the first level must begin at epoch 0, got 1",
                       std::invalid_argument);
  levels.clear();
  CHECK_THROWS_WITH_AS(run(),
                       "train_in_levels: the first level must begin at epoch 0, got no level",
                       std::invalid_argument);
  levels = doubled();
  theta = {1, 2, 3};
  CHECK_THROWS_WITH_AS(run(), "basis_operator: expected 1 coefficients, got 3",
                       std::invalid_argument);
}
