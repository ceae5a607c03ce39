// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The stepper of Runge–Kutta–Chebyshev schemes.
///
///     const auto end = kutta::integrate<kutta::schemes::rkc2>(heat, x0, {0.0, 1.0},
///     kutta::adaptive{});
///
/// A right-hand side says how stiff it is: `f.spectral_radius(t, x)` is a bound of |λ| over the
/// eigenvalues λ of ∂f/∂x, and each step takes the stages it needs. Without it the stepper has to
/// be made with a scheme, `stabilised_stepper stepper(x0, schemes::rkc2(20))`, and every step takes
/// its stages.

#include <stdexcept>
#include <utility>

#include <kutta/ode/end_rates.hpp>
#include <kutta/ode/error_estimate.hpp>
#include <kutta/ode/stabilised_step.hpp>
#include <kutta/ode/stepper.hpp>
#include <kutta/schemes/rkc.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta {

/// Steps of order 2 with as many stages as stability asks for, in six states.
template <tensor X>
class stabilised_stepper : public detail::end_rates<X> {
 public:
  using state = X;
  using real = detail::step_real_t<X>;
  static constexpr bool has_error_estimate = true;

  explicit stabilised_stepper(const X& x, schemes::rkc2 scheme = schemes::rkc2(2))
      : scheme_(std::move(scheme)), work_(x), error_(kutta::zeros_like(x)) {}

  static constexpr int error_order() { return 2; }

  /// The stages of the last step.
  int stages() const { return scheme_.stages(); }

  /// @throws std::invalid_argument if f.spectral_radius is negative or not finite.
  template <class F>
  bool attempt(F& f, real t, real h, const X& x0, X& x1, statistics& stats) {
    detail::end_rates<X>::attempt();
    if constexpr (requires { f.spectral_radius(t, x0); }) {
      const int s = schemes::rkc2::stages_for(static_cast<double>(h),
                                              static_cast<double>(f.spectral_radius(t, x0)));
      if (s != scheme_.stages()) scheme_ = schemes::rkc2(s);
    }
    const X& f0 = this->rate(f, t, x0, stats);
    const auto rate = [&](int j, real c, const X& x, X& k) {
      if (j == 0)
        kutta::assign(k, f0);
      else
        f(t + c * h, x, k);
    };
    stabilised_step(scheme_, rate, h, x0, x1, work_);
    stats.evaluations += scheme_.stages() - 1;
    if (&x0 != &x1)  // else x0 is gone, and with it the error of a step that is fixed anyway
      kutta::combine(error_, scaled<X>{real(12) / 15, x0}, scaled<X>{-real(12) / 15, x1},
                     scaled<X>{6 * h / 15, f0},
                     scaled<X>{6 * h / 15, this->end_rate(f, t + h, x1, stats)});
    return true;
  }

  real squared_error(const error_scale<X>& scale, real, const X& x0, const X& x1) const {
    return scale.squared(x0, x1, scaled<X>{1, error_});
  }

 private:
  schemes::rkc2 scheme_;
  stabilised_storage<X> work_;
  X error_;
};

template <tensor X>
struct detail::stepper_of<schemes::rkc2, X> {
  using type = stabilised_stepper<X>;
};

}  // namespace kutta
