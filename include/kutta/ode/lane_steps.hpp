// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The times and steps of integrations that go side by side, each with its own: what `integrate`
/// keeps for one, number for number, and without a branch, so that a number may be a `simd`.

#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>

#include <kutta/ode/first_step.hpp>
#include <kutta/ode/solution.hpp>
#include <kutta/ode/status.hpp>
#include <kutta/ode/step_control.hpp>
#include <kutta/schemes/coefficients.hpp>
#include <kutta/schemes/scheme.hpp>
#include <kutta/tensor/host_device.hpp>
#include <kutta/tensor/simd.hpp>

KUTTA_HD_BEGIN

namespace kutta::detail {

/// The weights of a stage sum, and of the sum at a step's end, to be told apart by type.
template <explicit_scheme S, std::size_t I>
struct row_weights {
  template <std::size_t J>
  static constexpr double value = a_v<S, I, J>;
};
template <explicit_scheme S>
struct end_weights {
  template <std::size_t J>
  static constexpr double value = b_v<S, J>;
};

/// One integration, V = double, or one in each lane, V = simd<double, W>. Conditions and counts are
/// numbers too: 1 is true, and a count is exact up to 2⁵³.
///
/// `begin` puts an integration into a lane. Then, until it has ended: `choose`, an attempt with
/// step h from t, `judge`. One that has ended takes steps of length 0 until its lane is given away.
template <class V>
class lane_steps {
 public:
  V t{0.};      ///< the time that is reached
  V h{0.};      ///< the length of the attempt
  V taken{0.};  ///< 1 if the last attempt was good enough
  V ended{0.};  ///< 1 if the last call found that the integration is at its end

  KUTTA_HD void begin(const step_rule& rule, std::size_t lane, const time_span<double>& span,
                      double first_step) {
    clear(lane);
    set_lane(memory_, lane, rule.safety), set_lane(last_error_, lane, 1);
    set_lane(t, lane, span.t0), set_lane(t1_, lane, span.t1), set_lane(h, lane, first_step);
    set_lane(active_, lane, 1);
  }

  KUTTA_HD void end(std::size_t lane) {
    const double last = lane_of(t, lane);
    clear(lane);
    set_lane(t, lane, last), set_lane(t1_, lane, last);
  }

  KUTTA_HD bool is_active(std::size_t lane) const { return lane_of(active_, lane) != 0; }

  /// h ← the length of the next attempt; the last ends in t1. `ended` where there can be none. May
  /// be called again before the attempt.
  [[gnu::always_inline]] KUTTA_HD void choose(const step_rule& rule) {
    const V zero(0.), one(1.), largest(rule.how.largest_step), attempts = accepted_ + rejected_;
    const V wanted = magnitude(h), length = where_less(largest, wanted, largest, wanted);
    const V rest = (t1_ - t) + lost_;
    last_ =
        where_less(length * 1.01, magnitude(rest), zero, one);  // no sliver of a step at the end
    h = chosen(last_, rest, where_less(h, zero, -length, length));
    const V moves = where_less(shortest_step(1.) * magnitude(t), magnitude(h), one, last_);
    const V may = where_less(attempts, V(static_cast<double>(rule.how.max_steps)), one, zero);
    ended = active_ * (1. - moves * may);
  }

  /// The attempt is taken if its squared error is at most 1, and `ended` if it led to t1. h ← the
  /// length that the filter asks for next.
  [[gnu::always_inline]] KUTTA_HD void judge(const step_rule& rule, const V& error) {
    constexpr double above_one = 1 + std::numeric_limits<double>::epsilon();
    const V zero(0.), one(1.);
    const V length = magnitude(h);
    const V y = h - lost_, sum = t + y, lost = (sum - t) - y;
    taken = active_ * where_less(error, V(above_one), one, zero);
    ended = taken * last_;
    t = chosen(taken, chosen(last_, t1_, sum), t);
    lost_ = chosen(taken, chosen(last_, zero, lost), lost_);
    smallest_ = chosen(taken, where_less(length, smallest_, length, smallest_), smallest_);
    largest_ = chosen(taken, where_less(largest_, length, length, largest_), largest_);
    accepted_ += taken;
    rejected_ += active_ * (1. - taken);
    const V is_nan = where_less(V(-1.), error, zero, one);
    non_finite_ = chosen(taken, non_finite_, is_nan);
    h = chosen(ended, h, next_step(rule, error));
  }

  /// Why there can be no further attempt.
  KUTTA_HD kutta::status obstacle(const step_rule& rule, std::size_t lane) const {
    if (count(accepted_, lane) + count(rejected_, lane) >= rule.how.max_steps)
      return status::max_steps;
    return count(non_finite_, lane) ? status::non_finite : status::step_too_small;
  }

