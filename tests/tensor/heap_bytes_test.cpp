// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cstddef>
#include <tuple>
#include <vector>

#include <doctest/doctest.h>

#include <kutta/tensor/heap_bytes.hpp>

namespace {

struct weights {
  std::vector<float> w;
  std::array<float, 3> b;

  static constexpr auto fields =
      std::tuple{kutta::field{"w", &weights::w}, kutta::field{"b", &weights::b}};
};

struct counting {
  std::vector<int> ids;
  std::vector<double> values;

  std::size_t heap_bytes() const { return kutta::heap_bytes(ids, values); }
};

}  // namespace

TEST_CASE("what lies in the object itself is not on the heap") {
  CHECK(kutta::heap_bytes(1.) == 0);
  CHECK(kutta::heap_bytes(std::array<double, 4>{}) == 0);
  CHECK(kutta::heap_bytes(std::tuple<double, int>{}) == 0);
}

TEST_CASE("vectors own their elements and what these own") {
  CHECK(kutta::heap_bytes(std::vector<double>(5)) == 40);
  CHECK(kutta::heap_bytes(std::vector<int>(5)) == 20);
  const std::vector<std::vector<float>> rows{{1, 2}, {}, {3}};
  CHECK(kutta::heap_bytes(rows) == 3 * sizeof(std::vector<float>) + 3 * sizeof(float));
  CHECK(kutta::heap_bytes(std::array{std::vector<double>(2), std::vector<double>(3)}) == 40);
}

TEST_CASE("structs count their fields, or themselves") {
  const weights theta{std::vector<float>(7), {}};
  CHECK(kutta::heap_bytes(theta) == 28);
  CHECK(kutta::heap_bytes(std::vector<weights>{theta, theta}) == 2 * (sizeof(weights) + 28));
  const counting saved{std::vector<int>(3), std::vector<double>(2)};
  CHECK(kutta::heap_bytes(saved) == 28);
  CHECK(kutta::heap_bytes(std::tuple{saved, theta, 1.}) == 56);
  CHECK(kutta::heap_bytes(saved, theta, 1.) == 56);
}
