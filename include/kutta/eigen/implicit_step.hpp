// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// One implicit Runge–Kutta step, its transpose and its derivative, for small dense systems.
///
/// Diagonally implicit schemes solve a system of n equations a stage, with one LU factorisation for
/// stages of equal a_ii; the others solve one of s n for all stages, at (s n)³ · 2/3 FLOPs. (A
/// transformation by the eigenvectors of A would split it into systems of n: Hairer & Wanner,
/// Solving ODEs II, § IV.8.)

#include <cstddef>
#include <stdexcept>
#include <utility>

#include <kutta/eigen/implicit_storage.hpp>
#include <kutta/eigen/newton.hpp>
#include <kutta/eigen/stage_solver.hpp>
#include <kutta/ode/step.hpp>
#include <kutta/schemes/coefficients.hpp>
#include <kutta/schemes/scheme.hpp>
#include <kutta/schemes/stage_structure.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta {

namespace detail {

/// f has no parameters whose derivative is asked for.
struct no_parameters {
  template <class T, class X, class Y>
  void operator()(T, const X&, Y&&) const {}
};

}  // namespace detail

/// x1 ← x0 + h Σ_i b_i k_i,   k_i = f(t + c_i h, X_i),   X_i = x0 + h Σ_j a_ij k_j.
///
/// `f(t, x, dx)` writes dx; `jacobian(t, x, J)` writes ∂f/∂x to J, which is 0 on entry, or is a
/// `finite_difference_jacobian`. The equations are solved by simplified Newton iterations from
/// X_i = x0 with the Jacobian at (t, x0), and where that converges too slowly, on from there with
/// the Jacobian there. Nothing is kept from one step for the next. (The t of a call is a number
/// that also knows the stage it belongs to, `t.stage`; at (t, x0) that is 0.) Returns whether they
/// converged to something finite; if not, x1 is left as it was. Leaves the X_i in `storage.points`
/// for the transpose and the k_i in `storage.rates`. `x1` may be `x0`.
/// @throws std::invalid_argument if h = 0, or for options that make no sense.
/// Source: Hairer & Wanner, Solving ODEs II (2nd ed., 1996), § IV.8.
template <implicit_scheme S, dense_state X, class F, class J>
[[nodiscard]] bool implicit_step(const F& f, const J& jacobian, const newton_options& options,
                                 detail::step_real_t<X> t, detail::step_real_t<X> h, const X& x0,
                                 X& x1, implicit_stepper_storage<S, X>& storage,
                                 implicit_statistics& count) {
  detail::check(options);
  if (h == 0) throw std::invalid_argument("implicit_step: a step other than 0 is expected, got 0");
  if (!detail::stage_solver<S, X, F, J>(f, jacobian, options, t, h, x0, storage, count)())
    return false;
  X& end = storage.scratch.point;
  if constexpr (is_stiffly_accurate(S::tableau))
    kutta::assign(end, storage.points[S::tableau.stages - 1]);
  else
    detail::step_end<S>(weights_t<S>{}, h, x0, end, storage.rates.data());
  if (!detail::as_vector(end).allFinite()) return false;
  kutta::assign(x1, end);
  return true;
}

/// e ← (I − h a_ii J)⁻¹ e with the last matrix of the step in `storage`.
///
/// For the error h Σ_i (b_i − b̂_i) k_i of a pair such as `tr_bdf2`, whose embedding is unbounded on
/// what is infinitely stiff: there the filtered error stays bounded, elsewhere it keeps its order.
/// Source: Hosea & Shampine, Analysis and implementation of TR-BDF2 (1996); Hairer & Wanner,
/// Solving ODEs II (1996), § IV.8, (8.19).
template <implicit_scheme S, dense_state X>
  requires(is_diagonally_implicit(S::tableau))
void filter_error(implicit_stepper_storage<S, X>& storage, X& e) {
  storage.residual = detail::as_vector(e);
  storage.correction = storage.lu.solve(storage.residual);
  detail::as_vector(e) = storage.correction;
}

namespace detail {

/// What the transpose and the derivative of a step share.
template <class S, class X, class F, class J>
struct linearised_step {
  using storage = implicit_stepper_storage<S, X>;
  using scalar = typename storage::scalar;
  using real = step_real_t<X>;
  static constexpr const table_in<S, real>& rk = table_v<S, real>;

  const F& f;
  const J& jacobian;
  real t, h;
  storage& s;
  implicit_statistics& count;

  stage_time<real> time(std::size_t i) const { return {i, t + rk.c[i] * h}; }
  scalar a(std::size_t i, std::size_t j) const { return scalar(h * rk.a[i][j]); }
  scalar b(std::size_t i) const { return scalar(h * rk.b[i]); }

  /// J_i, at the stage point.
  const auto& write(std::size_t i) {
    auto& j = s.jacobian[storage::coupled ? i : 0];
    write_jacobian(f, jacobian, time(i), s.points[i], j, s.scratch, count);
    return j;
  }

  void solve() {
    s.lu.compute(s.system);
    s.correction = s.lu.solve(s.residual);
    ++count.factorizations;
  }

  /// x ← (I − h a_ii K)⁻¹ x.
  template <class K, class Y>
  void solve_stage(std::size_t i, const K& k, Y&& x) {
    if (rk.a[i][i] == 0) return;
    s.set_block(0, 0, a(i, i), k);
    s.residual = x;
    solve();
    x = s.correction;
  }
};

}  // namespace detail

