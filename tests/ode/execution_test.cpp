// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <mutex>
#include <stdexcept>
#include <utility>
#include <vector>

#include <Eigen/Core>
#include <doctest/doctest.h>

#include <kutta/basis/hat.hpp>
#include <kutta/ode/execution.hpp>
#include <kutta/ode/ode_block.hpp>
#include <kutta/schemes/fourth_order.hpp>
#include <kutta/tensor/host_copy.hpp>

#include "support/dense_sine.hpp"
#include "support/random.hpp"

namespace {

using kutta::execution;
using kutta::bases::hat;
using kutta::schemes::rk4_classic;
using kutta::test::dense_sine;
using kutta::test::random_like;
using kutta::test::splitmix64;
using std::invalid_argument;

using Eigen::MatrixXd;
using block = kutta::ode_block<dense_sine, rk4_classic, hat>;

struct gradients {
  double loss = 0;
  MatrixXd dx;
  block::coefficients dtheta;
};

/// ½ |x(T) − target|² and its gradient, over a batch of `samples` columns.
struct batch_case {
  block f{dense_sine{}, hat(2), {.steps = 3}};
  block::coefficients theta;
  MatrixXd x0, target;

  explicit batch_case(Eigen::Index samples) {
    splitmix64 random(4);
    theta = dense_sine::random_coefficients(2, 3, random);
    x0 = random_like(MatrixXd(3, samples), random);
    target = random_like(x0, random);
  }

  auto loss() const {
    return [this](const MatrixXd& x1, std::size_t first, MatrixXd& dx1) {
      const auto wanted = target.middleCols(static_cast<Eigen::Index>(first), x1.cols());
      dx1 += x1 - wanted;
      return .5 * (x1 - wanted).squaredNorm();
    };
  }

  template <class W>
  gradients gradient_in(W ws) const {
    gradients g{0, MatrixXd::Constant(x0.rows(), x0.cols(), -7), kutta::zeros_like(theta)};
    g.loss = f.gradient(theta, x0, loss(), g.dx, g.dtheta, ws);
    return g;
  }
  gradients plain() const { return gradient_in(f.make_workspace(theta, x0)); }
  gradients tiled(const execution& how) const {
    return gradient_in(f.make_workspace(theta, x0, how));
  }
};

bool same_bits(const gradients& a, const gradients& b) {
  return a.loss == b.loss && a.dx == b.dx &&
         kutta::copy_to_host(a.dtheta) == kutta::copy_to_host(b.dtheta);
}

/// |a − b| / |b|, of the three parts the largest.
double distance(const gradients& a, const gradients& b) {
  auto dtheta = a.dtheta;
  kutta::add(dtheta, dtheta, kutta::scaled{-1, b.dtheta});
  return std::max(
      {std::abs(a.loss - b.loss) / std::abs(b.loss), (a.dx - b.dx).norm() / b.dx.norm(),
       std::sqrt(kutta::inner_product(dtheta, dtheta) / kutta::inner_product(b.dtheta, b.dtheta))});
}

}  // namespace

TEST_CASE("the gradient by tiles is the plain gradient, up to rounding") {
  for (const Eigen::Index batch : {37, 1}) {
    const batch_case test(batch);
    const auto plain = test.plain();
    for (const std::size_t tile : {1u, 3u, 7u, 32u, 100u})
      for (const std::size_t threads : {1u, 2u, 3u}) {
        CAPTURE(batch);
        CAPTURE(tile);
        CAPTURE(threads);
        CHECK(distance(test.tiled({.threads = threads, .tile = tile}), plain) <= 1e-12);
      }
  }
}

TEST_CASE("bits depend on tile and shards, never on threads") {
  const batch_case test(37);
  for (const std::size_t tile : {3u, 7u})
    for (const std::size_t shards : {1u, 2u, 5u, 8u, 100u}) {
      const auto one = test.tiled({.threads = 1, .tile = tile, .shards = shards});
      for (const std::size_t threads : {1u, 2u, 3u})
        for (int run = 0; run < 3; ++run) {
          CAPTURE(tile);
          CAPTURE(shards);
          CAPTURE(threads);
          CHECK(same_bits(test.tiled({.threads = threads, .tile = tile, .shards = shards}), one));
        }
    }
  const auto a = test.tiled({.tile = 3, .shards = 1}), b = test.tiled({.tile = 3, .shards = 5});
  CHECK_FALSE(same_bits(a, b));  // the control: bits do show the order of the sums
}

TEST_CASE("a workspace gives the same bits again, and dtheta accumulates over calls") {
  const batch_case test(10);
  auto ws = test.f.make_workspace(test.theta, test.x0, {.threads = 2, .tile = 3});
  gradients first{0, test.x0, kutta::zeros_like(test.theta)}, second = first;
  first.loss = test.f.gradient(test.theta, test.x0, test.loss(), first.dx, first.dtheta, ws);
  second.loss = test.f.gradient(test.theta, test.x0, test.loss(), second.dx, second.dtheta, ws);
  CHECK(same_bits(first, second));

  test.f.gradient(test.theta, test.x0, test.loss(), second.dx, second.dtheta, ws);
  kutta::combine(second.dtheta, kutta::scaled{.5, second.dtheta});
  CHECK(distance(second, first) <= 1e-14);
}

