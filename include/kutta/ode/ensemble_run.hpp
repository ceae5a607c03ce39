// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// One call of `integrate_ensemble`: the trajectories on their way through the lanes.

#include <atomic>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <kutta/ode/error_estimate.hpp>
#include <kutta/ode/explicit_stepper.hpp>
#include <kutta/ode/first_step.hpp>
#include <kutta/ode/lane_stepper.hpp>
#include <kutta/ode/lane_steps.hpp>
#include <kutta/ode/solution.hpp>
#include <kutta/ode/status.hpp>
#include <kutta/ode/step.hpp>
#include <kutta/ode/step_control.hpp>
#include <kutta/ode/workspace.hpp>
#include <kutta/schemes/butcher_tableau.hpp>
#include <kutta/schemes/coefficients.hpp>
#include <kutta/schemes/scheme.hpp>
#include <kutta/tensor/simd.hpp>
#include <kutta/tensor/simd_vec.hpp>
#include <kutta/tensor/vec.hpp>
#include <kutta/tensor/worker_pool.hpp>

namespace kutta {

/// How an ensemble is shared out. No result depends on it.
struct ensemble_execution {
  std::size_t threads = 1;
};

namespace detail {

/// The trajectories of one call, and their ends. M parameters each; without any, f is not given
/// them.
template <explicit_scheme S, std::size_t W, class F, std::floating_point T, std::size_t N,
          std::size_t M>
class ensemble_run {
 public:
  using state = vec<T, N>;
  using parameters = vec<T, M>;

  ensemble_run(const F& f, std::span<const state> x0, std::span<const parameters> p,
               const time_span<double>& span)
      : f_(f), x0_(x0), p_(p), span_(span) {
    require_valid(span);
    if (M > 0 && p.size() != x0.size())
      throw std::invalid_argument("integrate_ensemble: expected the parameters of " +
                                  std::to_string(x0.size()) + " trajectories, got " +
                                  std::to_string(p.size()));
    ends_.reserve(x0.size());
    for (const state& x : x0) ends_.push_back({x, span.t0, 0, status::success, {}});
  }

  template <class How>
  std::vector<solution<state>> run(const How& how, const ensemble_execution& on) && {
    require_valid(how);
    if (on.threads == 0)
      throw std::invalid_argument("integrate_ensemble: threads must be at least 1, got 0");
    const std::size_t blocks = (x0_.size() + W - 1) / W;
    if (blocks > 0) {
      worker_pool pool(on.threads < blocks ? on.threads : blocks);
      run(how, blocks, pool);
    }
    return std::move(ends_);
  }

 private:
  /// A step fills one register after the other, and not several at once: what it computes stays
  /// in registers, and the processor overlaps the steps, for they do not wait for each other.
  static constexpr std::size_t width = register_lanes<T>, registers = W / width;
  static_assert(W > 0 && W % width == 0,
                "integrate_ensemble: W must be a multiple of register_lanes<T>");

  using lanes = simd<T, width>;
  using lane_state = vec<lanes, N>;
  using lane_parameters = vec<lanes, M>;
  using times = simd<double, width>;

  /// The trajectories of one register.
  struct group {
    lane_state x, x1;
    lane_parameters p;
  };

  /// dx ← f(t, x, p) of one trajectory, or of one in each lane.
  template <class V>
  void rate(const V& t, const vec<V, N>& x, const vec<V, M>& p, vec<V, N>& dx) const {
    if constexpr (M == 0)
      f_(t, x, dx);
    else
      f_(t, x, p, dx);
  }

  /// Trajectory i goes to lane l of g.
  void load(std::size_t i, std::size_t l, group& g) const {
    set_lane(g.x, l, x0_[i]);
    if constexpr (M > 0) set_lane(g.p, l, p_[i]);
  }

