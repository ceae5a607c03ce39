// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Residuals on phase points whose rates are separate:
///
///     dq/dt = v(theta, p),   dp/dt = a(theta, q).

#include <concepts>
#include <tuple>
#include <utility>

#include <kutta/layers/call.hpp>
#include <kutta/layers/layer.hpp>
#include <kutta/tensor/heap_bytes.hpp>
#include <kutta/tensor/phase_point.hpp>
#include <kutta/tensor/product.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta {

/// A residual on phase points that evaluates either rate alone, for schemes of drifts and kicks:
///
///     position_rate   (theta, p, k, tape, at)                 k ← v(theta, p)
///     position_vjp    (theta, p, tape, dk, dp, dtheta, at)    dp += (∂v/∂p)ᵀ dk, dtheta likewise
///     position_jvp    (theta, p, tape, vp, vtheta, vk, at)    vk ← (∂v/∂p) vp + …; optional
///
/// and `momentum_rate`, `momentum_vjp`, `momentum_jvp` of a(theta, q). One tape serves a call of
/// each.
template <class R>
concept separable_residual =
    residual<R> && requires(const R r, const typename R::params& theta, typename R::state& x,
                            typename R::tape& saved, const typename R::tape& recorded,
                            typename R::params& dtheta, const context<R>& at) {
      r.position_rate(theta, std::as_const(x.p), x.q, saved, at);
      r.position_vjp(theta, std::as_const(x.p), recorded, std::as_const(x.q), x.p, dtheta, at);
      r.momentum_rate(theta, std::as_const(x.q), x.p, saved, at);
      r.momentum_vjp(theta, std::as_const(x.q), recorded, std::as_const(x.p), x.q, dtheta, at);
    };

namespace layers {

/// The weights of both rates.
template <tensor V, tensor A>
struct separable_params {
  V v;
  A a;
  static constexpr auto fields =
      std::tuple{field{"v", &separable_params::v}, field{"a", &separable_params::a}};
};

/// dq/dt = V(theta.v, p), dp/dt = A(theta.a, q): two residuals on tensors as one on phase points.
template <residual V, residual A>
  requires std::same_as<typename V::state, typename A::state>
class separable {
 public:
  static constexpr bool samples_independent =
      kutta::samples_independent<V> && kutta::samples_independent<A>;

  using half = typename V::state;
  using state = phase_point<half>;
  using params = separable_params<typename V::params, typename A::params>;
  struct tape {
    typename V::tape v;
    typename A::tape a;

    std::size_t heap_bytes() const { return kutta::heap_bytes(v, a); }
  };
  struct scratch {
    scratch_t<V> v;
    scratch_t<A> a;

    std::size_t heap_bytes() const { return kutta::heap_bytes(v, a); }
  };

  constexpr separable(V v, A a) : v_(std::move(v)), a_(std::move(a)) {}

  const V& first() const { return v_; }
  const A& second() const { return a_; }

  template <class Generator>
  params make_params(Generator& generator) const {
    auto v = v_.make_params(generator);
    return {std::move(v), a_.make_params(generator)};
  }
  tape make_tape(const params& theta, const state& x) const {
    return {detail::make_tape(v_, theta.v, x.p), detail::make_tape(a_, theta.a, x.q)};
  }
  scratch make_scratch(const params& theta, const state& x) const {
    return {detail::make_scratch(v_, theta.v, x.p), detail::make_scratch(a_, theta.a, x.q)};
  }

  void position_rate(const params& theta, const half& p, half& k, tape& saved,
                     const context<separable>& at) const {
    detail::forward(v_, theta.v, p, k, saved.v, in_first(at));
  }
  void position_vjp(const params& theta, const half& p, const tape& saved, const half& dk, half& dp,
                    params& dtheta, const context<separable>& at) const {
    detail::vjp(v_, theta.v, p, saved.v, dk, dp, dtheta.v, in_first(at));
  }
  void position_jvp(const params& theta, const half& p, const tape& saved, const half& vp,
                    const params& vtheta, half& vk, const context<separable>& at) const
    requires has_jvp<V>
  {
    detail::jvp(v_, theta.v, p, saved.v, vp, vtheta.v, vk, in_first(at));
  }

  void momentum_rate(const params& theta, const half& q, half& k, tape& saved,
                     const context<separable>& at) const {
    detail::forward(a_, theta.a, q, k, saved.a, in_second(at));
  }
  void momentum_vjp(const params& theta, const half& q, const tape& saved, const half& dk, half& dq,
                    params& dtheta, const context<separable>& at) const {
    detail::vjp(a_, theta.a, q, saved.a, dk, dq, dtheta.a, in_second(at));
  }
  void momentum_jvp(const params& theta, const half& q, const tape& saved, const half& vq,
                    const params& vtheta, half& vk, const context<separable>& at) const
    requires has_jvp<A>
  {
    detail::jvp(a_, theta.a, q, saved.a, vq, vtheta.a, vk, in_second(at));
  }

  /// Both rates, for every other scheme.
  void forward(const params& theta, const state& x, state& y, tape& saved,
               const context<separable>& at) const {
    position_rate(theta, x.p, y.q, saved, at);
    momentum_rate(theta, x.q, y.p, saved, at);
  }
  void vjp(const params& theta, const state& x, const tape& saved, const state& dy, state& dx,
           params& dtheta, const context<separable>& at) const {
    position_vjp(theta, x.p, saved, dy.q, dx.p, dtheta, at);
    momentum_vjp(theta, x.q, saved, dy.p, dx.q, dtheta, at);
  }
  void jvp(const params& theta, const state& x, const tape& saved, const state& vx,
           const params& vtheta, state& vy, const context<separable>& at) const
    requires has_jvp<V> && has_jvp<A>
  {
    position_jvp(theta, x.p, saved, vx.p, vtheta, vy.q, at);
    momentum_jvp(theta, x.q, saved, vx.q, vtheta, vy.p, at);
  }

 private:
  static context<V> in_first(const context<separable>& at) {
    return at.template inside<V>(at.scratch.v);
  }
  static context<A> in_second(const context<separable>& at) {
    return at.template inside<A>(at.scratch.a);
  }

  [[no_unique_address]] V v_;
  [[no_unique_address]] A a_;
};

}  // namespace layers
}  // namespace kutta