  /// What `integrate` would have counted with a scheme of so many stages.
  KUTTA_HD statistics counts(const step_rule& rule, std::size_t lane, std::size_t stages,
                             bool is_fsal) const {
    statistics stats;
    stats.accepted = count(accepted_, lane), stats.rejected = count(rejected_, lane);
    const std::int64_t attempts = stats.accepted + stats.rejected;
    const std::int64_t for_first_step = rule.how.first_step > 0 ? 0 : 1;
    const std::int64_t first_rate = attempts + for_first_step > 0 ? 1 : 0;
    const std::int64_t later_rates = is_fsal ? 0 : stats.accepted - count(taken, lane);
    stats.evaluations = for_first_step + first_rate + later_rates +
                        attempts * (static_cast<std::int64_t>(stages) - 1);
    if (stats.accepted > 0) {
      stats.smallest_step = lane_of(smallest_, lane);
      stats.largest_step = lane_of(largest_, lane);
    }
    return stats;
  }

 private:
  /// The next step of `step_controller`.
  [[gnu::always_inline]] KUTTA_HD V next_step(const step_rule& rule, const V& error) {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    const adaptive& how = rule.how;
    const step_filter& filter = how.filter;
    const V zero(0.), one(1.), grow(how.grow), shrink(how.shrink);
    const V memory = memory_, most = chosen(repeated_, one, grow);
    const V now = power(rule.now, error), wanted = now * memory;
    const V bound = where_less(shrink, wanted, most, shrink);
    const V is_within = where_less(shrink, wanted, where_less(wanted, most, one, zero), zero);
    const V onward = chosen(is_within, wanted, bound);
    const V retry =
        limited(shrink, how.safety * power(rule.retry, error), V(step_rule::largest_retry));
    const V again = where_less(error, V(infinity), retry, shrink);
    const V factor = chosen(taken, onward, again);
    const V wanted_step = chosen(taken * is_within, now * (memory * h), factor * h);
    const V guess = guessed_step(h, before_);
    const V is_good = taken * where_less(guess_defect(guess, wanted_step), zero, one, zero);
    before_ = chosen(taken, h, before_);

    V next(rule.safety);
    if (filter.beta2 != 0) next *= signed_power(rule.before, filter.beta2, error);
    if (filter.beta3 != 0) next *= signed_power(rule.long_before, filter.beta3, last_error_);
    memory_ = chosen(taken, next, memory);
    last_error_ = chosen(taken, error, last_error_);
    if (filter.alpha != 0)
      memory_ *= each_lane(factor, [&](double x) { return std::pow(x, -filter.alpha); });
    repeated_ = 1. - taken;
    return chosen(is_good, guess, wanted_step);
  }

  [[gnu::always_inline]] KUTTA_HD static V power(const inverse_power& p, const V& x) {
    return each_lane(x, [&](double lane) { return p(lane); });
  }
  [[gnu::always_inline]] KUTTA_HD static V signed_power(const inverse_power& p, double beta,
                                                        const V& x) {
    return beta > 0 ? power(p, x) : 1. / power(p, x);
  }
  KUTTA_HD static V limited(const V& least, const V& factor, const V& most) {
    return where_less(least, factor, where_less(factor, most, factor, most), least);
  }

  /// a where the condition is 1, else b.
  KUTTA_HD static V chosen(const V& condition, const V& a, const V& b) {
    return where_less(V(0.), condition, a, b);
  }

  KUTTA_HD static double lane_of(double x, std::size_t) { return x; }
  template <std::size_t W>
  static double lane_of(const simd<double, W>& x, std::size_t lane) {
    return x[lane];
  }
  KUTTA_HD static void set_lane(double& x, std::size_t, double a) { x = a; }
  template <std::size_t W>
  static void set_lane(simd<double, W>& x, std::size_t lane, double a) {
    x.set(lane, a);
  }
  KUTTA_HD static std::int64_t count(const V& x, std::size_t lane) {
    return static_cast<std::int64_t>(lane_of(x, lane));
  }

  KUTTA_HD void clear(std::size_t lane) {
    V* const all[] = {&t,       &h,           &taken,     &ended,      &t1_,      &lost_,
                      &memory_, &last_error_, &before_,   &repeated_,  &largest_, &active_,
                      &last_,   &accepted_,   &rejected_, &non_finite_};
    for (V* x : all) set_lane(*x, lane, 0);
    constexpr double infinity = std::numeric_limits<double>::infinity();
    set_lane(smallest_, lane, infinity);
  }

  V t1_{0.}, lost_{0.};
  V memory_{0.}, last_error_{0.}, before_{0.}, repeated_{0.};
  V smallest_{0.}, largest_{0.}, accepted_{0.}, rejected_{0.}, non_finite_{0.};
  V active_{0.}, last_{0.};
};

}  // namespace kutta::detail

KUTTA_HD_END
