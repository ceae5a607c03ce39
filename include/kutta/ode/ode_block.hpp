// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// A stack of layers as one ODE: a residual, a scheme and a basis, forward and in reverse.

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>

#include <kutta/basis/evaluate.hpp>
#include <kutta/basis/mixed.hpp>
#include <kutta/layers/layer.hpp>
#include <kutta/ode/block_checks.hpp>
#include <kutta/ode/block_pass.hpp>
#include <kutta/ode/execution.hpp>
#include <kutta/ode/keep.hpp>
#include <kutta/ode/stateful_block.hpp>
#include <kutta/ode/workspace.hpp>
#include <kutta/tensor/shape.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta {

struct adaptive;

/// The graph of a block: N steps over [0, horizon], dx/dt = rate R(theta(t/horizon), x).
struct block_options {
  std::int64_t steps = 1;
  double horizon = 1;
  double rate = 1;
};

namespace detail {

/// `kutta::adjoint` of `ode/adjoint.hpp`, from where its name is that of a member.
template <class... A>
auto continuous_adjoint(A&&... arguments) {
  return adjoint(std::forward<A>(arguments)...);
}

}  // namespace detail

/// dx/dt = rate R(theta(s), x), s = t/T in [0, 1], theta(s) = Σ_k φ_k(s) theta_k, by N steps of S.
///
/// The step is h = rate T/N. `backprop` returns the gradient of this discrete map, exactly.
/// Source: Queiruga et al., Continuous-in-Depth Neural Networks (2020).
template <residual R, block_scheme<typename R::state> S, weight_basis B>
class ode_block : public stateful_block<ode_block<R, S, B>, R, S, B> {
 public:
  using state = typename R::state;
  using params = typename R::params;
  using coefficients = coefficients_t<B, params>;
  using workspace_type = workspace<R, S>;

  /// @throws std::invalid_argument if steps < 1, or horizon or rate is not finite.
  explicit ode_block(R r, B phi, block_options options)
      : residual_(std::move(r)), basis_(std::move(phi)), options_(options) {
    if (options.steps < 1)
      throw std::invalid_argument("ode_block: steps must be at least 1, got " +
                                  std::to_string(options.steps));
    detail::require_finite("ode_block: horizon", options.horizon);
    detail::require_finite("ode_block: rate", options.rate);
  }

  const R& residual() const { return residual_; }
  const B& basis() const { return basis_; }
  const block_options& options() const { return options_; }

  /// Every temporary of a pass on states like `x`, and what `how` keeps of it. Nothing else
  /// allocates.
  template <memory_policy K = keep::everything>
  workspace<R, S, K> make_workspace(const coefficients& theta, const state& x,
                                    const K& how = {}) const {
    detail::require_coefficients_of_one_shape("make_workspace: theta", basis_, theta);
    return workspace<R, S, K>(residual_, detail::value_like(basis_, theta), x, options_.steps, how);
  }

  /// The same for `gradient`, which takes a batch tile by tile on `how.threads` threads.
  template <recording_policy K = keep::everything>
  tiled_workspace<R, S, B, K> make_workspace(const coefficients& theta, const state& x,
                                             const execution& how, const K& keep = {}) const
    requires batch<state> && samples_independent<R>
  {
    detail::require_coefficients_of_one_shape("make_workspace: theta", basis_, theta);
    return tiled_workspace<R, S, B, K>(residual_, basis_, theta, x, options_.steps, how, keep);
  }
  /// The same where samples depend on each other: for all passes, which take the batch in one piece
  /// and share the samples of each call among `how.threads` threads. Stays where it was made.
  template <memory_policy K = keep::everything>
  threaded_workspace<R, S, K> make_workspace(const coefficients& theta, const state& x,
                                             const execution& how, const K& keep = {}) const
    requires(!samples_independent<R>)
  {
    detail::require_coefficients_of_one_shape("make_workspace: theta", basis_, theta);
    return threaded_workspace<R, S, K>(residual_, detail::value_like(basis_, theta), x,
                                       options_.steps, how.threads, keep);
  }

  /// x(T), which lies in `ws` until the next pass. Records what `backprop` needs.
  /// @throws std::invalid_argument if theta, x0 or ws do not belong to this block.
  template <class K>
  const state& forward(const coefficients& theta, const state& x0, workspace<R, S, K>& ws) const {
    require_fit(theta, x0, ws);
    return record(theta, x0, ws, 0);
  }

