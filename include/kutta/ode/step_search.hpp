// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Which step an adaptive pass through a block tries next.

#include <cmath>
#include <string>

#include <kutta/ode/integrate.hpp>
#include <kutta/ode/status.hpp>
#include <kutta/ode/step_control.hpp>
#include <kutta/tensor/number_text.hpp>

namespace kutta {

/// Where an adaptive pass came to, and why it ended there.
struct [[nodiscard]] pass_end {
  double t;  ///< the end of the last accepted step, or the time of the event
  double h;  ///< the step that would have been tried next
  kutta::status status;
  statistics stats;

  bool ok() const { return status == status::success || status == status::event; }
  explicit operator bool() const { return ok(); }

  /// "max_steps: … (t = 0.5, h = 2e-3, after 120 steps)".
  std::string text() const {
    return std::string(explain(status)) + " (t = " + detail::number_text(t) +
           ", h = " + detail::number_text(h) + ", after " + std::to_string(stats.accepted) +
           " steps)";
  }
};

namespace detail {

/// The steps of a pass, from the errors of those before. It starts anew at every breakpoint: the
/// errors of one cell say nothing about the next, only the length of the steps is kept.
class step_search {
 public:
  /// k: the error of a step is O(h^k). Steps are lengths in depth here; in the options and in the
  /// statistics they are times.
  step_search(const adaptive& how, int k, double horizon)
      : how_(how),
        fresh_(how, k),
        controller_(fresh_),
        horizon_(horizon),
        largest_(how.largest_step / std::abs(horizon)),
        next_(how.first_step / std::abs(horizon)) {}

  statistics stats;

  /// The length of the first step, where the options do not name it.
  void start(double length) { next_ = length; }

  /// The next step to be tried; false if there is to be none, for the reason in `end`. It goes in
  /// the grid's direction, 1 or −1, from `position()` in a cell [0, 1] of the width `cell_width()`.
  template <class Grid>
  bool propose(Grid& grid) {
    constexpr double way = Grid::direction, last = way > 0 ? 1 : 0;
    if (stats.accepted + stats.rejected >= how_.max_steps) return stop(status::max_steps);
    if (!(next_ <= largest_)) next_ = largest_;
    const double from = grid.position(), length = next_ / grid.cell_width();
    cut_ = !(length * 1.01 < way * (last - from));  // no sliver of a step at the end
    const double resolved = way > 0 ? from : 1;     // on the way back the depth itself falls to 0
    if (!cut_ && !(length > shortest_step(resolved))) return stop(obstacle_);
    tried_ = grid.propose(cut_ ? last : from + way * length);
    return true;
  }

  /// The length of the step that is being tried.
  double tried() const { return tried_; }

  /// Whether it is taken.
  bool judge(double squared_error) {
    if (!(squared_error <= 1)) {
      ++stats.rejected;
      obstacle_ = std::isnan(squared_error) ? status::non_finite : status::step_too_small;
      next_ = tried_ * controller_.reject(squared_error);
      return false;
    }
    count_step(stats, tried_ * horizon_);
    const double after = controller_.accept(squared_error, tried_);
    next_ = cut_ && next_ > after ? next_ : after;
    if (cut_) controller_ = fresh_;
    return true;
  }

  /// The pass ends for the reason `why`.
  bool stop(status why) {
    status_ = why;
    return false;
  }

  pass_end end(double t) const { return {t, next_ * horizon_, status_, stats}; }

 private:
  adaptive how_;
  step_controller fresh_, controller_;
  double horizon_, largest_, next_, tried_ = 0;
  bool cut_ = false;
  status status_ = status::success;
  status obstacle_ = status::step_too_small;  // what a step that became too small failed of
};

}  // namespace detail

}  // namespace kutta
