// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The stepper of strong-stability-preserving schemes.

#include <kutta/ode/block_step.hpp>
#include <kutta/ode/end_rates.hpp>
#include <kutta/ode/shu_osher_step.hpp>
#include <kutta/ode/stepper.hpp>
#include <kutta/schemes/coefficients.hpp>
#include <kutta/schemes/scheme.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta {

/// Steps in Shu–Osher form: every stage is the convex combination that is printed, so that bounds
/// hold in floating point as they do on paper.
template <shu_osher_scheme S, tensor X>
class shu_osher_stepper : public detail::end_rates<X> {
 public:
  using state = X;
  using real = detail::step_real_t<X>;
  static constexpr bool has_error_estimate = false;

  explicit shu_osher_stepper(const X& x)
      : points_(detail::repeat<stages_v<S> - 1>([&] { return kutta::zeros_like(x); })),
        k_(detail::repeat<stages_v<S>>([&] { return kutta::zeros_like(x); })) {}

  template <class F>
  bool attempt(F& f, real t, real h, const X& x0, X& x1, statistics& stats) {
    detail::end_rates<X>::attempt();
    stats.evaluations += stages_v<S>;
    const auto rate = [&](auto i, const X& x, X& k) {
      f(t + h * c_v<S, decltype(i)::value, real>, x, k);
    };
    shu_osher_step<S>(rate, h, x0, x1, points_, k_);
    return true;
  }

 private:
  stage_points<S, X> points_;
  stage_rates<S, X> k_;
};

template <shu_osher_scheme S, tensor X>
struct detail::stepper_of<S, X> {
  using type = shu_osher_stepper<S, X>;
};

}  // namespace kutta
