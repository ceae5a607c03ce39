// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The cells of a family that is defined piece by piece: equal ones, or between given breakpoints.

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <kutta/basis/depth.hpp>
#include <kutta/schemes/rational.hpp>

namespace kutta {

/// The depth a + u (b − a), u in [0, 1]. At u = 1 the limit from the left, else from the right.
constexpr depth point_between(const rational& a, const rational& b, double u) {
  const std::int64_t g = detail::greatest_common_divisor(a.den, b.den);
  const std::int64_t first = a.num * (b.den / g), last = b.num * (a.den / g);
  const std::int64_t den = a.den * (b.den / g);
  if (u == 0) return {.num = first, .den = den};
  if (u == 1) return {.num = last, .den = den, .offset = 0, .from = side::left};
  return {.num = first, .den = den, .offset = u * static_cast<double>(last - first)};
}

namespace detail {

inline std::string rational_text(const rational& x) {
  return std::to_string(x.num) + (x.den == 1 ? "" : "/" + std::to_string(x.den));
}

}  // namespace detail

/// [0, 1] cut into cells. A depth is found by comparing integers, never by rounding.
class cells {
 public:
  /// n equal cells.
  constexpr explicit cells(std::size_t n) : count_(n) {}

  /// The cells between breakpoints 0 = b_0 < b_1 < … < b_n = 1.
  /// @throws std::invalid_argument that begins with `family`, unless they ascend from 0 to 1.
  constexpr cells(const char* family, std::vector<rational> breakpoints)
      : count_(breakpoints.size() - 1), breakpoints_(std::move(breakpoints)) {
    const auto refuse = [&](const std::string& got) {
      throw std::invalid_argument(std::string(family) +
                                  ": breakpoints must ascend from 0 to 1, got " + got);
    };
    const auto& b = breakpoints_;
    if (b.size() < 2) refuse(std::to_string(b.size()) + " of them");
    if (b.front() != rational(0)) refuse(detail::rational_text(b.front()) + " as the first");
    if (b.back() != rational(1)) refuse(detail::rational_text(b.back()) + " as the last");
    for (std::size_t i = 1; i < b.size(); ++i)
      if (!(b[i - 1] < b[i]))
        refuse(detail::rational_text(b[i]) + " after " + detail::rational_text(b[i - 1]));
  }

  constexpr std::size_t count() const { return count_; }
  constexpr bool equal() const { return breakpoints_.empty(); }

  /// b_i: where cell i begins and cell i − 1 ends.
  constexpr rational breakpoint(std::size_t i) const {
    return equal() ? rational(static_cast<std::int64_t>(i), static_cast<std::int64_t>(count_))
                   : breakpoints_[i];
  }

  constexpr std::vector<rational> breakpoints() const {
    std::vector<rational> b;
    b.reserve(count_ + 1);
    for (std::size_t i = 0; i <= count_; ++i) b.push_back(breakpoint(i));
    return b;
  }

  /// The depth b_i; over the number of cells if they are equal.
  constexpr depth edge(std::size_t i) const {
    if (equal())
      return {.num = static_cast<std::int64_t>(i), .den = static_cast<std::int64_t>(count_)};
    return {.num = breakpoints_[i].num, .den = breakpoints_[i].den};
  }

  /// The depth at p/q of cell i, 0 ≤ p ≤ q.
  constexpr depth at(std::size_t i, std::int64_t p, std::int64_t q) const {
    if (equal())
      return {.num = static_cast<std::int64_t>(i) * q + p,
              .den = static_cast<std::int64_t>(count_) * q};
    const rational s = breakpoints_[i] + (breakpoints_[i + 1] - breakpoints_[i]) * rational(p, q);
    return {.num = s.num, .den = s.den};
  }

  /// The cell of s and the position u in [0, 1] across it.
  constexpr cell_position locate(const depth& s) const {
    if (equal()) return kutta::locate(s, static_cast<std::int64_t>(count_));
    std::size_t low = 0, high = count_;  // b_low is not after s; b_high is, or is the end
    while (high - low > 1) {
      const std::size_t middle = low + (high - low) / 2;
      const double past = distance(s, breakpoints_[middle]);
      (past > 0 || (past == 0 && s.from == side::right) ? low : high) = middle;
    }
    const rational& a = breakpoints_[low];
    const rational width = breakpoints_[high] - a;
    const double u =
        distance(s, a) * static_cast<double>(width.den) /
        (static_cast<double>(s.den) * static_cast<double>(a.den) * static_cast<double>(width.num));
    return {static_cast<std::int64_t>(low), u < 0 ? 0 : u > 1 ? 1 : u};
  }

  /// Every cell cut in two.
  constexpr cells halved() const {
    cells result(2 * count_);
    if (equal()) return result;
    for (std::size_t i = 0; i < count_; ++i) {
      result.breakpoints_.push_back(breakpoints_[i]);
      result.breakpoints_.push_back((breakpoints_[i] + breakpoints_[i + 1]) * rational(1, 2));
    }
    result.breakpoints_.push_back(breakpoints_.back());
    return result;
  }

 private:
  /// (s − b) times both denominators; the integers cancel before anything is rounded.
  static constexpr double distance(const depth& s, const rational& b) {
    return static_cast<double>(s.num * b.den - b.num * s.den) +
           s.offset * static_cast<double>(b.den);
  }

  std::size_t count_;
  std::vector<rational> breakpoints_;  // none: equal cells
};

}  // namespace kutta
