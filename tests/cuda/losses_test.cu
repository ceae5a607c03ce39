// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <kutta/cuda/graph.hpp>
#include <kutta/cuda/losses.hpp>
#include <kutta/cuda/tensor.hpp>
#include <kutta/tensor/contiguous.hpp>
#include <kutta/tensor/host_copy.hpp>
#include <kutta/train/losses.hpp>

#include "cuda/device_layer.hpp"

namespace {

using sizes = std::array<int, 2>;
using kutta::cross_entropy_options;

template <class T>
using matrix = kutta::cuda::tensor<T, 2>;

std::vector<int> some_labels(std::size_t n, int classes, unsigned seed = 4) {
  kutta::test::splitmix64 random(seed);
  std::vector<int> labels(n);
  for (auto& label : labels) label = static_cast<int>(random.between(0, classes));
  return labels;
}

template <class T>
matrix<T> some_scores(std::size_t n, std::size_t size) {
  kutta::test::splitmix64 random(5);
  return kutta::test::random_like(matrix<T>({n, size}), random, -5, 5);
}

/// A batch of n samples in memory of the host.
template <class T>
struct rows {
  std::vector<T> values;
  std::size_t n;

  auto* data() { return values.data(); }
  auto* data() const { return values.data(); }
  std::size_t size() const { return values.size(); }
};

}  // namespace

template <class T>
struct kutta::tensor_traits<rows<T>>
    : kutta::contiguous_batch_traits<rows<T>, T, kutta::tensor_traits<rows<T>>> {
  static rows<T> zeros_like(const rows<T>& x) { return {std::vector<T>(x.size()), x.n}; }
  static rows<T> zeros_like(const rows<T>& x, std::size_t n) {
    return {std::vector<T>(x.n == 0 ? 0 : x.size() / x.n * n), n};
  }
  static std::size_t samples(const rows<T>& x) { return x.n; }
  static std::array<std::size_t, 2> shape(const rows<T>& x) {
    return {x.n, x.n == 0 ? 0 : x.size() / x.n};
  }
};

TEST_CASE_TEMPLATE("cross entropy on the device is that of the host", T, float, double) {
  const std::array<cross_entropy_options, 4> ways{{{},
                                                   {.smoothing = .1},
                                                   {.smoothing = .2, .ignore = 0, .per_sample = 3},
                                                   {.per_sample = 2, .sum = true}}};
  for (const auto& how : ways)
    for (const auto& [n, classes] :
         {sizes{1, 1}, sizes{5, 10}, sizes{7, 33}, sizes{70, 3}, sizes{3, 200}}) {
      if (how.ignore && classes == 1) continue;  // all would be ignored
      CAPTURE(how.per_sample);
      CAPTURE(classes);
      const auto samples = static_cast<std::size_t>(n);
      const auto labels = some_labels(samples * how.per_sample, classes);
      const auto x = some_scores<T>(samples, how.per_sample * static_cast<std::size_t>(classes));
      const rows<T> host_x{kutta::copy_to_host(x), samples};
      const kutta::cross_entropy expected(labels, how);
      kutta::cuda::cross_entropy loss(labels, how);

      auto dx = some_scores<T>(x.shape()[0], x.shape()[1]);
      rows<T> host_dx{kutta::copy_to_host(dx), samples};
      const double value = loss(x, 0, dx), host_value = expected(host_x, 0, host_dx);
      // Sums of as many doubles, in another order.
      CHECK(std::abs(value - host_value) <=
            (n + classes) * std::numeric_limits<double>::epsilon() * (1 + std::abs(host_value)));
      kutta::test::check_close(kutta::copy_to_host(dx), host_dx.values, 1);
      CHECK(loss(x) == value);

      // Tile by tile.
      auto tiled = some_scores<T>(x.shape()[0], x.shape()[1]);
      double sum = 0;
      for (std::size_t first = 0; first < samples; first += 2) {
        const std::size_t m = std::min<std::size_t>(2, samples - first);
        auto tile = kutta::zeros_like(x, m), dtile = kutta::zeros_like(x, m);
        kutta::copy_samples(x, first, m, tile, 0), kutta::copy_samples(tiled, first, m, dtile, 0);
        sum += loss(tile, first, dtile);
        kutta::copy_samples(dtile, 0, m, tiled, first);
      }
      CHECK(std::abs(sum - value) <= 1e-13 * (1 + value));
      CHECK(kutta::copy_to_host(tiled) == kutta::copy_to_host(dx));
    }
}

