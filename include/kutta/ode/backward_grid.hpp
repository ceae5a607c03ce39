// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Steps from depth 1 back to depth 0, none across a breakpoint.

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include <kutta/basis/cells.hpp>
#include <kutta/basis/depth.hpp>
#include <kutta/schemes/rational.hpp>

namespace kutta::detail {

/// Where a backward integration is: in a cell between two breakpoints, at u = 1 … 0 across it.
///
/// A step from u = 1 begins on the breakpoint as seen from the left, one that ends at u = 0 ends
/// there as seen from the right.
class backward_grid {
 public:
  static constexpr int direction = -1;

  explicit backward_grid(std::vector<rational> breakpoints)
      : breakpoints_(std::move(breakpoints)) {}

  void begin() {
    cells_left_ = breakpoints_.size() - 1;
    from_ = to_ = 1;
  }
  /// Whether depth 0 is reached.
  bool complete() const { return cells_left_ == 0; }
  /// The depth that is reached.
  double reached() const { return complete() ? 0 : at(rational(0)).value(); }

  double position() const { return from_; }
  double cell_width() const { return to_double(last() - first()); }

  /// The fewest equal steps across the cell that are not longer than 1/n.
  std::int64_t steps_across(std::int64_t n) const {
    const rational width = last() - first();
    return (n * width.num + width.den - 1) / width.den;
  }

  /// The next step ends at u = `to` of its cell. Returns its length in depth.
  double propose(double to) {
    to_ = to;
    return cell_width() * (from_ - to);
  }

  /// The depth at the fraction c of the step, counted from where it begins.
  template <class C>
  depth at(const C& c) const {
    const double fraction = to_double(c);
    double u = fraction == 1 ? to_ : from_ + fraction * (to_ - from_);
    u = u > 0 ? u : 0;
    return point_between(first(), last(), u < 1 ? u : 1);
  }

  void accept() {
    from_ = to_;
    if (to_ > 0) return;
    --cells_left_;
    from_ = to_ = 1;
  }

 private:
  const rational& first() const { return breakpoints_[cells_left_ - 1]; }
  const rational& last() const { return breakpoints_[cells_left_]; }

  std::vector<rational> breakpoints_;
  std::size_t cells_left_ = 0;
  double from_ = 1, to_ = 1;
};

}  // namespace kutta::detail
