// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include <kutta/cuda/blas.hpp>
#include <kutta/cuda/graph.hpp>
#include <kutta/cuda/tensor.hpp>
#include <kutta/tensor/host_copy.hpp>
#include <kutta/tensor/tensor.hpp>

#include "support/random.hpp"

namespace {

using sizes = std::array<std::size_t, 3>;
using kutta::cuda::blas;

template <class T>
using matrix = kutta::row_major<T>;

template <class T>
std::vector<T> some_numbers(std::size_t n, unsigned seed) {
  kutta::test::splitmix64 random(seed);
  return kutta::test::random_like(std::vector<T>(n), random);
}

template <class T>
kutta::cuda::tensor<T, 1> on_device(const std::vector<T>& values) {
  return kutta::cuda::tensor<T, 1>({values.size()}, values);
}

template <class T>
long double at(const matrix<T>& a, std::size_t i, std::size_t j) {
  return a.transposed ? a.data[j * a.rows + i] : a.data[i * a.columns + j];
}

/// max |C − (S + A B)|, divided by what rounding may add up to: for each element of depth k
/// (k + 2) ε (|s| + Σ |a b|). NaN if one is NaN.
template <class T>
double error_of(const std::vector<T>& c, const std::vector<T>& s, const matrix<T>& a,
                const matrix<T>& b, double epsilon) {
  double most = 0;
  for (std::size_t i = 0; i < a.rows; ++i)
    for (std::size_t j = 0; j < b.columns; ++j) {
      const std::size_t place = i * b.columns + j;
      long double sum = s[place], size = std::abs(s[place]);
      for (std::size_t d = 0; d < a.columns; ++d) {
        sum += at(a, i, d) * at(b, d, j);
        size += std::abs(at(a, i, d) * at(b, d, j));
      }
      const auto bound = static_cast<double>(size) * double(a.columns + 2) * epsilon;
      const auto error = static_cast<double>(std::abs(static_cast<long double>(c[place]) - sum));
      if (!(error <= bound)) most = kutta::detail::larger{}(most, error / bound);
    }
  return most;
}

}  // namespace

TEST_CASE_TEMPLATE("products of matrices and of transposes, as plain loops have them", T, float,
                   double) {
  const blas products(blas::usual_workspace);
  for (const auto& [m, k, n] : {sizes{1, 1, 1}, sizes{1, 7, 3}, sizes{5, 1, 4}, sizes{17, 9, 10},
                                sizes{64, 130, 70}, sizes{3, 300, 65}})
    for (const bool left : {false, true})
      for (const bool right : {false, true}) {
        CAPTURE(m);
        CAPTURE(left);
        CAPTURE(right);
        const auto a = some_numbers<T>(m * k, 1), b = some_numbers<T>(k * n, 2);
        const auto s = some_numbers<T>(m * n, 3);
        const auto on_a = on_device(a), on_b = on_device(b);
        auto c = on_device(s);
        const matrix<T> given_a{on_a.data().get(), m, k, left},
            given_b{on_b.data().get(), k, n, right};
        const matrix<T> host_a{a.data(), m, k, left}, host_b{b.data(), k, n, right};
        constexpr double epsilon = std::numeric_limits<T>::epsilon();
        products.add(given_a, given_b, c.data().get());
        CHECK(error_of(kutta::copy_to_host(c), s, host_a, host_b, epsilon) == 0);

        kutta::copy_from_host(std::vector<T>(m * n, std::numeric_limits<T>::quiet_NaN()), c);
        products.assign(given_a, given_b, c.data().get());
        const auto once = kutta::copy_to_host(c);
        CHECK(error_of(once, std::vector<T>(m * n), host_a, host_b, epsilon) == 0);
        products.assign(given_a, given_b, c.data().get());
        CHECK(kutta::copy_to_host(c) == once);
      }
}

