// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Every temporary of a block: made once, so that no pass allocates.

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <utility>
#include <vector>

#include <kutta/layers/call.hpp>
#include <kutta/layers/layer.hpp>
#include <kutta/ode/step.hpp>
#include <kutta/tensor/shape.hpp>
#include <kutta/tensor/vec.hpp>

namespace kutta {

namespace detail {

template <std::size_t N, class F>
auto repeat(F&& make) {
  return [&]<std::size_t... I>(std::index_sequence<I...>) {
    return vec<decltype(make()), N>{{(static_cast<void>(I), make())...}};
  }(std::make_index_sequence<N>{});
}

}  // namespace detail

/// What one pass over N steps computes into, and the record that backprop reads.
///
/// Life: empty → recorded by a forward pass → consumed by a reverse pass. Anything else is a
/// std::logic_error. One thread at a time.
template <residual R, explicit_scheme S>
class workspace {
 public:
  using state = typename R::state;
  using params = typename R::params;
  static constexpr std::size_t stages = S::tableau.stages;

  workspace(const R& r, const params& theta, const state& x, std::int64_t n)
      : k(detail::repeat<stages>([&] { return kutta::zeros_like(x); })),
        dk(kutta::zeros_like(x)),
        theta_at(kutta::zeros_like(theta)),
        dtheta_at(kutta::zeros_like(theta)),
        scratch(detail::make_scratch(r, theta, x)) {
    const auto steps = static_cast<std::size_t>(n);
    x_.reserve(steps + 1);
    points_.reserve(steps);
    tapes_.reserve(steps);
    for (std::size_t i = 0; i <= steps; ++i) x_.push_back(kutta::zeros_like(x));
    for (std::size_t i = 0; i < steps; ++i) {
      if constexpr (stages > 1)
        points_.push_back(detail::repeat<stages - 1>([&] { return kutta::zeros_like(x); }));
      else
        points_.push_back({});
      tapes_.push_back(detail::repeat<stages>([&] { return detail::make_tape(r, theta, x); }));
    }
  }

  std::int64_t steps() const { return static_cast<std::int64_t>(tapes_.size()); }

  /// The state after step n of the recorded pass.
  const state& x(std::int64_t n) const { return x_[static_cast<std::size_t>(n)]; }
  state& x(std::int64_t n) { return x_[static_cast<std::size_t>(n)]; }

  /// The stage points and tapes of step n.
  auto& points(std::int64_t n) { return points_[static_cast<std::size_t>(n)]; }
  auto& tapes(std::int64_t n) { return tapes_[static_cast<std::size_t>(n)]; }

  void begin_recording() {
    recorded_ = false;
    ++pass;
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

  stage_rates<S, state> k;     ///< forward: k_i; reverse: the adjoints of the X_i
  state dk;                    ///< reverse: the adjoint of the current k_i
  params theta_at, dtheta_at;  ///< theta at the current stage, and its adjoint
  scratch_t<R> scratch;
  std::uint64_t pass = 0;

 private:
  std::vector<state> x_;
  std::vector<stage_points<S, state>> points_;
  std::vector<vec<typename R::tape, stages>> tapes_;
  bool recorded_ = false;
};

}  // namespace kutta
