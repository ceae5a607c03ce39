// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include <kutta/basis/minimum_norm.hpp>

#include "support/random.hpp"

namespace {

using kutta::basis_operator;
using kutta::detail::pseudo_inverse;

constexpr double epsilon = std::numeric_limits<double>::epsilon();

basis_operator product(const basis_operator& a, const basis_operator& b) {
  basis_operator c(a.rows(), b.columns());
  for (std::size_t i = 0; i < a.rows(); ++i)
    for (std::size_t k = 0; k < a.columns(); ++k)
      for (std::size_t j = 0; j < b.columns(); ++j) c(i, j) += a(i, k) * b(k, j);
  return c;
}

double distance(const basis_operator& a, const basis_operator& b) {
  double largest = 0;
  for (std::size_t i = 0; i < a.rows(); ++i)
    for (std::size_t j = 0; j < a.columns(); ++j)
      if (!(std::abs(a(i, j) - b(i, j)) <= largest)) largest = std::abs(a(i, j) - b(i, j));
  return largest;
}

basis_operator transposed(const basis_operator& a) {
  basis_operator b(a.columns(), a.rows());
  for (std::size_t i = 0; i < a.rows(); ++i)
    for (std::size_t j = 0; j < a.columns(); ++j) b(j, i) = a(i, j);
  return b;
}

}  // namespace

TEST_CASE("Penrose's four equations hold, for full and for deficient rank") {
  kutta::test::splitmix64 random(6);
  const auto matrix = [&](std::size_t rows, std::size_t columns) {
    basis_operator a(rows, columns);
    for (std::size_t i = 0; i < rows; ++i)
      for (std::size_t j = 0; j < columns; ++j) a(i, j) = random.between(-1, 1);
    return a;
  };
  const auto check = [](const basis_operator& a) {
    const basis_operator x = pseudo_inverse(a), ax = product(a, x), xa = product(x, a);
    CHECK(distance(product(ax, a), a) <= 200 * epsilon);
    CHECK(distance(product(xa, x), x) <= 2000 * epsilon);
    CHECK(distance(ax, transposed(ax)) <= 200 * epsilon);
    CHECK(distance(xa, transposed(xa)) <= 200 * epsilon);
  };
  check(matrix(7, 4));
  check(matrix(4, 7));
  check(product(matrix(8, 3), matrix(3, 5)));
  check(product(matrix(5, 2), matrix(2, 9)));
  check(basis_operator(3, 2));
}

TEST_CASE("a column of zeros gives a row of zeros") {
  basis_operator a(2, 3);
  a(0, 0) = a(1, 0) = a(0, 2) = 1;
  a(1, 2) = -2;
  const basis_operator x = pseudo_inverse(a);
  CHECK(x(1, 0) == 0);
  CHECK(x(1, 1) == 0);
}
