// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Every temporary of a continuous adjoint: made once, so that no integration allocates.

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include <kutta/layers/call.hpp>
#include <kutta/layers/layer.hpp>
#include <kutta/ode/backward_grid.hpp>
#include <kutta/ode/block_step.hpp>
#include <kutta/ode/error_estimate.hpp>
#include <kutta/ode/rms_distance.hpp>
#include <kutta/ode/step.hpp>
#include <kutta/ode/step_control.hpp>
#include <kutta/schemes/butcher_tableau.hpp>
#include <kutta/schemes/rational.hpp>
#include <kutta/schemes/scheme.hpp>
#include <kutta/tensor/tensor.hpp>
#include <kutta/tensor/vec.hpp>

namespace kutta {

/// Whose errors decide the steps of an adaptive adjoint. The largest of them counts.
enum class adjoint_norm : unsigned char {
  all,     ///< those of x, of a, and of ∫ (∂R/∂theta)ᵀ a dt
  states,  ///< those of x and a. Nothing depends on the integral: its error does not grow.
};

/// The steps of a scheme S: `fixed`, or `adaptive` by its embedded pair.
template <class How, class S>
concept steps_of =
    std::same_as<How, fixed> || (std::same_as<How, adaptive> && has_embedding(S::tableau));

namespace detail {

/// How an adaptive adjoint measures its errors; nothing for fixed steps.
template <class How, class X, class P>
struct adjoint_scale {
  adjoint_scale(const How& how, const X&, const P&, adjoint_norm) { require_valid(how); }
};
template <class X, class P>
struct adjoint_scale<adaptive, X, P> {
  error_scale<X> of_states;
  error_scale<P> of_params;
  adjoint_norm norm;
  P integral, integral1;  ///< ∫ (∂R/∂theta)ᵀ a dt so far, and behind the step that is tried

  adjoint_scale(const adaptive& how, const X& x, const P& theta, adjoint_norm which)
      : of_states((require_valid(how), how), x),
        of_params(without_samples(how), theta),
        norm(which),
        integral(kutta::zeros_like(theta)),
        integral1(kutta::zeros_like(theta)) {}

 private:
  static adaptive without_samples(adaptive how) {
    if (how.norm == error_norm::per_sample) how.norm = error_norm::rms;
    return how;
  }
};

}  // namespace detail

/// What `adjoint` integrates in: with a scheme S, and steps that are `fixed` or `adaptive`. Its
/// size depends on S and on one state and one theta(s), not on the steps. One thread at a time.
template <residual R, explicit_scheme S, steps_of<S> How>
class adjoint_workspace {
 public:
  using scheme = S;
  using state = typename R::state;
  using params = typename R::params;
  static constexpr std::size_t stages = S::tableau.stages;

  /// For states like `like`, and `elements` weights that are like theta at each depth.
  /// @throws std::invalid_argument if `options` make no sense for such states.
  adjoint_workspace(const R& r, const params& theta, std::size_t elements, const state& like,
                    std::vector<rational> breakpoints, const How& options, adjoint_norm norm)
      : how(options),
        scale(options, like, theta, norm),
        grid(std::move(breakpoints)),
        weights(elements),
        x(kutta::zeros_like(like)),
        x1(kutta::zeros_like(like)),
        a(kutta::zeros_like(like)),
        a1(kutta::zeros_like(like)),
        point(kutta::zeros_like(like)),
        covector(kutta::zeros_like(like)),
        f0(kutta::zeros_like(like)),
        f1(kutta::zeros_like(like)),
        k(detail::repeat<stages>([&] { return kutta::zeros_like(like); })),
        v(detail::repeat<stages>([&] { return kutta::zeros_like(like); })),
        g(detail::repeat<stages>([&] { return kutta::zeros_like(theta); })),
        theta_at(kutta::zeros_like(theta)),
        scattered(kutta::zeros_like(theta)),
        tape(detail::make_tape(r, theta, like)),
        scratch(detail::make_scratch(r, theta, like)) {}

  /// How far x came out from x0, as an rms distance in the units of the state.
  double reconstruction_error(const state& x0) const { return detail::rms_distance(x, x0); }

  How how;
  detail::adjoint_scale<How, state, params> scale;
  detail::backward_grid grid;
  std::size_t weights;         ///< how many numbers all coefficients are
  state x, x1;                 ///< x(t) at both ends of a step
  state a, a1;                 ///< ∂L/∂x(t), likewise
  state point, covector;       ///< x and a at a stage
  state f0, f1;                ///< R at both ends of a recorded step
  stage_rates<S, state> k, v;  ///< R and (∂R/∂x)ᵀ a of all stages
  stage_rates<S, params> g;    ///< (∂R/∂theta)ᵀ a of all stages
  params theta_at, scattered;  ///< theta(s); g where it is spread over the basis
  typename R::tape tape;
  scratch_t<R> scratch;
  std::uint64_t pass = 0;  ///< what `context::pass` is to be: that of the forward pass
};

}  // namespace kutta
