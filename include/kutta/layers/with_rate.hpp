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
#include <kutta/layers/update_statistics.hpp>
#include <kutta/tensor/heap_bytes.hpp>
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

/// rate R(theta, x). Its tape keeps R(theta, x). (`skip` in `skip.hpp` begins with the rate 0.)
template <residual R>
class with_rate {
 public:
  using state = typename R::state;
  using statistics = statistics_t<R>;
  using params = rated<typename R::params, scalar_t<state>>;
  struct tape {
    typename R::tape inner;
    state value;  ///< R(theta, x)

    std::size_t heap_bytes() const { return kutta::heap_bytes(inner, value); }
  };
  struct scratch {
    scratch_t<R> inner;
    state dvalue;

    std::size_t heap_bytes() const { return kutta::heap_bytes(inner, dvalue); }
  };
  static constexpr bool samples_independent = kutta::samples_independent<R>;

  /// New parameters have the rate `initial`.
  explicit with_rate(R r, double initial = 1)
      : residual_(std::move(r)), initial_(static_cast<scalar_t<state>>(initial)) {}

  const R& residual() const { return residual_; }

  template <class G>
  params make_params(G& generator) const {
    return {residual_.make_params(generator), initial_};
  }

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

  /// The statistics are R's.
  statistics make_statistics(const params& theta, const state& x) const
    requires stateful<R>
  {
    return residual_.make_statistics(theta.theta, x);
  }
  statistics positive_statistics(const statistics& stats) const
    requires stateful<R>
  {
    return detail::positive_statistics(residual_, stats);
  }
  decltype(auto) observed(const tape& saved) const
    requires stateful<R>
  {
    return residual_.observed(saved.inner);
  }
  void infer(const params& theta, const statistics& stats, const state& x, state& y, tape& saved,
             const context<with_rate>& at) const
    requires stateful<R>
  {
    detail::infer(residual_, theta.theta, stats, x, saved.value, saved.inner, inner(at));
    kutta::combine(y, scaled<state>{theta.rate, saved.value});
  }
  void update_statistics(statistics& stats, tape& saved, double momentum) const
    requires stateful<R>
  {
    kutta::update_statistics(residual_, stats, saved.inner, momentum);
  }

 private:
  static context<R> inner(const context<with_rate>& at) {
    return at.template inside<R>(at.scratch.inner);
  }

  [[no_unique_address]] R residual_;
  scalar_t<state> initial_;
};

}  // namespace kutta::layers
