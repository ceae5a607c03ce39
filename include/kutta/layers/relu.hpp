// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// max(x, 0) as a layer.

#include <array>

#include <kutta/layers/activation.hpp>
#include <kutta/layers/layer.hpp>
#include <kutta/tensor/contiguous.hpp>
#include <kutta/tensor/host_device.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta {

namespace detail {

/// dx + dy where y > 0: x > 0 is the same.
struct add_where_positive {
  template <class V>
  KUTTA_HD constexpr V operator()(const V& dx, const V& x, const V& dy) const {
    return dx + where_less(V(0), x, dy, V(0));
  }
};
struct where_positive {
  template <class V>
  KUTTA_HD constexpr V operator()(const V& x, const V& v) const {
    return where_less(V(0), x, v, V(0));
  }
};

}  // namespace detail

namespace layers {

/// y = max(x, 0); the derivative at 0 is 0. x: any tensor.
template <tensor X>
struct relu {
  static constexpr bool samples_independent = true;

  using state = X;
  using params = std::array<scalar_t<X>, 0>;
  using tape = nothing;

  template <class G>
  params make_params(G&) const {
    return {};
  }

  void forward(const params&, const X& x, X& y, tape&) const {
    kutta::map(y, activations::relu{}, x);
  }
  void vjp(const params&, const X& x, const tape&, const X& dy, X& dx, params&) const {
    kutta::map(dx, detail::add_where_positive{}, dx, x, dy);
  }
  void jvp(const params&, const X& x, const tape&, const X& vx, const params&, X& vy) const {
    kutta::map(vy, detail::where_positive{}, x, vx);
  }
};

}  // namespace layers
}  // namespace kutta
