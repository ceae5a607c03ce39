// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// One step of a small system, and its transpose, with everything in plain values: what a SIMD lane
/// does, or a thread of a device.

#include <cstddef>
#include <cstdint>

#include <kutta/basis/depth.hpp>
#include <kutta/layers/call.hpp>
#include <kutta/layers/layer.hpp>
#include <kutta/ode/ode_block.hpp>
#include <kutta/ode/step.hpp>
#include <kutta/schemes/scheme.hpp>
#include <kutta/tensor/host_device.hpp>
#include <kutta/tensor/vec.hpp>

KUTTA_HD_BEGIN

namespace kutta::detail {

/// The steps of S through dx/dt = rate R(theta, x), R being a residual without members whose state,
/// tape and scratch are plain values.
template <residual R, explicit_scheme S>
class small_step {
 public:
  using state = typename R::state;
  using params = typename R::params;

  explicit small_step(const block_options& graph)
      : steps_(graph.steps),
        horizon_(graph.horizon),
        h_(graph.rate * graph.horizon / static_cast<double>(graph.steps)) {}

  KUTTA_HD std::int64_t steps() const { return steps_; }

  /// x1 ← step n from x0. x1 may be x0.
  KUTTA_HD void forward(std::int64_t n, std::size_t sample, const params& theta, const state& x0,
                        state& x1) const {
    stage_points<S, state> points;
    stage_rates<S, state> k;
    scratch_t<R> scratch{};
    const auto rate = [&](auto i, const state& x, state& y) {
      typename R::tape saved;
      detail::forward(R{}, theta, x, y, saved, at<decltype(i)::value>(n, sample, scratch));
    };
    step<S>(rate, h_, x0, x1, points, k);
  }

  /// Its transpose: dx = ∂L/∂x1 becomes ∂L/∂x0, dtheta accumulates. Computes the stages once more.
  KUTTA_HD void vjp(std::int64_t n, std::size_t sample, const params& theta, const state& x0,
                    state& dx, params& dtheta) const {
    state x1, dk;
    stage_points<S, state> points;
    stage_rates<S, state> k;
    vec<typename R::tape, S::tableau.stages> tapes;
    scratch_t<R> scratch{};
    const auto rate = [&](auto i, const state& x, state& y) {
      constexpr std::size_t I = decltype(i)::value;
      detail::forward(R{}, theta, x, y, tapes[I], at<I>(n, sample, scratch));
    };
    const auto rate_vjp = [&](auto i, const state& x, const state& dy, state& v) {
      constexpr std::size_t I = decltype(i)::value;
      detail::vjp(R{}, theta, x, tapes[I], dy, v, dtheta, at<I>(n, sample, scratch));
    };
    step<S>(rate, h_, x0, x1, points, k);
    step_vjp<S>(rate_vjp, h_, x0, points, dx, k, dk);
  }

 private:
  /// The context of stage I of step n.
  template <std::size_t I>
  KUTTA_HD context<R> at(std::int64_t n, std::size_t sample, scratch_t<R>& scratch) const {
    constexpr auto c = S::tableau.c[I];
    context<R> stage{.scratch = scratch};
    stage.t = horizon_ * stage_depth(n, steps_, c).value();
    stage.first_sample = sample;
    return stage;
  }

  std::int64_t steps_;
  double horizon_, h_;
};

}  // namespace kutta::detail

KUTTA_HD_END
