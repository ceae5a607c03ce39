// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Every temporary of an adaptive block, and the steps of its last pass.

#include <concepts>
#include <cstdint>
#include <utility>

#include <kutta/layers/call.hpp>
#include <kutta/layers/layer.hpp>
#include <kutta/ode/accepted_grid.hpp>
#include <kutta/ode/keep.hpp>
#include <kutta/ode/observed_step.hpp>
#include <kutta/ode/path_event.hpp>
#include <kutta/ode/workspace.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta {

/// A policy that can be followed without knowing the number of steps beforehand.
/// `keep::binomial` cannot: it places its snapshots by that number.
template <class K>
concept open_ended_policy = memory_policy<K> && !std::same_as<K, keep::binomial>;

/// What an adaptive pass computes into, and the history that backprop reads.
template <residual R, explicit_scheme S, open_ended_policy K = keep::everything>
class adaptive_workspace {
 public:
  using state = typename R::state;
  using params = typename R::params;
  using steps_type = workspace<R, observed<S>, K>;

  /// For at most `capacity` steps on states like x, with weights like theta at each depth.
  adaptive_workspace(const R& r, const params& theta, const state& x, accepted_grid empty,
                     std::int64_t capacity, const K& keep)
      : grid(std::move(empty)),
        steps(r, theta, x, capacity, keep),
        event(x),
        tape(detail::make_tape(r, theta, x)) {}

  /// The result of the last pass: the state behind its last accepted step.
  const state& last() { return steps.last(); }

  /// The state behind n steps of the last pass, 0 ≤ n ≤ grid.count().
  const state& x(std::int64_t n) const
    requires std::same_as<K, keep::everything>
  {
    return steps.x(n);
  }

  accepted_grid grid;  ///< the steps of the last pass
  steps_type steps;
  path_event<state> event;  ///< where an observer ended the last pass
  /// Σ_n |h_n| ‖e_n‖ of the last pass, e_n the estimate of a step's error, if S is a
  /// `keeping_errors`; and, before `backprop`, ∂L by it.
  double errors = 0, derrors = 0;
  /// Σ_n of the stiffness that a step estimates, if S is a `keeping_stiffness`; and ∂L by it.
  double stiffness = 0, dstiffness = 0;
  typename R::tape tape;  ///< of evaluations that belong to no step
};

}  // namespace kutta
