// SPDX-License-Identifier: Apache-2.0
#include <stdexcept>
#include <vector>

#include <doctest/doctest.h>

#include <kutta/basis/basis_operator.hpp>
#include <kutta/tensor/product.hpp>
#include <kutta/train/adam.hpp>

using kutta::basis_operator;

static_assert(kutta::optimiser_moments<kutta::adam_moments<std::vector<double>>>);

TEST_CASE("a matrix works on any tensor, term by term") {
  basis_operator m(2, 5);
  for (std::size_t k = 0; k < 5; ++k) m(0, k) = static_cast<double>(k + 1);
  const std::vector<std::vector<double>> theta{{1, 0}, {0, 1}, {1, 1}, {2, 0}, {0, 2}};
  CHECK(m.apply(theta) == std::vector<std::vector<double>>{{12, 15}, {0, 0}});
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
