// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <stdexcept>
#include <vector>

#include <doctest/doctest.h>

#include <kutta/cuda/embedding.hpp>
#include <kutta/cuda/ids.hpp>
#include <kutta/cuda/tensor.hpp>
#include <kutta/layers/embedding.hpp>
#include <kutta/tensor/contiguous.hpp>

#include "cuda/device_layer.hpp"

namespace {

using sizes = std::array<std::size_t, 4>;
using kutta::layers::embedding;
using kutta::layers::embedding_options;

template <class T>
using sequences = kutta::cuda::tensor<T, 3>;

static_assert(kutta::layer<embedding<sequences<float>>>);
static_assert(kutta::tensor<kutta::cuda::ids>);

kutta::ids some_ids(std::size_t n, std::size_t each, std::int32_t rows) {
  kutta::test::splitmix64 random(4);
  std::vector<std::int32_t> values(n * each);
  for (auto& id : values) id = static_cast<std::int32_t>(random.between(0, rows));
  return kutta::ids(values, each);
}

}  // namespace

TEST_CASE_TEMPLATE("an embedding on the device is that of the host, its gradient bit for bit", T,
                   float, double) {
  std::mt19937 generator(1);
  for (const auto& [n, each, rows, width] :
       {sizes{1, 1, 1, 1}, sizes{5, 7, 9, 3}, sizes{40, 50, 4, 17}, sizes{3, 2, 500, 64}})
    for (const bool positions : {false, true}) {
      CAPTURE(rows);
      const embedding_options how{.positions = positions, .padding = 2};
      const embedding<std::vector<T>> host(rows, width, how);
      const embedding<sequences<T>> device(rows, width, how);
      const kutta::ids x = some_ids(n, each, static_cast<std::int32_t>(rows));
      const auto theta = device.make_params(generator);
      kutta::test::check_on_device(host, host.make_params(generator), x, device, theta,
                                   kutta::cuda::ids(x), 0);
      CHECK(device.make_output(theta, kutta::cuda::ids(x)).shape() ==
            std::array<std::size_t, 3>{n, each, width});
    }
  const embedding<sequences<T>> small(9, 3, {.positions = true, .padding = 8});
  const auto report = kutta::check_residual(small, small.make_params(generator),
                                            kutta::cuda::ids(some_ids(2, 4, 9)));
  CHECK_MESSAGE(report.ok(), report.text());
}

TEST_CASE("an id without a row becomes NaN on the device, and has no gradient") {
  const embedding<sequences<double>> layer(3, 2);
  std::mt19937 generator(1);
  const auto theta = layer.make_params(generator);
  const kutta::cuda::ids x(kutta::ids({1, 3, -1, 2}, 2));
  kutta::test::layer_passes<embedding<sequences<double>>> passes(layer, theta, x.copy());
  kutta::set_zero(passes.first_dtheta);
  passes.run();
  const auto found = passes.result();
  const auto table = kutta::copy_to_host(passes.theta), dy = kutta::copy_to_host(passes.dy);
  CHECK(found.y[0] == table[2]);
  for (const std::size_t i : {2U, 3U, 4U, 5U}) CHECK(std::isnan(found.y[i]));
  CHECK(found.dtheta == std::vector<double>{0, 0, dy[0], dy[1], dy[6], dy[7]});
}

TEST_CASE("ids of the device are a tensor without numbers, copied and replaced as a whole") {
  kutta::cuda::ids x(kutta::ids({3, 1, 4, 1, 5, 9}, 2));
  CHECK(x.samples() == 3);
  CHECK(kutta::element_count(x) == 0);
  CHECK(kutta::inner_product(x, x) == 0);
  CHECK(kutta::heap_bytes(x) == 24);
  const auto values_of = [](const kutta::cuda::ids& of) {
    std::vector<std::int32_t> values(of.size());
    kutta::cuda::copy_to_host(values.data(), of.data(), of.size());
    return values;
  };
  auto y = kutta::zeros_like(x);
  x.assign(kutta::ids({2, 7, 1, 8, 2, 8}, 2));
  CHECK(values_of(y) == std::vector<std::int32_t>{3, 1, 4, 1, 5, 9});
  kutta::assign(y, x);
  kutta::set_zero(y);
  CHECK(values_of(y) == std::vector<std::int32_t>{2, 7, 1, 8, 2, 8});
  CHECK_THROWS_WITH_AS(x.assign(kutta::ids({1, 2, 3})),
                       "cuda::ids: expected 2 ids for each of 3 samples, got 1 for 3",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(x.assign(kutta::cuda::ids(kutta::ids({1, 2, 3, 4}, 2))),
                       "cuda::ids: expected 2 ids for each of 3 samples, got 2 for 2",
                       std::invalid_argument);
}
