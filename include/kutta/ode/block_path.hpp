// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The solution of a block of fixed steps between its steps: saved times and events, and gradients
/// through both. The scheme of the block is an `observed` one:
///
///     const auto f = ode_block.with_scheme<kutta::observed<kutta::schemes::dormand_prince54>>();
///     auto path = kutta::observe_path(f, ws, kutta::save_at(times, saved), …);
///     f.forward(theta, x0, ws, path);
///     f.backprop(theta, dx, dtheta, ws, kutta::along_path(f, ws, dsaved));
///
/// and, where it keeps them, the estimates of its steps:
///
///     f.forward(theta, x0, ws, kutta::observe_estimates(f, ws, sums));
///     f.backprop(theta, dx, dtheta, ws, kutta::along_estimates(f, ws, dsums));

#include <cstdint>
#include <tuple>
#include <utility>

#include <kutta/ode/notify.hpp>
#include <kutta/ode/observed_step.hpp>
#include <kutta/ode/observers.hpp>
#include <kutta/ode/ode_block.hpp>
#include <kutta/ode/path_adjoint.hpp>
#include <kutta/ode/path_event.hpp>
#include <kutta/ode/step_estimates.hpp>
#include <kutta/ode/workspace.hpp>

namespace kutta {

namespace detail {

/// N equal steps of a block, `length` = rate T.
struct equal_steps {
  std::int64_t steps;
  double length;

  std::int64_t count() const { return steps; }
  double start(std::int64_t n) const { return static_cast<double>(n) / static_cast<double>(steps); }
  double step_size(std::int64_t) const { return length / static_cast<double>(steps); }
};

template <class R, class S, class B>
equal_steps steps_of(const ode_block<R, observed<S>, B>& f) {
  const block_options& o = f.options();
  return {o.steps, o.rate * o.horizon};
}

}  // namespace detail

/// The observer of all states that `ode_block::forward` takes, made of observers of `integrate`.
/// An event that stops does not stop the pass: it is kept, and nothing behind it is shown.
template <explicit_scheme S, class W, class... O>
class path_observer {
 public:
  using state = typename W::state;

  path_observer(detail::equal_steps steps, double horizon, const W& ws, O&... observers)
      : steps_(steps),
        horizon_(horizon),
        ws_(ws),
        event_(ws.history.end()),
        observers_(observers...) {}

  /// Whether an event stopped it, and where.
  bool stopped() const { return stopped_; }
  const path_event<state>& event() const { return event_; }

  void operator()(std::int64_t n, const state& x) {
    std::apply([&](O&... observers) { show(n, x, observers...); }, observers_);
  }

 private:
  double time(std::int64_t n) const { return horizon_ * steps_.start(n); }

  void show(std::int64_t n, const state& x, O&... observers) {
    if (n == 0) {
      stopped_ = false;
      detail::begin(detail::step_real_t<state>(0), x, observers...);
    } else if (!stopped_) {
      stopped_ =
          detail::show_step<S>(time(n - 1), time(n), steps_.step_size(n - 1), ws_.history.x(n - 1),
                               x, ws_.temporaries.k, event_, observers...);
    }
  }

  detail::equal_steps steps_;
  double horizon_;
  const W& ws_;
  path_event<state> event_;
  std::tuple<O&...> observers_;
  bool stopped_ = false;
};

/// Shows the steps of f to observers of `integrate`, which it refers to, as to `ws`.
template <class R, class S, class B, class K, class... O>
path_observer<S, workspace<R, observed<S>, K>, O...> observe_path(
    const ode_block<R, observed<S>, B>& f, const workspace<R, observed<S>, K>& ws,
    O&... observers) {
  return {detail::steps_of(f), f.options().horizon, ws, observers...};
}

/// For `ode_block::backprop`: the gradients of a loss by x(t) at the times of `dpath`, which it
/// refers to.
/// @throws std::invalid_argument unless the times are in order in [0, T].
template <class R, has_dense_output S, class B, recording_policy K>
auto along_path(const ode_block<R, observed<S>, B>& f, workspace<R, observed<S>, K>& ws,
                const trajectory<typename R::state>& dpath) {
  using state = typename R::state;
  detail::path_adjoint<S, state, detail::equal_steps> path(dpath, f.options().horizon,
                                                           detail::steps_of(f), ws.last());
  return [path, &ws](std::int64_t n, state& g) mutable {
    if (n > 0)
      path.read(n - 1, g, ws.temporaries);
    else
      path.read_start(g);
  };
}

/// The observer of all states that makes `sums`, to which it refers, those of the steps of f.
template <class R, explicit_scheme S, class B, class K>
  requires detail::keeps_estimates_v<S>
auto observe_estimates(const ode_block<R, observed<S>, B>& f,
                       const workspace<R, observed<S>, K>& ws, step_estimates& sums) {
  return [steps = detail::steps_of(f), &ws, &sums](std::int64_t n, const typename R::state&) {
    if (n == 0)
      sums = {};
    else
      detail::add_estimates(steps.step_size(n - 1), ws.history.record(n - 1).points, sums);
  };
}

/// For `ode_block::backprop`: the gradient of a loss by those sums.
template <class R, explicit_scheme S, class B, recording_policy K>
  requires detail::keeps_estimates_v<S>
auto along_estimates(const ode_block<R, observed<S>, B>&, workspace<R, observed<S>, K>& ws,
                     const step_estimates& dsums) {
  return [&ws, dsums](std::int64_t n, const typename R::state&) {
    ws.temporaries.dsums = n > 0 ? dsums : step_estimates{};
  };
}

}  // namespace kutta
