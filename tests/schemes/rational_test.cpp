// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <type_traits>

#include <doctest/doctest.h>

#include <kutta/schemes/rational.hpp>

using kutta::rational;
using namespace kutta::literals;

namespace {

constexpr std::int64_t largest = INT64_MAX;

template <rational R>
struct constant {};

}  // namespace

// A rational is a constant of the language: a template argument, equal where the fractions are.
static_assert(std::is_same_v<constant<rational(2, 4)>, constant<1_r / 2>>);

static_assert(std::is_convertible_v<int, rational> && std::is_convertible_v<unsigned, rational>);
static_assert(std::is_convertible_v<std::int64_t, rational>);
static_assert(!std::is_constructible_v<rational, double> &&
              !std::is_constructible_v<rational, float>);
static_assert(!std::is_constructible_v<rational, std::uint64_t>);  // not every one fits
static_assert(!std::is_convertible_v<rational, double> &&
              std::is_constructible_v<double, rational>);

TEST_CASE("a rational is in lowest terms with a positive denominator") {
  const auto is = [](const rational& x, std::int64_t num, std::int64_t den) {
    return x.num == num && x.den == den;
  };
  CHECK(is(rational{}, 0, 1));
  CHECK(is(7, 7, 1));
  CHECK(is(rational(6, 8), 3, 4));
  CHECK(is(rational(6, -8), -3, 4));
  CHECK(is(rational(-6, -8), 3, 4));
  CHECK(is(rational(0, -5), 0, 1));
  CHECK(is(1_r / 2, 1, 2));
  CHECK(is(-1_r / 2, -1, 2));
  CHECK(is(1_r / 6 - 1_r / 6, 0, 1));
  CHECK(is(1_r / 6 + 1_r / 3, 1, 2));
  CHECK(is(0 * (1_r / 6), 0, 1));
}

TEST_CASE("arithmetic is exact") {
  CHECK(1_r / 2 + 1_r / 3 == 5_r / 6);
  CHECK(1_r / 2 - 2_r / 3 == -1_r / 6);
  CHECK(-2_r / 3 * (9_r / 4) == -3_r / 2);
  CHECK(5_r / 6 / (-10_r / 9) == -3_r / 4);
  CHECK(19372_r / 6561 - 25360_r / 2187 + 64448_r / 6561 - 212_r / 729 == 8_r / 9);

  rational third_three_times = 0;
  for (int i = 0; i < 3; ++i) third_three_times = third_three_times + 1_r / 3;
  CHECK(third_three_times == 1);
}

TEST_CASE("arithmetic agrees with whole numbers over a common denominator") {
  for (std::int64_t a = -4; a <= 4; ++a)
    for (std::int64_t b = 1; b <= 6; ++b)
      for (std::int64_t c = -4; c <= 4; ++c)
        for (std::int64_t d = 1; d <= 6; ++d) {
          const rational x(a, b);
          const rational y(c, d);
          CHECK((x + y).num * b * d == (a * d + c * b) * (x + y).den);
          CHECK((x - y).num * b * d == (a * d - c * b) * (x - y).den);
          CHECK((x * y).num * b * d == a * c * (x * y).den);
          if (c != 0) CHECK((x / y).num * b * c == a * d * (x / y).den);
          CHECK((x == y) == (a * d == c * b));
          CHECK((x < y) == (a * d < c * b));
          CHECK((x >= y) == (a * d >= c * b));
        }
}

TEST_CASE("factors are cancelled before they are multiplied") {
  static_assert(rational(largest, 3) * rational(3, largest) == 1);
  static_assert(rational(largest, 3) / rational(largest, 5) == 5_r / 3);
  static_assert(rational(1, largest) + rational(1, largest) == rational(2, largest));
  constexpr std::int64_t two_40 = std::int64_t{1} << 40;
  static_assert(rational(1, two_40) + rational(1, two_40) == rational(2, two_40));
  static_assert(rational(3, two_40) - rational(1, two_40) == rational(2, two_40));
  static_assert(rational(1, two_40) < rational(3, two_40));
  CHECK(rational(largest, 3) * rational(3, largest) == 1);
}

TEST_CASE("a rational becomes the nearest real number") {
  static_assert(kutta::to_real<float>(1_r / 3) == 1.f / 3);
  static_assert(kutta::to_real<long double>(1_r / 3) == 1.L / 3);
  static_assert(kutta::to_real<float>(0.1) == 0.1f);
  static_assert(kutta::to_double(1_r / 3) == 1. / 3);
  static_assert(kutta::to_double(-92097_r / 339200) == -92097. / 339200);
  CHECK(kutta::to_double(7_r) == 7.);
  CHECK(kutta::to_double(0.1) == 0.1);
  CHECK(static_cast<double>(1_r / 4) == 0.25);
}

TEST_CASE("a zero denominator is refused with the fraction in the message") {
  const auto message = [](auto f) -> std::string {
    try {
      static_cast<void>(f());
    } catch (const std::invalid_argument& e) {
      return e.what();
    }
    return "nothing thrown";
  };
  const std::int64_t zero = 0;
  CHECK(message([&] { return rational(3, zero); }) ==
        "rational: the denominator must not be 0, got 3/0");
  CHECK(message([&] { return 2_r / 5 / zero; }) ==
        "rational: the denominator must not be 0, got 1/0");
}
