// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Blocks that step with `schemes::reversible`, and undo their steps under `keep::ends`.
///
///     const kutta::ode_block<R, kutta::schemes::reversible<kutta::schemes::rk4_classic>, B> f(…);
///     auto ws = f.make_workspace(theta, x0, kutta::keep::ends{});

#include <cstddef>
#include <cstdint>
#include <limits>

#include <kutta/ode/block_step.hpp>
#include <kutta/ode/keep_ends.hpp>
#include <kutta/ode/reversible_step.hpp>
#include <kutta/schemes/reversible.hpp>
#include <kutta/tensor/heap_bytes.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta {

/// A reversible scheme carries y and z. The first s evaluations are those of Ψ_h, from z₀; the
/// others those of Ψ_{−h}, from y₁ at the end of the step: stage i of it is at 1 − c_i.
template <explicit_scheme S, int C, tensor X>
struct block_step<schemes::reversible<S, C>, X> {
  static constexpr std::size_t stages = S::tableau.stages;
  static constexpr std::size_t evaluations = 2 * stages;

  template <class I>
  static constexpr auto abscissa(I) {
    using entry = typename decltype(S::tableau)::value_type;
    if constexpr (I::value < stages)
      return S::tableau.c[I::value];
    else
      return entry(1) - S::tableau.c[I::value - stages];
  }

  using carried = reversible_state<X>;
  using points = reversible_points<S, X>;
  struct temporaries {
    stage_rates<S, X> k;
    X dk;
    carried ends;  ///< the adjoint of a pass, or its tangent
    detail::step_real_t<X> lambda;

    std::size_t heap_bytes() const { return kutta::heap_bytes(k, dk, ends); }
  };

  static carried make_carried(const X& x) { return {kutta::zeros_like(x), kutta::zeros_like(x)}; }
  static points make_points(const X& x) {
    return {block_step<S, X>::make_points(x), kutta::zeros_like(x),
            block_step<S, X>::make_points(x)};
  }
  static temporaries make_temporaries(const X& x, std::int64_t steps) {
    constexpr int digits = std::numeric_limits<scalar_t<X>>::digits;
    return {detail::repeat<stages>([&] { return kutta::zeros_like(x); }), kutta::zeros_like(x),
            make_carried(x), coupling(steps, C > 0 ? C : coupling_strength(digits))};
  }

  static void begin(const X& x0, carried& first) {
    if (&x0 != &first.y) kutta::assign(first.y, x0);
    kutta::assign(first.z, x0);
  }
  static X& end(carried& last) { return last.y; }
  static const X& end(const carried& last) { return last.y; }

  template <class F>
  static void forward(const F& rate, double h, const carried& x0, carried& x1, points& at,
                      temporaries& t) {
    reversible_step<S>(rate, t.lambda, static_cast<detail::step_real_t<X>>(h), x0, x1, at, t.k);
  }
  template <class F>
  static void inverse(const F& rate, double h, const carried& x1, carried& x0, points& at,
                      temporaries& t) {
    reversible_step_inverse<S>(rate, t.lambda, static_cast<detail::step_real_t<X>>(h), x1, x0, at,
                               t.k);
  }
  template <class F>
  static void transpose(const F& rate_vjp, double h, const carried& x0, const points& at,
                        carried& g, temporaries& t) {
    reversible_step_vjp<S>(rate_vjp, t.lambda, static_cast<detail::step_real_t<X>>(h), x0, at, g,
                           t.k, t.dk);
  }
  template <class F>
  static void derivative(const F& rate_jvp, double h, const carried& x0, const points& at,
                         carried& v, temporaries& t) {
    reversible_step_jvp<S>(rate_jvp, t.lambda, static_cast<detail::step_real_t<X>>(h), x0, at, v,
                           t.k, t.dk);
  }

  /// x(T) = y; y = z = x0.
  template <class F>
  static void transpose_ends(X& dx, temporaries& t, F&& f) {
    kutta::assign(t.ends.y, dx);
    kutta::set_zero(t.ends.z);
    f(t.ends);
    kutta::add(dx, t.ends.y, scaled<X>{1, t.ends.z});
  }
  template <class F>
  static void derivative_ends(X& vx, temporaries& t, F&& f) {
    kutta::assign(t.ends.y, vx);
    kutta::assign(t.ends.z, vx);
    f(t.ends);
    kutta::assign(vx, t.ends.y);
  }
};

}  // namespace kutta
