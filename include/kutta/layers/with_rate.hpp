// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// A residual times a rate that is learned with its weights.
///
///     R'({theta, rate}, x) = rate R(theta, x)
///
/// In a block over [0, T] the rate is a factor of time: the gradient by it is also that by the end
/// of time, ∂L/∂T = (rate/T) ∂L/∂rate, for an R that does not read the time. Like other weights it
/// may be a function of depth: time then runs at a speed of its own at every depth.

#include <tuple>
#include <utility>

#include <kutta/layers/call.hpp>
#include <kutta/layers/layer.hpp>
#include <kutta/tensor/product.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta::layers {

/// The weights of R, and the rate.
template <tensor P, class T>
struct rated {
  P theta;
  T rate;
  static constexpr auto fields =
      std::tuple{field{"theta", &rated::theta}, field{"rate", &rated::rate}};
};

/// rate R(theta, x). Its tape keeps R(theta, x).
template <residual R>
class with_rate {
 public:
  using state = typename R::state;
  using params = rated<typename R::params, scalar_t<state>>;
  struct tape {
    typename R::tape inner;
    state value;  ///< R(theta, x)
  };
  struct scratch {
    scratch_t<R> inner;
    state dvalue;
  };
  static constexpr bool samples_independent = kutta::samples_independent<R>;

  explicit with_rate(R r) : residual_(std::move(r)) {}

  const R& residual() const { return residual_; }

  tape make_tape(const params& theta, const state& x) const {
    return {detail::make_tape(residual_, theta.theta, x), kutta::zeros_like(x)};
  }
  scratch make_scratch(const params& theta, const state& x) const {
    return {detail::make_scratch(residual_, theta.theta, x), kutta::zeros_like(x)};
  }

  void forward(const params& theta, const state& x, state& y, tape& saved,
               const context<with_rate>& at) const {
    detail::forward(residual_, theta.theta, x, saved.value, saved.inner, inner(at));
    kutta::combine(y, scaled<state>{theta.rate, saved.value});
  }

  /// drate += ⟨dy, R⟩, and the vjp of R on rate dy.
  void vjp(const params& theta, const state& x, const tape& saved, const state& dy, state& dx,
           params& dtheta, const context<with_rate>& at) const {
    dtheta.rate += static_cast<scalar_t<state>>(kutta::inner_product(dy, saved.value));
    state& dvalue = at.scratch.dvalue;
    kutta::combine(dvalue, scaled<state>{theta.rate, dy});
    detail::vjp(residual_, theta.theta, x, saved.inner, dvalue, dx, dtheta.theta, inner(at));
  }

  /// vy = rate vR + vrate R.
  void jvp(const params& theta, const state& x, const tape& saved, const state& vx,
           const params& vtheta, state& vy, const context<with_rate>& at) const
    requires has_jvp<R>
  {
    detail::jvp(residual_, theta.theta, x, saved.inner, vx, vtheta.theta, vy, inner(at));
    kutta::combine(vy, scaled<state>{theta.rate, vy}, scaled<state>{vtheta.rate, saved.value});
  }

 private:
  static context<R> inner(const context<with_rate>& at) {
    return {at.t, at.pass, at.first_sample, at.scratch.inner};
  }

  [[no_unique_address]] R residual_;
};

}  // namespace kutta::layers
