// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// One step of a reversible scheme, its inverse, its transpose and its derivative.
///
///     y₁ = z₀ + λ (y₀ − z₀) + h Σ_i b_i k_i,    k_i = f_i(Z_i),  Z_i = z₀ + h Σ_j a_ij k_j
///     z₁ = z₀ + h Σ_i b_i l_i,                  l_i = g_i(Y_i),  Y_i = y₁ − h Σ_j a_ij l_j
///
/// with f_i at t₀ + c_i h and g_i at t₀ + (1 − c_i) h. Each state is z₀ and something small,
/// forward and in the inverse: they differ by roundings of z₀ alone.

#include <cstddef>
#include <tuple>
#include <utility>

#include <kutta/ode/step.hpp>
#include <kutta/schemes/reversible.hpp>
#include <kutta/tensor/heap_bytes.hpp>
#include <kutta/tensor/host_device.hpp>
#include <kutta/tensor/index.hpp>
#include <kutta/tensor/product.hpp>
#include <kutta/tensor/tensor.hpp>

KUTTA_HD_BEGIN

namespace kutta {

/// The two states of a reversible scheme, their adjoints or their tangents.
template <tensor X>
struct reversible_state {
  X y, z;

  static constexpr auto fields =
      std::tuple{field{"y", &reversible_state::y}, field{"z", &reversible_state::z}};
};

/// Where a reversible step evaluated its rate, but for z₀.
template <explicit_scheme S, class X>
struct reversible_points {
  stage_points<S, X> z;  ///< Z_2 … Z_s
  X y1;
  stage_points<S, X> y;  ///< Y_2 … Y_s

  std::size_t heap_bytes() const { return kutta::heap_bytes(z, y1, y); }
};

namespace detail {

/// z + λ (y − z) + Σ_i a_i k_i.
template <class S, std::size_t N>
struct coupled_sum {
  S lambda;
  S a[N];

  template <class V, class... W>
  KUTTA_HD constexpr V operator()(const V& y, const V& z, const W&... k) const {
    V sum = lambda * (y - z);
    std::size_t i = 0;
    ((sum += a[i++] * k), ...);
    return z + sum;
  }
};

/// z + (y − z − Σ_i a_i k_i)/λ, the inverse of `coupled_sum` in y.
template <class S, std::size_t N>
struct uncoupled_sum {
  S lambda;
  S a[N];

  template <class V, class... W>
  KUTTA_HD constexpr V operator()(const V& y, const V& z, const W&... k) const {
    V rest = y - z;
    std::size_t i = 0;
    ((rest -= a[i++] * k), ...);
    return z + rest / V(lambda);
  }
};

/// y ← Sum of (y, z, h b_i k_i …).
template <template <class, std::size_t> class Sum, class S, class X, std::size_t... I>
KUTTA_HD constexpr void couple(std::index_sequence<I...>, step_real_t<X> lambda, step_real_t<X> h,
                               const X& y0, const X& z, X& y, const X* k) {
  using scalar = scalar_t<X>;
  const Sum<scalar, sizeof...(I)> sum{static_cast<scalar>(lambda),
                                      {static_cast<scalar>(h * b_v<S, I, step_real_t<X>>)...}};
  kutta::map(y, sum, y0, z, k[I]...);
}

/// The rates of the second half: g_i is number s + i.
template <explicit_scheme S, class F>
struct second_half {
  const F& rate;

