// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// One step of a scheme of drifts and kicks, its inverse, its transpose and its derivative.
///
/// Each drift and each kick can be undone, so that nothing need be recorded: the transpose finds
/// its points on the way back.

#include <cstddef>

#include <kutta/ode/step.hpp>
#include <kutta/schemes/symplectic.hpp>
#include <kutta/tensor/host_device.hpp>
#include <kutta/tensor/index.hpp>
#include <kutta/tensor/tensor.hpp>

KUTTA_HD_BEGIN

namespace kutta {

namespace detail {

/// x ← x + w f_i(y): a drift or a kick.
template <class I, class X, class F>
KUTTA_HD constexpr void shear(const F& rate, I i, step_real_t<X> w, X& x, const X& y, X& k) {
  rate(i, y, k);
  kutta::add(x, x, scaled<X>{w, k});
}

/// gy ← gy + w (∂f_i/∂y)ᵀ gx, the transpose of x ← x + w f_i(y).
template <class I, class X, class F>
KUTTA_HD constexpr void shear_vjp(const F& rate_vjp, I i, step_real_t<X> w, const X& gx, const X& y,
                                  X& gy, X& dk) {
  kutta::combine(dk, scaled<X>{w, gx});
  rate_vjp(i, y, dk, gy);
}

}  // namespace detail

/// q ← q + c_i h v_i(p),   p ← p + d_i h a_i(q)        for i = 1..s.
///
/// `position_rate(i, p, k)` writes k = v_i(p), at `drift_time_v<S, i>` of the step, and
/// `momentum_rate(i, q, k)` writes k = a_i(q), at `kick_time_v<S, i>`; i is a constant as in
/// `step`. A zero c_i or d_i costs nothing. `k` is a temporary.
/// Source: Hairer, Lubich & Wanner, Geometric Numerical Integration (2nd ed., 2006), § II.5.
template <partitioned_scheme S, tensor X, class V, class A>
KUTTA_HD constexpr void partitioned_step(const V& position_rate, const A& momentum_rate,
                                         detail::step_real_t<X> h, X& q, X& p, X& k) {
  using real = detail::step_real_t<X>;
  detail::for_each_index<S::tableau.stages>([&](auto i) {
    constexpr std::size_t I = decltype(i)::value;
    if constexpr (drift_v<S, I> != 0)
      detail::shear(position_rate, i, h * drift_v<S, I, real>, q, p, k);
    if constexpr (kick_v<S, I> != 0)
      detail::shear(momentum_rate, i, h * kick_v<S, I, real>, p, q, k);
  });
}

/// The inverse of `partitioned_step`, to rounding: from its end to its start, with the same rates,
///
///     p ← p − d_i h a_i(q),   q ← q − c_i h v_i(p)        for i = s..1.
template <partitioned_scheme S, tensor X, class V, class A>
KUTTA_HD constexpr void partitioned_step_inverse(const V& position_rate, const A& momentum_rate,
                                                 detail::step_real_t<X> h, X& q, X& p, X& k) {
  using real = detail::step_real_t<X>;
  detail::for_each_index_reversed<S::tableau.stages>([&](auto i) {
    constexpr std::size_t I = decltype(i)::value;
    if constexpr (kick_v<S, I> != 0)
      detail::shear(momentum_rate, i, -h * kick_v<S, I, real>, p, q, k);
    if constexpr (drift_v<S, I> != 0)
      detail::shear(position_rate, i, -h * drift_v<S, I, real>, q, p, k);
  });
}

/// The transpose of `partitioned_step`, along its inverse:
///
///     gq ← gq + d_i h (∂a_i/∂q)ᵀ gp,   gp ← gp + c_i h (∂v_i/∂p)ᵀ gq        for i = s..1.
///
/// On entry q, p are the end of the step and gq, gp the gradient there, on exit both at its start.
/// `position_vjp(i, p, dk, gp)` adds (∂v_i/∂p)ᵀ dk to gp, `momentum_vjp(i, q, dk, gq)` adds
/// (∂a_i/∂q)ᵀ dk to gq, and both to any parameter gradient they know of. `k` is a temporary.
template <partitioned_scheme S, tensor X, class V, class A, class DV, class DA>
KUTTA_HD constexpr void partitioned_step_vjp(const V& position_rate, const A& momentum_rate,
                                             const DV& position_vjp, const DA& momentum_vjp,
                                             detail::step_real_t<X> h, X& q, X& p, X& gq, X& gp,
                                             X& k) {
  using real = detail::step_real_t<X>;
  detail::for_each_index_reversed<S::tableau.stages>([&](auto i) {
    constexpr std::size_t I = decltype(i)::value;
    if constexpr (kick_v<S, I> != 0) {
      constexpr real d = kick_v<S, I, real>;
      detail::shear(momentum_rate, i, -h * d, p, q, k);
      detail::shear_vjp(momentum_vjp, i, h * d, gp, q, gq, k);
    }
    if constexpr (drift_v<S, I> != 0) {
      constexpr real c = drift_v<S, I, real>;
      detail::shear(position_rate, i, -h * c, q, p, k);
      detail::shear_vjp(position_vjp, i, h * c, gq, p, gp, k);
    }
  });
}

/// The derivative of `partitioned_step`, along with it:
///
///     vq ← vq + c_i h v_i'(p) vp,   vp ← vp + d_i h a_i'(q) vq        for i = 1..s.
///
/// On entry q, p are the start of the step and vq, vp its tangent, on exit both at its end.
/// `position_jvp(i, p, vp, vk)` and `momentum_jvp(i, q, vq, vk)` write vk, the tangent of any
/// parameter included. `k` is a temporary.
template <partitioned_scheme S, tensor X, class V, class A, class DV, class DA>
KUTTA_HD constexpr void partitioned_step_jvp(const V& position_rate, const A& momentum_rate,
                                             const DV& position_jvp, const DA& momentum_jvp,
                                             detail::step_real_t<X> h, X& q, X& p, X& vq, X& vp,
                                             X& k) {
  using real = detail::step_real_t<X>;
  detail::for_each_index<S::tableau.stages>([&](auto i) {
    constexpr std::size_t I = decltype(i)::value;
    if constexpr (drift_v<S, I> != 0) {
      const real w = h * drift_v<S, I, real>;
      position_jvp(i, p, vp, k);
      kutta::add(vq, vq, scaled<X>{w, k});
      detail::shear(position_rate, i, w, q, p, k);
    }
    if constexpr (kick_v<S, I> != 0) {
      const real w = h * kick_v<S, I, real>;
      momentum_jvp(i, q, vq, k);
      kutta::add(vp, vp, scaled<X>{w, k});
      detail::shear(momentum_rate, i, w, p, q, k);
    }
  });
}

}  // namespace kutta

KUTTA_HD_END
