// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// One step of a scheme in 2N storage, its transpose and its derivative.
///
/// Beside the state there is one vector, whatever the number of stages. The transpose has the same
/// form, from the last stage to the first, and needs no more.

#include <concepts>
#include <cstddef>

#include <kutta/ode/step.hpp>
#include <kutta/schemes/rational.hpp>
#include <kutta/schemes/scheme.hpp>
#include <kutta/tensor/host_device.hpp>
#include <kutta/tensor/index.hpp>
#include <kutta/tensor/tensor.hpp>

KUTTA_HD_BEGIN

namespace kutta {

namespace detail {

/// A_i and B_i, in host and in device code.
template <low_storage_scheme S, std::size_t I, std::floating_point T>
inline constexpr T low_storage_a_v = to_real<T>(S::low_storage.a[I]);
template <low_storage_scheme S, std::size_t I, std::floating_point T>
inline constexpr T low_storage_b_v = to_real<T>(S::low_storage.b[I]);

/// d ← A_i d + f_i(x); d is not read in the first stage.
template <class S, class I, class X, class F>
KUTTA_HD constexpr void accumulate_rate(const F& rate, I i, const X& x, X& d, X& k) {
  if constexpr (I::value == 0) {
    rate(i, x, d);
  } else {
    rate(i, x, k);
    kutta::add(d, k, scaled<X>{low_storage_a_v<S, I::value, step_real_t<X>>, d});
  }
}

}  // namespace detail

/// d ← A_i d + f_i(x),   x ← x + h B_i d        for i = 1..s.
///
/// `rate(i, x, k)` writes k = f_i(x), i a constant as in `step`; stage i lies at c_i of the
/// Butcher form. `d` and `k` are temporaries.
/// Cost: 8s − 3 states read or written, the rate's one and one included.
/// Source: Williamson, Low-storage Runge–Kutta schemes, J. Comput. Phys. 35 (1980).
template <low_storage_scheme S, tensor X, class F>
KUTTA_HD constexpr void low_storage_step(const F& rate, detail::step_real_t<X> h, X& x, X& d,
                                         X& k) {
  detail::for_each_index<stages_v<S>>([&](auto i) {
    constexpr std::size_t I = decltype(i)::value;
    detail::accumulate_rate<S>(rate, i, x, d, k);
    kutta::add(x, x, scaled<X>{h * detail::low_storage_b_v<S, I, detail::step_real_t<X>>, d});
  });
}

/// The same where the rate is added in place, so that `x` and `d` are all there is:
/// `rate(i, x, a, d)` makes d ← a d + f_i(x).
///
/// Cost: 6s + 1 states read or written; one of them clears d, which may hold anything.
template <low_storage_scheme S, tensor X, class F>
KUTTA_HD constexpr void low_storage_step(const F& rate, detail::step_real_t<X> h, X& x, X& d) {
  kutta::set_zero(d);
  detail::for_each_index<stages_v<S>>([&](auto i) {
    constexpr std::size_t I = decltype(i)::value;
    rate(i, x, detail::low_storage_a_v<S, I, scalar_t<X>>, d);
    kutta::add(x, x, scaled<X>{h * detail::low_storage_b_v<S, I, detail::step_real_t<X>>, d});
  });
}

/// The same from x0 to x1, leaving X_2 … X_s in `points` for the transpose and the
/// derivative. `x1` may be `x0`.
template <low_storage_scheme S, tensor X, class F>
KUTTA_HD constexpr void low_storage_step(const F& rate, detail::step_real_t<X> h, const X& x0,
                                         X& x1, stage_points<S, X>& points, X& d, X& k) {
  detail::for_each_index<stages_v<S>>([&](auto i) {
    constexpr std::size_t I = decltype(i)::value;
    const auto advance = [&](const X& from, X& to) {
      detail::accumulate_rate<S>(rate, i, from, d, k);
      kutta::add(to, from, scaled<X>{h * detail::low_storage_b_v<S, I, detail::step_real_t<X>>, d});
    };
    if constexpr (stages_v<S> == 1)
      advance(x0, x1);
    else if constexpr (I == 0)
      advance(x0, points[0]);
    else if constexpr (I + 1 < stages_v<S>)
      advance(points[I - 1], points[I]);
    else
      advance(points[I - 1], x1);
  });
}

/// The transpose of `low_storage_step`:
///
///     dd ← A_{i+1} dd + h B_i g,   g ← g + (∂f_i/∂x)ᵀ dd        for i = s..1.
///
/// On entry g = ∂L/∂x1, on exit ∂L/∂x0. `rate_vjp(i, X_i, dd, g)` adds to g, and to any parameter
/// gradient it knows of. `dd` is a temporary.
template <low_storage_scheme S, tensor X, class F>
KUTTA_HD constexpr void low_storage_step_vjp(const F& rate_vjp, detail::step_real_t<X> h,
                                             const X& x0, const stage_points<S, X>& points, X& g,
                                             X& dd) {
  using real = detail::step_real_t<X>;
  detail::for_each_index_reversed<stages_v<S>>([&](auto i) {
    constexpr std::size_t I = decltype(i)::value;
    const scaled<X> from_x{h * detail::low_storage_b_v<S, I, real>, g};
    if constexpr (I + 1 == stages_v<S>)
      kutta::combine(dd, from_x);
    else
      kutta::combine(dd, scaled<X>{detail::low_storage_a_v<S, I + 1, real>, dd}, from_x);
    if constexpr (I == 0)
      rate_vjp(i, x0, dd, g);
    else
      rate_vjp(i, points[I - 1], dd, g);
  });
}

/// The derivative of `low_storage_step`, which is the same step on tangents:
///
///     vd ← A_i vd + f_i'(X_i) vx,   vx ← vx + h B_i vd        for i = 1..s.
///
/// On entry vx is the tangent of x0, on exit that of x1. `rate_jvp(i, X_i, vx, vk)` writes vk, the
/// tangent of any parameter included. `vd` and `vk` are temporaries.
template <low_storage_scheme S, tensor X, class F>
KUTTA_HD constexpr void low_storage_step_jvp(const F& rate_jvp, detail::step_real_t<X> h,
                                             const X& x0, const stage_points<S, X>& points, X& vx,
                                             X& vd, X& vk) {
  const auto rate = [&](auto i, const X& v, X& vki) {
    constexpr std::size_t I = decltype(i)::value;
    if constexpr (I == 0)
      rate_jvp(i, x0, v, vki);
    else
      rate_jvp(i, points[I - 1], v, vki);
  };
  low_storage_step<S>(rate, h, vx, vd, vk);
}

}  // namespace kutta

KUTTA_HD_END