  template <class I, class... X>
  KUTTA_HD constexpr void operator()(I, X&... x) const {
    rate(index_constant<S::tableau.stages + I::value>{}, x...);
  }
};

}  // namespace detail

/// One step from x0 to x1, which may be x0. `rate(i, x, k)` writes f_i for i < s, then g_{i−s}.
template <explicit_scheme S, tensor X, class F>
KUTTA_HD constexpr void reversible_step(const F& rate, detail::step_real_t<X> lambda,
                                        detail::step_real_t<X> h, const reversible_state<X>& x0,
                                        reversible_state<X>& x1, reversible_points<S, X>& points,
                                        stage_rates<S, X>& k) {
  detail::stages<S>(rate, h, x0.z, points.z, k);
  detail::couple<detail::coupled_sum, S>(weights_t<S>{}, lambda, h, x0.y, x0.z, points.y1,
                                         k.data());
  detail::stages<S>(detail::second_half<S, F>{rate}, -h, points.y1, points.y, k);
  detail::step_end<S>(weights_t<S>{}, h, x0.z, x1.z, k.data());
  kutta::assign(x1.y, points.y1);
}

/// The inverse, from x1 to x0, which may be x1; leaves the same points, but for rounding:
///
///     z₀ = z₁ − h Σ_i b_i l_i,   y₀ = z₀ + (y₁ − z₀ − h Σ_i b_i k_i)/λ.
template <explicit_scheme S, tensor X, class F>
KUTTA_HD constexpr void reversible_step_inverse(const F& rate, detail::step_real_t<X> lambda,
                                                detail::step_real_t<X> h,
                                                const reversible_state<X>& x1,
                                                reversible_state<X>& x0,
                                                reversible_points<S, X>& points,
                                                stage_rates<S, X>& k) {
  kutta::assign(points.y1, x1.y);
  detail::stages<S>(detail::second_half<S, F>{rate}, -h, points.y1, points.y, k);
  detail::step_end<S>(weights_t<S>{}, -h, x1.z, x0.z, k.data());
  detail::stages<S>(rate, h, x0.z, points.z, k);
  detail::couple<detail::uncoupled_sum, S>(weights_t<S>{}, lambda, h, points.y1, x0.z, x0.y,
                                           k.data());
}

/// The transpose, on g = (∂L/∂y₁, ∂L/∂z₁), which becomes (∂L/∂y₀, ∂L/∂z₀):
///
///     gy ← gy + (−Ψ_{−h}')ᵀ gz,   gz ← gz + (1 − λ) gy + (Ψ_h')ᵀ gy,   gy ← λ gy.
///
/// `rate_vjp` is as in `step_vjp`, i as in `reversible_step`. `v` and `dk` are temporaries.
template <explicit_scheme S, tensor X, class F>
KUTTA_HD constexpr void reversible_step_vjp(const F& rate_vjp, detail::step_real_t<X> lambda,
                                            detail::step_real_t<X> h, const reversible_state<X>& x0,
                                            const reversible_points<S, X>& points,
                                            reversible_state<X>& g, stage_rates<S, X>& v, X& dk) {
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    detail::stages_vjp<S>(detail::second_half<S, F>{rate_vjp}, h, -h, points.y1, points.y, g.z, v,
                          dk);
    kutta::add(g.y, g.y, scaled<X>{1, v[I]}...);
    detail::stages_vjp<S>(rate_vjp, h, h, x0.z, points.z, g.y, v, dk);
    kutta::add(g.z, g.z, scaled<X>{1 - lambda, g.y}, scaled<X>{1, v[I]}...);
    kutta::combine(g.y, scaled<X>{lambda, g.y});
  }(std::make_index_sequence<S::tableau.stages>{});
}

/// The derivative, on v = (vy₀, vz₀), which becomes (vy₁, vz₁).
///
/// `rate_jvp` is as in `step_jvp`, i as in `reversible_step`. `vk` and `point` are temporaries.
template <explicit_scheme S, tensor X, class F>
KUTTA_HD constexpr void reversible_step_jvp(const F& rate_jvp, detail::step_real_t<X> lambda,
                                            detail::step_real_t<X> h, const reversible_state<X>& x0,
                                            const reversible_points<S, X>& points,
                                            reversible_state<X>& v, stage_rates<S, X>& vk,
                                            X& point) {
  detail::stages_jvp<S>(rate_jvp, h, x0.z, points.z, v.z, vk, point);
  detail::couple<detail::coupled_sum, S>(weights_t<S>{}, lambda, h, v.y, v.z, v.y, vk.data());
  detail::stages_jvp<S>(detail::second_half<S, F>{rate_jvp}, -h, points.y1, points.y, v.y, vk,
                        point);
  detail::step_end<S>(weights_t<S>{}, h, v.z, v.z, vk.data());
}

}  // namespace kutta

KUTTA_HD_END
