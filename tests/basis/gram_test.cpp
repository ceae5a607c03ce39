// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cmath>
#include <cstddef>
#include <tuple>
#include <vector>

#include <doctest/doctest.h>

#include <kutta/basis/gram.hpp>
#include <kutta/tensor/product.hpp>

#include "support/random.hpp"

namespace {

struct layer {
  std::vector<double> w;
  float b;
  static constexpr auto fields =
      std::tuple{kutta::field{"w", &layer::w}, kutta::field{"b", &layer::b}};
};

}  // namespace

TEST_CASE("every leaf has its inner products, under its name") {
  const std::vector<layer> theta{{{1, 2}, 3}, {{-1, 0}, 5}};
  const auto g = kutta::gram(theta);
  CHECK(g.size() == 2);
  CHECK(g[0].name == "theta.w");
  CHECK(g[0].elements == 2);
  CHECK(g[0](0, 0) == 5);
  CHECK(g[0](0, 1) == -1);
  CHECK(g[0](1, 0) == -1);
  CHECK(g[0](1, 1) == 1);
  CHECK(g[1].name == "theta.b");
  CHECK(g[1](0, 1) == 15);
}

TEST_CASE("however many elements and coefficients there are, all of them count") {
  kutta::test::splitmix64 random(9);
  for (const std::size_t n : {1U, 63U, 64U, 65U, 1000U, 5000U})
    for (const std::size_t k : {1U, 3U, 70U, 600U}) {
      if (n * k > 400000) continue;
      const auto theta = kutta::test::random_like(std::vector(k, std::vector<double>(n)), random);
      const auto g = kutta::gram(theta);
      CAPTURE(n);
      CAPTURE(k);
      for (std::size_t i = 0; i < k; i += 7)
        for (std::size_t j = 0; j < k; j += 5) {
          long double expected = 0;
          for (std::size_t e = 0; e < n; ++e)
            expected += static_cast<long double>(theta[i][e]) * theta[j][e];
          CHECK(std::abs(g[0](i, j) - static_cast<double>(expected)) <=
                1e-15 * static_cast<double>(n));
        }
    }
}

TEST_CASE("products of floats are not rounded to float") {
  const std::vector<std::vector<float>> theta{{16777215.F, 1}, {16777215.F, 1}};  // 2^24 − 1
  CHECK(kutta::gram(theta)[0](0, 1) == 281474943156225. + 1);
}

TEST_CASE("the parts of tuples and arrays have numbers") {
  using pair = std::tuple<double, std::vector<std::array<double, 1>>>;
  const std::vector<pair> theta{{2, {{{1}}, {{3}}}}, {4, {{{1}}, {{5}}}}};
  const auto g = kutta::gram(theta);
  CHECK(g.size() == 3);
  CHECK(g[0].name == "theta[0]");
  CHECK(g[2].name == "theta[1][1]");
  CHECK(g[2](0, 1) == 15);
}
