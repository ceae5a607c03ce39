// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Blocks that step by drifts and kicks, on a residual whose two rates are separate.
///
///     const kutta::ode_block<kutta::layers::separable<V, A>, kutta::schemes::pefrl4, B> f(…);
///     auto ws = f.make_workspace(theta, {q, p}, kutta::keep::ends{});
///
/// `forest_ruth4` reads v 0.35 steps outside of its step, on both sides. Where weights of v that
/// vary with depth have a kink or end, its order falls to 2; the other schemes stay inside of the
/// step.

#include <cstddef>

#include <kutta/layers/separable.hpp>
#include <kutta/ode/block_pass.hpp>
#include <kutta/ode/block_step.hpp>
#include <kutta/ode/keep_ends.hpp>
#include <kutta/ode/partitioned_step.hpp>
#include <kutta/schemes/symplectic.hpp>
#include <kutta/tensor/heap_bytes.hpp>
#include <kutta/tensor/index.hpp>
#include <kutta/tensor/phase_point.hpp>
#include <kutta/tensor/tensor.hpp>
#include <kutta/tensor/vec.hpp>

namespace kutta {

namespace detail {

/// Drift i of a step: calls the rate of positions alone.
template <std::size_t I>
struct drift_index : index_constant<I> {};

/// Kick i: that of momenta.
template <std::size_t I>
struct kick_index : index_constant<I> {};

template <class R>
constexpr void require_separable() {
  static_assert(separable_residual<R>,
                "a scheme of drifts and kicks expects a residual whose rates are separate: see "
                "layers/separable.hpp");
}

template <std::size_t I, class R, class... A>
void call_forward(drift_index<I>, const R& r, A&&... arguments) {
  require_separable<R>();
  r.position_rate(arguments...);
}
template <std::size_t I, class R, class... A>
void call_forward(kick_index<I>, const R& r, A&&... arguments) {
  r.momentum_rate(arguments...);
}

template <std::size_t I, class R, class... A>
void call_vjp(drift_index<I>, const R& r, A&&... arguments) {
  r.position_vjp(arguments...);
}
template <std::size_t I, class R, class... A>
void call_vjp(kick_index<I>, const R& r, A&&... arguments) {
  r.momentum_vjp(arguments...);
}

template <std::size_t I, class R, class... A>
void call_jvp(drift_index<I>, const R& r, A&&... arguments) {
  r.position_jvp(arguments...);
}
template <std::size_t I, class R, class... A>
void call_jvp(kick_index<I>, const R& r, A&&... arguments) {
  r.momentum_jvp(arguments...);
}

}  // namespace detail

/// A scheme of drifts and kicks carries the state itself. Evaluation i of the residual is drift i
/// and kick i, each at its own time, and either may be missing.
template <partitioned_scheme S, tensor X>
struct block_step<S, phase_point<X>> : detail::carries_state<phase_point<X>> {
  static constexpr std::size_t stages = S::tableau.stages;
  static constexpr std::size_t evaluations = stages;

  template <std::size_t I>
  static constexpr auto abscissa(detail::drift_index<I>) {
    constexpr auto at = detail::partial_sum(S::tableau.d, I);
    return at;
  }
  template <std::size_t I>
  static constexpr auto abscissa(detail::kick_index<I>) {
    constexpr auto at = detail::partial_sum(S::tableau.c, I + 1);
    return at;
  }

  using carried = phase_point<X>;
  struct points {
    vec<X, stages - 1> p;  ///< of drifts 2 … s; that of the first is the start of the step
    vec<X, kick_v<S, stages - 1> == 0 ? stages - 1 : stages> q;  ///< of the kicks

    std::size_t heap_bytes() const { return kutta::heap_bytes(p, q); }
  };
  struct temporaries {
    X k;

    std::size_t heap_bytes() const { return kutta::heap_bytes(k); }
  };

