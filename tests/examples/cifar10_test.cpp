// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <random>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

#include <doctest/doctest.h>

#include <kutta/io/io_error.hpp>
#include <kutta/layers/layer_pass.hpp>
#include <kutta/tensor/shape.hpp>

#include "cifar10/continuous_net.hpp"
#include "cifar10/records.hpp"
#include "cifar10/stateful_ode_net.hpp"
#include "images/strokes.hpp"
#include "images/training.hpp"
#include "io/scratch_folder.hpp"
#include "support/random.hpp"

namespace {

using images::batch;

template <class Recipe>
std::size_t count(const Recipe& recipe, std::int64_t size) {
  std::mt19937 generator(1);
  return kutta::element_count(recipe({.size = size}, 1).make_params(generator));
}

/// A record: the colours of pixel p are p mod 251, that + 1 and that + 2.
std::string record(char label) {
  std::string bytes(1, label);
  for (int c = 0; c < 3; ++c)
    for (int p = 0; p < 1024; ++p) bytes += static_cast<char>(p % 251 + c);
  return bytes;
}

template <class L>
batch value(const L& layer, const typename L::params& theta, const batch& x) {
  return kutta::layer_pass(layer, theta, x).forward(theta, x);
}
template <class L>
batch inferred(const L& layer, const typename L::params& theta, const typename L::statistics& stats,
               const batch& x) {
  return kutta::layer_pass(layer, theta, x).infer(theta, stats, x);
}

/// The losses of all batches.
template <class Recipe>
std::vector<double> losses(images::trainer<Recipe>& run) {
  std::vector<double> values;
  run.train([&](const images::position& at) { values.push_back(at.loss); },
            [](const images::position&) {});
  return values;
}

}  // namespace

