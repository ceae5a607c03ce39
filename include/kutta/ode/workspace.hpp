// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Every temporary of a block: made once, so that no pass allocates.

#include <concepts>
#include <cstdint>
#include <stdexcept>
#include <utility>

#include <kutta/layers/call.hpp>
#include <kutta/layers/layer.hpp>
#include <kutta/ode/block_step.hpp>
#include <kutta/ode/keep.hpp>
#include <kutta/ode/step_history.hpp>
#include <kutta/tensor/tensor.hpp>
#include <kutta/tensor/vec.hpp>

namespace kutta {

/// What the transpose of one step reads: where the residual was called, and its tapes.
template <residual R, block_scheme<typename R::state> S>
struct step_record {
  using stepping = block_step<S, typename R::state>;

  typename stepping::points points;
  vec<typename R::tape, stepping::evaluations> tapes;
};

/// What one pass over N steps computes into, and the history that backprop reads.
///
/// Life: empty → recorded by a forward pass → consumed by a reverse pass. Anything else is a
/// std::logic_error. One thread at a time.
template <residual R, block_scheme<typename R::state> S, memory_policy K = keep::everything>
class workspace {
 public:
  using state = typename R::state;
  using params = typename R::params;
  using stepping = block_step<S, state>;
  using record = step_record<R, S>;

  /// For N steps on states like x, with weights like theta at each depth.
  workspace(const R& r, const params& theta, const state& x, std::int64_t n, const K& keep = {})
      : history(
            keep, n, [&] { return stepping::make_carried(x); },
            [&] {
              return record{stepping::make_points(x), detail::repeat<stepping::evaluations>([&] {
                              return detail::make_tape(r, theta, x);
                            })};
            }),
        temporaries(detail::make_temporaries<stepping>(x, n)),
        theta_at(kutta::zeros_like(theta)),
        dtheta_at(kutta::zeros_like(theta)),
        statistics_at(detail::make_statistics_like(r, theta, x)),
        scratch(detail::make_scratch(r, theta, x)) {}

  std::int64_t steps() const { return history.steps(); }

  /// The state behind n steps of the last pass, 0 ≤ n ≤ N.
  const state& x(std::int64_t n) const
    requires std::same_as<K, keep::everything>
  {
    return stepping::end(history.x(n));
  }

  /// The initial state of a pass and, behind a pass, its result.
  state& first() { return stepping::end(history.start()); }
  state& last() { return stepping::end(history.end()); }

  void begin_recording() {
    recorded_ = false;
    ++pass;
    ++recordings;
  }
  void end_recording() { recorded_ = true; }

  /// @throws std::logic_error unless a forward pass has been recorded since the last reverse pass.
  void consume() {
    if (!recorded_)
      throw std::logic_error(
          "backprop: the workspace holds no recorded forward pass (call forward first; one "
          "backprop consumes it)");
    recorded_ = false;
  }

  step_history<typename stepping::carried, record, K> history;
  typename stepping::temporaries temporaries;
  params theta_at, dtheta_at;  ///< theta at the current stage, and its adjoint
  [[no_unique_address]] statistics_t<R> statistics_at;
  scratch_t<R> scratch;
  std::uint64_t pass = 0;          ///< may be set from outside: see context::pass
  std::uint64_t recordings = 0;    ///< forward passes so far
  worker_pool* workers = nullptr;  ///< see context::workers

 private:
  bool recorded_ = false;
};

}  // namespace kutta