  static points make_points(const carried& x) {
    const auto zeros = [&] { return kutta::zeros_like(x.q); };
    constexpr std::size_t kicks = decltype(points::q)::size();
    if constexpr (stages > 1)
      return {detail::repeat<stages - 1>(zeros), detail::repeat<kicks>(zeros)};
    else
      return {{}, detail::repeat<kicks>(zeros)};
  }
  static temporaries make_temporaries(const carried& x) { return {kutta::zeros_like(x.q)}; }

  template <class F>
  static void forward(const F& rate, double h, const carried& x0, carried& x1, points& at,
                      temporaries& t) {
    if (&x0 != &x1) kutta::assign(x1, x0);
    partitioned_step<S>(drifting(rate, at), kicking(rate, at), real(h), x1.q, x1.p, t.k);
  }
  template <class F>
  static void inverse(const F& rate, double h, const carried& x1, carried& x0, points& at,
                      temporaries& t) {
    if (&x0 != &x1) kutta::assign(x0, x1);
    partitioned_step_inverse<S>(drifting(rate, at), kicking(rate, at), real(h), x0.q, x0.p, t.k);
  }

  /// gq ← gq + d_i h (∂a_i/∂q)ᵀ gp,   gp ← gp + c_i h (∂v_i/∂p)ᵀ gq        for i = s..1.
  template <class F>
  static void transpose(const F& rate_vjp, double h, const carried& x0, const points& at,
                        carried& g, temporaries& t) {
    detail::for_each_index_reversed<stages>([&](auto i) {
      constexpr std::size_t I = decltype(i)::value;
      if constexpr (kick_v<S, I> != 0)
        detail::shear_vjp(rate_vjp, detail::kick_index<I>{}, real(h) * kick_v<S, I, real>, g.p,
                          at.q[I], g.q, t.k);
      if constexpr (drift_v<S, I> != 0)
        detail::shear_vjp(rate_vjp, detail::drift_index<I>{}, real(h) * drift_v<S, I, real>, g.q,
                          drift_point<I>(x0, at), g.p, t.k);
    });
  }

  /// vq ← vq + c_i h v_i'(p) vp,   vp ← vp + d_i h a_i'(q) vq        for i = 1..s.
  template <class F>
  static void derivative(const F& rate_jvp, double h, const carried& x0, const points& at,
                         carried& v, temporaries& t) {
    detail::for_each_index<stages>([&](auto i) {
      constexpr std::size_t I = decltype(i)::value;
      if constexpr (drift_v<S, I> != 0) {
        rate_jvp(detail::drift_index<I>{}, drift_point<I>(x0, at), v.p, t.k);
        kutta::add(v.q, v.q, scaled<X>{real(h) * drift_v<S, I, real>, t.k});
      }
      if constexpr (kick_v<S, I> != 0) {
        rate_jvp(detail::kick_index<I>{}, at.q[I], v.q, t.k);
        kutta::add(v.p, v.p, scaled<X>{real(h) * kick_v<S, I, real>, t.k});
      }
    });
  }

 private:
  using real = detail::step_real_t<X>;

  /// The two rates, which leave their points in `at`.
  template <class F>
  static auto drifting(const F& rate, points& at) {
    return [&](auto i, const auto& p, auto& k) {
      constexpr std::size_t I = decltype(i)::value;
      if constexpr (I > 0) kutta::assign(at.p[I - 1], p);
      rate(detail::drift_index<I>{}, p, k);
    };
  }
  template <class F>
  static auto kicking(const F& rate, points& at) {
    return [&](auto i, const auto& q, auto& k) {
      constexpr std::size_t I = decltype(i)::value;
      kutta::assign(at.q[I], q);
      rate(detail::kick_index<I>{}, q, k);
    };
  }

  template <std::size_t I>
  static const X& drift_point(const carried& x0, const points& at) {
    if constexpr (I == 0)
      return x0.p;
    else
      return at.p[I - 1];
  }
};

}  // namespace kutta
