// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The part of a stepper that is the same for every scheme without dense output of its own.

#include <optional>
#include <utility>

#include <kutta/ode/hermite.hpp>
#include <kutta/ode/status.hpp>
#include <kutta/ode/step.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta::detail {

/// f at both ends of a step, each evaluated when it is first asked for, and the cubic between them.
///
/// The end of a step is the start of the next. A rate is allocated when it is first needed: with
/// fixed steps and no dense output never.
template <tensor X>
class end_rates {
 public:
  using real = step_real_t<X>;

  void start() { knows_rate_ = knows_end_rate_ = false; }

  /// f(t, x0).
  template <class F>
  const X& rate(F& f, real t, const X& x0, statistics& stats) {
    return evaluate(f, t, x0, rate_, knows_rate_, stats);
  }

  /// f(t1, x1).
  template <class F>
  const X& end_rate(F& f, real t1, const X& x1, statistics& stats) {
    return evaluate(f, t1, x1, end_rate_, knows_end_rate_, stats);
  }

  /// f(t1, x1) where the step knows it.
  void set_end_rate(const X& rate) {
    if (!end_rate_) end_rate_.emplace(kutta::zeros_like(rate));
    kutta::assign(*end_rate_, rate);
    knows_end_rate_ = true;
  }

  /// y ← x(t0 + θ h) by the cubic of `hermite.hpp`. t1 = t0 + h.
  template <class F>
  void interpolate(F& f, real t1, real h, const X& x0, const X& x1, real theta, X& y,
                   statistics& stats) {
    const X& f0 = rate(f, t1 - h, x0, stats);
    hermite(h, x0, x1, f0, end_rate(f, t1, x1, stats), theta, y);
  }

  /// c_d ← the coefficient of θ^d in the same.
  template <class F>
  void polynomial(F& f, real t1, real h, const X& x0, const X& x1, vec<X, hermite_degree>& c,
                  statistics& stats) {
    const X& f0 = rate(f, t1 - h, x0, stats);
    hermite_polynomial(h, x0, x1, f0, end_rate(f, t1, x1, stats), c);
  }

  /// Another end is being computed.
  void attempt() { knows_end_rate_ = false; }

  void accept() {
    std::swap(rate_, end_rate_);
    knows_rate_ = knows_end_rate_;
    knows_end_rate_ = false;
  }

 private:
  /// A call, for g++ takes the inlined optional for one without a value.
  template <class F>
  [[gnu::noinline]] static const X& evaluate(F& f, real t, const X& x, std::optional<X>& rate,
                                             bool& known, statistics& stats) {
    if (!rate) rate.emplace(kutta::zeros_like(x));
    if (!known) {
      f(t, x, *rate);
      ++stats.evaluations;
      known = true;
    }
    return *rate;
  }

  std::optional<X> rate_, end_rate_;
  bool knows_rate_ = false, knows_end_rate_ = false;
};

}  // namespace kutta::detail
