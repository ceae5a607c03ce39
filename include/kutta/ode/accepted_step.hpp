// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// A step that was accepted, as observers see it.

#include <utility>

#include <kutta/ode/status.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta {

/// The step from (t0, x0) to (t1, x1), and the solution in between. Lives while observers are
/// called, and refers to what the integration holds.
///
/// Where an observer stops the integration inside the step, the ones called after it see the step
/// up to there.
template <class Stepper, class F>
class accepted_step {
 public:
  using state = typename Stepper::state;
  using real = typename Stepper::real;

  accepted_step(Stepper& stepper, F& f, real from, real to, const state& start, const state& end,
                statistics& stats)
      : t0(from),
        t1(to),
        x0(start),
        x1_(&end),
        stepper_(stepper),
        f_(f),
        end_(to),
        x_end_(end),
        stats_(stats) {}

  real t0, t1;
  const state& x0;

  /// x(t1).
  const state& end() const { return *x1_; }

  /// y ← x(t) for t between t0 and t1: the scheme's dense output; the ends exactly.
  void at(real t, state& y) const {
    if (t == t0)
      kutta::assign(y, x0);
    else if (t == end_)
      kutta::assign(y, x_end_);
    else
      stepper_.interpolate(f_, end_, length(), x0, x_end_, (t - t0) / length(), y, stats_);
  }

  /// The length of the whole step, also where it is cut.
  real length() const { return end_ - t0; }

  /// c_d ← the coefficient of θ^d in x(t0 + θ length()) = x0 + Σ_d θ^d c_d.
  template <class C>
  void polynomial(C& c) const {
    stepper_.polynomial(f_, end_, length(), x0, x_end_, c, stats_);
  }

  /// Whether t lies in (t0, t1], or [t1, t0) backwards in time.
  bool covers(real t) const { return t0 < t1 ? t0 < t && t <= t1 : t1 <= t && t < t0; }

  /// Ends the step at t, where the solution is x.
  void cut(real t, const state& x) {
    t1 = t;
    x1_ = &x;
  }

 private:
  const state* x1_;
  Stepper& stepper_;
  F& f_;
  real end_;
  const state& x_end_;
  statistics& stats_;
};

}  // namespace kutta
