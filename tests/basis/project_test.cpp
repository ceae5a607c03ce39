// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <vector>

#include <doctest/doctest.h>

#include <kutta/basis/discontinuous_linear.hpp>
#include <kutta/basis/hat.hpp>
#include <kutta/basis/piecewise_constant.hpp>
#include <kutta/basis/project.hpp>

#include "support/random.hpp"

namespace {

using kutta::basis_operator;
using kutta::interpolation;
using kutta::project;
using kutta::projection;
using kutta::refinement;
using kutta::bases::discontinuous_linear;
using kutta::bases::hat;
using kutta::bases::piecewise_constant;
using namespace kutta::literals;

constexpr double epsilon = std::numeric_limits<double>::epsilon();

void check_row(const basis_operator& m, std::size_t j, const std::vector<double>& expected) {
  CHECK(m.columns() == expected.size());
  for (std::size_t k = 0; k < expected.size(); ++k) {
    CAPTURE(j);
    CAPTURE(k);
    CHECK(std::abs(m(j, k) - expected[k]) <= 4 * epsilon);
  }
}

void check_rows(const basis_operator& m, const std::vector<std::vector<double>>& expected) {
  CHECK(m.rows() == expected.size());
  for (std::size_t j = 0; j < expected.size(); ++j) check_row(m, j, expected[j]);
}

void check_identity(const basis_operator& m, double tolerance) {
  CHECK(m.rows() == m.columns());
  for (std::size_t j = 0; j < m.rows(); ++j)
    for (std::size_t k = 0; k < m.columns(); ++k)
      CHECK(std::abs(m(j, k) - (j == k ? 1 : 0)) <= tolerance);
}

basis_operator product(const basis_operator& a, const basis_operator& b) {
  basis_operator c(a.rows(), b.columns());
  for (std::size_t i = 0; i < a.rows(); ++i)
    for (std::size_t k = 0; k < a.columns(); ++k)
      for (std::size_t j = 0; j < b.columns(); ++j) c(i, j) += a(i, k) * b(k, j);
  return c;
}

template <class B, class C>
void check_row_sums(const B& from, const C& to) {
  const auto m = projection(from, to);
  for (std::size_t j = 0; j < m.rows(); ++j) {
    double sum = 0;
    for (std::size_t k = 0; k < m.columns(); ++k) sum += m(j, k);
    CHECK(std::abs(sum - 1) <= 16 * epsilon);
  }
}

/// ⟨f − Pf, φ'_j⟩ = 0 for every member of `to`, integrated by the midpoint rule on 27720 cells.
template <class B, class C>
double largest_inner_product(const B& from, const C& to) {
  kutta::test::splitmix64 random(3);
  const auto theta = kutta::test::random_like(std::vector<double>(from.size()), random);
  const auto nearest = project(theta, from, to);
  std::vector<long double> inner(to.size());
  constexpr std::int64_t n = 27720;  // = lcm of 1 … 12
  for (std::int64_t i = 0; i < n; ++i)
    for (const double gauss : {0.21132486540518713, 0.78867513459481287}) {
      const kutta::depth s{.num = i, .den = n, .offset = gauss};
      double room = 0, other_room = 0;
      const double d =
          kutta::evaluate(from, s, theta, room) - kutta::evaluate(to, s, nearest, other_room);
      for (const auto& [k, phi] : to(s)) inner[k] += d * phi / (2 * n);
    }
  double largest = 0;
  for (const long double v : inner)
    if (!(std::abs(v) <= largest)) largest = static_cast<double>(std::abs(v));
  return largest;
}

/// A family without a member.
struct none {
  static constexpr std::size_t support = 1;
  std::size_t size() const { return 0; }
  std::size_t degree() const { return 0; }
  std::vector<kutta::rational> breakpoints() const { return {0, 1}; }
  kutta::basis_values<1> operator()(const kutta::depth&) const { return {{}, 0}; }
};

/// Two members that are the same constant.
struct twice {
  static constexpr std::size_t support = 2;
  std::size_t size() const { return 2; }
  std::size_t degree() const { return 0; }
  std::vector<kutta::rational> breakpoints() const { return {0, 1}; }
  kutta::basis_values<2> operator()(const kutta::depth&) const { return {{{0, 1.}, {1, 1.}}, 2}; }
};

}  // namespace

TEST_CASE("projections have the values that were computed by hand") {
  check_row(projection(piecewise_constant(4), hat(4)), 0, {1.3625, -.4125, .0375, .0125});
  check_row(projection(piecewise_constant(4), discontinuous_linear(4)), 0, {1.25, -.25, 0, 0});
  check_rows(projection(hat(3), hat(5)),
             {{1, 0, 0}, {.5, .5, 0}, {0, 1, 0}, {0, .5, .5}, {0, 0, 1}});
  const auto m = projection(hat(9), piecewise_constant(8));
  for (std::size_t j = 0; j < 8; ++j) {
    std::vector<double> row(9);
    row[j] = row[j + 1] = .5;
    check_row(m, j, row);
  }
}