TEST_CASE("parameters of the photograph models as the papers count them") {
  CHECK(count(cifar10::shallow<>{}, 8) == 206'842);
  CHECK(count(cifar10::shallow<>{}, 4) == 113'914);
  CHECK(count(cifar10::shallow<images::not_normalised>{}, 8) == 206'842 - 8 * 192);
  CHECK(count(cifar10::deep{}, 16) == 1'633'530);
  CHECK(count(cifar10::deep{}, 8) == 855'802);

  // 0.2, 0.3, 0.5, 0.9, 1.6 and 3.19 million for K = 1, 2, 4, 8, 16 and 32.
  const std::size_t one = count(cifar10::continuous_net{}, 1);
  const std::size_t cell = count(cifar10::continuous_net{}, 2) - one;
  CHECK(cell == 97'443);
  CHECK(count(cifar10::continuous_net{}, 8) == one + 7 * cell);
  const std::array<double, 6> millions{.2, .3, .5, .9, 1.6, 3.2};
  for (std::size_t k = 0; k < 6; ++k)
    CHECK(std::abs(static_cast<double>(one + ((1u << k) - 1) * cell) / 1e6 - millions[k]) <= .05);
  CHECK(one + 31 * cell == 3'191'578);
  // The wide one for 100 classes: 13.58 million.
  const cifar10::continuous_net wide{.channels = 64, .classes = 100};
  const std::size_t wide_one = count(wide, 1);
  CHECK(wide_one + 7 * (count(wide, 2) - wide_one) == 13'584'700);
}

TEST_CASE("records of photographs, and what is wrong with others") {
  const kutta::test::scratch_folder folder;
  const std::filesystem::path at = folder.path("");
  kutta::test::write_bytes((at / "data_batch_1.bin").string(), record(3) + record(9));
  kutta::test::write_bytes((at / "data_batch_2.bin").string(), record(0));
  const auto set = cifar10::read_training_images(at, 3);
  CHECK(set.labels == std::vector{3, 9, 0});
  CHECK(set.pixels.size() == 3 * 3072);
  for (const std::size_t p : {0u, 1u, 31u, 250u, 251u, 1023u})
    for (std::size_t c = 0; c < 3; ++c)
      CHECK(set.pixels[3072 + 3 * p + c] == static_cast<unsigned char>(p % 251 + c));
  CHECK(cifar10::read_training_images(at, 1).size() == 1);

  const auto fails = [&](const std::string& content, const std::string& why) {
    const std::string file = (at / "test_batch.bin").string();
    if (!content.empty()) kutta::test::write_bytes(file, content);
    CHECK_THROWS_WITH_AS(cifar10::read_test_images(at, 10), (file + ": " + why).c_str(),
                         std::runtime_error);
  };
  fails("", "expected this file, or one with .gz behind the name");
  fails(record(1).substr(1), "expected whole records of 3073 bytes, got 3072 bytes");
  fails(record(1) + record(10), "expected labels below 10, got 10 in record 1");
  kutta::test::write_bytes((at / "test_batch.bin").string(), "");
  CHECK_THROWS_AS(cifar10::read_test_images(at, 10), std::runtime_error);
  CHECK_THROWS_WITH_AS(
      cifar10::read_training_images(at, 4),
      ((at / "data_batch_3.bin").string() + ": expected this file, or one with .gz behind the name")
          .c_str(),
      std::runtime_error);
}

TEST_CASE("a ContinuousNet by Euler's method with K = N = epsilon is a residual network") {
  const std::size_t depth = 3;
  const cifar10::continuous_net recipe{.channels = 2, .epsilon = 3, .side = 8};
  const auto model = recipe({.scheme = images::scheme::euler, .size = 3, .steps = 3}, 3);
  kutta::test::splitmix64 random(5);
  std::mt19937 generator(5);
  const auto theta = kutta::test::random_like(model.make_params(generator), random);
  const batch x = kutta::test::random_like(batch(192, 4), random);
  kutta::layer_pass pass(model, theta, x);
  auto stats = model.make_statistics(theta, x);
  const batch y = pass.forward(theta, x);
  pass.update_statistics(stats, .5);
  const batch y_inferred = pass.infer(theta, stats, x);
  CHECK(y != y_inferred);

  // Units x + s R(x), one behind the other.
  const std::array blocks{cifar10::skipping({8, 8, 2}), cifar10::skipping({4, 4, 4}),
                          cifar10::skipping({2, 2, 8})};
  const auto residual_network = [&](const auto& of, const auto& unit) {
    batch u = of(model.get<0>(), std::get<0>(theta), 0, x);
    u = of(model.get<1>(), std::get<1>(theta), std::get<0>(stats), u);
    for (std::size_t n = 0; n < depth; ++n)
      u += unit(blocks[0], std::get<2>(theta)[n], std::get<1>(stats)[n], u);
    u = of(model.get<3>(), std::get<3>(theta), std::get<2>(stats), u);
    for (std::size_t n = 0; n < depth; ++n)
      u += unit(blocks[1], std::get<4>(theta)[n], std::get<3>(stats)[n], u);
    u = of(model.get<5>(), std::get<5>(theta), std::get<4>(stats), u);
    for (std::size_t n = 0; n < depth; ++n)
      u += unit(blocks[2], std::get<6>(theta)[n], std::get<5>(stats)[n], u);
    u = of(model.get<7>(), std::get<7>(theta), std::get<6>(stats), u);
    u = of(model.get<8>(), std::get<8>(theta), 0, u);
    return of(model.get<9>(), std::get<9>(theta), 0, u);
  };
  const auto trained = [](const auto& layer, const auto& p, const auto&, const batch& u) {
    return value(layer, p, u);
  };
  const auto used = []<class L>(const L& layer, const auto& p, const auto& s, const batch& u) {
    if constexpr (kutta::stateful<L>)
      return inferred(layer, p, s, u);
    else
      return value(layer, p, u);
  };
  CHECK(residual_network(trained, trained) == y);
  CHECK(residual_network(used, used) == y_inferred);
}

TEST_CASE("a run that is killed goes on as if it had not been") {
  using recipe = cifar10::shallow<>;
  const recipe small{.side = 16, .channels = 2};
  const kutta::test::scratch_folder folder;
  const auto set = images::make_coloured_strokes({16, 16, 3}, 20, 3);
  images::options how;
  how.begin.scheme = images::scheme::midpoint;
  how.begin.family = images::family::linear;
  how.epochs = 4;
  how.refine = {1, 2};
  how.drop = {3};
  how.batch = 8;
  how.variation = {.margin = 2, .mirror = true};
  images::trainer<recipe> whole(small, set, how);
  const auto expected = losses(whole);
  REQUIRE(expected.size() == 8);

  how.checkpoint = folder.path("run.safetensors");
  std::vector<double> in_parts;
  for (const std::int64_t until : {1, 2, 4}) {
    how.epochs = until;
    how.threads = until == 2 ? 2 : 1;  // which changes nothing
    images::trainer<recipe> part(small, set, how);
    CHECK(part.epochs() == (until == 1 ? 0 : until == 2 ? 1 : 2));
    for (const double loss : losses(part)) in_parts.push_back(loss);
  }
  CHECK(in_parts == expected);
  const images::trainer<recipe> end(small, set, how);
  CHECK(end.graph().size == 3);
  CHECK(std::get<3>(end.result().theta).size() == 3);
  CHECK(std::get<5>(end.result().theta).size() == 3);

  const auto refuses = [&](const char* why, auto&& change) {
    CAPTURE(why);
    images::options other = how;
    change(other);
    CHECK_THROWS_AS(images::trainer<recipe>(small, set, other), kutta::io_error);
  };
  refuses("another seed", [](auto& o) { o.seed = 2; });
  refuses("another scheme", [](auto& o) { o.begin.scheme = images::scheme::euler; });
  refuses("other steps", [](auto& o) { o.begin.steps = 3; });
  refuses("another rate", [](auto& o) { o.rate = .2; });
  refuses("another decay", [](auto& o) { o.weight_decay = 0; });
  refuses("other shifts", [](auto& o) { o.variation.margin = 3; });
  refuses("no mirror images", [](auto& o) { o.variation.mirror = false; });
  refuses("not refined then", [](auto& o) { o.refine = {1, 3}; });
  refuses("the rate did not fall then", [](auto& o) { o.drop = {2}; });
  const auto fewer = images::make_coloured_strokes({16, 16, 3}, 18, 3);
  CHECK_THROWS_AS(images::trainer<recipe>(small, fewer, how), kutta::io_error);
  images::options later = how;  // what is to come may change
  later.epochs = 9;
  later.refine = {1, 2, 7};
  later.drop = {3, 8};
  CHECK(images::trainer<recipe>(small, set, later).epochs() == 4);

  how.checkpoint.clear();
  how.epochs = 1;
  how.variation = {};
  images::trainer<recipe> still(small, set, how);
  CHECK(losses(still)[0] != expected[0]);
}
