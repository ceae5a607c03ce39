// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Hessian–vector products of a loss of a block, forward over reverse.
///
///     const kutta::hessian h(f);
///     auto ws = h.make_workspace(theta, x0);
///     h.product(theta, x0, vtheta, vx, loss, hx, htheta, ws);
///
/// Exact for the steps of the block, at two to three times the cost of a gradient, and twice its
/// memory. Source: Pearlmutter, Fast exact multiplication by the Hessian (1994).

#include <concepts>
#include <cstddef>
#include <vector>

#include <kutta/basis/basis.hpp>
#include <kutta/basis/evaluate.hpp>
#include <kutta/layers/lifted.hpp>
#include <kutta/layers/second_derivative.hpp>
#include <kutta/ode/keep.hpp>
#include <kutta/ode/ode_block.hpp>
#include <kutta/ode/workspace.hpp>
#include <kutta/tensor/shape.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta {

/// The Hessian of a loss of the end of a block, as a linear map on (x0, theta).
template <has_second_derivative R, block_scheme<with_tangent<typename R::state>> S, basis B>
  requires residual<R> && std::copy_constructible<R>
class hessian {
 public:
  using state = typename R::state;
  using params = typename R::params;
  using coefficients = std::vector<params>;
  using block = ode_block<layers::lifted<R>, S, B>;

  /// What a product computes into. Afterwards `dx.tangent` and dtheta[k].tangent are the gradient.
  template <recording_policy K>
  struct workspace_of {
    kutta::workspace<layers::lifted<R>, S, K> pass;
    with_tangent<state> x0, dx;
    std::vector<with_tangent<params>> theta, dtheta;
  };

  explicit hessian(const ode_block<R, S, B>& f)
      : lifted_(layers::lifted<R>(f.residual()), f.basis(), f.options()) {}

  template <recording_policy K = keep::everything>
  workspace_of<K> make_workspace(const coefficients& theta, const state& x,
                                 const K& keep = {}) const {
    detail::require_coefficients("make_workspace: theta", lifted_.basis(), theta);
    std::vector<with_tangent<params>> both;
    both.reserve(theta.size());
    for (const params& p : theta) both.push_back({kutta::zeros_like(p), kutta::zeros_like(p)});
    with_tangent<state> start{kutta::zeros_like(x), kutta::zeros_like(x)};
    auto pass = lifted_.make_workspace(both, start, keep);
    auto dx = kutta::zeros_like(start);
    auto dtheta = kutta::zeros_like(both);
    return {std::move(pass), std::move(start), std::move(dx), std::move(both), std::move(dtheta)};
  }

  /// hx ← and htheta += the derivative of the loss's gradient by (x0, theta) along (vx, vtheta).
  /// Returns the loss.
  ///
  /// `loss(x1, vx1, dx1, vdx1)` returns L(x1), adds its gradient to dx1, and the derivative of that
  /// along vx1 to vdx1.
  /// @throws std::invalid_argument if an argument does not have the shape the workspace was made
  /// for.
  template <class L, recording_policy K>
  double product(const coefficients& theta, const state& x0, const coefficients& vtheta,
                 const state& vx, L&& loss, state& hx, coefficients& htheta,
                 workspace_of<K>& ws) const {
    require("theta", theta, ws);
    require("vtheta", vtheta, ws);
    require("htheta", htheta, ws);
    for (const state* x : {&x0, &vx, static_cast<const state*>(&hx)})
      detail::require_same_shape("state", ws.x0.value, *x);
    for (std::size_t k = 0; k < theta.size(); ++k) {
      kutta::assign(ws.theta[k].value, theta[k]);
      kutta::assign(ws.theta[k].tangent, vtheta[k]);
    }
    kutta::assign(ws.x0.value, x0);
    kutta::assign(ws.x0.tangent, vx);
    kutta::set_zero(ws.dtheta);
    const auto both = [&](const with_tangent<state>& x1, std::size_t, with_tangent<state>& dx1) {
      return loss(x1.value, x1.tangent, dx1.tangent, dx1.value);
    };
    const double value = lifted_.gradient(ws.theta, ws.x0, both, ws.dx, ws.dtheta, ws.pass);
    kutta::assign(hx, ws.dx.value);
    for (std::size_t k = 0; k < htheta.size(); ++k)
      kutta::add(htheta[k], htheta[k], scaled<params>{1, ws.dtheta[k].value});
    return value;
  }

 private:
  template <class W>
  void require(const char* what, const coefficients& theta, const W& ws) const {
    detail::require_coefficients_like(what, lifted_.basis(), theta, ws.theta.front().value);
  }

  block lifted_;
};

}  // namespace kutta