  /// Every block of W trajectories goes from t0 to t1 before the next begins. A step of one length
  /// for all is the step of a state of N W elements.
  void run(const fixed& how, std::size_t blocks, worker_pool& pool) {
    pool.run(blocks, [&](std::size_t block, std::size_t) { fixed_steps(how, block * W); });
  }

  /// Inlined by force, and the loop around it not unrolled by force: so its numbers fit into the
  /// registers.
  [[gnu::always_inline]] void fixed_step(double t, double h, group& g,
                                         explicit_stepper<S, lane_state>& stepper) const {
    const auto f = [&](double at, const lane_state& x, lane_state& dx) {
      rate(lanes(static_cast<T>(at)), x, g.p, dx);
    };
    if constexpr (is_fsal(S::tableau)) {
      statistics uncounted;
      stepper.attempt(f, t, h, g.x, g.x, uncounted);
      stepper.accept();
    } else {  // nothing to keep: nothing between the states is written to memory
      const auto stage = [&](auto i, const lane_state& x, lane_state& dx) {
        f(t + h * c_v<S, decltype(i)::value>, x, dx);
      };
      stage_points<S, lane_state> points;
      stage_rates<S, lane_state> k;
      kutta::step<S>(stage, h, g.x, g.x, points, k);
    }
  }

  void fixed_steps(const fixed& how, std::size_t first) {
    const std::size_t rest = ends_.size() - first, count = rest < W ? rest : W;
    vec<group, registers> groups;
    for (std::size_t l = 0; l < W; ++l)
      load(first + (l < count ? l : 0), l % width, groups[l / width]);
    auto steppers = repeat<registers>([&] { return explicit_stepper<S, lane_state>(groups[0].x); });
    double t = span_.t0;
    const double h = (span_.t1 - span_.t0) / static_cast<double>(how.steps);
    const std::int64_t steps = span_.t0 == span_.t1 ? 0 : how.steps;
    std::int64_t taken = 0;
    const auto end = [&](std::size_t l) {
      auto& e = ends_[first + l];
      e.x = lane(groups[l / width].x, l % width), e.t = t, e.h = h;
      if (!is_finite(e.x)) e.status = status::non_finite;
      if (taken == 0) return;
      constexpr std::int64_t stages = S::tableau.stages;
      e.stats.accepted = taken;
      e.stats.evaluations = is_fsal(S::tableau) ? 1 + taken * (stages - 1) : taken * stages;
      e.stats.smallest_step = e.stats.largest_step = std::abs(h);
    };
    bool ended[W] = {};
    std::size_t going = count;
    while (taken < steps && going > 0) {
#pragma GCC unroll 1
      for (std::size_t r = 0; r < registers; ++r) fixed_step(t, h, groups[r], steppers[r]);
      t = ++taken == steps ? span_.t1 : span_.t0 + static_cast<double>(taken) * h;
      if (how.check_finite)
        for (std::size_t l = 0; l < count; ++l)
          if (!ended[l] && !is_finite(lane(groups[l / width].x, l % width)))
            end(l), ended[l] = true, --going;
    }
    for (std::size_t l = 0; l < count; ++l)
      if (!ended[l]) end(l);
  }

  /// Every thread has W lanes; the next trajectory that waits takes the lane of one that has ended.
  void run(const adaptive& how, std::size_t, worker_pool& pool) {
    const error_scale<state> scale(how, x0_.front());
    std::atomic<std::size_t> next = 0;
    pool.run(pool.size(), [&](std::size_t, std::size_t) { adaptive_steps(how, scale, next); });
  }

