// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Costs that keep the paths of a block simple, so that few steps follow them.
///
/// Source: Finlay, Jacobsen, Nurbekyan & Oberman, How to train your neural ODE: the world of
/// Jacobian and kinetic regularization (2020).

#include <utility>

#include <kutta/layers/running_cost.hpp>
#include <kutta/layers/second_derivative.hpp>
#include <kutta/tensor/heap_bytes.hpp>
#include <kutta/tensor/host_device.hpp>
#include <kutta/tensor/tensor.hpp>

KUTTA_HD_BEGIN

namespace kutta::detail {

/// x².
struct square {
  template <class V>
  KUTTA_HD constexpr V operator()(const V& x) const {
    return x * x;
  }
};

/// 2 x v.
struct twice_product {
  template <class V>
  KUTTA_HD constexpr V operator()(const V& x, const V& v) const {
    return x * v + x * v;
  }
};

/// d + 2 x v.
struct add_twice_product {
  template <class V>
  KUTTA_HD constexpr V operator()(const V& d, const V& x, const V& v) const {
    return d + (x * v + x * v);
  }
};

}  // namespace kutta::detail

KUTTA_HD_END

namespace kutta::costs {

/// l = ‖R‖², of the whole state: q = ∫ ‖dx/dt‖² dt is at least ‖x(T) − x(0)‖²/T, and that on a
/// straight path at constant speed.
template <residual R>
struct kinetic_energy {
  using value = scalar_t<typename R::state>;
  struct tape {};

  value make_value(const typename R::state&) const { return 0; }

  void forward(const evaluation<R>& e, value& l, tape&, nothing&) const {
    l = static_cast<value>(kutta::inner_product(e.y, e.y));
  }
  void vjp(const evaluation<R>& e, const tape&, const value& dl, typename R::state&,
           typename R::state& dy, typename R::params&, nothing&) const {
    kutta::add(dy, dy, scaled<typename R::state>{2 * dl, e.y});
  }
  void jvp(const evaluation<R>& e, const tape&, const typename R::state&,
           const typename R::state& vy, const typename R::params&, value& vl) const {
    vl = static_cast<value>(2 * kutta::inner_product(e.y, vy));
  }
};

/// l_i = R_i², element by element, so that a loss may weigh each sample of a batch by itself.
template <residual R>
struct energy_of_elements {
  using value = typename R::state;
  struct tape {};

  value make_value(const value& x) const { return kutta::zeros_like(x); }

  void forward(const evaluation<R>& e, value& l, tape&, nothing&) const {
    kutta::map(l, detail::square{}, e.y);
  }
  void vjp(const evaluation<R>& e, const tape&, const value& dl, value&, value& dy,
           typename R::params&, nothing&) const {
    kutta::map(dy, detail::add_twice_product{}, dy, e.y, dl);
  }
  void jvp(const evaluation<R>& e, const tape&, const value&, const value& vy,
           const typename R::params&, value& vl) const {
    kutta::map(vl, detail::twice_product{}, e.y, vy);
  }
};

/// l = ‖Jᵀ e‖², J = ∂R/∂x, for a probe e: with random signs, or normal numbers, its mean over e is
/// the squared Frobenius norm of J. A probe is to stay the same during a pass.
///
/// The gradient needs R's second derivative. Cost: a vjp of R forward, a vjp_jvp in reverse.
template <has_second_derivative R>
struct jacobian_norm {
  using state = typename R::state;
  using value = scalar_t<state>;
  struct tape {
    state jte;  ///< Jᵀ e

    std::size_t heap_bytes() const { return kutta::heap_bytes(jte); }
  };
  struct scratch {
    state direction, no_state;
    typename R::params no_params, unused;

    std::size_t heap_bytes() const {
      return kutta::heap_bytes(direction, no_state, no_params, unused);
    }
  };

  state probe;

  value make_value(const state&) const { return 0; }
  tape make_tape(const R&, const typename R::params&, const state& x) const {
    return {kutta::zeros_like(x)};
  }
  scratch make_scratch(const R&, const typename R::params& theta, const state& x) const {
    return {kutta::zeros_like(x), kutta::zeros_like(x), kutta::zeros_like(theta),
            kutta::zeros_like(theta)};
  }

  void forward(const evaluation<R>& e, value& l, tape& saved, scratch& temporary) const {
    kutta::set_zero(saved.jte);
    detail::vjp(e.residual, e.theta, e.x, e.saved, probe, saved.jte, temporary.unused, e.at);
    l = static_cast<value>(kutta::inner_product(saved.jte, saved.jte));
  }

  /// The gradient of ⟨e, J v⟩ by x and theta, with v = 2 dl Jᵀ e held fixed.
  void vjp(const evaluation<R>& e, const tape& saved, const value& dl, state& dx, state&,
           typename R::params& dtheta, scratch& temporary) const {
    auto& [v, no_state, no_params, unused] = temporary;
    kutta::combine(v, scaled<state>{2 * dl, saved.jte});
    detail::vjp_jvp(e.residual, e.theta, e.x, e.saved, probe, v, no_params, no_state, dx, dtheta,
                    e.at);
  }
};

}  // namespace kutta::costs
