// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Differences of a black box, to hold a hand-written derivative against.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace kutta::detail {

/// Numbers that are the same on every machine. Source: Steele, Lea & Flood, Fast Splittable
/// Pseudorandom Number Generators (2014).
class splitmix64 {
 public:
  explicit splitmix64(std::uint64_t seed) : state_(seed) {}

  std::uint64_t operator()() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }

  double sign() { return (*this)() >> 63 ? 1 : -1; }
  /// ±1/256, ±3/256, …, ±255/256: never 0, and exact in every format.
  double odd_fraction() { return (2 * static_cast<double>((*this)() >> 56) - 255) / 256; }

 private:
  std::uint64_t state_;
};

/// One leaf of an argument: elements [first, first + count).
struct leaf_range {
  std::string name, shape;
  std::size_t first, count;
  double unit;  ///< how far its elements reach: the largest, or 1 if all are 0
};

/// x or theta, with the vjp of it that is to be checked.
struct checked_argument {
  std::vector<leaf_range> leaves;
  std::vector<double> value, adjoint;
  /// R with this argument replaced: evaluate(self, argument).
  std::vector<double> (*evaluate)(void*, const std::vector<double>&) = nullptr;
  void* self = nullptr;

  std::vector<double> response(const std::vector<double>& argument) const {
    return evaluate(self, argument);
  }
};

/// A derivative that differs from the differences, at elements [first, last).
struct discrepancy {
  std::size_t first, last;
  double claimed, difference;
};

/// √Σ aᵢ² bᵢ².
inline double norm_of_products(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * a[i] * b[i] * b[i];
  return std::sqrt(sum);
}

/// Compares slopes of ⟨w, R⟩ with claimed ones.
///
/// Central differences with one step of Richardson extrapolation have an error of O(h⁴) and one
/// from rounding, which is taken as 32 ε S/h. S is made of what is rounded, independent terms
/// adding in squares: the w R, the parts of the slope, the largest derivative times its unit. The
/// steps begin at h = ε^(1/5) units (both errors balance there) and shrink by 4 down to 32 ε^(2/3).
/// A claim within the rounding error of a difference is right. It is wrong if two successive
/// differences agree and refute it, or if none confirms it: a kink nearby (relu) spoils the large
/// steps only.
class difference_check {
 public:
  /// Leaves of up to so many elements are tested element by element.
  static constexpr std::size_t one_by_one = 200;

  difference_check(double epsilon, std::vector<double> w, double largest)
      : epsilon_(epsilon), w_(std::move(w)), largest_(largest) {}

  /// Whether ⟨w, R'(value) v⟩ = claimed, a sum of terms whose squares add up to parts². Leaves in
  /// `difference` what it is.
  bool confirms(const checked_argument& a, const std::vector<double>& v, double claimed,
                double parts, double& difference) const {
    double previous = std::numeric_limits<double>::quiet_NaN(), previous_tolerance = 0;
    for (double h = std::pow(epsilon_, 0.2); h >= 32 * std::pow(epsilon_, 2. / 3); h /= 4) {
      double size = 0;
      const double coarse = slope(a, v, h, size), fine = slope(a, v, h / 2, size);
      difference = (4 * fine - coarse) / 3;
      const double tolerance = 32 * epsilon_ * (size + largest_ + parts + std::abs(difference)) / h;
      if (std::isfinite(tolerance) && std::abs(difference - claimed) <= tolerance) return true;
      if (std::abs(difference - previous) <= tolerance + previous_tolerance) return false;
      previous = difference;
      previous_tolerance = tolerance;
    }
    return false;
  }

  /// The first wrong elements of the leaf's adjoint, and how many were found.
  ///
  /// Of a large leaf sums with random signs are tested, and halved until one element is left.
  std::optional<discrepancy> find(const checked_argument& a, const leaf_range& leaf,
                                  std::size_t& wrong) const {
    std::optional<discrepancy> found;
    wrong = 0;
    std::vector<double> v(a.value.size(), 0.);
    const std::size_t end = leaf.first + leaf.count;
    if (leaf.count <= one_by_one) {
      for (std::size_t i = leaf.first; i < end; ++i) {
        v[i] = leaf.unit;
        const auto d = wrong_along(a, v, i, i + 1);
        v[i] = 0;
        if (d && wrong++ == 0) found = d;
      }
      return found;
    }
    splitmix64 random(leaf.first);
    for (int trial = 0; trial < 8 && !found; ++trial) {
      for (std::size_t i = leaf.first; i < end; ++i) v[i] = leaf.unit * random.sign();
      found = wrong_along(a, v, leaf.first, end);
    }
    while (found && found->last - found->first > 1) {
      const std::size_t middle = found->first + (found->last - found->first) / 2;
      auto half = wrong_along(a, v, found->first, middle);
      if (!half) half = wrong_along(a, v, middle, found->last);
      if (!half) break;
      found = half;
    }
    wrong = found ? 1 : 0;
    return found;
  }

 private:
  /// (⟨w, R(value + h v)⟩ − ⟨w, R(value − h v)⟩)/2h. `size` becomes that of the w R.
  double slope(const checked_argument& a, const std::vector<double>& v, double h,
               double& size) const {
    const auto moved = [&](double step) {
      auto x = a.value;
      for (std::size_t i = 0; i < x.size(); ++i) x[i] += step * v[i];
      return a.response(x);
    };
    const auto right = moved(h), left = moved(-h);
    double sum = 0;
    for (std::size_t i = 0; i < w_.size(); ++i) sum += w_[i] * (right[i] - left[i]);
    const double size_right = norm_of_products(w_, right), size_left = norm_of_products(w_, left);
    size = size_right < size_left ? size_left : size_right;
    return sum / (2 * h);
  }

  /// The part [first, last) of v alone. For one element, the values are derivatives by it.
  std::optional<discrepancy> wrong_along(const checked_argument& a, const std::vector<double>& v,
                                         std::size_t first, std::size_t last) const {
    std::vector<double> part(v.size(), 0.);
    double claimed = 0, squares = 0, difference = 0;
    for (std::size_t i = first; i < last; ++i) {
      part[i] = v[i];
      claimed += a.adjoint[i] * v[i];
      squares += a.adjoint[i] * v[i] * a.adjoint[i] * v[i];
    }
    if (confirms(a, part, claimed, std::sqrt(squares), difference)) return std::nullopt;
    const double step = last - first == 1 ? v[first] : 1;
    return discrepancy{first, last, claimed / step, difference / step};
  }

  double epsilon_;
  std::vector<double> w_;
  double largest_;
};

}  // namespace kutta::detail