  void adaptive_steps(const adaptive& how, const error_scale<state>& scale,
                      std::atomic<std::size_t>& next) {
    using stepper_type = lane_stepper<S, T, lanes, N>;
    vec<stepper_type, registers> steppers;
    vec<group, registers> groups;
    vec<lane_steps<times>, registers> steps;
    vec<times, registers> error;
    explicit_stepper<S, state> single(x0_.front());
    const step_rule rule(how, single.error_order() + 1);
    const error_tolerance<T> tolerance(how, N);
    const bool largest = how.norm == error_norm::max;
    std::size_t trajectory[W] = {}, going = 0;

    // Puts a trajectory that has somewhere to go into lane l of all, if one waits.
    const auto begin = [&](std::size_t l) {
      for (std::size_t i; (i = next++) < ends_.size();) {
        if (!is_finite(x0_[i])) ends_[i].status = status::non_finite;
        if (!ends_[i] || span_.t0 == span_.t1) continue;
        load(i, l % width, groups[l / width]);
        double h = 0;
        set_lane(steppers[l / width].first_rate(), l % width,
                 first_rate_and_step(i, how, scale, single, h));
        steps[l / width].begin(rule, l % width, span_, h);
        trajectory[l] = i;
        ++going;
        return;
      }
    };
    // Hands in the trajectories that have ended.
    const auto end = [&](const auto& why) {
      times some(0.);
      for (const auto& s : steps) some += s.ended;
      if (some.sum() == 0) return false;
      for (std::size_t l = 0; l < W; ++l) {
        auto& s = steps[l / width];
        const std::size_t at = l % width;
        if (s.ended[at] == 0) continue;
        ends_[trajectory[l]] = {lane(groups[l / width].x, at), s.t[at], s.h[at], why(s, at),
                                s.counts(rule, at, stepper_type::stages, stepper_type::is_fsal)};
        s.end(at);
        --going;
        begin(l);
      }
      return true;
    };
    const auto choose = [&] {
      for (auto& s : steps) s.choose(rule);
    };

    for (std::size_t l = 0; l < W; ++l) {
      load(0, l % width, groups[l / width]);
      set_lane(steppers[l / width].first_rate(), l % width, state{});
      begin(l);
    }
    while (going > 0) {
      choose();
      while (end([&](const auto& s, std::size_t at) { return s.obstacle(rule, at); })) choose();
      for (std::size_t r = 0; r < registers; ++r) {
        auto &x = groups[r].x, &x1 = groups[r].x1;
        const auto &t = steps[r].t, &h = steps[r].h;
        const auto f = [&](const lanes& at, const lane_state& y, lane_state& dy) {
          rate(at, y, groups[r].p, dy);
        };
        if constexpr (!stepper_type::is_fsal) f(lanes(t), x, steppers[r].first_rate());
        steppers[r].attempt(f, t, h, x, x1);
        error[r] = steppers[r].squared_error(tolerance, largest, h, x, x1);
      }
      for (std::size_t r = 0; r < registers; ++r) {
        steps[r].judge(rule, error[r]);
        const lanes taken(steps[r].taken);
        steppers[r].accept(taken);
        stepper_type::select(taken, groups[r].x1, groups[r].x);
      }
      end([](const auto&, std::size_t) { return status::success; });
    }
  }

  /// f(t0, x0) of trajectory i, and its first step h. In numbers, not lanes: once a trajectory.
  state first_rate_and_step(std::size_t i, const adaptive& how, const error_scale<state>& scale,
                            explicit_stepper<S, state>& single, double& h) const {
    const auto f = [&](double t, const state& at, state& dx) {
      rate(static_cast<T>(t), at, M > 0 ? p_[i] : parameters{}, dx);
    };
    const double length = span_.t1 - span_.t0;
    statistics stats;
    state point{}, second{};
    single.start();
    h = how.first_step > 0
            ? std::copysign(how.first_step, length)
            : first_step(single, f, scale, x0_[i], span_.t0, length, point, second, stats);
    return single.rate(f, span_.t0, x0_[i], stats);
  }

  const F& f_;
  std::span<const state> x0_;
  std::span<const parameters> p_;
  time_span<double> span_;
  std::vector<solution<state>> ends_;
};

}  // namespace detail

}  // namespace kutta
