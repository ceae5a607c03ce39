// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The steps that an adaptive pass through a block has taken, at exact depths.

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include <kutta/basis/basis.hpp>
#include <kutta/basis/cells.hpp>
#include <kutta/basis/depth.hpp>
#include <kutta/basis/merged_cells.hpp>
#include <kutta/basis/parts.hpp>
#include <kutta/schemes/rational.hpp>

namespace kutta {

namespace detail {

/// Where a family, or a member of a mixed one, is not smooth: 0 and 1 alone unless it says more.
template <weight_basis B>
std::vector<rational> breakpoints_of(const B& phi) {
  if constexpr (mixed_basis<B>) {
    std::vector<rational> all{0, 1};
    for_each_part_index<B>([&](auto i) {
      all = merged(all, breakpoints_of(phi.template family<decltype(i)::value>()));
    });
    return all;
  } else if constexpr (requires { phi.breakpoints(); }) {
    return phi.breakpoints();
  } else {
    return {0, 1};
  }
}

}  // namespace detail

/// Steps one behind the other over the depths [0, 1], none across a breakpoint.
///
/// A step lies in one cell, between two positions u across it. Its length is their difference, so
/// that nothing accumulates; the last step of a cell ends at u = 1, which is the breakpoint itself,
/// seen from the left. Step `count()` is the one that is being tried.
class accepted_grid {
 public:
  static constexpr int direction = 1;

  /// Room for `capacity` steps.
  accepted_grid(std::vector<rational> breakpoints, std::int64_t capacity)
      : breakpoints_(std::move(breakpoints)) {
    steps_.reserve(static_cast<std::size_t>(capacity) + 1);
    clear();
  }

  const std::vector<rational>& breakpoints() const { return breakpoints_; }

  std::size_t heap_bytes() const {
    return breakpoints_.size() * sizeof(rational) + steps_.capacity() * sizeof(step);
  }

  /// What [0, 1] stands for: rate T.
  void set_length(double length) { length_ = length; }

  /// No step is taken: the first one begins at depth 0.
  void clear() {
    steps_.clear();
    steps_.push_back({0, 0, 0});
  }

  /// How many steps are taken.
  std::int64_t count() const { return static_cast<std::int64_t>(steps_.size()) - 1; }
  /// Whether they end at depth 1.
  bool complete() const { return steps_.back().cell + 1 == breakpoints_.size(); }

  /// Where the next step begins across its cell, and the cell's share of [0, 1].
  double position() const { return steps_.back().from; }
  double cell_width() const { return width(steps_.back().cell); }

  /// The step that is being tried ends at u = `to` of its cell. Returns its length in depth.
  double propose(double to) {
    steps_.back().to = to;
    return width_of(count());
  }

  /// It is taken.
  void accept() {
    const step last = steps_.back();
    steps_.push_back(last.to == 1 ? step{last.cell + 1, 0, 0} : step{last.cell, last.to, last.to});
  }

  /// h = rate T Δs of step n.
  double step_size(std::int64_t n) const { return length_ * width_of(n); }

  /// Δs of step n.
  double width_of(std::int64_t n) const {
    const step& s = (*this)[n];
    return width(s.cell) * (s.to - s.from);
  }

  /// The depth at the fraction c of step n.
  template <class C>
  depth at(std::int64_t n, const C& c) const {
    const step& s = (*this)[n];
    const double fraction = to_double(c);
    const double u = fraction == 1 ? s.to : s.from + fraction * (s.to - s.from);
    return point_between(breakpoints_[s.cell], breakpoints_[s.cell + 1], u < 1 ? u : 1);
  }

  /// The depth where step n begins, as a number; n = `count()` is the end of the last step.
  double start(std::int64_t n) const {
    const step& s = (*this)[n];
    return s.cell + 1 == breakpoints_.size() ? 1 : at(n, rational(0)).value();
  }

 private:
  struct step {
    std::size_t cell;
    double from, to;
  };

  const step& operator[](std::int64_t n) const { return steps_[static_cast<std::size_t>(n)]; }
  double width(std::size_t cell) const {
    return to_double(breakpoints_[cell + 1] - breakpoints_[cell]);
  }

  std::vector<rational> breakpoints_;
  double length_ = 1;
  std::vector<step> steps_;
};

}  // namespace kutta
