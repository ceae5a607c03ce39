// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include <kutta/tensor/contiguous.hpp>

#include "support/random.hpp"

namespace {

using kutta::test::splitmix64;

constexpr std::size_t sizes[] = {0, 1, 2, 15, 16, 17, 31, 32, 33, 47, 48, 1000};

/// Integers from −100 to 100: sums of them and of their products are exact.
template <class T>
std::vector<T> integers(std::size_t n, std::uint64_t seed) {
  splitmix64 random(seed);
  std::vector<T> x(n);
  for (auto& v : x) v = static_cast<T>(random() % 201) - 100;
  return x;
}

}  // namespace

TEST_CASE_TEMPLATE("every element is visited once, whatever the size", T, float, double,
                   long double) {
  for (const std::size_t n : sizes) {
    CAPTURE(n);
    const auto x = integers<T>(n, 1), y = integers<T>(n, 2);
    long double sum = 0, product = 0;
    for (std::size_t i = 0; i < n; ++i) sum += x[i], product += x[i] * y[i];
    CHECK(kutta::sum(kutta::detail::copy{}, x) == sum);
    CHECK(kutta::inner_product(x, y) == product);

    auto r = kutta::zeros_like(x);
    CHECK(r == std::vector<T>(n));
    kutta::add(r, x, kutta::scaled{2, y});
    for (std::size_t i = 0; i < n; ++i) CHECK(r[i] == x[i] + 2 * y[i]);
  }
}

TEST_CASE("NaN anywhere makes a sum NaN") {
  for (const std::size_t n : sizes)
    for (std::size_t i = 0; i < n; ++i) {
      std::vector<double> x(n, 1.);
      x[i] = std::numeric_limits<double>::quiet_NaN();
      CHECK(std::isnan(kutta::sum(kutta::detail::copy{}, x)));
    }
}

TEST_CASE_TEMPLATE("a million numbers are summed to the rounding of double", T, float, double) {
  constexpr std::size_t n = 1'000'000;
  splitmix64 random(3);
  const auto x = kutta::test::random_like(std::vector<T>(n), random);
  const auto y = kutta::test::random_like(std::vector<T>(n), random);
  long double sum = 0, size = 0, product = 0, product_size = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const long double xi = x[i], p = xi * y[i];
    sum += xi, size += std::abs(xi), product += p, product_size += std::abs(p);
  }
  // Sixteen partial sums of n/16 terms each, which are added at the end.
  constexpr double additions = n / 16. + 16;
  constexpr double eps = std::numeric_limits<double>::epsilon() / 2;
  const auto error = [](double got, long double exact) {
    return static_cast<double>(std::abs(got - exact));
  };
  CHECK(error(kutta::sum(kutta::detail::copy{}, x), sum) <=
        additions * eps * static_cast<double>(size));
  CHECK(error(kutta::inner_product(x, y), product) <=
        (additions * eps + std::numeric_limits<T>::epsilon() / 2) *
            static_cast<double>(product_size));
}

TEST_CASE("the order of a sum depends on the number of elements alone") {
  constexpr std::size_t n = 1003;
  splitmix64 random(5);
  const auto x = kutta::test::random_like(std::vector<double>(n), random, -1e8, 1e8);
  const double sum = kutta::sum(kutta::detail::copy{}, x);
  for (std::size_t shift = 0; shift < 8; ++shift) {
    std::vector<double> room(n + shift);
    std::copy(x.begin(), x.end(), room.begin() + static_cast<std::ptrdiff_t>(shift));
    CHECK(kutta::detail::sum_n<double>(n, kutta::detail::copy{}, room.data() + shift) == sum);
  }

  double backwards = 0;  // the control: another order gives other bits
  for (std::size_t i = n; i-- > 0;) backwards += x[i];
  CHECK(backwards != sum);
}

TEST_CASE("sixteen partial sums are kept from 32 elements on: small terms survive a large one") {
  // 2^53 + 1 is 2^53 in double; a partial sum of 2 is not lost.
  const auto summed = [](std::size_t n) {
    std::vector<double> x(n, 1.);
    x[0] = 0x1p53;
    return kutta::sum(kutta::detail::copy{}, x) - 0x1p53;
  };
  CHECK(summed(31) == 0);
  CHECK(summed(32) == 2 * 15);
  CHECK(summed(64) == 4 * 15);
}