TEST_CASE("the loss is asked once for every sample, and told which ones it has") {
  const batch_case test(37);
  for (const std::size_t threads : {1u, 2u}) {
    auto ws = test.f.make_workspace(test.theta, test.x0, {.threads = threads, .tile = 8});
    CHECK(ws.tiles() == 5);
    std::mutex mutex;
    std::vector<std::pair<std::size_t, Eigen::Index>> seen;
    bool zero = true;
    const auto loss = [&](const MatrixXd& x1, std::size_t first, MatrixXd& dx1) {
      const std::lock_guard lock(mutex);
      seen.emplace_back(first, x1.cols());
      zero = zero && dx1 == MatrixXd::Zero(3, x1.cols());
      dx1.setConstant(static_cast<double>(first));
      return 1000. + static_cast<double>(x1.cols());
    };
    MatrixXd dx = test.x0;
    auto dtheta = kutta::zeros_like(test.theta);
    CHECK(test.f.gradient(test.theta, test.x0, loss, dx, dtheta, ws) == 5 * 1000. + 37);
    std::sort(seen.begin(), seen.end());
    CHECK(seen == std::vector<std::pair<std::size_t, Eigen::Index>>{
                      {0, 8}, {8, 8}, {16, 8}, {24, 8}, {32, 5}});
    CHECK(zero);
    CHECK(dx.leftCols(8) == MatrixXd::Zero(3, 8));  // the samples whose dx1 was first = 0
    CHECK((dx.rightCols(29).array() != 0).all());
  }
}

namespace {

/// dx/dt = 0, and a note of what the context said.
struct noting {
  static constexpr bool samples_independent = true;
  using state = MatrixXd;
  using params = double;
  struct tape {};
  std::vector<std::pair<std::size_t, Eigen::Index>>* seen;

  void forward(double, const MatrixXd&, MatrixXd& y, tape&,
               const kutta::context<noting>& at) const {
    seen->emplace_back(at.first_sample, y.cols());
    y.setZero();
  }
  void vjp(double, const MatrixXd& x, const tape&, const MatrixXd&, MatrixXd&, double&,
           const kutta::context<noting>& at) const {
    seen->emplace_back(at.first_sample, x.cols());
  }
};

}  // namespace

TEST_CASE("a residual is told where its tile starts, forward and in reverse") {
  std::vector<std::pair<std::size_t, Eigen::Index>> seen;
  const kutta::ode_block<noting, rk4_classic, kutta::bases::hat> f{
      noting{&seen}, hat(1), {.steps = 1}};
  const MatrixXd x0 = MatrixXd::Zero(2, 5);
  MatrixXd dx = x0;
  std::vector<double> dtheta{0};
  auto ws = f.make_workspace({0.}, x0, {.tile = 3});
  f.gradient(
      {0.}, x0, [](const MatrixXd&, std::size_t, MatrixXd&) { return 0.; }, dx, dtheta, ws);
  using pair = std::pair<std::size_t, Eigen::Index>;
  std::vector<pair> expected(8, pair{0, 3});
  expected.insert(expected.end(), 8, pair{3, 2});
  CHECK(seen == expected);
}

TEST_CASE("an exception in the loss comes out, and the workspace can be used again") {
  const batch_case test(37);
  for (const std::size_t threads : {1u, 2u, 3u}) {
    CAPTURE(threads);
    auto ws = test.f.make_workspace(test.theta, test.x0, {.threads = threads, .tile = 4});
    gradients g{0, test.x0, kutta::zeros_like(test.theta)};
    const auto fail = [](const MatrixXd&, std::size_t first, MatrixXd&) -> double {
      if (first == 20) throw std::range_error("the sample at 20");
      return 0;
    };
    const auto before = kutta::copy_to_host(g.dtheta);
    CHECK_THROWS_WITH_AS(test.f.gradient(test.theta, test.x0, fail, g.dx, g.dtheta, ws),
                         "the sample at 20", std::range_error);
    CHECK(kutta::copy_to_host(g.dtheta) == before);
    g.loss = test.f.gradient(test.theta, test.x0, test.loss(), g.dx, g.dtheta, ws);
    CHECK(same_bits(g, test.tiled({.tile = 4})));
  }
}

TEST_CASE("options that mean nothing are refused by name") {
  const batch_case test(5);
  const auto make = [&](const execution& how) {
    return test.f.make_workspace(test.theta, test.x0, how);
  };
  CHECK_THROWS_WITH_AS(make({.threads = 0}),
                       "make_workspace: execution.threads must be at least 1, got 0",
                       invalid_argument);
  CHECK_THROWS_WITH_AS(make({.tile = 0}),
                       "make_workspace: execution.tile must be at least 1, got 0",
                       invalid_argument);
  CHECK_THROWS_WITH_AS(make({.shards = 0}),
                       "make_workspace: execution.shards must be at least 1, got 0",
                       invalid_argument);
  CHECK_THROWS_WITH_AS(test.f.make_workspace(test.theta, MatrixXd(3, 0), execution{}),
                       "make_workspace: the number of samples must be at least 1, got 0",
                       invalid_argument);
}