TEST_CASE("scores of any size do not overflow") {
  const matrix<float> x({2, 3}, {1e30F, -1e30F, 1e30F, -3e38F, -3e38F, -3e38F});
  kutta::cuda::cross_entropy loss(std::vector<int>{0, 1});
  auto dx = kutta::zeros_like(x);
  CHECK(std::abs(loss(x, 0, dx) - (std::log(2.) + std::log(3.)) / 2) <= 1e-15);
  CHECK(kutta::copy_to_host(dx)[0] == -.25F);
}

TEST_CASE("a recorded loss replays on other labels and scores, and takes no memory") {
  auto x = some_scores<float>(6, 5), dx = kutta::zeros_like(x);
  const matrix<float> target = some_scores<float>(6, 5);
  const cross_entropy_options how{.ignore = 3};
  kutta::cuda::cross_entropy loss(some_labels(6, 5), how);
  kutta::cuda::mean_squared_error squares(target);
  const auto pass = kutta::cuda::capture([&] {
    kutta::set_zero(dx);
    loss.queue(x, 0, dx);
    squares.queue(x, 0, dx);
  });
  for (const unsigned seed : {1U, 2U, 3U}) {
    const auto labels = some_labels(6, 5, seed);  // of which another number is ignored
    loss.assign(labels);
    kutta::add(x, x, kutta::scaled{.1, target});
    CHECK(kutta::test::peak_of([&] { pass.replay(); }) == 0);
    auto again = kutta::zeros_like(x);
    kutta::cuda::cross_entropy plain(labels, how);
    CHECK(loss.value() == plain(x, 0, again));
    const double error = kutta::mean_squared_error(target)(x, 0, again);
    CHECK(std::abs(squares.value() - error) <= 1e-6 * error);
    CHECK(kutta::copy_to_host(dx) == kutta::copy_to_host(again));
  }
}

TEST_CASE_TEMPLATE("mean squared error whose value stays on the device", T, float, double) {
  const auto target = some_scores<T>(5, 7);
  kutta::test::splitmix64 random(9);
  const auto x = kutta::test::random_like(target, random);
  const kutta::mean_squared_error expected(target);
  kutta::cuda::mean_squared_error loss(target);
  double sum = 0;
  for (const std::size_t first : {0U, 3U}) {
    const std::size_t m = first == 0 ? 3 : 2;
    auto tile = kutta::zeros_like(x, m), dtile = kutta::zeros_like(x, m),
         other = kutta::zeros_like(x, m);
    kutta::copy_samples(x, first, m, tile, 0);
    const double value = loss(tile, first, dtile);
    CHECK(std::abs(value - expected(tile, first, other)) <=
          64. * std::numeric_limits<T>::epsilon());
    CHECK(kutta::copy_to_host(dtile) == kutta::copy_to_host(other));
    sum += value;
  }
  CHECK(std::abs(sum - expected(x)) <= 64. * std::numeric_limits<T>::epsilon());
}

TEST_CASE("labels that do not fit") {
  kutta::cuda::cross_entropy loss(std::vector<int>{0, 4, 1});
  matrix<float> x({3, 3}), dx({3, 3});
  CHECK_THROWS_WITH_AS(loss(x, 0, dx), "cross_entropy: expected labels below 3, got 4 for sample 1",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(loss(matrix<float>({2, 5})), "cross_entropy: expected 3 samples, got 2",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(loss.assign({0, 1}), "cross_entropy: expected 3 labels, got 2",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(
      kutta::cuda::cross_entropy(std::vector<int>{2, 2}, {.ignore = 2}),
      "cross_entropy: expected at least 1 label that is not ignored, got 2 that are",
      std::invalid_argument);

  loss.assign({0, 2, 1});
  loss(x, 0, dx);
  for (const int wrong : {3, -5})
    CHECK_THROWS_WITH_AS(
        loss.assign({0, wrong, 1}),
        ("cross_entropy: expected labels below 3, got " + std::to_string(wrong) + " for sample 1")
            .c_str(),
        std::invalid_argument);
}
