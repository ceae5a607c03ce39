// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// One step of a scheme in Shu–Osher form, its transpose and its derivative.
///
/// Every stage is summed as it is printed, a convex combination of Euler steps. But for rounding
/// this is the step of the Butcher form, with sums that are shorter where α and β are sparse.

#include <concepts>
#include <cstddef>
#include <utility>

#include <kutta/ode/step.hpp>
#include <kutta/schemes/coefficients.hpp>
#include <kutta/schemes/rational.hpp>
#include <kutta/schemes/scheme.hpp>
#include <kutta/tensor/host_device.hpp>
#include <kutta/tensor/index.hpp>
#include <kutta/tensor/tensor.hpp>

KUTTA_HD_BEGIN

namespace kutta {

namespace detail {

/// α_ij and β_ij, in host and in device code.
template <shu_osher_scheme S, std::size_t I, std::size_t J, std::floating_point T>
inline constexpr T alpha_v = to_real<T>(S::shu_osher.alpha[I][J]);
template <shu_osher_scheme S, std::size_t I, std::size_t J, std::floating_point T>
inline constexpr T beta_v = to_real<T>(S::shu_osher.beta[I][J]);

/// Row i as it is summed: term 2j is α_ij u_j, term 2j + 1 is β_ij h k_j.
template <class S, std::size_t I>
struct shu_osher_row {
  static constexpr bool is_nonzero(std::size_t n) {
    const auto& form = S::shu_osher;
    return to_double(n % 2 == 0 ? form.alpha[I][n / 2] : form.beta[I][n / 2]) != 0;
  }
};

template <class S, std::size_t J>
struct alpha_column {
  static constexpr bool is_nonzero(std::size_t i) {
    return to_double(S::shu_osher.alpha[i][J]) != 0;
  }
};

template <class S, std::size_t J>
struct beta_column {
  static constexpr bool is_nonzero(std::size_t i) {
    return to_double(S::shu_osher.beta[i][J]) != 0;
  }
};

template <class S, std::size_t I>
using shu_osher_row_t = nonzeros_t<shu_osher_row<S, I>, 2 * stages_v<S>>;
template <class S, std::size_t J>
using alpha_column_t = nonzeros_t<alpha_column<S, J>, stages_v<S>>;
template <class S, std::size_t J>
using beta_column_t = nonzeros_t<beta_column<S, J>, stages_v<S>>;

/// u_j, where u_1 … u_{s−1} lie in `points`.
template <class S, std::size_t J, class X>
KUTTA_HD constexpr const X& shu_osher_point(const X& x0, const stage_points<S, X>& points) {
  if constexpr (J == 0)
    return x0;
  else
    return points[J - 1];
}

template <class S, std::size_t I, std::size_t N, class X>
KUTTA_HD constexpr scaled<X> shu_osher_term(step_real_t<X> h, const X& x0,
                                            const stage_points<S, X>& points, const X* k) {
  constexpr std::size_t J = N / 2;
  if constexpr (N % 2 == 0)
    return {alpha_v<S, I, J, step_real_t<X>>, shu_osher_point<S, J>(x0, points)};
  else
    return {h * beta_v<S, I, J, step_real_t<X>>, k[J]};
}

/// u ← Σ_j ( α_ij u_j + β_ij h k_j ), in this order.
template <class S, std::size_t I, class X, std::size_t... N>
KUTTA_HD constexpr void shu_osher_sum(std::index_sequence<N...>, step_real_t<X> h, const X& x0,
                                      const stage_points<S, X>& points, const X* k, X& u) {
  kutta::combine(u, shu_osher_term<S, I, N>(h, x0, points, k)...);
}

/// du_{i+1}, where du_s = g and the others lie in `v`.
template <class S, std::size_t I, class X>
KUTTA_HD constexpr const X& shu_osher_adjoint(const X& g, const stage_points<S, X>& v) {
  if constexpr (I + 1 == stages_v<S>)
    return g;
  else
    return v[I];
}

/// dk ← h Σ_i β_ij du_{i+1}, of which there is at least one.
template <class S, std::size_t J, class X, std::size_t... I>
KUTTA_HD constexpr void shu_osher_dk(std::index_sequence<I...>, step_real_t<X> h, const X& g,
                                     const stage_points<S, X>& v, X& dk) {
  kutta::combine(dk,
                 scaled<X>{h * beta_v<S, I, J, step_real_t<X>>, shu_osher_adjoint<S, I>(g, v)}...);
}

/// du ← Σ_i α_ij du_{i+1}.
template <class S, std::size_t J, class X, std::size_t... I>
KUTTA_HD constexpr void shu_osher_du(std::index_sequence<I...>, const X& g,
                                     const stage_points<S, X>& v, X& du) {
  if constexpr (sizeof...(I) == 0)
    kutta::set_zero(du);
  else
    kutta::combine(du,
                   scaled<X>{alpha_v<S, I, J, step_real_t<X>>, shu_osher_adjoint<S, I>(g, v)}...);
}

}  // namespace detail

/// u_0 = x0,   u_{i+1} = Σ_{j≤i} ( α_ij u_j + β_ij h k_j ),   k_j = f_j(u_j),   x1 ← u_s.
///
/// `rate(i, u_i, k_i)` writes k_i, i a constant as in `step`; stage i lies at c_i of the Butcher
/// form. Leaves u_1 … u_{s−1} in `points` for the transpose and the derivative. `x1` may be `x0`.
/// Source: Shu & Osher, J. Comput. Phys. 77 (1988), eq. (2.10).
template <shu_osher_scheme S, tensor X, class F>
KUTTA_HD constexpr void shu_osher_step(const F& rate, detail::step_real_t<X> h, const X& x0, X& x1,
                                       stage_points<S, X>& points, stage_rates<S, X>& k) {
  detail::for_each_index<stages_v<S>>([&](auto i) {
    constexpr std::size_t I = decltype(i)::value;
    rate(i, detail::shu_osher_point<S, I>(x0, points), k[I]);
    using row = detail::shu_osher_row_t<S, I>;
    if constexpr (I + 1 == stages_v<S>)
      detail::shu_osher_sum<S, I>(row{}, h, x0, points, k.data(), x1);
    else
      detail::shu_osher_sum<S, I>(row{}, h, x0, points, k.data(), points[I]);
  });
}

/// The transpose of `shu_osher_step`, from du_s = g and for j = s − 1..0:
///
///     dk_j = h Σ_i β_ij du_{i+1},   du_j = Σ_i α_ij du_{i+1} + (∂f_j/∂x)ᵀ dk_j.
///
/// On entry g = ∂L/∂x1, on exit ∂L/∂x0. `rate_vjp(j, u_j, dk_j, du_j)` adds to du_j, and to any
/// parameter gradient it knows of. `v` and `dk` are temporaries.
template <shu_osher_scheme S, tensor X, class F>
KUTTA_HD constexpr void shu_osher_step_vjp(const F& rate_vjp, detail::step_real_t<X> h, const X& x0,
                                           const stage_points<S, X>& points, X& g,
                                           stage_points<S, X>& v, X& dk) {
  detail::for_each_index_reversed<stages_v<S>>([&](auto j) {
    constexpr std::size_t J = decltype(j)::value;
    const auto pull = [&](X& du) {
      using of_k = detail::beta_column_t<S, J>;
      if constexpr (of_k::size() > 0) detail::shu_osher_dk<S, J>(of_k{}, h, g, v, dk);
      detail::shu_osher_du<S, J>(detail::alpha_column_t<S, J>{}, g, v, du);
      if constexpr (of_k::size() > 0)
        rate_vjp(j, detail::shu_osher_point<S, J>(x0, points), dk, du);
    };
    if constexpr (J == 0)
      pull(g);
    else
      pull(v[J - 1]);
  });
}

/// The derivative of `shu_osher_step`, which is the same step on tangents.
///
/// On entry vx is the tangent of x0, on exit that of x1. `rate_jvp(i, u_i, vu_i, vk_i)` writes
/// vk_i = f_i'(u_i) vu_i, the tangent of any parameter included. `vu` and `vk` are temporaries.
template <shu_osher_scheme S, tensor X, class F>
KUTTA_HD constexpr void shu_osher_step_jvp(const F& rate_jvp, detail::step_real_t<X> h, const X& x0,
                                           const stage_points<S, X>& points, X& vx,
                                           stage_points<S, X>& vu, stage_rates<S, X>& vk) {
  const auto rate = [&](auto i, const X& v, X& vki) {
    rate_jvp(i, detail::shu_osher_point<S, decltype(i)::value>(x0, points), v, vki);
  };
  shu_osher_step<S>(rate, h, vx, vx, vu, vk);
}

}  // namespace kutta

KUTTA_HD_END