TEST_CASE("what does not fit a tiled workspace is refused") {
  const batch_case test(5);
  auto ws = test.f.make_workspace(test.theta, test.x0, {.tile = 2});
  auto dtheta = kutta::zeros_like(test.theta);
  const auto call = [&](const block& f, const block::coefficients& theta, const MatrixXd& x0,
                        MatrixXd dx, block::coefficients d) {
    return f.gradient(theta, x0, test.loss(), dx, d, ws);
  };
  const MatrixXd many = MatrixXd::Zero(3, 6), tall = MatrixXd::Zero(4, 5);
  auto wrong = dtheta;
  wrong[0].b.resize(7);
  CHECK_THROWS_WITH_AS(call(test.f, test.theta, many, many, dtheta),
                       "gradient: expected 5 samples, got 6", invalid_argument);
  CHECK_THROWS_WITH_AS(call(test.f, test.theta, tall, tall, dtheta),
                       "gradient: expected 3 elements in a sample, got 4", invalid_argument);
  CHECK_THROWS_WITH_AS(call(test.f, test.theta, test.x0, many, dtheta),
                       "dx: expected shape (3, 5), got (3, 6)", invalid_argument);
  CHECK_THROWS_WITH_AS(call(test.f, {}, test.x0, test.x0, dtheta),
                       "theta: expected K = 2 coefficients, got 0", invalid_argument);
  CHECK_THROWS_WITH_AS(call(test.f, wrong, test.x0, test.x0, dtheta),
                       "theta: expected shape {(3, 3), (3, 1)}, got {(3, 3), (7, 1)}",
                       invalid_argument);
  CHECK_THROWS_WITH_AS(call(test.f, test.theta, test.x0, test.x0, wrong),
                       "dtheta: expected shape {(3, 3), (3, 1)}, got {(3, 3), (7, 1)}",
                       invalid_argument);
  CHECK_THROWS_WITH_AS(call(test.f.with_steps(4), test.theta, test.x0, test.x0, dtheta),
                       "ode_block: the block takes 4 steps, the workspace was made for 3",
                       invalid_argument);
}

TEST_CASE("a batch is cut into tiles of one size and a rest") {
  const batch_case test(37);
  const auto ws = test.f.make_workspace(test.theta, test.x0, {.tile = 10});
  CHECK(ws.batch_size() == 37);
  CHECK(ws.tiles() == 4);
  CHECK(ws.first_sample(3) == 30);
  CHECK(ws.tile_size(2) == 10);
  CHECK(ws.tile_size(3) == 7);
  CHECK(ws.shards.size() == 4);  // no more than tiles
  CHECK(test.f.make_workspace(test.theta, test.x0, {.tile = 100}).tiles() == 1);
  CHECK(test.f.make_workspace(test.theta, test.x0, {.tile = 1}).shards.size() == 8);
}

namespace {

/// The same map without the promise that samples are independent.
struct coupled : dense_sine {
  static constexpr bool samples_independent = false;
};
template <class F>
using workspace_of = decltype(std::declval<const F&>().make_workspace(typename F::coefficients(),
                                                                      MatrixXd(), execution{}));
static_assert(
    std::same_as<workspace_of<block>, kutta::tiled_workspace<dense_sine, rk4_classic, hat>>);
static_assert(std::same_as<workspace_of<kutta::ode_block<coupled, rk4_classic, hat>>,
                           kutta::threaded_workspace<coupled, rk4_classic>>);

}  // namespace

TEST_CASE("a batch whose samples depend on each other stays whole") {
  const batch_case test(7);
  const kutta::ode_block<coupled, rk4_classic, hat> f(coupled{}, hat(2), {.steps = 3});
  auto whole = f.make_workspace(test.theta, test.x0);
  auto threaded = f.make_workspace(test.theta, test.x0, {.threads = 2, .tile = 3});
  CHECK(whole.workers == nullptr);
  REQUIRE(threaded.workers != nullptr);
  CHECK(threaded.workers->size() == 2);
  MatrixXd dx = test.x0, dx_threaded = test.x0;
  auto dtheta = kutta::zeros_like(test.theta), dtheta_threaded = dtheta;
  int calls = 0;
  const auto loss = [&](const MatrixXd& x1, std::size_t first, MatrixXd& dx1) {
    ++calls;
    CHECK(x1.cols() == 7);
    return test.loss()(x1, first, dx1);
  };
  CHECK(f.gradient(test.theta, test.x0, loss, dx, dtheta, whole) ==
        f.gradient(test.theta, test.x0, loss, dx_threaded, dtheta_threaded, threaded));
  CHECK(calls == 2);
  CHECK(dx == dx_threaded);
  CHECK_THROWS_WITH_AS(f.make_workspace(test.theta, test.x0, {.threads = 0}),
                       "make_workspace: execution.threads must be at least 1, got 0",
                       invalid_argument);
}
