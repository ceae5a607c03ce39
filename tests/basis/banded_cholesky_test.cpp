// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include <kutta/basis/banded_cholesky.hpp>

namespace {

using kutta::detail::banded_cholesky;

constexpr long double epsilon = std::numeric_limits<long double>::epsilon();

}  // namespace

TEST_CASE("second differences have the known inverse, min(i, j) (n + 1 - max(i, j))/(n + 1)") {
  constexpr std::size_t n = 9;
  banded_cholesky h(n, 1);
  for (std::size_t i = 0; i < n; ++i) {
    h(i, i) = 2;
    if (i > 0) h(i, i - 1) = -1;
  }
  CHECK(h.factor() == n);
  for (std::size_t j = 1; j <= n; ++j) {
    std::vector<long double> x(n);
    x[j - 1] = 1;
    h.solve(x);
    for (std::size_t i = 1; i <= n; ++i) {
      const auto expected =
          static_cast<long double>((i < j ? i : j) * (n + 1 - (i < j ? j : i))) / (n + 1);
      CHECK(std::abs(x[i - 1] - expected) <= 64 * epsilon);
    }
  }
}

TEST_CASE("a full matrix is a band of n - 1: Hilbert's inverse is integer") {
  banded_cholesky h(3, 2);
  for (std::size_t i = 0; i < 3; ++i)
    for (std::size_t j = 0; j <= i; ++j) h(i, j) = 1 / static_cast<long double>(i + j + 1);
  CHECK(h.factor() == 3);
  std::vector<long double> x{0, 1, 0};
  h.solve(x);
  const long double expected[] = {-36, 192, -180};
  for (std::size_t i = 0; i < 3; ++i) CHECK(std::abs(x[i] - expected[i]) <= 1e6L * epsilon);
}

TEST_CASE("the first dependent row is reported") {
  banded_cholesky h(3, 2);
  for (std::size_t i = 0; i < 3; ++i)
    for (std::size_t j = 0; j <= i; ++j) h(i, j) = i == j ? 2 : 1;
  h(1, 1) = h(1, 0) = 2;  // the second row is the first
  CHECK(h.factor() == 1);
}
