// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// One pass of an adaptive block: the search for its steps, the same steps again, their transpose.

#include <cstddef>
#include <cstdint>
#include <utility>

#include <kutta/basis/evaluate.hpp>
#include <kutta/ode/accepted_grid.hpp>
#include <kutta/ode/adaptive_workspace.hpp>
#include <kutta/ode/block_pass.hpp>
#include <kutta/ode/error_estimate.hpp>
#include <kutta/ode/explicit_stepper.hpp>
#include <kutta/ode/first_step.hpp>
#include <kutta/ode/notify.hpp>
#include <kutta/ode/observed_step.hpp>
#include <kutta/ode/path_event.hpp>
#include <kutta/ode/step_control.hpp>
#include <kutta/ode/step_estimates.hpp>
#include <kutta/ode/step_search.hpp>

namespace kutta {

/// The graph of an adaptive block: steps over [0, horizon], dx/dt = rate R(theta(t/horizon), x).
///
/// `steps.max_steps` is also the number of steps that a workspace has room for.
struct adaptive_options {
  adaptive steps{};
  double horizon = 1;
  double rate = 1;
};

namespace detail {

struct does_nothing {
  void operator()(auto&&...) const {}
};

/// Refers to a block and to a workspace. Owns nothing.
template <residual R, explicit_scheme S, weight_basis B, open_ended_policy K>
struct adaptive_pass {
  using state = typename R::state;
  using coefficients = coefficients_t<B, typename R::params>;
  using real = step_real_t<state>;
  using stepper = explicit_stepper<S, state>;
  using stepping = block_step<observed<S>, state>;

  const adaptive_options& options;
  adaptive_workspace<R, S, K>& ws;
  block_pass<R, observed<S>, B, const accepted_grid&> step;

  adaptive_pass(const R& r, const B& phi, const adaptive_options& how,
                adaptive_workspace<R, S, K>& w)
      : options(how), ws(w), step{r, phi, w.grid, how.horizon} {}

  /// The steps that the errors ask for; `after(n, x, record)` is called behind each.
  template <class After, class... O>
  pass_end search(const coefficients& theta, const state& x0, const After& after,
                  O&... observers) const {
    const error_scale<state> scale(options.steps, x0);
    step_search next(options.steps, stepper::error_order() + 1, options.horizon);
    ws.grid.clear();
    begin(x0, observers...);
    if (!detail::is_finite(x0)) {
      next.stop(status::non_finite);
      return next.end(0);
    }
    if (options.steps.first_step == 0) next.start(first_step(theta, x0, scale, next.stats));

    bool found = false, taken = true;
    const auto take = [&](std::int64_t n, const state& x, state& x1, auto& saved) {
      do {
        step.forward(theta, n, x, x1, saved, ws.steps);
        next.stats.evaluations += static_cast<std::int64_t>(stepping::evaluations);
        taken = next.judge(squared_error(scale, n, x, x1));
      } while (!taken && next.propose(ws.grid));
      if (!taken) return kutta::assign(x1, x);
      ws.grid.accept();
      found = show(n, x, x1, saved, observers...);
      after(n, x, saved);
    };
    while (taken && !found && !ws.grid.complete() && next.propose(ws.grid))
      ws.steps.history.advance(take);

    if (found) next.stop(status::event);
    const pass_end end = next.end(found ? static_cast<double>(ws.event.t) : time(ws.grid.count()));
    if (end) ws.steps.end_recording();
    return end;
  }

  /// The steps of `ws.grid` again.
  template <class... O>
  void repeat(const coefficients& theta, const state& x0, O&... observers) const {
    begin(x0, observers...);
    for (std::int64_t n = 0; n < ws.grid.count(); ++n)
      ws.steps.history.advance([&](std::int64_t, const state& x, state& x1, auto& saved) {
        step.forward(theta, n, x, x1, saved, ws.steps);
        show(n, x, x1, saved, observers...);
      });
    ws.steps.end_recording();
  }

  /// The recorded steps transposed, last first: `before(n, g)` reads what lies inside step n, and
  /// `inject(n, g)` the state x_n.
  template <class Before, class I>
  void transpose(const coefficients& theta, state& dx, coefficients& dtheta, const Before& before,
                 I& inject) const {
    ws.steps.temporaries.dsums = {ws.derrors, ws.dstiffness};
    inject(ws.grid.count(), dx);
    ws.steps.history.reverse([&](std::int64_t n, const state& x, state& x1,
                                 auto& saved) { step.forward(theta, n, x, x1, saved, ws.steps); },
                             [&](std::int64_t n, const state& x, const auto& saved) {
                               before(n, dx);
                               step.transpose(theta, n, x, saved, dx, dtheta, ws.steps);
                               inject(n, dx);
                             });
  }

 private:
  template <class... O>
  void begin(const state& x0, O&... observers) const {
    ws.grid.set_length(options.rate * options.horizon);
    ws.steps.begin_recording();
    stepping::begin(x0, ws.steps.history.start());
    ws.steps.history.begin();
    ws.errors = ws.stiffness = ws.derrors = ws.dstiffness = 0;
    detail::begin(real(0), x0, observers...);
  }

  /// The time at which step n begins.
  double time(std::int64_t n) const { return options.horizon * ws.grid.start(n); }

  /// ‖h Σ (b_i − b̂_i) k_i‖² of the step that has just been tried.
  double squared_error(const error_scale<state>& scale, std::int64_t n, const state& x,
                       const state& x1) const {
    const auto h = static_cast<real>(ws.grid.step_size(n));
    const auto& k = ws.steps.temporaries.k;
    return [&]<std::size_t... J>(std::index_sequence<J...>) {
      return static_cast<double>(
          scale.squared(x, x1, scaled<state>{h * error_v<S, J, real>, k[J]}...));
    }(error_t<S>{});
  }

  /// What `first_step` asks of a stepper.
  struct rate_at_start {
    state& k;

    static int error_order() { return stepper::error_order(); }
    template <class F>
    const state& rate(F& f, double s, const state& x, statistics& stats) {
      f(s, x, k);
      ++stats.evaluations;
      return k;
    }
  };

  /// The length of the first step, in depth, from dx/ds = rate T R.
  double first_step(const coefficients& theta, const state& x0, const error_scale<state>& scale,
                    statistics& stats) const {
    const auto rate = [&](double s, const state& x, state& dx) {
      ws.grid.propose(s / ws.grid.cell_width());
      step.residual_at(theta, ws.grid.at(0, rational(1)), x, dx, ws.tape, ws.steps);
      kutta::combine(dx, scaled<state>{options.rate * options.horizon, dx});
    };
    auto& t = ws.steps.temporaries;
    rate_at_start start{t.k[0]};
    return detail::first_step(start, rate, scale, x0, 0., 1., t.dk, t.k[1], stats);
  }

  /// Adds up the estimates of step n, and shows the step to the observers; whether one ends the
  /// pass.
  template <class Record, class... O>
  bool show(std::int64_t n, const state& x, const state& x1, const Record& saved,
            O&... observers) const {
    if constexpr (keeps_estimates_v<S>) {
      step_estimates sums{ws.errors, ws.stiffness};
      add_estimates(ws.grid.step_size(n), saved.points, sums);
      ws.errors = sums.errors;
      ws.stiffness = sums.stiffness;
    }
    if constexpr (sizeof...(O) > 0)
      return show_step<S>(time(n), time(n + 1), ws.grid.step_size(n), x, x1, ws.steps.temporaries.k,
                          ws.event, observers...);
    else
      return false;
  }
};

}  // namespace detail

}  // namespace kutta