  /// The same; `observe(n, x_n)` sees the states x_0 … x_N on the way.
  template <class K, class F>
  const state& forward(const coefficients& theta, const state& x0, workspace<R, S, K>& ws,
                       F&& observe) const {
    require_fit(theta, x0, ws);
    const block_pass pass = pass_from(0);
    const auto take = [&](std::int64_t n, const auto& x, auto& x1, auto& saved) {
      if (n == 0) observe(n, stepping::end(x));
      pass.forward(theta, n, x, x1, saved, ws);
      observe(n + 1, stepping::end(std::as_const(x1)));
    };
    run(take, x0, ws);
    ws.end_recording();
    return ws.last();
  }

  /// x(T). Makes a workspace and drops it: for a single evaluation.
  state operator()(const coefficients& theta, const state& x0) const {
    auto ws = make_workspace(theta, x0, keep::nothing{});
    forward(theta, x0, ws);
    return std::move(ws.last());
  }

  /// The transpose of the recorded `forward`: dx = ∂L/∂x(T) becomes ∂L/∂x0; dtheta accumulates.
  /// @throws std::logic_error if `ws` holds no record; std::invalid_argument as `forward`.
  template <recording_policy K>
  void backprop(const coefficients& theta, state& dx, coefficients& dtheta,
                workspace<R, S, K>& ws) const {
    backprop(theta, dx, dtheta, ws, [](std::int64_t, const state&) {});
  }

  /// The same for a loss of all states: `inject(n, g)` adds ∂L/∂x_n to g, for n = N, …, 0. dx may
  /// begin as 0.
  template <recording_policy K, class F>
  void backprop(const coefficients& theta, state& dx, coefficients& dtheta, workspace<R, S, K>& ws,
                F&& inject) const {
    require_fit(theta, dx, ws);
    require_coefficients("dtheta", dtheta, ws.theta_at);
    ws.consume();
    transpose(theta, dx, dtheta, ws, 0, inject);
  }

  /// The gradient by the continuous adjoint: see `kutta::adjoint` in `ode/adjoint.hpp`, which is to
  /// be included for it.
  template <class... A>
  auto adjoint(A&&... arguments) const {
    return detail::continuous_adjoint(*this, std::forward<A>(arguments)...);
  }

  /// The derivative: returns x(T), and vx, the tangent of x0, becomes that of x(T) along vtheta.
  /// Records like `forward`.
  template <class K>
  const state& jvp(const coefficients& theta, const state& x0, const coefficients& vtheta,
                   state& vx, workspace<R, S, K>& ws) const
    requires has_jvp<R>
  {
    require_fit(theta, x0, ws);
    detail::require_same_shape("vx", x0, vx);
    require_coefficients("vtheta", vtheta, ws.theta_at);
    const block_pass pass = pass_from(0);
    stepping::derivative_ends(vx, ws.temporaries, [&](auto& v) {
      const auto take = [&](std::int64_t n, const auto& x, auto& x1, auto& saved) {
        pass.forward(theta, n, x, x1, saved, ws);
        pass.derivative(theta, vtheta, n, x, saved, v, ws);
      };
      run(take, x0, ws);
    });
    ws.end_recording();
    return ws.last();
  }

  /// Forward, loss and backprop in one call; returns the loss. dx ← ∂L/∂x0; dtheta accumulates.
  ///
  /// `loss(x1, first, dx1)` returns the loss of samples first, first + 1, … and adds its gradient
  /// to dx1. With a plain workspace the batch is one piece; with a tiled one the record of a tile
  /// never leaves the cache, and `loss` is called from several threads.
  template <class L, recording_policy K>
  double gradient(const coefficients& theta, const state& x0, L&& loss, state& dx,
                  coefficients& dtheta, workspace<R, S, K>& ws) const {
    require_fit(theta, x0, ws);
    detail::require_same_shape("dx", x0, dx);
    require_coefficients("dtheta", dtheta, ws.theta_at);
    return gradient_of(theta, x0, loss, dx, dtheta, ws, 0);
  }

  template <class L, recording_policy K>
  double gradient(const coefficients& theta, const state& x0, L&& loss, state& dx,
                  coefficients& dtheta, tiled_workspace<R, S, B, K>& ws) const {
    require_steps(ws.steps());
    detail::require_batch(x0, ws);
    detail::require_same_shape("dx", x0, dx);
    const params& like = ws.at(0, 0).pass.theta_at;
    require_coefficients("theta", theta, like);
    require_coefficients("dtheta", dtheta, like);

    return ws.sum(x0, dx, dtheta, [&](auto& pass, state& dx_tile, coefficients& sum, auto first) {
      return gradient_of(theta, pass.first(), loss, dx_tile, sum, pass, first);
    });
  }

