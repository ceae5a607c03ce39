// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Activations as layers: y = σ(x), element by element.

#include <array>
#include <utility>

#include <kutta/layers/activation.hpp>
#include <kutta/layers/gelu.hpp>
#include <kutta/layers/layer.hpp>
#include <kutta/tensor/host_device.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta {

namespace detail {

/// σ'(x): F gives it as a function of x, `slope`, or of y = σ(x), `derivative`. Inlined by force,
/// as a loop with a call in it does not vectorise.
template <class F, class T>
[[gnu::always_inline]] KUTTA_HD inline T slope_of(const F& f, const T& x) {
  if constexpr (requires { f.slope(x); })
    return f.slope(x);
  else
    return f.derivative(f(x));
}

/// σ'(x) v.
template <class F>
struct times_slope {
  F f;

  template <class V>
  [[gnu::always_inline]] KUTTA_HD V operator()(const V& x, const V& v) const {
    return slope_of(f, x) * v;
  }
};

/// dx + σ'(x) dy.
template <class F>
struct add_times_slope {
  F f;

  template <class V>
  [[gnu::always_inline]] KUTTA_HD V operator()(const V& dx, const V& x, const V& dy) const {
    return dx + slope_of(f, x) * dy;
  }
};

}  // namespace detail

namespace layers {

/// y = σ(x), σ = F of `activation.hpp` or `gelu.hpp`. x: any tensor.
///
///     sequential r{dense<X>({1, 1, 64}, 64), gelu<X>{}};
///     elu<X> half{activations::elu(0.5)};
///
/// The tape holds nothing: vjp computes σ'(x) from x.
template <tensor X, class F>
class elementwise {
 public:
  static constexpr bool samples_independent = true;

  using state = X;
  using params = std::array<scalar_t<X>, 0>;
  using tape = nothing;

  explicit elementwise(F f = {}) : f_(std::move(f)) {}

  const F& function() const { return f_; }

  template <class G>
  params make_params(G&) const {
    return {};
  }

  void forward(const params&, const X& x, X& y, tape&) const { kutta::map(y, f_, x); }
  /// dx += σ'(x) dy.
  void vjp(const params&, const X& x, const tape&, const X& dy, X& dx, params&) const {
    kutta::map(dx, detail::add_times_slope<F>{f_}, dx, x, dy);
  }
  /// vy = σ'(x) vx.
  void jvp(const params&, const X& x, const tape&, const X& vx, const params&, X& vy) const {
    kutta::map(vy, detail::times_slope<F>{f_}, x, vx);
  }

 private:
  [[no_unique_address]] F f_;
};

template <tensor X>
using tanh = elementwise<X, activations::tanh>;
template <tensor X>
using sigmoid = elementwise<X, activations::sigmoid>;
template <tensor X>
using elu = elementwise<X, activations::elu>;
template <tensor X>
using gelu = elementwise<X, activations::gelu>;
template <tensor X>
using gelu_tanh = elementwise<X, activations::gelu_tanh>;
template <tensor X>
using silu = elementwise<X, activations::silu>;

}  // namespace layers
}  // namespace kutta
