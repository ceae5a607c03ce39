// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// A residual together with its derivative along a direction, as one residual:
///
///     R'({theta, vtheta}, {x, v}) = {R(theta, x), Rₓ v + R_theta vtheta}.
///
/// A block of it is the block of R and its derivative, step by step; the transpose of that is the
/// Hessian.

#include <concepts>
#include <tuple>
#include <utility>

#include <kutta/layers/call.hpp>
#include <kutta/layers/layer.hpp>
#include <kutta/layers/second_derivative.hpp>
#include <kutta/tensor/product.hpp>
#include <kutta/tensor/tensor.hpp>
#include <kutta/tensor/with_tangent.hpp>

namespace kutta::layers {

template <has_second_derivative R>
  requires residual<R>
class lifted {
 public:
  using state = with_tangent<typename R::state>;
  using params = with_tangent<typename R::params>;
  using tape = typename R::tape;
  using scratch = scratch_t<R>;
  static constexpr bool samples_independent = kutta::samples_independent<R>;

  explicit lifted(R r) : residual_(std::move(r)) {}

  const R& residual() const { return residual_; }

  tape make_tape(const params& theta, const state& x) const {
    return detail::make_tape(residual_, theta.value, x.value);
  }
  scratch make_scratch(const params& theta, const state& x) const {
    return detail::make_scratch(residual_, theta.value, x.value);
  }

  void forward(const params& theta, const state& x, state& y, tape& saved,
               const context<lifted>& at) const {
    detail::forward(residual_, theta.value, x.value, y.value, saved, inner(at));
    detail::jvp(residual_, theta.value, x.value, saved, x.tangent, theta.tangent, y.tangent,
                inner(at));
  }

  /// With dy = {a, b}: to dv and dvtheta goes the vjp of b; to dx and dtheta that of a, and the
  /// gradient of ⟨b, Rₓ v + R_theta vtheta⟩.
  void vjp(const params& theta, const state& x, const tape& saved, const state& dy, state& dx,
           params& dtheta, const context<lifted>& at) const {
    detail::vjp(residual_, theta.value, x.value, saved, dy.tangent, dx.tangent, dtheta.tangent,
                inner(at));
    detail::vjp_jvp(residual_, theta.value, x.value, saved, dy.tangent, x.tangent, theta.tangent,
                    dy.value, dx.value, dtheta.value, inner(at));
  }

 private:
  static context<R> inner(const context<lifted>& at) { return at.template inside<R>(at.scratch); }

  [[no_unique_address]] R residual_;
};

}  // namespace kutta::layers
