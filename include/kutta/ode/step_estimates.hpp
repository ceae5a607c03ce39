// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What the stages of a step tell besides its end: estimates of its error and of the stiffness,
///
///     ‖e‖,   e = h Σ_i (b_i − b̂_i) k_i              and   ‖k_p − k_q‖ / ‖X_p − X_q‖,   c_p = c_q,
///
/// and their transposes, for a loss that reads them: a regulariser.
///
/// Source: Pal, Ma, Shah & Rackauckas, Opening the blackbox: accelerating neural differential
/// equations by regularizing internal solver heuristics (2021).

#include <cmath>
#include <cstddef>
#include <type_traits>
#include <utility>

#include <kutta/ode/explicit_stepper.hpp>
#include <kutta/ode/rms_distance.hpp>
#include <kutta/ode/step.hpp>
#include <kutta/schemes/butcher_tableau.hpp>
#include <kutta/schemes/coefficients.hpp>
#include <kutta/schemes/scheme.hpp>
#include <kutta/tensor/heap_bytes.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta {

/// The estimates of all steps of a pass, added up: Σ_n |h_n| ‖e_n‖ and Σ_n ‖k_p − k_q‖/‖X_p − X_q‖;
/// 0 where the scheme does not keep them.
struct step_estimates {
  double errors = 0, stiffness = 0;
};

namespace detail {

/// Two stages q < p with X_p ≠ X_q, none of them the first; p = 0 if there are none.
struct stage_pair {
  std::size_t p = 0, q = 0;
};

/// Whether stages p and q are one and the same.
template <std::size_t S, class T>
constexpr bool are_equal_stages(const butcher_tableau<S, T>& rk, std::size_t p, std::size_t q) {
  for (std::size_t j = 0; j < S; ++j)
    if (rk.a[p][j] != rk.a[q][j]) return false;
  return true;
}

/// The last two stages at the same time.
template <std::size_t S, class T>
constexpr stage_pair simultaneous_stages(const butcher_tableau<S, T>& rk) {
  for (std::size_t p = S; p-- > 2;)
    for (std::size_t q = p; q-- > 1;)
      if (rk.c[p] == rk.c[q] && !are_equal_stages(rk, p, q)) return {p, q};
  return {};
}

template <explicit_scheme S>
inline constexpr stage_pair simultaneous_v = simultaneous_stages(S::tableau);

}  // namespace detail

/// A scheme that evaluates its rate twice at the same time, at two points: it can tell how fast
/// the rate changes with the state alone.
///
/// Among the pairs: `dormand_prince54`, `tsitouras54`, `verner65` and `dormand_prince87`, at the
/// end of the step.
template <class S>
concept estimates_stiffness = explicit_scheme<S> && detail::simultaneous_v<S>.p != 0;

/// The pair S with a record of the error estimate of every step, so that a loss may read it: one
/// more state for each step that is recorded.
template <explicit_scheme S>
struct keeping_errors : S {
  static constexpr bool keeps_errors = true;
};

/// The scheme S with a record of what estimates the stiffness of every step, so that a loss may
/// read it: one more state for each step that is recorded.
///
/// The estimate is at most the norm of the Jacobian ∂R/∂x between the two points, and near |λ|
/// where one eigenvalue λ dominates. A step whose points are the same counts as 0.
/// Source: Shampine, Stiffness and nonstiff differential equation solvers, II: detecting stiffness
/// with Runge–Kutta methods, ACM Trans. Math. Softw. 3 (1977).
template <estimates_stiffness S>
struct keeping_stiffness : S {
  static constexpr bool keeps_stiffness = true;
};

namespace detail {

template <class S>
inline constexpr bool keeps_errors_v = requires { S::keeps_errors; };
template <class S>
inline constexpr bool keeps_stiffness_v = requires { S::keeps_stiffness; };
template <class S>
inline constexpr bool keeps_estimates_v = keeps_errors_v<S> || keeps_stiffness_v<S>;

struct not_kept {};

/// An X, or nothing.
template <bool kept, tensor X>
auto kept_like(const X& x) {
  if constexpr (kept)
    return kutta::zeros_like(x);
  else
    return not_kept{};
}

/// The points of a step, and what its estimates are made of.
template <class S, tensor X>
struct points_and_estimates : stage_points<S, X> {
  std::conditional_t<keeps_errors_v<S>, X, not_kept> error;        ///< e
  std::conditional_t<keeps_stiffness_v<S>, X, not_kept> rate_gap;  ///< k_p − k_q

