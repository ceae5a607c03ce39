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

/// Snapshots in memory, in numbered places.
template <class X>
class snapshots_in_memory {
 public:
  template <class K, class MakeState>
  snapshots_in_memory(const K&, std::size_t count, MakeState&& make_state) {
    x_.reserve(count);
    for (std::size_t i = 0; i < count; ++i) x_.push_back(make_state());
  }

  void put(std::size_t place, const X& x) { kutta::assign(x_[place], x); }
  /// x ← the snapshot, which stays.
  void get(std::size_t place, X& x) const { kutta::assign(x, x_[place]); }
  /// x ← the snapshot, which is not read again.
  void take(std::size_t place, X& x) { std::swap(x_[place], x); }

 private:
  std::vector<X> x_;
};

namespace detail {

template <class K, class X>
struct snapshots_of {
  using type = snapshots_in_memory<X>;
};
template <class K, class X>
  requires requires { typename K::template storage<X>; }
struct snapshots_of<K, X> {
  using type = typename K::template storage<X>;
};

}  // namespace detail

/// Where a policy keeps its snapshots: in memory, unless it names a `storage<X>` of its own.
template <class K, class X>
using snapshots_t = typename detail::snapshots_of<K, X>::type;

/// The states and records of a pass of N steps under a policy K.
///
/// `take(n, x, x1, record)` runs step n from x to x1 and leaves in `record` what undoing it needs;
/// `undo(n, x, record)` undoes it. What they do is their own affair: the history decides which
/// step comes next, and where it lies in memory. If one of them, or the storage, throws, the pass
/// is lost: `begin` a new one.
template <class X, class Record, memory_policy K, class Snapshots = snapshots_t<K, X>>
class step_history {
 public:
  /// @throws what the two functions throw: they make zeros.
  template <class MakeState, class MakeRecord>
  step_history(const K& keep, std::int64_t steps, MakeState&& make_state, MakeRecord&& make_record)
      : keep_(keep),
        steps_(steps),
        places_(static_cast<std::size_t>(keep.snapshots(steps))),
        snapshots_(keep, places_.size(), make_state) {
    const auto records = static_cast<std::size_t>(keep.records(steps));
    x_.reserve(records + 1);
    records_.reserve(records);
    for (std::size_t i = 0; i <= records; ++i) x_.push_back(make_state());
    for (std::size_t i = 0; i < records; ++i) records_.push_back(make_record());
    step_of_.resize(places_.size());
    for (std::size_t i = 0; i < places_.size(); ++i) places_[i] = i;
  }

  /// The number of steps; for an online policy, the most that are planned for.
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

  /// Runs the next step. `reverse` may follow after any number of them.
  template <class Take>
  void advance(Take&& take) {
    make_room();
    if constexpr (online_policy<K>)
      thin();
    else
      store_if_due(steps_);
    run_one(take);
  }

  /// Runs steps 0 … N − 1 from `start()`.
  template <class Take>
  void forward(Take&& take) {
    begin();
    while (taken() < steps_) advance(take);
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
      while (taken() < end) {
        make_room();
        store_if_due(end);
        run_one(take);
      }
    }
  }

 private:
  std::int64_t capacity() const { return static_cast<std::int64_t>(records_.size()); }

  void make_room() {
    if (filled_ < records_.size()) return;
    std::swap(x_[0], x_[filled_]);
    first_ = taken();
    filled_ = 0;
  }

  template <class Take>
  void run_one(Take& take) {
    take(taken(), x_[filled_], x_[filled_ + 1], records_[filled_]);
    ++filled_;
  }

  void store_if_due(std::int64_t end) {
    if (taken() != next_ || used_ == places_.size() || end - next_ <= capacity()) return;
    store();
    plan_next(end);
  }

  /// A snapshot at this step, while there is room; then in place of another.
  void thin() {
    if (used_ == places_.size()) {
      const std::int64_t count = static_cast<std::int64_t>(used_);
      if (count == 0) return;
      const std::int64_t dropped = keep_.drop(step_of_.data(), count, taken());
      if (dropped == count) return;
      for (auto i = static_cast<std::size_t>(dropped) + 1; i < used_; ++i) {
        std::swap(places_[i - 1], places_[i]);
        step_of_[i - 1] = step_of_[i];
      }
      --used_;
    }
    store();
  }

  void store() {
    snapshots_.put(places_[used_], x_[filled_]);
    step_of_[used_] = taken();
    ++used_;
  }

  void plan_next(std::int64_t end) {
    next_ = keep_.next(taken(), end, static_cast<std::int64_t>(places_.size() - used_));
  }

  /// Goes back to the last snapshot before `end`. One that has served is free again.
  void restore(std::int64_t end) {
    while (step_of_[used_ - 1] >= end) --used_;
    first_ = step_of_[used_ - 1];
    if (end - first_ <= capacity()) {
      --used_;
      snapshots_.take(places_[used_], x_[0]);
      next_ = end;
    } else {
      snapshots_.get(places_[used_ - 1], x_[0]);
      plan_next(end);
    }
  }

  K keep_;
  std::int64_t steps_;
  std::vector<std::size_t> places_;  // where the snapshots lie: those in use, then the free ones
  std::vector<std::int64_t> step_of_;
  Snapshots snapshots_;
  std::vector<X> x_;
  std::vector<Record> records_;
  std::size_t filled_ = 0, used_ = 0;  // records of steps first_ …, snapshots in use
  std::int64_t first_ = 0, next_ = 0;  // the step of record 0, that of the next snapshot
};

}  // namespace kutta
