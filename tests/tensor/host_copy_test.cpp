// SPDX-License-Identifier: Apache-2.0
#include <stdexcept>
#include <tuple>
#include <vector>

#include <doctest/doctest.h>

#include <kutta/tensor/host_copy.hpp>
#include <kutta/tensor/vec.hpp>

namespace {

using kutta::copy_from_host;
using kutta::copy_to_host;

struct params {
  std::vector<double> w;
  kutta::vec<double, 2> b;
  double scale;
  static constexpr auto fields =
      std::tuple{kutta::field{"w", &params::w}, kutta::field{"b", &params::b},
                 kutta::field{"scale", &params::scale}};
  bool operator==(const params&) const = default;
};

}  // namespace

TEST_CASE("the elements come out leaf after leaf, in the order of the fields") {
  CHECK(copy_to_host(2.5) == std::vector<double>{2.5});
  CHECK(copy_to_host(params{{1, 2, 3}, {{4, 5}}, 6}) == std::vector<double>{1, 2, 3, 4, 5, 6});
  CHECK(copy_to_host(std::vector<params>{{{1}, {{2, 3}}, 4}, {{5, 6}, {{7, 8}}, 9}}) ==
        std::vector<double>{1, 2, 3, 4, 5, 6, 7, 8, 9});
  CHECK(copy_to_host(std::vector<float>{}).empty());
}

TEST_CASE("what goes out comes back") {
  const std::vector<params> x{{{1, 2}, {{3, 4}}, 5}, {{6}, {{7, 8}}, 9}};
  auto y = kutta::zeros_like(x);
  copy_from_host(copy_to_host(x), y);
  CHECK(y == x);
}

TEST_CASE("a count that does not fit is refused, and nothing is written") {
  params y{{1, 2}, {{3, 4}}, 5};
  const params before = y;
  CHECK_THROWS_WITH_AS(copy_from_host({9, 9, 9, 9}, y), "copy_from_host: expected 5 values, got 4",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(copy_from_host(std::vector<double>(6), y),
                       "copy_from_host: expected 5 values, got 6", std::invalid_argument);
  CHECK(y == before);
}
