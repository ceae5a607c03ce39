// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Gradients by the adjoint equation: approximate, with memory that does not grow with depth.
///
///     auto ws = make_adjoint_workspace<schemes::rk4_classic>(f, theta, x0, fixed{.steps = 40});
///     if (!adjoint(f, theta, x1, dx, dtheta, ws)) …

#include <stdexcept>
#include <string>

#include <kutta/basis/evaluate.hpp>
#include <kutta/layers/call.hpp>
#include <kutta/ode/accepted_grid.hpp>
#include <kutta/ode/adjoint_pass.hpp>
#include <kutta/ode/adjoint_workspace.hpp>
#include <kutta/ode/keep.hpp>
#include <kutta/ode/ode_block.hpp>
#include <kutta/ode/step_control.hpp>
#include <kutta/ode/workspace.hpp>
#include <kutta/tensor/shape.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta {

/// What `adjoint` needs for f, on states like x: a scheme S of its own, which need not be that of
/// f, and steps of its own: `fixed`, so many over the horizon and at least one between breakpoints;
/// or `adaptive`, for a scheme with an embedded pair.
/// @throws std::invalid_argument if theta does not belong to f, or `how` makes no sense.
template <explicit_scheme S, residual R, class Any, weight_basis B, steps_of<S> How>
auto make_adjoint_workspace(const ode_block<R, Any, B>& f,
                            const coefficients_t<B, typename R::params>& theta,
                            const typename R::state& x, const How& how,
                            adjoint_norm norm = adjoint_norm::all) {
  detail::require_coefficients_of_one_shape("make_adjoint_workspace: theta", f.basis(), theta);
  const auto& like = detail::value_like(f.basis(), theta);
  return adjoint_workspace<R, S, How>(f.residual(), like, element_count(theta), x,
                                      detail::breakpoints_of(f.basis()), how, norm);
}

namespace detail {

/// @throws std::invalid_argument unless all of it is shaped like what `ws` was made for.
template <residual R, class Any, weight_basis B, class W>
void require_adjoint_fit(const ode_block<R, Any, B>& f,
                         const coefficients_t<B, typename R::params>& theta,
                         const typename R::state& x, const typename R::state& dx,
                         const coefficients_t<B, typename R::params>& dtheta, const W& ws) {
  require_coefficients_like("adjoint: theta", f.basis(), theta, ws.theta_at);
  require_coefficients_like("adjoint: dtheta", f.basis(), dtheta, ws.theta_at);
  if (element_count(theta) != ws.weights)
    throw std::invalid_argument("adjoint: the workspace was made for coefficients of " +
                                std::to_string(ws.weights) + " numbers, got " +
                                std::to_string(element_count(theta)));
  require_same_shape("adjoint: state", ws.x, x);
  require_same_shape("adjoint: dx", ws.x, dx);
}

}  // namespace detail

/// The gradient by the continuous adjoint a(t) = ∂L/∂x(t), integrated from t = T back to 0 with x:
///
///     dx/dt = ε R(θ, x),   da/dt = −ε (∂R/∂x)ᵀ a,   dtheta_k += ε ∫ φ_k (∂R/∂θ)ᵀ a dt.
///
/// On entry dx = ∂L/∂x(T), x1 = x(T); on exit dx ≈ ∂L/∂x0; dtheta accumulates. It is the gradient
/// of the equation, not of f's steps, and differs from `backprop` by the errors of both: O(h^p). No
/// step crosses a breakpoint of the basis. Where the flow contracts, x grows apart from the forward
/// pass on the way back: `ws.reconstruction_error(x0)` tells. For O(1) memory and an exact gradient
/// see `reversible.hpp`.
///
/// Unless it ends with success, dx is as it was and dtheta is not to be used.
/// Cost: each stage one `forward` and one `vjp`. Memory: none that grows with steps or K.
/// @throws std::invalid_argument if the arguments do not fit together.
/// Source: Chen, Rubanova, Bettencourt & Duvenaud, Neural ordinary differential equations (2018),
/// eq. (4)–(5); Kidger, Chen & Lyons, "Hey, that's not an ODE" (2021), for `adjoint_norm::states`.
template <residual R, class Any, weight_basis B, explicit_scheme S, steps_of<S> How>
pass_end adjoint(const ode_block<R, Any, B>& f, const coefficients_t<B, typename R::params>& theta,
                 const typename R::state& x1, typename R::state& dx,
                 coefficients_t<B, typename R::params>& dtheta, adjoint_workspace<R, S, How>& ws) {
  detail::require_adjoint_fit(f, theta, x1, dx, dtheta, ws);
  using workspace = adjoint_workspace<R, S, How>;
  kutta::assign(ws.x, x1);
  kutta::assign(ws.a, dx);
  detail::adjoint_pass<R, Any, B, workspace, detail::integrated_path> pass(f, theta, dtheta, ws,
                                                                           {});
  const pass_end end = pass.run(ws.how);
  if (end) kutta::assign(dx, ws.a);
  return end;
}

/// The same along the x(t) of a recorded pass, read from its states by cubics: x does not grow
/// apart, and memory is that of the record, which `backprop` may still use.
///
/// The cubics are O(H^4) for steps H of the record, less where a breakpoint lies inside a step.
/// @throws std::logic_error if `recorded` holds no record.
template <residual R, class Any, weight_basis B, explicit_scheme S, steps_of<S> How>
pass_end adjoint(const ode_block<R, Any, B>& f, const coefficients_t<B, typename R::params>& theta,
                 typename R::state& dx, coefficients_t<B, typename R::params>& dtheta,
                 adjoint_workspace<R, S, How>& ws, workspace<R, Any, keep::everything>& recorded) {
  detail::require_adjoint_fit(f, theta, recorded.x(0), dx, dtheta, ws);
  const auto& options = f.options();
  if (recorded.steps() != options.steps)
    throw std::invalid_argument("adjoint: the block takes " + std::to_string(options.steps) +
                                " steps, the record has " + std::to_string(recorded.steps()));
  recorded.consume();
  recorded.end_recording();  // it is read, not used up
  ws.pass = recorded.pass;
  kutta::assign(ws.x, recorded.last());
  kutta::assign(ws.a, dx);
  using path = detail::recorded_path<kutta::workspace<R, Any, keep::everything>>;
  const double h = options.rate * options.horizon / static_cast<double>(options.steps);
  detail::adjoint_pass<R, Any, B, adjoint_workspace<R, S, How>, path> pass(
      f, theta, dtheta, ws, {recorded, h, ws.f0, ws.f1});
  const pass_end end = pass.run(ws.how);
  if (end) kutta::assign(dx, ws.a);
  return end;
}

}  // namespace kutta
