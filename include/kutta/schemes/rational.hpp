// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Exact fractions for the coefficients of a table.

#include <compare>
#include <concepts>
#include <cstdint>
#include <stdexcept>
#include <string>

namespace kutta {

namespace detail {

constexpr std::int64_t greatest_common_divisor(std::int64_t a, std::int64_t b) {
  while (b != 0) {
    const std::int64_t rest = a % b;
    a = b;
    b = rest;
  }
  return a < 0 ? -a : a;
}

/// An integer type each of whose values is an int64.
template <class T>
concept fits_int64 = (std::signed_integral<T> && sizeof(T) <= sizeof(std::int64_t)) ||
                     (std::unsigned_integral<T> && sizeof(T) < sizeof(std::int64_t));

}  // namespace detail

/// The fraction num/den in lowest terms, den > 0.
///
/// Meant for constants: factors are cancelled before they are multiplied, and an overflow does not
/// compile. At run time an overflow is undefined, as for any int64.
struct rational {
  std::int64_t num = 0;
  std::int64_t den = 1;

  constexpr rational() = default;

  /// Written out for g++ 12: if this is trivial, a constant expression that changes a copy of a
  /// table also changes the table, wherever a row of it was typed as `{}`.
  // NOLINTNEXTLINE(modernize-use-equals-default)
  constexpr rational(const rational& other) : num(other.num), den(other.den) {}
  constexpr rational& operator=(const rational&) = default;

  /// Converts from integers only: a double has no business in an exact table.
  template <detail::fits_int64 T>
  constexpr rational(T n) : num(n) {}

  /// @throws std::invalid_argument if d = 0.
  constexpr rational(std::int64_t n, std::int64_t d) {
    if (d == 0)
      throw std::invalid_argument("rational: the denominator must not be 0, got " +
                                  std::to_string(n) + "/0");
    const std::int64_t g = detail::greatest_common_divisor(n, d);
    num = n / (d < 0 ? -g : g);
    den = d / (d < 0 ? -g : g);
  }

  template <std::floating_point T>
  constexpr explicit operator T() const {
    return static_cast<T>(num) / static_cast<T>(den);
  }

  friend constexpr rational operator-(rational a) {
    a.num = -a.num;
    return a;
  }

  friend constexpr rational operator+(const rational& a, const rational& b) {
    const std::int64_t g = detail::greatest_common_divisor(a.den, b.den);
    const std::int64_t n = a.num * (b.den / g) + b.num * (a.den / g);
    const std::int64_t common = detail::greatest_common_divisor(n, g);
    rational sum;
    sum.num = n / common;
    sum.den = (a.den / g) * (b.den / common);
    return sum;
  }
  friend constexpr rational operator-(const rational& a, const rational& b) { return a + -b; }

  friend constexpr rational operator*(const rational& a, const rational& b) {
    const std::int64_t g = detail::greatest_common_divisor(a.num, b.den);
    const std::int64_t f = detail::greatest_common_divisor(b.num, a.den);
    rational product;
    product.num = (a.num / g) * (b.num / f);
    product.den = (a.den / f) * (b.den / g);
    return product;
  }

  /// @throws std::invalid_argument if b = 0.
  friend constexpr rational operator/(const rational& a, const rational& b) {
    return a * rational(b.den, b.num);
  }

  friend constexpr bool operator==(const rational&, const rational&) = default;

  /// The sign of a − b, and overflows where that does.
  friend constexpr std::strong_ordering operator<=>(const rational& a, const rational& b) {
    return (a - b).num <=> 0;
  }
};

/// An entry of a table, exact or not, as the real type T: the nearest T if T holds num and den.
template <std::floating_point T>
constexpr T to_real(const rational& x) {
  return static_cast<T>(x);
}
template <std::floating_point T>
constexpr T to_real(double x) {
  return static_cast<T>(x);
}
constexpr double to_double(const rational& x) {
  return to_real<double>(x);
}
constexpr double to_double(double x) {
  return x;
}

inline namespace literals {

/// An exact integer, so that `1_r/2` is one half.
consteval rational operator""_r(unsigned long long n) {
  if (n > INT64_MAX) throw std::invalid_argument("rational: the literal exceeds int64");
  return static_cast<std::int64_t>(n);
}

}  // namespace literals

}  // namespace kutta