TEST_CASE("piecewise constants, coarser: each coefficient is the mean over its cell") {
  check_rows(projection(piecewise_constant(8), piecewise_constant(4)),
             {{.5, .5, 0, 0, 0, 0, 0, 0},
              {0, 0, .5, .5, 0, 0, 0, 0},
              {0, 0, 0, 0, .5, .5, 0, 0},
              {0, 0, 0, 0, 0, 0, .5, .5}});
  check_rows(projection(piecewise_constant(3), piecewise_constant(2)),
             {{2. / 3, 1. / 3, 0}, {0, 1. / 3, 2. / 3}});
  check_rows(projection(piecewise_constant(2), piecewise_constant(1)), {{.5, .5}});
  check_rows(projection(piecewise_constant({0, 1_r / 3, 1}), piecewise_constant(1)),
             {{1. / 3, 2. / 3}});
}

TEST_CASE("projecting a family onto itself changes nothing") {
  for (const std::int64_t k : {1, 2, 3, 7, 64}) {
    check_identity(projection(piecewise_constant(k), piecewise_constant(k)), 4 * epsilon);
    check_identity(projection(hat(k), hat(k)), 4 * epsilon);
    check_identity(projection(discontinuous_linear(2 * k), discontinuous_linear(2 * k)),
                   4 * epsilon);
  }
}

TEST_CASE_TEMPLATE("projecting back after a refinement is the identity", B, piecewise_constant, hat,
                   discontinuous_linear) {
  for (const std::int64_t k : {2, 4, 10}) {
    const B phi(k);
    check_identity(product(projection(phi.refined(), phi), refinement(phi)), 8 * epsilon);
  }
  const B phi({0, 1_r / 7, 1_r / 3, 1});
  check_identity(product(projection(phi.refined(), phi), refinement(phi)), 8 * epsilon);
}

TEST_CASE("constants are preserved: rows sum to 1") {
  for (const std::int64_t k : {1, 3, 8, 11}) {
    check_row_sums(piecewise_constant(5), hat(k));
    check_row_sums(hat(5), piecewise_constant(k));
    check_row_sums(hat(6), discontinuous_linear(2 * k));
    check_row_sums(discontinuous_linear(6), hat(k));
    check_row_sums(hat({0, 1_r / 7, 1_r / 3, 1}), piecewise_constant(k));
  }
}

TEST_CASE("what a projection leaves out is orthogonal to every member of the new family") {
  CHECK(largest_inner_product(hat(9), piecewise_constant(4)) <= 1e-15);
  CHECK(largest_inner_product(piecewise_constant(3), piecewise_constant(2)) <= 1e-15);
  CHECK(largest_inner_product(piecewise_constant(7), hat(5)) <= 1e-15);
  CHECK(largest_inner_product(discontinuous_linear(10), hat(4)) <= 1e-15);
  CHECK(largest_inner_product(hat(8), discontinuous_linear(6)) <= 1e-15);
}

TEST_CASE("a thousand hats onto as many cells and back keep constants") {
  check_row_sums(piecewise_constant(1000), hat(1201));
  const auto m = projection(piecewise_constant(1000), hat(1201));
  std::size_t entries = 0;
  for (std::size_t k = 0; k < m.columns(); ++k)
    if (m(600, k) != 0) ++entries;
  CHECK(entries < 80);  // the rest is too small to count
}

TEST_CASE("the matrix of an interpolation does what interpolate does") {
  kutta::test::splitmix64 random(5);
  const auto theta = kutta::test::random_like(std::vector<double>(6), random);
  const auto check = [&](const auto& from, const auto& to) {
    const auto by_matrix = interpolation(from, to).apply(theta);
    const auto directly = kutta::interpolate(theta, from, to);
    for (std::size_t k = 0; k < to.size(); ++k)
      CHECK(std::abs(by_matrix[k] - directly[k]) <= 4 * epsilon);
  };
  check(hat(6), piecewise_constant(4));
  check(piecewise_constant(6), hat(4));
  check(discontinuous_linear(6), hat(7));
  check(discontinuous_linear(6), discontinuous_linear(4));
}

TEST_CASE("coefficients that do not fit are refused") {
  CHECK_THROWS_WITH_AS(project(std::vector<double>{1, 2}, hat(3), hat(2)),
                       "project: theta: expected K = 3 coefficients, got 2", std::invalid_argument);
  const std::vector<std::vector<double>> uneven{{1, 2}, {3}};
  CHECK_THROWS_WITH_AS(project(uneven, hat(2), hat(3)),
                       "project: theta: expected shape (2), got (1)", std::invalid_argument);
}

TEST_CASE("a projection onto an empty family, or onto dependent members, is refused") {
  CHECK_THROWS_WITH_AS(projection(hat(3), none{}),
                       "projection: both families must have a member, got K = 3 and 0",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(projection(hat(3), twice{}),
                       "projection: member 1 of K = 2 is a combination of the others but for "
                       "rounding",
                       std::invalid_argument);
}
