// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The derivative of a vjp: what a Hessian, or the gradient of a norm of a Jacobian, is made of.
///
///     vjp_jvp   (theta, x, tape, dy, vx, vtheta, vdy, vdx, vdtheta)
///
/// With (dx, dtheta) = vjp(theta, x, dy), the tangents of dx and dtheta are added to vdx and
/// vdtheta as theta, x and dy move along vtheta, vx and vdy:
///
///     vdx     += Rₓᵀ vdy + ∂/∂x     ⟨dy, Rₓ vx + R_theta vtheta⟩
///     vdtheta += R_thetaᵀ vdy + ∂/∂theta ⟨dy, Rₓ vx + R_theta vtheta⟩.
///
/// A last argument `const context<L>&` may follow.

#include <kutta/layers/layer.hpp>

namespace kutta {

template <class L>
concept has_plain_vjp_jvp = requires(
    const L r, const typename L::params& theta, const input_t<L>& x, const typename L::tape& saved,
    const output_t<L>& dy, const input_t<L>& vx, const typename L::params& vtheta,
    const output_t<L>& vdy, input_t<L>& vdx,
    typename L::params& vdtheta) { r.vjp_jvp(theta, x, saved, dy, vx, vtheta, vdy, vdx, vdtheta); };

template <class L>
concept has_context_vjp_jvp = requires(
    const L r, const typename L::params& theta, const input_t<L>& x, const typename L::tape& saved,
    const output_t<L>& dy, const input_t<L>& vx, const typename L::params& vtheta,
    const output_t<L>& vdy, input_t<L>& vdx, typename L::params& vdtheta,
    const context<L>& at) { r.vjp_jvp(theta, x, saved, dy, vx, vtheta, vdy, vdx, vdtheta, at); };

/// L has the derivative of its vjp.
template <class L>
concept has_second_derivative =
    layer<L> && has_jvp<L> && (has_plain_vjp_jvp<L> || has_context_vjp_jvp<L>);

namespace detail {

template <has_second_derivative L>
void vjp_jvp(const L& r, const typename L::params& theta, const input_t<L>& x,
             const typename L::tape& saved, const output_t<L>& dy, const input_t<L>& vx,
             const typename L::params& vtheta, const output_t<L>& vdy, input_t<L>& vdx,
             typename L::params& vdtheta, const context<L>& at) {
  if constexpr (has_context_vjp_jvp<L>)
    r.vjp_jvp(theta, x, saved, dy, vx, vtheta, vdy, vdx, vdtheta, at);
  else
    r.vjp_jvp(theta, x, saved, dy, vx, vtheta, vdy, vdx, vdtheta);
}

}  // namespace detail

}  // namespace kutta
