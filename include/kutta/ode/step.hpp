// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// One explicit Runge–Kutta step, its transpose and its derivative.
///
/// A step knows a table and a vector space, nothing else: the rate f_i is whatever the caller
/// evaluates at stage i, be it f(t + c_i h, x) or R(theta(t + c_i h), x). Zeros of A and b cost
/// nothing, and each stage sum is one pass over memory.

#include <cstddef>
#include <type_traits>
#include <utility>

#include <kutta/schemes/coefficients.hpp>
#include <kutta/schemes/scheme.hpp>
#include <kutta/tensor/host_device.hpp>
#include <kutta/tensor/index.hpp>
#include <kutta/tensor/tensor.hpp>
#include <kutta/tensor/vec.hpp>

KUTTA_HD_BEGIN

namespace kutta {

/// The points X_2 … X_s where a step evaluated its rate (X_1 is the step's start): what the
/// transpose needs.
template <explicit_scheme S, class X>
using stage_points = vec<X, S::tableau.stages - 1>;

/// One X for each stage: the rates k_i forward, the adjoints of the X_i in reverse.
template <explicit_scheme S, class X>
using stage_rates = vec<X, S::tableau.stages>;

namespace detail {

/// The real type in which h a_ij is formed.
template <class X>
using step_real_t = accumulator_t<scalar_t<X>>;

template <class S, std::size_t I, class X, std::size_t... J>
KUTTA_HD constexpr void stage_point(std::index_sequence<J...>, step_real_t<X> h, const X& x,
                                    X& point, const X* k) {
  kutta::add(point, x, scaled<X>{h * a_v<S, I, J, step_real_t<X>>, k[J]}...);
}

template <class S, class X, std::size_t... I>
KUTTA_HD constexpr void step_end(std::index_sequence<I...>, step_real_t<X> h, const X& x0, X& x1,
                                 const X* k) {
  kutta::add(x1, x0, scaled<X>{h * b_v<S, I, step_real_t<X>>, k[I]}...);
}

/// k_i = f_i(X_i), X_i = x + h Σ_j a_ij k_j. Leaves X_2 … X_s in `points`.
template <explicit_scheme S, class X, class F>
KUTTA_HD constexpr void stages(const F& rate, step_real_t<X> h, const X& x,
                               stage_points<S, X>& points, stage_rates<S, X>& k) {
  for_each_index<S::tableau.stages>([&](auto i) {
    constexpr std::size_t I = decltype(i)::value;
    if constexpr (I == 0) {
      rate(i, x, k[0]);
    } else {
      stage_point<S, I>(row_t<S, I>{}, h, x, points[I - 1], k.data());
      rate(i, points[I - 1], k[I]);
    }
  });
}

/// dk_i = w b_i g + h Σ_j a_ji v_j; false where stage i feeds nothing, so that dk_i = 0.
template <class S, std::size_t I, class X, std::size_t... J>
KUTTA_HD constexpr bool rate_adjoint(std::index_sequence<J...>, step_real_t<X> w, step_real_t<X> h,
                                     const X& g, X& dk, const X* v) {
  using real = step_real_t<X>;
  if constexpr (b_v<S, I> != 0)
    kutta::combine(dk, scaled<X>{w * b_v<S, I, real>, g},
                   scaled<X>{h * a_v<S, J, I, real>, v[J]}...);
  else if constexpr (sizeof...(J) > 0)
    kutta::combine(dk, scaled<X>{h * a_v<S, J, I, real>, v[J]}...);
  return b_v<S, I> != 0 || sizeof...(J) > 0;
}

/// v_i = (∂f_i/∂x)ᵀ dk_i: Σ_i v_i is the transpose of x ↦ w Σ_i b_i k_i on g.
template <explicit_scheme S, class X, class F>
KUTTA_HD constexpr void stages_vjp(const F& rate_vjp, step_real_t<X> w, step_real_t<X> h,
                                   const X& x, const stage_points<S, X>& points, const X& g,
                                   stage_rates<S, X>& v, X& dk) {
  for_each_index_reversed<S::tableau.stages>([&](auto i) {
    constexpr std::size_t I = decltype(i)::value;
    kutta::set_zero(v[I]);
    if (rate_adjoint<S, I>(column_t<S, I>{}, w, h, g, dk, v.data())) {
      if constexpr (I == 0)
        rate_vjp(i, x, dk, v[0]);
      else
        rate_vjp(i, points[I - 1], dk, v[I]);
    }
  });
}

/// vk_i = f_i'(X_i) (vx + h Σ_j a_ij vk_j).
template <explicit_scheme S, class X, class F>
KUTTA_HD constexpr void stages_jvp(const F& rate_jvp, step_real_t<X> h, const X& x,
                                   const stage_points<S, X>& points, const X& vx,
                                   stage_rates<S, X>& vk, X& point) {
  for_each_index<S::tableau.stages>([&](auto i) {
    constexpr std::size_t I = decltype(i)::value;
    if constexpr (I == 0) {
      rate_jvp(i, x, vx, vk[0]);
    } else {
      stage_point<S, I>(row_t<S, I>{}, h, vx, point, vk.data());
      rate_jvp(i, points[I - 1], point, vk[I]);
    }
  });
}

}  // namespace detail

/// x1 ← x0 + h Σ_i b_i k_i,   k_i = f_i(X_i),   X_i = x0 + h Σ_j a_ij k_j.
///
/// `rate(i, X_i, k_i)` writes k_i; i is a constant, `decltype(i)::value`. Leaves X_2 … X_s in
/// `points` for `step_vjp` and `step_jvp`. `x1` may be `x0`.
/// Source: Hairer, Nørsett & Wanner, Solving ODEs I (1993), § II.1.
template <explicit_scheme S, tensor X, class F>
KUTTA_HD constexpr void step(const F& rate, detail::step_real_t<X> h, const X& x0, X& x1,
                             stage_points<S, X>& points, stage_rates<S, X>& k) {
  detail::stages<S>(rate, h, x0, points, k);
  detail::step_end<S>(weights_t<S>{}, h, x0, x1, k.data());
}

/// The transpose of `step`, stage by stage in reverse:
///
///     dk_i = h (b_i g + Σ_j a_ji v_j),   v_i = (∂f_i/∂x)ᵀ dk_i,   g ← g + Σ_i v_i.
///
/// On entry g = ∂L/∂x1, on exit ∂L/∂x0: the exact gradient of the discrete step, and no division
/// by b_i. `rate_vjp(i, X_i, dk_i, v_i)` adds to v_i, and to any parameter gradient it knows of.
/// `v` and `dk` are temporaries.
template <explicit_scheme S, tensor X, class F>
KUTTA_HD constexpr void step_vjp(const F& rate_vjp, detail::step_real_t<X> h, const X& x0,
                                 const stage_points<S, X>& points, X& g, stage_rates<S, X>& v,
                                 X& dk) {
  detail::stages_vjp<S>(rate_vjp, h, h, x0, points, g, v, dk);
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    kutta::add(g, g, scaled<X>{1, v[I]}...);
  }(std::make_index_sequence<S::tableau.stages>{});
}

/// The derivative of `step`:   vX_i = vx + h Σ_j a_ij vk_j,   vk_i = f_i'(X_i) vX_i,
/// vx ← vx + h Σ_i b_i vk_i.
///
/// On entry vx is the tangent of x0, on exit that of x1. `rate_jvp(i, X_i, vX_i, vk_i)` writes
/// vk_i, the tangent of any parameter included. `vk` and `point` are temporaries.
template <explicit_scheme S, tensor X, class F>
KUTTA_HD constexpr void step_jvp(const F& rate_jvp, detail::step_real_t<X> h, const X& x0,
                                 const stage_points<S, X>& points, X& vx, stage_rates<S, X>& vk,
                                 X& point) {
  detail::stages_jvp<S>(rate_jvp, h, x0, points, vx, vk, point);
  detail::step_end<S>(weights_t<S>{}, h, vx, vx, vk.data());
}

}  // namespace kutta

KUTTA_HD_END
