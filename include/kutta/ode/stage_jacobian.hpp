// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The rate at the stages of a step, with its derivative: for schemes that solve equations.

#include <cstdint>
#include <type_traits>

#include <kutta/basis/depth.hpp>
#include <kutta/basis/evaluate.hpp>
#include <kutta/layers/call.hpp>
#include <kutta/layers/jacobian.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta::detail {

/// A call F of the residual at the stages of step n, and ∂R/∂x there. Owns nothing.
template <class F, class Pass, class Tapes, class W>
struct rate_with_jacobian : F {
  using residual = std::remove_cvref_t<decltype(Pass::residual)>;
  using state = typename Pass::state;
  using F::operator();

  const Pass& pass;
  const typename Pass::coefficients& theta;
  std::int64_t n;
  const Tapes& tapes;
  W& ws;

  /// J ← ∂R/∂x at x, by R's own function. J is 0 on entry.
  template <class I, class J>
  void jacobian(I i, const state& x, J& j) const
    requires has_jacobian<residual, J>
  {
    const depth s = at(i);
    detail::jacobian(pass.residual, evaluate(pass.basis, s, theta, ws.theta_at), x, j,
                     pass.context_at(s, ws));
  }

  /// dx += (∂R/∂x)ᵀ dy at x, where the tape of stage i is from.
  template <class I>
  void vjp(I i, const state& x, const state& dy, state& dx) const {
    const depth s = at(i);
    kutta::set_zero(ws.dtheta_at);
    detail::vjp(pass.residual, evaluate(pass.basis, s, theta, ws.theta_at), x, tapes[I::value], dy,
                dx, ws.dtheta_at, pass.context_at(s, ws));
  }

 private:
  template <class I>
  depth at(I i) const {
    return pass.grid.at(n, Pass::stepping::abscissa(i));
  }
};

}  // namespace kutta::detail