/// The transpose of `implicit_step`, at the stage points that it left in `storage.points`.
///
/// The step defines the k_i by  k_i − f(t_i, x0 + h Σ_j a_ij k_j) = 0.  By the implicit function
/// theorem, with J_i = ∂f/∂x (t_i, X_i), their tangents solve the equations of `implicit_step_jvp`.
/// Transposed, with dk_i the adjoint of k_i and v_i that of X_i:
///
///     dk_i − h Σ_j a_ji J_jᵀ dk_j = h b_i g,   v_i = J_iᵀ dk_i,   g ← g + Σ_i v_i.
///
/// Diagonally implicit, that is one system with I − h a_ii J_iᵀ a stage, from the last to the
/// first: (I − h a_ii J_iᵀ) dk_i = h (b_i g + Σ_{j>i} a_ji v_j). No iteration: the result is exact
/// up to the error of the X_i. On entry g = ∂L/∂x1, on exit ∂L/∂x0. `rate_vjp(t_i, X_i, dk_i)` is
/// told the adjoint of each f(t_i, X_i), to add (∂f/∂theta)ᵀ dk_i to a parameter gradient.
/// `jacobian` is as for the step (with differences the gradient errs by some √ε). Overwrites
/// `storage` but for the points. Returns whether g is finite: it is not where a matrix has no
/// inverse.
template <implicit_scheme S, dense_state X, class F, class J, class V = detail::no_parameters>
[[nodiscard]] bool implicit_step_vjp(const F& f, const J& jacobian, detail::step_real_t<X> t,
                                     detail::step_real_t<X> h,
                                     implicit_stepper_storage<S, X>& storage, X& g,
                                     implicit_statistics& count, const V& rate_vjp = {}) {
  constexpr std::size_t s = S::tableau.stages;
  constexpr bool coupled = implicit_stepper_storage<S, X>::coupled;
  detail::linearised_step<S, X, F, J> step{f, jacobian, t, h, storage, count};
  auto dx = detail::as_vector(g);

  if constexpr (coupled) {
    for (std::size_t j = 0; j < s; ++j) {
      const auto& jac = step.write(j);
      for (std::size_t i = 0; i < s; ++i) storage.set_block(i, j, step.a(j, i), jac.transpose());
      storage.part(storage.residual, j) = step.b(j) * dx;
    }
    step.solve();
  }
  for (std::size_t i = s; i-- > 0;) {
    auto dk = detail::as_vector(storage.rates[i]), v = storage.part(storage.z, i);
    if constexpr (coupled) {
      dk = storage.part(storage.correction, i);
      v.noalias() = storage.jacobian[i].transpose() * dk;
    } else {
      dk = step.b(i) * dx;
      for (std::size_t j = i + 1; j < s; ++j) dk += step.a(j, i) * storage.part(storage.z, j);
      const auto& jac = step.write(i);
      step.solve_stage(i, jac.transpose(), dk);
      v.noalias() = jac.transpose() * dk;
    }
    rate_vjp(step.time(i), storage.points[i], std::as_const(storage.rates[i]));
  }
  for (std::size_t i = 0; i < s; ++i) dx += storage.part(storage.z, i);
  return dx.allFinite();
}

/// The derivative of `implicit_step`, at the stage points that it left in `storage.points`:
///
///     vk_i − h J_i Σ_j a_ij vk_j = J_i vx + p_i,   p_i = (∂f/∂theta) vtheta,
///     vx ← vx + h Σ_i b_i vk_i.
///
/// On entry vx is the tangent of x0, on exit that of x1. `rate_jvp(t_i, X_i, y)` adds
/// p_i to y. Overwrites `storage` but for the points.
/// Returns whether vx is finite.
template <implicit_scheme S, dense_state X, class F, class J, class V = detail::no_parameters>
[[nodiscard]] bool implicit_step_jvp(const F& f, const J& jacobian, detail::step_real_t<X> t,
                                     detail::step_real_t<X> h,
                                     implicit_stepper_storage<S, X>& storage, X& vx,
                                     implicit_statistics& count, const V& rate_jvp = {}) {
  constexpr std::size_t s = S::tableau.stages;
  constexpr bool coupled = implicit_stepper_storage<S, X>::coupled;
  detail::linearised_step<S, X, F, J> step{f, jacobian, t, h, storage, count};

  for (std::size_t i = 0; i < s; ++i) {
    storage.known = detail::as_vector(vx);
    if constexpr (!coupled)
      for (std::size_t j = 0; j < i; ++j)
        storage.known += step.a(i, j) * detail::as_vector(storage.rates[j]);
    const auto& jac = step.write(i);
    auto vk = detail::as_vector(storage.rates[i]);
    vk.noalias() = jac * storage.known;
    rate_jvp(step.time(i), storage.points[i], storage.rates[i]);
    if constexpr (coupled) {
      storage.part(storage.residual, i) = vk;
      for (std::size_t j = 0; j < s; ++j) storage.set_block(i, j, step.a(i, j), jac);
    } else {
      step.solve_stage(i, jac, vk);
    }
  }
  if constexpr (coupled) {
    step.solve();
    for (std::size_t i = 0; i < s; ++i)
      detail::as_vector(storage.rates[i]) = storage.part(storage.correction, i);
  }
  detail::step_end<S>(weights_t<S>{}, h, vx, vx, storage.rates.data());
  return detail::as_vector(vx).allFinite();
}

}  // namespace kutta
