// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Times at which a function of the solution passes through zero.
///
///     kutta::event ground([](double, const auto& x) { return x[0]; }, kutta::crossing::falling);
///     const auto end = kutta::integrate<scheme>(f, x0, {0.0, 10.0}, how, ground);
///     if (end.status == kutta::status::event) …  // end.t is when, end.x where

#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include <kutta/ode/accepted_step.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta {

/// Which zeros of g(t, x(t)) count, in the direction of the integration.
enum class crossing : unsigned char { rising, falling, either };

/// Whether the first event ends the integration.
enum class at_event : unsigned char { stop, go_on };

/// An observer that finds the zeros of g(t, x(t)) on the dense output, to the resolution of time,
/// and keeps their times.
///
/// A zero is seen by a change of sign between the ends of a step: an even number of zeros within
/// one step goes unseen; `largest_step` prevents that. A zero at the initial value does not count,
/// nor does one that is touched without a change of sign, unless a step ends there. The error of
/// the time is that of the dense output over |dg/dt|.
template <class G>
class event {
 public:
  explicit event(G g, crossing which = crossing::either, at_event then = at_event::stop)
      : g_(std::move(g)), which_(which), then_(then) {}

  /// When the events were, in order.
  const std::vector<double>& times() const { return times_; }

  template <class T, class X>
  void begin(T t, const X& x) {
    times_.clear();
    before_ = static_cast<double>(g_(t, x));
  }

  /// Looks for a zero in the step; cuts the step there if it is to be the last.
  template <class Step>
  bool stops(Step& step, typename Step::state& x) {
    const double start = before_, end = static_cast<double>(g_(step.t1, step.end()));
    // A zero at the very end counts now: for the next step it lies on the far side.
    before_ =
        end != 0 || start == 0 ? end : std::copysign(std::numeric_limits<double>::min(), -start);
    if (!counts(start, end)) return false;
    const auto t = locate(step, x, start);
    times_.push_back(static_cast<double>(t));
    if (then_ == at_event::go_on) {
      if (&step.end() == &x) step.at(step.t1, x);  // the end that another event has cut it to
      return false;
    }
    step.at(t, x);
    step.cut(t, x);
    return true;
  }

  /// Drops an event past the end of a step that was cut after it was found.
  template <class Step>
  void forget_past(const Step& step) {
    const auto end = static_cast<double>(step.t1);
    if (!times_.empty() && (step.t0 < step.t1 ? times_.back() > end : times_.back() < end))
      times_.pop_back();
  }

 private:
  bool counts(double start, double end) const {
    const bool rises = start < 0 && end >= 0, falls = start > 0 && end <= 0;
    return (rises && which_ != crossing::falling) || (falls && which_ != crossing::rising);
  }

  /// The time at which g changes sign, on the far side of the zero: the event has happened. By the
  /// secant of a bracket, in which an end that stays twice counts half, and by halving every third
  /// time. Source: Dowell & Jarratt, A modified regula falsi method, BIT 11 (1971).
  template <class Step>
  auto locate(const Step& step, typename Step::state& x, double start) {
    using T = typename Step::real;
    T a = step.t0, b = step.t1;
    double ga = start, gb = static_cast<double>(g_(b, step.end()));
    bool a_moved = false, b_moved = false;
    for (int i = 0; i < 200 && gb != 0; ++i) {
      const T after_a = std::nextafter(a, b), before_b = std::nextafter(b, a);
      if (after_a == b) break;
      T t = i % 3 == 2 ? a + (b - a) / 2 : b - (b - a) * static_cast<T>(gb / (gb - ga));
      t = std::fmin(std::fmax(t, std::fmin(after_a, before_b)), std::fmax(after_a, before_b));
      step.at(t, x);
      const double g = static_cast<double>(g_(t, std::as_const(x)));
      if ((g < 0) == (start < 0) && g != 0) {
        a = t;
        ga = g;
        if (a_moved) gb /= 2;
      } else {
        b = t;
        gb = g;
        if (b_moved) ga /= 2;
      }
      b_moved = b == t;
      a_moved = !b_moved;
    }
    return b;
  }

  G g_;
  crossing which_;
  at_event then_;
  double before_ = 0;
  std::vector<double> times_;
};

}  // namespace kutta
