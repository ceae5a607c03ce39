// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What an integration leaves behind besides its end: the solution at given times, at every step,
/// or as a function of time.
///
///     kutta::trajectory<state> path;
///     const auto end = kutta::integrate<scheme>(f, x0, {0.0, 10.0}, how, kutta::save_steps(path));
///
/// An observer is called with each `accepted_step`; if it has a member `begin(t, x)`, that is
/// called with the initial value. Any callable of one argument is one. They are called in the order
/// given; without observers nothing is done and nothing stored.

#include <cstddef>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <kutta/ode/accepted_step.hpp>
#include <kutta/ode/explicit_stepper.hpp>
#include <kutta/ode/step.hpp>
#include <kutta/tensor/number_text.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta {

/// Times, and the state at each.
template <tensor X>
struct trajectory {
  using real = detail::step_real_t<X>;

  std::vector<real> t;
  std::vector<X> x;

  std::size_t size() const { return t.size(); }

  /// Makes room, so that the next `n` points are stored without a move.
  void reserve(std::size_t n) {
    t.reserve(n);
    x.reserve(n);
  }

  /// Appends a copy of `state`.
  void add(real time, const X& state) {
    X copy = kutta::zeros_like(state);
    kutta::assign(copy, state);
    x.push_back(std::move(copy));
    t.push_back(time);
  }
};

/// Appends the initial value and the end of every step to a trajectory.
template <tensor X>
class save_steps {
 public:
  explicit save_steps(trajectory<X>& path) : path_(path) {}

  void begin(detail::step_real_t<X> t, const X& x) { path_.add(t, x); }
  template <class Step>
  void operator()(const Step& step) {
    path_.add(step.t1, step.end());
  }

 private:
  trajectory<X>& path_;
};

/// Appends the solution at the given times to a trajectory, from the dense output: the steps do not
/// change. Times that the integration does not reach are left out.
template <tensor X>
class save_at {
 public:
  using real = detail::step_real_t<X>;

  /// `times` in the order in which the integration passes them.
  /// @throws std::invalid_argument if they neither rise nor fall.
  save_at(std::vector<real> times, trajectory<X>& path) : times_(std::move(times)), path_(path) {
    for (std::size_t i = 1; i < times_.size(); ++i) {
      const bool rising = times_[0] <= times_[times_.size() - 1];
      if (!(rising ? times_[i - 1] <= times_[i] : times_[i - 1] >= times_[i]))
        throw std::invalid_argument("save_at: expected times in order, got " + text(i - 1) +
                                    " before " + text(i));
    }
  }

  void begin(real t, const X& x) {
    next_ = 0;
    path_.reserve(path_.size() + times_.size());
    for (const real time : times_)
      if (time == t) path_.add(time, x);
  }

  /// @throws std::invalid_argument if the integration goes the other way than the times.
  template <class Step>
  void operator()(const Step& step) {
    const bool rises = step.t0 < step.t1, falls = step.t1 < step.t0;
    if (!times_.empty() &&
        ((rises && times_.front() > times_.back()) || (falls && times_.front() < times_.back())))
      throw std::invalid_argument(
          std::string("save_at: expected times that ") + (rises ? "rise" : "fall") +
          " like those of the integration, got from " + text(0) + " to " + text(times_.size() - 1));
    while (next_ < times_.size() &&
           ((rises && times_[next_] <= step.t0) || (falls && times_[next_] >= step.t0)))
      ++next_;
    while (next_ < times_.size() && step.covers(times_[next_])) {
      X x = kutta::zeros_like(step.x0);
      step.at(times_[next_], x);
      path_.x.push_back(std::move(x));
      path_.t.push_back(times_[next_++]);
    }
  }

 private:
  std::string text(std::size_t i) const {
    return detail::number_text(static_cast<double>(times_[i]));
  }

  std::vector<real> times_;
  trajectory<X>& path_;
  std::size_t next_ = 0;
};

/// The solution as a function of time, one polynomial a step:
///
///     x(t0 + θ h) = x0 + Σ_d θ^d c_d,   d = 1 … D,
///
/// that of the scheme's dense output, or the cubic Hermite interpolant (D = 3) for schemes that
/// have none. Filled by `save_dense`.
template <class S, tensor X>
class dense_solution {
 public:
  using real = detail::step_real_t<X>;
  static constexpr std::size_t degree = detail::dense_degree<S>;

  /// The first and the last time; equal if there is no step.
  real t0() const { return times_.empty() ? real(0) : times_.front(); }
  real t1() const { return times_.empty() ? real(0) : times_.back(); }
  std::size_t steps() const { return pieces_.size(); }

  /// y ← x(t); finds the step by bisection.
  /// @throws std::out_of_range if t lies outside of the integrated span.
  void operator()(real t, X& y) const {
    const bool forward = t0() <= t1();
    if (pieces_.empty() || !(forward ? t0() <= t && t <= t1() : t1() <= t && t <= t0()))
      throw std::out_of_range("dense_solution: expected a time from " + text(t0()) + " to " +
                              text(t1()) + ", got " + text(t));
    std::size_t first = 0, last = pieces_.size();  // the step is among [first, last)
    while (last - first > 1) {
      const std::size_t middle = first + (last - first) / 2;
      (forward ? times_[middle] <= t : times_[middle] >= t) ? first = middle : last = middle;
    }
    const auto& [x0, c, h] = pieces_[first];
    const real theta = h == 0 ? real(0) : (t - times_[first]) / h;
    [&]<std::size_t... D>(std::index_sequence<D...>) {
      real power = 1;
      const real powers[] = {(static_cast<void>(D), power *= theta)...};
      kutta::add(y, x0, scaled<X>{powers[D], c[D]}...);
    }(std::make_index_sequence<degree>{});
  }

  X operator()(real t) const {
    if (pieces_.empty()) throw std::out_of_range("dense_solution: there is no step to evaluate");
    X y = kutta::zeros_like(pieces_.front().x0);
    (*this)(t, y);
    return y;
  }

 private:
  template <class, tensor>
  friend class save_dense;

  struct piece {
    X x0;
    vec<X, degree> c;
    real h;  ///< of the whole step, also where an event ends it earlier
  };

  static std::string text(real t) { return detail::number_text(static_cast<double>(t)); }

  std::vector<real> times_;  // one more than pieces
  std::vector<piece> pieces_;
};

/// Fills a `dense_solution`. What it held is dropped when the integration begins.
template <class S, tensor X>
class save_dense {
 public:
  explicit save_dense(dense_solution<S, X>& curve) : curve_(curve) {}

  void begin(detail::step_real_t<X> t, const X&) {
    curve_.pieces_.clear();
    curve_.times_.assign(1, t);
  }

  template <class Step>
  void operator()(const Step& step) {
    auto& piece = curve_.pieces_.emplace_back(typename dense_solution<S, X>::piece{
        kutta::zeros_like(step.x0),
        detail::repeat<dense_solution<S, X>::degree>([&] { return kutta::zeros_like(step.x0); }),
        step.length()});
    kutta::assign(piece.x0, step.x0);
    step.polynomial(piece.c);
    curve_.times_.push_back(step.t1);
  }

 private:
  dense_solution<S, X>& curve_;
};

}  // namespace kutta
