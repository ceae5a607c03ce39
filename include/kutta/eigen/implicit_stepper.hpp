// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The stepper of implicit schemes, for small dense systems.
///
///     struct van_der_pol {
///       double mu;
///       void operator()(double, const Eigen::Vector2d& x, Eigen::Vector2d& dx) const { … }
///       void jacobian(double, const Eigen::Vector2d& x, auto& j) const { … }   // optional
///     };
///     const auto end = kutta::integrate<kutta::schemes::kennedy_carpenter43>(
///         van_der_pol{1e6}, x0, {0.0, 2.0}, kutta::adaptive{.rtol = 1e-6});

#include <limits>

#include <kutta/eigen/implicit_step.hpp>
#include <kutta/ode/end_rates.hpp>
#include <kutta/ode/error_estimate.hpp>
#include <kutta/ode/integrate.hpp>
#include <kutta/ode/stepper.hpp>
#include <kutta/schemes/order.hpp>
#include <kutta/schemes/scheme.hpp>
#include <kutta/schemes/stage_structure.hpp>

namespace kutta {

/// Steps that solve for their stages by Newton's method. `f.jacobian(t, x, J)` writes ∂f/∂x to J,
/// which is 0 on entry; without it differences of f are taken.
///
/// A step whose equations cannot be solved is repeated with a shorter h where h is free, and ends
/// the integration with `status::not_converged` where it is fixed.
template <implicit_scheme S, dense_state X>
class implicit_stepper : public detail::end_rates<X> {
 public:
  using state = X;
  using real = detail::step_real_t<X>;
  static constexpr bool has_error_estimate = has_embedding(S::tableau);

  /// The equations are solved to a hundredth of the tolerance of an adaptive integration, to 1e-12
  /// where steps are fixed.
  explicit implicit_stepper(const X& x) : storage_(x) {}

  /// The equations are solved as the options say.
  implicit_stepper(const X& x, const newton_options& newton)
      : storage_(x), newton_(newton), has_own_options_(true) {}

  static constexpr int error_order()
    requires has_error_estimate
  {
    constexpr int p = order(S::tableau), q = embedded_order(S::tableau);
    return p < q ? p : q;
  }

  void set_tolerance(const adaptive& how) {
    if (has_own_options_) return;
    newton_.rtol = how.rtol;
    newton_.atol = how.atol > 0 ? how.atol : std::numeric_limits<double>::min();
  }

  template <class F>
  bool attempt(F& f, real t, real h, const X& x0, X& x1, statistics& stats) {
    detail::end_rates<X>::attempt();
    const auto rate = [&](real at, const X& x, X& k) { f(at, x, k); };
    implicit_statistics count;
    const bool solved = [&] {
      if constexpr (requires { f.jacobian(t, x0, storage_.jacobian[0]); }) {
        const auto jacobian = [&](real at, const X& x, auto& j) { f.jacobian(at, x, j); };
        return implicit_step<S>(rate, jacobian, newton_, t, h, x0, x1, storage_, count);
      } else {
        return implicit_step<S>(rate, finite_difference_jacobian{}, newton_, t, h, x0, x1, storage_,
                                count);
      }
    }();
    stats.evaluations += count.evaluations;
    stats.jacobians += count.jacobians;
    stats.factorizations += count.factorizations;
    // The rate that solves the equations: f(t1, x1) would enlarge the error of a stiff x1.
    if constexpr (is_stiffly_accurate(S::tableau))
      if (solved) this->set_end_rate(storage_.rates[stages_v<S> - 1]);
    return solved;
  }

  /// An estimate of higher order than the scheme is not bounded on stiff decay: it is filtered.
  real squared_error(const error_scale<X>& scale, real h, const X& x0, const X& x1)
    requires has_error_estimate
  {
    X& error = storage_.scratch.point;
    [&]<std::size_t... J>(std::index_sequence<J...>) {
      kutta::combine(error, scaled<X>{h * detail::error_v<S, J, real>, storage_.rates[J]}...);
    }(detail::error_t<S>{});
    if constexpr (embedded_order(S::tableau) > order(S::tableau)) filter_error(storage_, error);
    return scale.squared(x0, x1, scaled<X>{1, error});
  }

 private:
  implicit_stepper_storage<S, X> storage_;
  newton_options newton_;
  bool has_own_options_ = false;
};

template <implicit_scheme S, dense_state X>
struct detail::stepper_of<S, X> {
  using type = implicit_stepper<S, X>;
};

}  // namespace kutta
