// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cstddef>
#include <cstdint>
#include <random>
#include <set>
#include <type_traits>
#include <vector>

#include <Eigen/Core>
#include <doctest/doctest.h>

#include <kutta/basis/piecewise_constant.hpp>
#include <kutta/layers/layer_pass.hpp>
#include <kutta/schemes/fourth_order.hpp>

#include "images/strokes.hpp"
#include "images/study.hpp"
#include "images/training.hpp"
#include "mnist/model.hpp"
#include "support/random.hpp"

namespace {

using images::batch;
using images::image_set;

/// The 2 × 3 images 1 … 6 and 11 … 16.
image_set counted() {
  return {{2, 3, 1}, {0}, {1 / 255.f}, {1, 2, 3, 4, 5, 6, 11, 12, 13, 14, 15, 16}, {7, 8}};
}

std::vector<int> placed(const images::placement& where) {
  batch x = batch::Zero(6, 1);
  images::copy_image(counted(), 0, where, x.data());
  std::vector<int> numbers;
  for (const float v : x.reshaped()) numbers.push_back(static_cast<int>(v + .5f));
  return numbers;
}

}  // namespace

TEST_CASE("an image is shifted and mirrored; what comes in is black") {
  constexpr std::size_t back = static_cast<std::size_t>(-1);
  CHECK(placed({}) == std::vector{1, 2, 3, 4, 5, 6});
  CHECK(placed({1, 0, false}) == std::vector{4, 5, 6, 0, 0, 0});
  CHECK(placed({back, 0, false}) == std::vector{0, 0, 0, 1, 2, 3});
  CHECK(placed({0, 2, false}) == std::vector{3, 0, 0, 6, 0, 0});
  CHECK(placed({0, back, false}) == std::vector{0, 1, 2, 0, 4, 5});
  CHECK(placed({0, 0, true}) == std::vector{3, 2, 1, 6, 5, 4});
  CHECK(placed({1, 1, true}) == std::vector{0, 6, 5, 0, 0, 0});
}

TEST_CASE("a batch is normalised channel by channel, in the order that is asked for") {
  image_set set{{1, 2, 2}, {.2f, .5f}, {.4f, .25f}, {0, 0, 255, 255, 51, 51, 102, 102}, {3, 4}};
  batch x = batch::Zero(4, 2);
  std::vector<int> labels;
  images::copy_images(set, {1, 0}, 0, x, labels, [](std::size_t) { return images::placement{}; });
  CHECK(labels == std::vector{4, 3});
  const Eigen::Vector4f zero{-.5f, -2, 2, 2}, one{0, -1.2f, .5f, -.4f};
  CHECK((x.col(1) - zero).cwiseAbs().maxCoeff() <= 1e-6f);
  CHECK((x.col(0) - one).cwiseAbs().maxCoeff() <= 1e-6f);
}

TEST_CASE("all places of an image are equally likely, and follow from seed, epoch and image") {
  const images::variation how{.margin = 1, .mirror = true};
  std::array<int, 18> counts{};
  for (std::size_t image = 0; image < 18'000; ++image) {
    const auto [down, right, mirrored] = images::place(how, 5, 2, image);
    REQUIRE(down + 1 <= 2);
    REQUIRE(right + 1 <= 2);
    ++counts[6 * (down + 1) + 2 * (right + 1) + (mirrored ? 1 : 0)];
  }
  double squares = 0;  // chi squared, 17 degrees of freedom: above 40.8 once in a thousand times
  for (const int n : counts) squares += (n - 1000.) * (n - 1000.) / 1000;
  CHECK(squares <= 40.8);
  const auto differs = [&](std::uint64_t seed, std::int64_t epoch) {
    const images::variation wide{.margin = 4, .mirror = true};
    int others = 0;
    for (std::size_t image = 0; image < 100; ++image) {
      const auto a = images::place(wide, 5, 2, image), b = images::place(wide, seed, epoch, image);
      others += a.down != b.down || a.right != b.right || a.mirrored != b.mirrored;
    }
    return others;
  };
  CHECK(differs(5, 2) == 0);
  CHECK(differs(6, 2) > 90);
  CHECK(differs(5, 3) > 90);
  const auto still = images::place({}, 5, 2, 3);
  CHECK((still.down == 0 && still.right == 0 && !still.mirrored));
}

TEST_CASE("an epoch's order is a permutation that follows from seed and epoch") {
  const auto set = images::make_strokes({4, 4, 1}, 50, 1);
  const auto order = images::shuffled(set, 1, 1);
  CHECK(std::set(order.begin(), order.end()).size() == 50);
  CHECK(order != images::in_order(set));
  CHECK(order == images::shuffled(set, 1, 1));
  CHECK(order != images::shuffled(set, 1, 2));
  CHECK(order != images::shuffled(set, 2, 1));
}

