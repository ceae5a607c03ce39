// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstddef>
#include <limits>
#include <stdexcept>
#include <tuple>
#include <vector>

#include <doctest/doctest.h>

#include <kutta/basis/basis_operator.hpp>
#include <kutta/tensor/product.hpp>
#include <kutta/train/adam.hpp>

#include "support/random.hpp"

using kutta::basis_operator;

namespace {

struct layer {
  std::vector<double> w;
  double b = 0;
  static constexpr auto fields =
      std::tuple{kutta::field{"w", &layer::w}, kutta::field{"b", &layer::b}};
  explicit layer(std::size_t n) : w(n) {}
};

}  // namespace

static_assert(kutta::optimiser_moments<kutta::adam_moments<std::vector<double>>>);

TEST_CASE("a matrix works on any tensor, term by term") {
  basis_operator m(2, 5);
  for (std::size_t k = 0; k < 5; ++k) m(0, k) = static_cast<double>(k + 1);
  const std::vector<std::vector<double>> theta{{1, 0}, {0, 1}, {1, 1}, {2, 0}, {0, 2}};
  CHECK(m.apply(theta) == std::vector<std::vector<double>>{{12, 15}, {0, 0}});
}

TEST_CASE(
    "whatever the matrix and the length of the coefficients: the sums that plain loops give") {
  kutta::test::splitmix64 random(2);
  const auto check = [&](const basis_operator& m, std::size_t n) {
    const auto theta = kutta::test::random_like(std::vector(m.columns(), layer(n)), random);
    const auto result = m.apply(theta);
    CHECK(result.size() == m.rows());
    for (std::size_t j = 0; j < m.rows(); ++j)
      for (std::size_t i = 0; i <= n; ++i) {
        long double expected = 0;
        for (std::size_t k = 0; k < m.columns(); ++k)
          expected += static_cast<long double>(m(j, k)) * (i < n ? theta[k].w[i] : theta[k].b);
        const double value = i < n ? result[j].w[i] : result[j].b;
        CHECK(std::abs(value - static_cast<double>(expected)) <=
              1e-15 * static_cast<double>(m.columns()));
      }
  };
  for (const std::size_t rows : {1U, 3U, 4U, 5U, 9U})
    for (const std::size_t columns : {1U, 5U, 200U})
      for (const std::size_t n : {1U, 7U, 8U, 63U, 64U, 65U, 300U}) {
        CAPTURE(rows);
        CAPTURE(columns);
        CAPTURE(n);
        basis_operator dense(rows, columns), sparse(rows, columns);
        for (std::size_t j = 0; j < rows; ++j)
          for (std::size_t k = 0; k < columns; ++k) {
            dense(j, k) = random.between(-1, 1);
            if (random() % 3 == 0) sparse(j, k) = random.between(-1, 1);
          }
        check(dense, n);
        check(sparse, n);
      }
}

TEST_CASE("an entry that is 0 does not look at its coefficient") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  basis_operator m(5, 2);
  for (std::size_t j = 0; j < 5; ++j) m(j, 0) = 1;
  m(2, 1) = 1;
  const std::vector<std::vector<double>> theta{std::vector<double>(70, 3.),
                                               std::vector<double>(70, nan)};
  const auto result = m.apply(theta);
  for (const std::size_t j : {0U, 1U, 3U, 4U}) CHECK(result[j] == theta[0]);
  CHECK(result[2][69] != result[2][69]);
}

TEST_CASE("the moments of Adam move with the coefficients, and second moments stay non-negative") {
  using coefficients = std::vector<double>;
  basis_operator m(1, 4);  // the first row from four constants to two discontinuous lines
  m(0, 0) = 1.25;
  m(0, 1) = -.25;
  const kutta::adam_moments<coefficients> moments{{4, 8, 0, 0}, {4, 100, 0, 0}, 17};
  const auto moved = m.apply(moments);
  CHECK(moved.first == coefficients{3});
  CHECK(moved.second == coefficients{30});  // and not −20
  CHECK(moved.steps == 17);
}

TEST_CASE("there is a coefficient for each column, all of one shape") {
  CHECK_THROWS_WITH_AS(basis_operator(2, 3).apply(std::vector<double>{1}),
                       "basis_operator: expected 3 coefficients, got 1", std::invalid_argument);
  const std::vector<std::vector<double>> uneven{{1, 2}, {3}};
  CHECK_THROWS_WITH_AS(basis_operator(2, 2).apply(uneven),
                       "basis_operator: theta: expected shape (2), got (1)", std::invalid_argument);
}
