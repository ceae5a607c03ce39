// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <vector>

#include <doctest/doctest.h>

#include <kutta/layers/matrix_product.hpp>
#include <kutta/layers/transposed.hpp>

#include "support/random.hpp"

namespace {

/// Integers from −8 to 8: sums of products of a hundred of them are exact.
template <class T>
std::vector<T> random_integers(std::size_t n, unsigned seed) {
  kutta::test::splitmix64 random(seed);
  std::vector<T> x(n);
  for (T& v : x) v = static_cast<T>(static_cast<int>(random.between(-8, 9)));
  return x;
}

/// How `S` and `C` lie, and the elements of B.
enum class form { one_column_of_s, s_is_c, transposed_b };

/// C ← S + A B, and the same by three loops. The columns of C are two numbers apart, and every
/// vector ends where its matrix does.
template <class T>
void check_product(std::size_t rows, std::size_t columns, std::size_t depth, form how) {
  const std::size_t apart = rows + 2;
  const auto a = random_integers<T>(rows * depth, 1), b = random_integers<T>(depth * columns, 2);
  const auto s = random_integers<T>(rows, 3);
  auto c = random_integers<T>(apart * columns - 2, 4), expected = c;
  const std::size_t b_row = how == form::transposed_b ? columns : 1;
  const std::size_t b_column = how == form::transposed_b ? 1 : depth;

  for (std::size_t j = 0; j < columns; ++j)
    for (std::size_t i = 0; i < rows; ++i) {
      T& sum = expected[i + j * apart];
      if (how == form::one_column_of_s) sum = s[i];
      for (std::size_t d = 0; d < depth; ++d) sum += a[i + d * rows] * b[d * b_row + j * b_column];
    }

  const kutta::detail::matrix_product<T> product{
      rows, columns, depth, a.data(), {b.data(), b_row, b_column}};
  if (how == form::one_column_of_s)
    product.add_to(s.data(), 0, c.data(), apart);
  else
    product.add_to(c.data(), apart, c.data(), apart);
  CHECK(c == expected);
}

}  // namespace

TEST_CASE_TEMPLATE("a product of matrices is that of three loops, at every edge", T, float,
                   double) {
  for (const std::size_t rows : {1u, 3u, 8u, 17u, 50u, 64u, 65u, 100u})
    for (const std::size_t columns : {1u, 2u, 3u, 11u, 13u, 64u})
      for (const std::size_t depth : {1u, 2u, 17u, 65u})
        for (const auto how : {form::one_column_of_s, form::s_is_c, form::transposed_b}) {
          CAPTURE(rows);
          CAPTURE(columns);
          CAPTURE(depth);
          CAPTURE(static_cast<int>(how));
          check_product<T>(rows, columns, depth, how);
        }
}

TEST_CASE("an element of a product does not depend on the tile it lies in") {
  constexpr std::size_t rows = 70, columns = 19, depth = 40;
  kutta::test::splitmix64 random(5);
  std::vector<float> a(rows * depth), b(depth * columns), c(rows * columns), alone(rows);
  for (float& v : a) v = static_cast<float>(random.between(-1, 1));
  for (float& v : b) v = static_cast<float>(random.between(-1, 1));
  const std::vector<float> zero(rows);
  kutta::detail::matrix_product<float>{rows, columns, depth, a.data(), {b.data(), 1, depth}}.add_to(
      zero.data(), 0, c.data(), rows);
  for (std::size_t j = 0; j < columns; ++j) {
    kutta::detail::matrix_product<float>{rows, 1, depth, a.data(), {b.data() + j * depth, 1, depth}}
        .add_to(zero.data(), 0, alone.data(), rows);
    CHECK(alone == std::vector<float>(c.begin() + std::ptrdiff_t(j * rows),
                                      c.begin() + std::ptrdiff_t((j + 1) * rows)));
  }
}

TEST_CASE_TEMPLATE("a transpose is that of two loops", T, float, double) {
  for (const std::size_t rows : {1u, 3u, 8u, 16u, 17u, 50u, 64u, 65u})
    for (const std::size_t columns : {1u, 4u, 16u, 33u, 64u}) {
      CAPTURE(rows);
      CAPTURE(columns);
      const auto x = random_integers<T>(rows * columns, 6);
      std::vector<T> y(x.size()), expected(x.size());
      for (std::size_t j = 0; j < columns; ++j)
        for (std::size_t i = 0; i < rows; ++i) expected[j + i * columns] = x[i + j * rows];
      kutta::detail::transpose(x.data(), rows, columns, y.data());
      CHECK(y == expected);
    }
}
