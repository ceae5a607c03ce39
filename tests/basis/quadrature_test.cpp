// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include <kutta/basis/quadrature.hpp>

namespace {

constexpr double epsilon = std::numeric_limits<double>::epsilon();

/// From [−1, 1] to [0, 1].
double moved(double x) {
  return (1 + x) / 2;
}

}  // namespace

TEST_CASE("Gauss's nodes and weights are the ones in print") {
  const auto two = kutta::gauss_legendre(2);
  CHECK(std::abs(two.nodes[0] - moved(-1 / std::sqrt(3.))) <= epsilon);
  CHECK(std::abs(two.weights[0] - .5) <= epsilon);
  const auto five = kutta::gauss_legendre(5);
  CHECK(std::abs(five.nodes[4] - moved(std::sqrt(5 + 2 * std::sqrt(10. / 7)) / 3)) <= epsilon);
  CHECK(std::abs(five.nodes[2] - .5) <= epsilon);
  CHECK(std::abs(five.weights[2] - 64. / 225) <= epsilon);
  CHECK(std::abs(five.weights[0] - (322 - 13 * std::sqrt(70.)) / 1800) <= epsilon);
}

TEST_CASE("n nodes integrate powers up to 2n - 1 exactly, and the next one not") {
  for (const std::size_t n : {1U, 2U, 3U, 7U, 12U, 32U, 85U}) {
    const auto rule = kutta::gauss_legendre(n);
    const auto error = [&](std::size_t power) {
      long double sum = 0;
      for (std::size_t i = 0; i < n; ++i)
        sum += rule.weights[i] *
               std::pow(static_cast<long double>(rule.nodes[i]), static_cast<long double>(power));
      return static_cast<double>(std::abs(sum - 1 / static_cast<long double>(power + 1)));
    };
    CAPTURE(n);
    for (std::size_t power = 0; power < 2 * n; ++power) CHECK(error(power) <= 2 * epsilon);
    if (n < 12) CHECK(error(2 * n) > 1e-10);
  }
}

TEST_CASE("the nodes of Gauss and Lobatto are the ones in print") {
  CHECK(kutta::gauss_lobatto_nodes(2) == std::vector<double>{0, 1});
  CHECK(std::abs(kutta::gauss_lobatto_nodes(3)[1] - .5) <= epsilon);
  CHECK(std::abs(kutta::gauss_lobatto_nodes(4)[2] - moved(1 / std::sqrt(5.))) <= epsilon);
  const auto six = kutta::gauss_lobatto_nodes(6);
  CHECK(std::abs(six[4] - moved(std::sqrt((7 + 2 * std::sqrt(7.)) / 21))) <= epsilon);
  CHECK(std::abs(six[3] - moved(std::sqrt((7 - 2 * std::sqrt(7.)) / 21))) <= epsilon);
  const auto ten = kutta::gauss_lobatto_nodes(10);
  for (std::size_t i = 1; i < 10; ++i) CHECK(ten[i] > ten[i - 1]);
  CHECK(std::abs(ten[8] - moved(0.919533908166459)) <= 1e-15);
}
