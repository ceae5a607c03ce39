// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The stepper of schemes in 2N storage.

#include <kutta/ode/end_rates.hpp>
#include <kutta/ode/low_storage_step.hpp>
#include <kutta/ode/stepper.hpp>
#include <kutta/schemes/coefficients.hpp>
#include <kutta/schemes/scheme.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta {

/// Steps in two states: x and d. A right-hand side that can add its rate in place,
///
///     f.accumulate(t, x, a, d)        d ← a d + f(t, x),
///
/// needs no more; any other needs one for the rate.
template <low_storage_scheme S, tensor X>
class low_storage_stepper : public detail::end_rates<X> {
 public:
  using state = X;
  using real = detail::step_real_t<X>;
  static constexpr bool has_error_estimate = false;

  explicit low_storage_stepper(const X& x) : d_(kutta::zeros_like(x)) {}

  template <class F>
  bool attempt(F& f, real t, real h, const X& x0, X& x1, statistics& stats) {
    detail::end_rates<X>::attempt();
    stats.evaluations += stages_v<S>;
    if (&x1 != &x0) kutta::assign(x1, x0);
    if constexpr (requires(scalar_t<X> a) { f.accumulate(t, x0, a, d_); }) {
      const auto accumulate = [&](auto i, const X& x, scalar_t<X> a, X& d) {
        f.accumulate(t + h * c_v<S, decltype(i)::value, real>, x, a, d);
      };
      low_storage_step<S>(accumulate, h, x1, d_);
    } else {
      const auto rate = [&](auto i, const X& x, X& k) {
        f(t + h * c_v<S, decltype(i)::value, real>, x, k);
      };
      if (!k_) k_.emplace(kutta::zeros_like(x0));
      low_storage_step<S>(rate, h, x1, d_, *k_);
    }
    return true;
  }

 private:
  X d_;
  std::optional<X> k_;
};

template <low_storage_scheme S, tensor X>
struct detail::stepper_of<S, X> {
  using type = low_storage_stepper<S, X>;
};

}  // namespace kutta