  /// The same model by other means: what changes is the graph, not the weights.
  ode_block with_steps(std::int64_t steps) const
    requires std::copy_constructible<R>
  {
    return ode_block(residual_, basis_, {steps, options_.horizon, options_.rate});
  }
  /// With steps to a tolerance: see `adaptive_block` in `ode/adaptive_block.hpp`, which is to be
  /// included for it.
  template <std::same_as<adaptive> A>
  auto with_steps(const A& how) const
    requires std::copy_constructible<R>
  {
    return adapt(*this, how);
  }
  template <block_scheme<state> S2>
  ode_block<R, S2, B> with_scheme() const
    requires std::copy_constructible<R>
  {
    return ode_block<R, S2, B>(residual_, basis_, options_);
  }
  template <weight_basis B2>
  ode_block<R, S, B2> with_basis(B2 phi) const
    requires std::copy_constructible<R>
  {
    return ode_block<R, S, B2>(residual_, std::move(phi), options_);
  }

 private:
  friend class stateful_block<ode_block, R, S, B>;

  using stepping = block_step<S, state>;
  using block_pass = detail::block_pass<R, S, B, detail::uniform_grid>;

  /// The steps, on a batch or a tile of it that starts at `first_sample`.
  block_pass pass_from(std::size_t first_sample) const {
    const double h = options_.rate * options_.horizon / static_cast<double>(options_.steps);
    return {residual_, basis_, {options_.steps, h}, options_.horizon, first_sample};
  }

  template <class W>
  auto taking(const coefficients& theta, const block_pass& pass, W& ws) const {
    return detail::pass_steps<block_pass, W>{pass, theta, ws};
  }

  template <class Take, class K>
  void run(Take&& take, const state& x0, workspace<R, S, K>& ws) const {
    ws.begin_recording();
    stepping::begin(x0, ws.history.start());
    ws.history.forward(take);
  }

  template <class K>
  const state& record(const coefficients& theta, const state& x0, workspace<R, S, K>& ws,
                      std::size_t first_sample) const {
    const block_pass pass = pass_from(first_sample);
    run(taking(theta, pass, ws), x0, ws);
    ws.end_recording();
    return ws.last();
  }

  /// The steps of `record` transposed, last first.
  template <class K, class F>
  void transpose(const coefficients& theta, state& dx, coefficients& dtheta, workspace<R, S, K>& ws,
                 std::size_t first_sample, F&& inject) const {
    const block_pass pass = pass_from(first_sample);
    stepping::transpose_ends(dx, ws.temporaries, [&](auto& g) {
      inject(options_.steps, stepping::end(g));
      ws.history.reverse(taking(theta, pass, ws),
                         [&](std::int64_t n, const auto& x, const auto& saved) {
                           pass.transpose(theta, n, x, saved, g, dtheta, ws);
                           inject(n, stepping::end(g));
                         });
    });
  }

  template <class L, class K>
  double gradient_of(const coefficients& theta, const state& x0, L& loss, state& dx,
                     coefficients& dtheta, workspace<R, S, K>& ws, std::size_t first_sample) const {
    const state& x1 = record(theta, x0, ws, first_sample);
    kutta::set_zero(dx);
    const double value = loss(x1, first_sample, dx);
    ws.consume();
    transpose(theta, dx, dtheta, ws, first_sample, [](std::int64_t, const state&) {});
    return value;
  }

  /// One coefficient for each φ_k, every one with the shape of `like`.
  void require_coefficients(const char* what, const coefficients& theta, const params& like) const {
    detail::require_coefficients_like(what, basis_, theta, like);
  }
  void require_steps(std::int64_t steps) const {
    detail::require_steps("ode_block: the block takes", options_.steps, steps);
  }

  template <class K>
  void require_fit(const coefficients& theta, const state& x, workspace<R, S, K>& ws) const {
    require_steps(ws.steps());
    require_coefficients("theta", theta, ws.theta_at);
    detail::require_same_shape("state", ws.first(), x);
  }

  [[no_unique_address]] R residual_;
  B basis_;
  block_options options_;
};

}  // namespace kutta
