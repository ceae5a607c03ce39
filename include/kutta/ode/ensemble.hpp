// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Many small systems at once: one trajectory in each SIMD lane, and the lanes on threads.
///
///     struct lorenz {
///       template <class T>
///       void operator()(const T&, const vec<T, 3>& x, vec<T, 3>& dx) const { … }
///     };
///     const auto ends = kutta::integrate_ensemble<kutta::schemes::rk4_classic>(
///         lorenz{}, x0, {0.0, 10.0}, kutta::fixed{.steps = 1000}, {.threads = 4});
///
/// One trajectory waits for its own last result at every operation; many keep the machine busy.

#include <concepts>
#include <cstddef>
#include <vector>

#include <kutta/ode/ensemble_run.hpp>
#include <kutta/ode/solution.hpp>
#include <kutta/ode/step_control.hpp>
#include <kutta/schemes/scheme.hpp>
#include <kutta/tensor/simd.hpp>
#include <kutta/tensor/vec.hpp>

namespace kutta {

/// The trajectories that are computed on together unless a call names another number.
template <std::floating_point T>
inline constexpr std::size_t ensemble_lanes = 4 * register_lanes<T>;

/// x(t1) of dx/dt = f(t, x, p) for each pair of an initial value and its parameters, by the scheme
/// S, each as `integrate` would end it.
///
/// `f(t, x, p, dx)` is called with numbers V = T, and with V = `simd<T, W>`, one trajectory in each
/// lane: t is a V, x and dx are vec<V, N>, p is a vec<V, M>. Several threads call it at once. `how`
/// is `fixed` or, for a scheme with an embedded pair, `adaptive`: then each trajectory has steps of
/// its own, and one that has ended makes room for the next.
///
/// A trajectory's end depends on nothing but its own x0 and p: not on its place, its neighbours or
/// the number of threads. It is that of `integrate`, bit for bit, if the compiler does not contract
/// a b + c (-ffp-contract=off), f takes its time in T (as here), N < 32 where `adaptive`, and
/// `integrate` runs S by its table too. Allocates the result and, at the start, a few kilobytes.
/// @throws std::invalid_argument as `integrate` does, and unless there are as many p as x0.
template <explicit_scheme S, std::size_t W = 0, class F, std::floating_point T, std::size_t N,
          std::size_t M, class How>
  requires(std::same_as<How, fixed> || kutta::has_embedding(S::tableau))
std::vector<solution<vec<T, N>>> integrate_ensemble(const F& f, const std::vector<vec<T, N>>& x0,
                                                    const std::vector<vec<T, M>>& p,
                                                    const time_span<double>& span, const How& how,
                                                    const ensemble_execution& on = {}) {
  constexpr std::size_t lanes = W == 0 ? ensemble_lanes<T> : W;
  return detail::ensemble_run<S, lanes, F, T, N, M>(f, x0, p, span).run(how, on);
}

/// The same for f(t, x, dx) without parameters.
template <explicit_scheme S, std::size_t W = 0, class F, std::floating_point T, std::size_t N,
          class How>
  requires(std::same_as<How, fixed> || kutta::has_embedding(S::tableau))
std::vector<solution<vec<T, N>>> integrate_ensemble(const F& f, const std::vector<vec<T, N>>& x0,
                                                    const time_span<double>& span, const How& how,
                                                    const ensemble_execution& on = {}) {
  return integrate_ensemble<S, W>(f, x0, std::vector<vec<T, 0>>{}, span, how, on);
}

}  // namespace kutta
