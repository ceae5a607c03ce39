// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// A block whose steps are chosen by an estimate of their error, forward and in reverse.
///
///     const kutta::adaptive_block g(f, kutta::adaptive{.rtol = 1e-6, .max_steps = 500});
///     auto ws = g.make_workspace(theta, x0);
///     if (const auto end = g.forward(theta, x0, ws); !end) std::cerr << end.text() << '\n';
///     g.backprop(theta, dx, dtheta, ws);

#include <concepts>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <kutta/basis/evaluate.hpp>
#include <kutta/ode/accepted_grid.hpp>
#include <kutta/ode/adaptive_pass.hpp>
#include <kutta/ode/adaptive_workspace.hpp>
#include <kutta/ode/block_checks.hpp>
#include <kutta/ode/observers.hpp>
#include <kutta/ode/ode_block.hpp>
#include <kutta/ode/path_adjoint.hpp>
#include <kutta/ode/step_control.hpp>
#include <kutta/ode/step_search.hpp>
#include <kutta/tensor/shape.hpp>

namespace kutta {

/// A scheme that an adaptive block can step with.
template <class S>
concept embedded_scheme = explicit_scheme<S> && has_embedding(S::tableau);

/// dx/dt = rate R(theta(s), x), s = t/T in [0, 1], theta(s) = Σ_k φ_k(s) theta_k, by steps of S
/// that keep the error within a tolerance.
///
/// No step crosses a breakpoint of the family: the search for a step starts anew there, and every
/// stage sees the weights of its own side. `backprop` returns the gradient of the steps that were
/// taken, exactly; their lengths count as constants.
template <residual R, embedded_scheme S, weight_basis B>
class adaptive_block {
 public:
  using state = typename R::state;
  using params = typename R::params;
  using coefficients = coefficients_t<B, params>;
  using workspace_type = adaptive_workspace<R, S>;

  /// @throws std::invalid_argument for options that make no sense.
  adaptive_block(R r, B phi, const adaptive_options& options)
      : residual_(std::move(r)),
        basis_(std::move(phi)),
        options_(options),
        breakpoints_(detail::breakpoints_of(basis_)) {
    detail::require_valid(options.steps);
    if (options.steps.max_steps < 1)
      throw std::invalid_argument("adaptive_block: max_steps must be at least 1, got " +
                                  std::to_string(options.steps.max_steps));
    detail::require_finite("adaptive_block: horizon", options.horizon);
    detail::require_finite("adaptive_block: rate", options.rate);
  }

  /// The same model as `f`, by other steps.
  adaptive_block(const ode_block<R, S, B>& f, const adaptive& steps)
    requires std::copy_constructible<R>
      : adaptive_block(f.residual(), f.basis(), {steps, f.options().horizon, f.options().rate}) {}

  const R& residual() const { return residual_; }
  const B& basis() const { return basis_; }
  const adaptive_options& options() const { return options_; }

  /// Every temporary of a pass on states like `x`, and what `keep` keeps of up to `max_steps`
  /// steps. Nothing else allocates.
  template <open_ended_policy K = keep::everything>
  adaptive_workspace<R, S, K> make_workspace(const coefficients& theta, const state& x,
                                             const K& keep = {}) const {
    detail::require_coefficients_of_one_shape("make_workspace: theta", basis_, theta);
    const params& like = detail::value_like(basis_, theta);
    const std::int64_t capacity = options_.steps.max_steps;
    return {residual_, like, x, accepted_grid(breakpoints_, capacity), capacity, keep};
  }

  /// x(T), in `ws.last()` until the next pass, where the result says `success`; the state it came
  /// to otherwise.
  /// Records what `backprop` needs, unless it fails.
  ///
  /// Observers are those of `integrate`; times are those of the span [0, T], and the state between
  /// steps is the scheme's own dense output. An event that stops the pass does so behind a whole
  /// step; the event is `ws.event`.
  /// @throws std::invalid_argument if theta, x0 or ws do not belong to this block.
  template <class K, class... O>
  pass_end forward(const coefficients& theta, const state& x0, adaptive_workspace<R, S, K>& ws,
                   O&&... observers) const {
    require_fit(theta, x0, ws);
    return pass_on(ws).search(theta, x0, detail::does_nothing{}, observers...);
  }

  /// x(T) by the steps of the last pass, those of `ws.grid`: the map that `backprop` transposes.
  /// Records like `forward`.
  template <class K, class... O>
  const state& repeat(const coefficients& theta, const state& x0, adaptive_workspace<R, S, K>& ws,
                      O&&... observers) const {
    require_fit(theta, x0, ws);
    if (ws.grid.count() == 0)
      throw std::logic_error("repeat: the workspace holds no steps (call forward first)");
    pass_on(ws).repeat(theta, x0, observers...);
    return ws.last();
  }

