// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// A pass that keeps its ends and undoes its steps: memory that does not grow with their number.

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include <kutta/ode/keep.hpp>
#include <kutta/ode/rms_distance.hpp>
#include <kutta/ode/step_history.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta {

namespace keep {

/// The last state, from which steps are undone, for schemes with an inverse; the first, to tell how
/// far from it that ends; and every `snapshot`-th, where the reverse pass starts anew (0: none).
///
/// Each step is evaluated twice, as under `steps`. The gradient has the bits of `everything` but
/// for the rounding of the states, which `reconstruction_error` reports.
struct ends {
  static constexpr bool recording = true;
  std::int64_t snapshot = 0;

  ends() = default;
  explicit ends(std::int64_t every) : snapshot(every) {
    detail::require_at_least_one("keep::ends: the distance of snapshots", every);
  }

  std::int64_t records(std::int64_t) const { return 1; }
  std::int64_t snapshots(std::int64_t n) const { return snapshot > 0 ? (n - 1) / snapshot : 0; }
  std::int64_t next(std::int64_t step, std::int64_t end, std::int64_t) const {
    return snapshot > 0 ? step + snapshot : end;
  }
};

}  // namespace keep

/// The history of a pass whose steps are undone by their inverse.
template <class X, class Record, class Snapshots>
class step_history<X, Record, keep::ends, Snapshots> {
 public:
  template <class MakeState, class MakeRecord>
  step_history(const keep::ends& keep, std::int64_t steps, MakeState&& make_state,
               MakeRecord&& make_record)
      : distance_(keep.snapshot),
        steps_(steps),
        first_(make_state()),
        x_(make_state()),
        other_(make_state()),
        record_(make_record()) {
    const auto snapshots = static_cast<std::size_t>(keep.snapshots(steps));
    snapshots_.reserve(snapshots);
    for (std::size_t i = 0; i < snapshots; ++i) snapshots_.push_back(make_state());
  }

  std::int64_t steps() const { return steps_; }

  /// Where a pass begins: write x_0 here.
  X& start() { return x_; }
  /// The state behind the last step that was taken.
  X& end() { return x_; }
  const X& end() const { return x_; }

  /// How many steps have been taken.
  std::int64_t taken() const { return taken_; }

  void begin() { taken_ = 0; }

  /// Runs the next of the N steps.
  template <class Take>
  void advance(Take&& take) {
    if (taken_ == 0)
      kutta::assign(first_, x_);
    else if (has_snapshot(taken_))
      kutta::assign(snapshot(taken_), x_);
    take(taken_, x_, other_, record_);
    std::swap(x_, other_);
    ++taken_;
  }

  /// Runs steps 0 … N − 1 from `start()`.
  template <class Take>
  void forward(Take&& take) {
    begin();
    while (taken_ < steps_) advance(take);
  }

  /// Undoes them, last first. `take.back(n, x1, x, record)` finds x, the start of step n, from its
  /// end, x1, and leaves in `record` what `take` left.
  template <class Take, class Undo>
  void reverse(Take&& take, Undo&& undo) {
    static_assert(
        requires { take.back(taken_, x_, other_, record_); },
        "keep::ends: the steps of this scheme have no inverse");
    error_ = 0;
    while (taken_ > 0) {
      --taken_;
      take.back(taken_, x_, other_, record_);
      std::swap(x_, other_);
      undo(taken_, x_, record_);
      if (taken_ == 0)
        compare(first_);
      else if (has_snapshot(taken_))
        compare(snapshot(taken_));
    }
  }

  /// How far the last reverse pass came out from x_0, and from each snapshot: the largest rms
  /// distance, in the units of the state. NaN if a state is.
  double reconstruction_error() const { return error_; }

 private:
  bool has_snapshot(std::int64_t n) const { return distance_ > 0 && n % distance_ == 0; }
  X& snapshot(std::int64_t n) { return snapshots_[static_cast<std::size_t>(n / distance_ - 1)]; }

  void compare(const X& x) {
    error_ = detail::larger{}(error_, detail::rms_distance(x_, x));
    kutta::assign(x_, x);
  }

  std::int64_t distance_, steps_, taken_ = 0;
  X first_, x_, other_;
  Record record_;
  std::vector<X> snapshots_;
  double error_ = 0;
};

}  // namespace kutta
