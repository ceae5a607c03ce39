// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Steps run forward and undone in reverse, with as much memory as a policy allows.

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include <kutta/ode/keep.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta {

/// The states and records of a pass of N steps under a policy K.
///
/// `take(n, x, x1, record)` runs step n from x to x1 and leaves in `record` what undoing it needs;
/// `undo(n, x, record)` undoes it. What they do is their own affair: the history decides which
/// step comes next, and where it lies in memory.
template <class X, class Record, memory_policy K>
class step_history {
 public:
  /// @throws what the two functions throw: they make zeros.
  template <class MakeState, class MakeRecord>
  step_history(const K& keep, std::int64_t steps, MakeState&& make_state, MakeRecord&& make_record)
      : keep_(keep), steps_(steps) {
    const auto records = static_cast<std::size_t>(keep.records(steps));
    const auto snapshots = static_cast<std::size_t>(keep.snapshots(steps));
    x_.reserve(records + 1);
    records_.reserve(records);
    snapshots_.reserve(snapshots);
    for (std::size_t i = 0; i <= records; ++i) x_.push_back(make_state());
    for (std::size_t i = 0; i < records; ++i) records_.push_back(make_record());
    for (std::size_t i = 0; i < snapshots; ++i) snapshots_.push_back({0, make_state()});
  }

  std::int64_t steps() const { return steps_; }

  /// Where a pass begins: write x_0 here.
  X& start() { return x_[0]; }
  /// The state behind the last step that was taken.
  X& end() { return x_[filled_]; }
  const X& end() const { return x_[filled_]; }

  /// The state before step n, and the record of it, where they are kept.
  const X& x(std::int64_t n) const { return x_[static_cast<std::size_t>(n - first_)]; }
  const Record& record(std::int64_t n) const {
    return records_[static_cast<std::size_t>(n - first_)];
  }

  /// How many steps have been taken.
  std::int64_t taken() const { return first_ + static_cast<std::int64_t>(filled_); }

  /// A new pass, from `start()`.
  void begin() {
    first_ = 0;
    filled_ = 0;
    used_ = 0;
    next_ = 0;
  }

  /// Runs the next of the N steps.
  template <class Take>
  void advance(Take&& take) {
    advance_towards(steps_, take);
  }

  /// Runs steps 0 … N − 1 from `start()`.
  template <class Take>
  void forward(Take&& take) {
    begin();
    run_to(steps_, take);
  }

  /// Undoes them, last first, and takes again what was not kept.
  template <class Take, class Undo>
  void reverse(Take&& take, Undo&& undo)
    requires recording_policy<K>
  {
    for (;;) {
      while (filled_ > 0) {
        --filled_;
        undo(first_ + static_cast<std::int64_t>(filled_), x_[filled_], records_[filled_]);
      }
      if (first_ == 0) return;
      const std::int64_t end = first_;
      restore(end);
      run_to(end, take);
    }
  }

 private:
  struct snapshot {
    std::int64_t step;
    X x;
  };

  std::int64_t capacity() const { return static_cast<std::int64_t>(records_.size()); }

  template <class Take>
  void run_to(std::int64_t end, Take& take) {
    while (taken() < end) advance_towards(end, take);
  }

  template <class Take>
  void advance_towards(std::int64_t end, Take& take) {
    const std::int64_t n = taken();
    if (filled_ == records_.size()) {
      std::swap(x_[0], x_[filled_]);
      first_ = n;
      filled_ = 0;
    }
    if (n == next_ && used_ < snapshots_.size() && end - n > capacity()) store(n, end);
    take(n, x_[filled_], x_[filled_ + 1], records_[filled_]);
    ++filled_;
  }

  void store(std::int64_t n, std::int64_t end) {
    snapshots_[used_].step = n;
    kutta::assign(snapshots_[used_].x, x_[filled_]);
    ++used_;
    plan_next(n, end);
  }

  void plan_next(std::int64_t n, std::int64_t end) {
    next_ = keep_.next(n, end, static_cast<std::int64_t>(snapshots_.size() - used_));
  }

  /// Goes back to the last snapshot. One that has served is free again.
  void restore(std::int64_t end) {
    snapshot& last = snapshots_[used_ - 1];
    first_ = last.step;
    if (end - first_ <= capacity()) {
      std::swap(x_[0], last.x);
      --used_;
      next_ = end;
    } else {
      kutta::assign(x_[0], last.x);
      plan_next(first_, end);
    }
  }

  K keep_;
  std::int64_t steps_;
  std::vector<X> x_;
  std::vector<Record> records_;
  std::vector<snapshot> snapshots_;
  std::size_t filled_ = 0, used_ = 0;  // records of steps first_ …, snapshots in use
  std::int64_t first_ = 0, next_ = 0;  // the step of record 0, that of the next snapshot
};

}  // namespace kutta