TEST_CASE("a block whose scheme and family are chosen late is the block of these types") {
  using kutta::bases::piecewise_constant;
  using kutta::schemes::rk4_classic;
  const images::image_shape shape{4, 4, 2};
  const auto r = images::normalised{}(shape);
  using R = std::remove_const_t<decltype(r)>;
  const kutta::layers::continuous typed(kutta::ode_block<R, rk4_classic, piecewise_constant>(
                                            r, piecewise_constant(3), {.steps = 2, .rate = 1.5}),
                                        kutta::keep::every(2));
  const auto late =
      images::make_block(r, {images::scheme::rk4, images::family::constant, 3, 2}, 2, 1.5);

  kutta::test::splitmix64 random(2);
  std::mt19937 generator(2);
  const auto theta = kutta::test::random_like(typed.make_params(generator), random);
  const batch x = kutta::test::random_like(batch(32, 3), random);
  kutta::layer_pass expected(typed, theta, x);
  kutta::layer_pass pass(late, theta, x);
  auto expected_stats = typed.make_statistics(theta, x);
  auto stats = late.make_statistics(theta, x);
  const auto loss = [](const batch& y, std::size_t, batch& dy) {
    dy += y;
    return 0.;
  };
  auto expected_dtheta = kutta::zeros_like(theta), dtheta = kutta::zeros_like(theta);
  expected.gradient(theta, x, loss, expected_dtheta);
  pass.gradient(theta, x, loss, dtheta);
  CHECK(pass.y() == expected.y());
  CHECK(pass.dx() == expected.dx());
  kutta::add(dtheta, dtheta, kutta::scaled{-1, expected_dtheta});
  CHECK(kutta::inner_product(dtheta, dtheta) == 0);
  expected.update_statistics(expected_stats, .1);
  pass.update_statistics(stats, .1);
  auto difference = stats;
  kutta::add(difference, difference, kutta::scaled{-1, expected_stats});
  CHECK(kutta::inner_product(difference, difference) == 0);
  CHECK(pass.infer(theta, stats, x) == expected.infer(theta, expected_stats, x));
}

TEST_CASE("finer graphs") {
  const images::graph cells{images::scheme::euler, images::family::constant, 3, 2};
  CHECK(images::finer(cells).size == 6);
  CHECK(images::finer(cells).steps == 4);
  const images::graph lines{images::scheme::euler, images::family::linear, 3, 2};
  CHECK(images::finer(lines).size == 5);
  images::options how;
  how.begin = lines;
  how.epochs = 6;
  how.refine = {2, 4};
  how.drop = {3, 5};
  const auto levels = images::levels_of(how);
  CHECK(images::graph_of(levels, -1).size == 3);
  CHECK(images::graph_of(levels, 1).size == 3);
  CHECK(images::graph_of(levels, 2).size == 5);
  CHECK(images::graph_of(levels, 9).size == 9);
  CHECK(images::rate_of(how, 2) == .1);
  CHECK(images::rate_of(how, 3) == doctest::Approx(.01));
  CHECK(images::rate_of(how, 5) == doctest::Approx(.001));
}

TEST_CASE("32 images are learnt by heart, and the model stays the same in smaller graphs") {
  using recipe = mnist::model<>;
  const recipe small{.side = 8, .channels = 4};
  const auto set = images::make_strokes({8, 8, 1}, 32, 4);
  images::options how;
  how.begin.scheme = images::scheme::euler;
  how.epochs = 100;
  how.refine = {30};
  how.drop = {70};
  how.batch = 32;
  how.rate = .2;
  images::trainer<recipe> run(small, set, how);
  CHECK(images::judge<recipe>(small(run.graph(), 1), run.result(), set).accuracy < .5);
  run.train([](const auto&) {}, [](const auto&) {});
  const auto by_heart = images::judge<recipe>(small(run.graph(), 1), run.result(), set);
  CHECK(by_heart.accuracy == 1);
  CHECK(by_heart.loss < .5);
  CHECK(images::judge<recipe>(small(run.graph(), 1), run.result(), set, 1, 7).accuracy == 1);

  const images::graph refined = images::finer(run.graph());
  const auto same = images::project<recipe>(run.result(), run.graph(), refined);
  images::graph more_cells = run.graph();
  more_cells.size = refined.size;
  CHECK(images::judge<recipe>(small(more_cells, 1), same, set).loss ==
        doctest::Approx(by_heart.loss).epsilon(1e-6));
  std::vector<std::int64_t> sizes;
  std::vector<std::size_t> parameters;
  images::for_smaller_models(small, run.graph(), run.result(), set, 1, [&](const auto& m) {
    sizes.push_back(m.graph.size);
    parameters.push_back(m.parameters);
  });
  CHECK(sizes == std::vector<std::int64_t>{2, 1});
  CHECK(parameters[0] - parameters[1] == 18 * 16 + 4 * 4);
  std::size_t graphs = 0;
  images::for_other_graphs(small, run.graph(), run.result(), set, 1, [&](const auto& m) {
    ++graphs;
    if (m.graph.scheme == run.graph().scheme && m.graph.steps == run.graph().steps)
      CHECK(m.result.loss == by_heart.loss);
  });
  CHECK(graphs == 4 * 3);
}