  std::size_t heap_bytes() const {
    const stage_points<S, X>& stages = *this;
    return kutta::heap_bytes(stages, error, rate_gap);
  }
};

template <tensor X>
step_real_t<X> norm(const X& x) {
  return std::sqrt(kutta::inner_product(x, x));
}

/// e ← h Σ_i (b_i − b̂_i) k_i.
template <class S, tensor X>
void error_of(step_real_t<X> h, const stage_rates<S, X>& k, X& e) {
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    kutta::combine(e, scaled<X>{h * error_v<S, I, step_real_t<X>>, k[I]}...);
  }(error_t<S>{});
}

/// Its transpose: dk_i += a h (b_i − b̂_i) de.
template <class S, tensor X>
void error_of_vjp(step_real_t<X> h, step_real_t<X> a, const X& de, stage_rates<S, X>& dk) {
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    (kutta::add(dk[I], dk[I], scaled<X>{a * h * error_v<S, I, step_real_t<X>>, de}), ...);
  }(error_t<S>{});
}

/// ‖X_p − X_q‖.
template <class S, tensor X>
step_real_t<X> point_gap(const stage_points<S, X>& at) {
  constexpr stage_pair pair = simultaneous_v<S>;
  return std::sqrt(kutta::sum(squared_gap{}, at[pair.p - 1], at[pair.q - 1]));
}

/// The transpose of r/w, with r = ‖u‖, u = k_p − k_q, and w = ‖v‖, v = X_p − X_q:
///
///     du = a/(w r) u,   dv = −(a r/w)/w² v,
///     dk_p += du,   dk_q −= du,   dk_i += h (a_pi − a_qi) dv.
///
/// `v` is a temporary.
template <class S, tensor X>
void stiffness_vjp(step_real_t<X> h, step_real_t<X> a, const stage_points<S, X>& at, const X& u,
                   X& v, stage_rates<S, X>& dk) {
  using real = step_real_t<X>;
  constexpr std::size_t p = simultaneous_v<S>.p, q = simultaneous_v<S>.q;
  const real r = norm(u), w = point_gap<S>(at);
  if (r == 0 || w == 0) return;
  const real to_u = a / w / r, to_v = -a * r / w / w / w;
  kutta::add(dk[p], dk[p], scaled<X>{to_u, u});
  kutta::add(dk[q], dk[q], scaled<X>{-to_u, u});
  kutta::combine(v, scaled<X>{1, at[p - 1]}, scaled<X>{-1, at[q - 1]});
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    (kutta::add(dk[I], dk[I], scaled<X>{to_v * h * (a_v<S, p, I, real> - a_v<S, q, I, real>), v}),
     ...);
  }(std::make_index_sequence<p>{});
}

/// Records of the step that has just been taken what its estimates are made of.
template <class S, tensor X>
void keep_estimates(step_real_t<X> h, const stage_rates<S, X>& k, points_and_estimates<S, X>& at) {
  if constexpr (keeps_errors_v<S>) error_of<S>(h, k, at.error);
  if constexpr (keeps_stiffness_v<S>)
    kutta::combine(at.rate_gap, scaled<X>{1, k[simultaneous_v<S>.p]},
                   scaled<X>{-1, k[simultaneous_v<S>.q]});
}

/// Adds the estimates of the recorded step.
template <class S, tensor X>
void add_estimates(double h, const points_and_estimates<S, X>& at, step_estimates& sums) {
  if constexpr (keeps_errors_v<S>) sums.errors += std::abs(h) * static_cast<double>(norm(at.error));
  if constexpr (keeps_stiffness_v<S>) {
    const auto w = point_gap<S>(static_cast<const stage_points<S, X>&>(at));
    if (w > 0) sums.stiffness += static_cast<double>(norm(at.rate_gap) / w);
  }
}

/// The transpose: adds to dk what `dsums` = ∂L by the sums makes of the recorded step. `v` is a
/// temporary.
template <class S, tensor X>
void add_estimates_vjp(double h, const points_and_estimates<S, X>& at, const step_estimates& dsums,
                       X& v, stage_rates<S, X>& dk) {
  using real = step_real_t<X>;
  if constexpr (keeps_errors_v<S>) {
    const real size = norm(at.error);
    if (dsums.errors != 0 && size != 0)
      error_of_vjp<S>(h, dsums.errors * std::abs(h) / size, at.error, dk);
  }
  if constexpr (keeps_stiffness_v<S>)
    if (dsums.stiffness != 0) stiffness_vjp<S, X>(h, dsums.stiffness, at, at.rate_gap, v, dk);
}

}  // namespace detail

}  // namespace kutta