  /// The derivative: vx, the tangent of x0, becomes that of x(T) along vtheta, the steps held
  /// fixed. Otherwise like `forward`.
  template <class K>
  pass_end jvp(const coefficients& theta, const state& x0, const coefficients& vtheta, state& vx,
               adaptive_workspace<R, S, K>& ws) const
    requires has_jvp<R>
  {
    require_fit(theta, x0, ws);
    detail::require_same_shape("vx", x0, vx);
    require_coefficients("vtheta", vtheta, ws);
    const auto pass = pass_on(ws);
    return pass.search(theta, x0, [&](std::int64_t n, const state& x, const auto& saved) {
      pass.step.derivative(theta, vtheta, n, x, saved, vx, ws.steps);
    });
  }

  /// The transpose of the recorded pass: dx = ∂L/∂x(T) becomes ∂L/∂x0; dtheta accumulates.
  /// Where S is a `keeping_errors`, `ws.derrors` is ∂L by `ws.errors`, and `ws.dstiffness` by
  /// `ws.stiffness` where it is a `keeping_stiffness`: regularisers.
  /// @throws std::logic_error if `ws` holds no record; std::invalid_argument as `forward`.
  template <recording_policy K>
  void backprop(const coefficients& theta, state& dx, coefficients& dtheta,
                adaptive_workspace<R, S, K>& ws) const {
    backprop(theta, dx, dtheta, ws, detail::does_nothing{});
  }

  /// The same for a loss of all states: `inject(n, g)` adds ∂L/∂x_n to g, for n = N, …, 0, N the
  /// number of steps that were taken. dx may begin as 0.
  template <recording_policy K, std::invocable<std::int64_t, state&> I>
  void backprop(const coefficients& theta, state& dx, coefficients& dtheta,
                adaptive_workspace<R, S, K>& ws, I&& inject) const {
    require_gradients(theta, dx, dtheta, ws);
    ws.steps.consume();
    pass_on(ws).transpose(theta, dx, dtheta, detail::does_nothing{}, inject);
  }

  /// The same where L reads x(t) at other times too, as `save_at` saved them: dpath.x are the
  /// ∂L/∂x(t). At a time inside a step the dense output is transposed.
  /// @throws std::invalid_argument unless the times are in order within the pass.
  template <recording_policy K>
  void backprop(const coefficients& theta, state& dx, coefficients& dtheta,
                adaptive_workspace<R, S, K>& ws, const trajectory<state>& dpath) const
    requires has_dense_output<S>
  {
    require_gradients(theta, dx, dtheta, ws);
    detail::path_adjoint<S, state, const accepted_grid&> path(dpath, options_.horizon, ws.grid, dx);
    ws.steps.consume();
    const auto read = [&](std::int64_t n, state& g) { path.read(n, g, ws.steps.temporaries); };
    detail::does_nothing inject;
    pass_on(ws).transpose(theta, dx, dtheta, read, inject);
    path.read_start(dx);
  }

 private:
  template <class K>
  detail::adaptive_pass<R, S, B, K> pass_on(adaptive_workspace<R, S, K>& ws) const {
    return {residual_, basis_, options_, ws};
  }

  template <class W>
  void require_coefficients(const char* what, const coefficients& theta, const W& ws) const {
    detail::require_coefficients_like(what, basis_, theta, ws.steps.theta_at);
  }

  template <class W>
  void require_fit(const coefficients& theta, const state& x, W& ws) const {
    detail::require_steps("adaptive_block: the block takes up to", options_.steps.max_steps,
                          ws.steps.steps());
    if (ws.grid.breakpoints() != breakpoints_)
      throw std::invalid_argument(
          "adaptive_block: the workspace was made for a family with other breakpoints");
    require_coefficients("theta", theta, ws);
    detail::require_same_shape("state", ws.steps.first(), x);
  }

  template <class W>
  void require_gradients(const coefficients& theta, const state& dx, const coefficients& dtheta,
                         W& ws) const {
    require_fit(theta, dx, ws);
    require_coefficients("dtheta", dtheta, ws);
  }

  [[no_unique_address]] R residual_;
  B basis_;
  adaptive_options options_;
  std::vector<rational> breakpoints_;
};

/// The model of f by steps that keep the error within a tolerance.
template <residual R, embedded_scheme S, weight_basis B>
adaptive_block<R, S, B> adapt(const ode_block<R, S, B>& f, const adaptive& steps) {
  return adaptive_block<R, S, B>(f, steps);
}

}  // namespace kutta
