// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Costs that are integrated along the path of a block: a residual on states {x, q},
///
///     dx/dt = R(theta, x),   dq/dt = l(theta, x, R(theta, x)).
///
/// q(T) is an output like x(T): whatever a loss makes of it has an exact gradient, and the scheme
/// integrates it with the order of x. With a block's rate, q is that of rate l.
///
/// A cost l is a class with
///
///     value       the kind of q: a number, or a tensor; make_value(x) is a zero of it
///     tape        what its vjp needs; make_tape(e) where it is not a plain value; scratch likewise
///     forward     (e, l, saved, scratch)                       l ← l(theta, x, R), overwritten
///     vjp         (e, saved, dl, dx, dy, dtheta, scratch)      adds to the adjoints of x, R, theta
///     jvp         (e, saved, vx, vy, vtheta, vl)               optional
///
/// where e is an `evaluation` of R.

#include <concepts>
#include <tuple>
#include <utility>

#include <kutta/layers/call.hpp>
#include <kutta/layers/layer.hpp>
#include <kutta/tensor/heap_bytes.hpp>
#include <kutta/tensor/product.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta {

/// One call of a residual, as a cost sees it.
template <residual R>
struct evaluation {
  const R& residual;
  const typename R::params& theta;
  const typename R::state& x;
  const typename R::state& y;  ///< R(theta, x)
  const typename R::tape& saved;
  const context<R>& at;
};

/// A state with the costs of its path so far.
template <tensor X, tensor Q>
struct with_cost {
  X x;
  Q q;
  static constexpr auto fields = std::tuple{field{"x", &with_cost::x}, field{"q", &with_cost::q}};
};

/// L is a cost along the paths of R.
template <class L, class R>
concept running_cost =
    std::movable<L> && tensor<typename L::value> && std::movable<typename L::tape> &&
    requires(const L l, const evaluation<R>& e, typename L::value& q, const typename L::value& dq,
             typename L::tape& saved, const typename L::tape& recorded, scratch_t<L>& scratch,
             typename R::state& dx, typename R::params& dtheta) {
      { l.make_value(e.x) } -> std::convertible_to<typename L::value>;
      l.forward(e, q, saved, scratch);
      l.vjp(e, recorded, dq, dx, dx, dtheta, scratch);
    };

template <class L, class R>
concept running_cost_with_jvp =
    running_cost<L, R> && has_jvp<R> &&
    requires(const L l, const evaluation<R>& e, const typename L::tape& saved,
             const typename R::state& vx, const typename R::params& vtheta,
             typename L::value& vq) { l.jvp(e, saved, vx, vx, vtheta, vq); };

namespace layers {

/// R on states with the cost L of their path.
template <residual R, running_cost<R> L>
class with_running_cost {
 public:
  using value = typename L::value;
  using state = with_cost<typename R::state, value>;
  using params = typename R::params;
  struct tape {
    typename R::tape inner;
    typename R::state rate;  ///< R(theta, x)
    typename L::tape cost;

    std::size_t heap_bytes() const { return kutta::heap_bytes(inner, rate, cost); }
  };
  struct scratch {
    scratch_t<R> inner;
    typename R::state drate;
    scratch_t<L> cost;

    std::size_t heap_bytes() const { return kutta::heap_bytes(inner, drate, cost); }
  };

  with_running_cost(R r, L l) : residual_(std::move(r)), cost_(std::move(l)) {}

  const R& residual() const { return residual_; }
  const L& cost() const { return cost_; }

  /// {x, 0}: where a path begins.
  state start(const typename R::state& x) const {
    state first{kutta::zeros_like(x), cost_.make_value(x)};
    kutta::assign(first.x, x);
    return first;
  }

  tape make_tape(const params& theta, const state& x) const {
    typename L::tape cost{};
    if constexpr (requires { cost_.make_tape(residual_, theta, x.x); })
      cost = cost_.make_tape(residual_, theta, x.x);
    return {detail::make_tape(residual_, theta, x.x), kutta::zeros_like(x.x), std::move(cost)};
  }
  scratch make_scratch(const params& theta, const state& x) const {
    scratch_t<L> cost{};
    if constexpr (requires { cost_.make_scratch(residual_, theta, x.x); })
      cost = cost_.make_scratch(residual_, theta, x.x);
    return {detail::make_scratch(residual_, theta, x.x), kutta::zeros_like(x.x), std::move(cost)};
  }

  void forward(const params& theta, const state& x, state& y, tape& saved,
               const context<with_running_cost>& at) const {
    const context<R> inner = inner_of(at);
    detail::forward(residual_, theta, x.x, saved.rate, saved.inner, inner);
    kutta::assign(y.x, saved.rate);
    cost_.forward(evaluation<R>{residual_, theta, x.x, saved.rate, saved.inner, inner}, y.q,
                  saved.cost, at.scratch.cost);
  }

  /// dR = dy_x + (∂l/∂R)ᵀ dy_q,   dx += Rₓᵀ dR + (∂l/∂x)ᵀ dy_q,   dtheta likewise.
  void vjp(const params& theta, const state& x, const tape& saved, const state& dy, state& dx,
           params& dtheta, const context<with_running_cost>& at) const {
    const context<R> inner = inner_of(at);
    auto& drate = at.scratch.drate;
    kutta::assign(drate, dy.x);
    cost_.vjp(evaluation<R>{residual_, theta, x.x, saved.rate, saved.inner, inner}, saved.cost,
              dy.q, dx.x, drate, dtheta, at.scratch.cost);
    detail::vjp(residual_, theta, x.x, saved.inner, drate, dx.x, dtheta, inner);
  }

  void jvp(const params& theta, const state& x, const tape& saved, const state& vx,
           const params& vtheta, state& vy, const context<with_running_cost>& at) const
    requires running_cost_with_jvp<L, R>
  {
    const context<R> inner = inner_of(at);
    detail::jvp(residual_, theta, x.x, saved.inner, vx.x, vtheta, vy.x, inner);
    cost_.jvp(evaluation<R>{residual_, theta, x.x, saved.rate, saved.inner, inner}, saved.cost,
              vx.x, std::as_const(vy.x), vtheta, vy.q);
  }

 private:
  static context<R> inner_of(const context<with_running_cost>& at) {
    return at.template inside<R>(at.scratch.inner);
  }

  [[no_unique_address]] R residual_;
  [[no_unique_address]] L cost_;
};

}  // namespace layers
}  // namespace kutta