TEST_CASE("many products of matrices that lie apart, in one call") {
  const blas products(blas::usual_workspace);
  const std::size_t m = 3, k = 5, n = 4, count = 6, apart = 2;
  const auto a = some_numbers<double>(count * (m * k + apart), 1),
             b = some_numbers<double>(k * n, 2);
  const auto on_a = on_device(a), on_b = on_device(b);
  for (const bool left : {false, true}) {
    auto c = on_device(std::vector<double>(count * m * n));
    const matrix<double> first{on_a.data().get(), m, k, left}, shared{on_b.data().get(), k, n};
    products.assign(first, shared, c.data().get(), {count, m * k + apart, 0, m * n});
    const auto found = kutta::copy_to_host(c);
    for (std::size_t i = 0; i < count; ++i) {
      const std::vector<double> one(found.begin() + std::ptrdiff_t(i * m * n),
                                    found.begin() + std::ptrdiff_t((i + 1) * m * n));
      CHECK(error_of(one, std::vector<double>(m * n),
                     matrix<double>{a.data() + i * (m * k + apart), m, k, left},
                     matrix<double>{b.data(), k, n}, std::numeric_limits<double>::epsilon()) == 0);
    }
  }
}

TEST_CASE("an empty sum is 0, an empty matrix nothing") {
  const blas products(blas::usual_workspace);
  auto c = on_device(std::vector<double>{1, 2});
  const auto a = on_device(std::vector<double>{1});
  const matrix<double> tall{a.data().get(), 2, 0}, wide{a.data().get(), 0, 1};
  products.add(tall, wide, c.data().get());
  CHECK(kutta::copy_to_host(c) == std::vector<double>{1, 2});
  products.assign(wide, matrix<double>{a.data().get(), 1, 1}, c.data().get());
  CHECK(kutta::copy_to_host(c) == std::vector<double>{1, 2});
  products.assign(tall, wide, c.data().get());
  CHECK(kutta::copy_to_host(c) == std::vector<double>{0, 0});
}

TEST_CASE("factors are rounded only where that was asked for, and only those of floats") {
  const blas products(blas::usual_workspace);
  const std::size_t n = 64;
  const auto a = some_numbers<float>(n * n, 1), b = some_numbers<float>(n * n, 2);
  const auto on_a = on_device(a), on_b = on_device(b);
  const std::vector<float> zeros(n * n);
  auto c = on_device(zeros);
  const auto error = [&](double epsilon) {
    products.assign(matrix<float>{on_a.data().get(), n, n}, matrix<float>{on_b.data().get(), n, n},
                    c.data().get());
    return error_of(kutta::copy_to_host(c), zeros, matrix<float>{a.data(), n, n},
                    matrix<float>{b.data(), n, n}, epsilon);
  };
  constexpr double exact = std::numeric_limits<float>::epsilon();
  {
    const kutta::cuda::round_factors here(kutta::cuda::factors::tf32);
    CHECK(error(0x1p-9 / n) == 0);
    {
      const kutta::cuda::round_factors inner(kutta::cuda::factors::bf16);
      CHECK(error(0x1p-6 / n) == 0);
    }
    CHECK(error(0x1p-9 / n) == 0);
  }
  CHECK(error(exact) == 0);
}

TEST_CASE("a recorded product replays") {
  const blas products(blas::usual_workspace);
  auto a = on_device(some_numbers<float>(33 * 20, 1)), c = on_device(std::vector<float>(33 * 33));
  const matrix<float> view{a.data().get(), 33, 20};
  products.assign(view, view.transpose(), c.data().get());
  const auto expected = kutta::copy_to_host(c);
  kutta::set_zero(c);
  const auto pass =
      kutta::cuda::capture([&] { products.assign(view, view.transpose(), c.data().get()); });
  CHECK(kutta::copy_to_host(c) == std::vector<float>(33 * 33));
  pass.replay();
  CHECK(kutta::copy_to_host(c) == expected);
}
