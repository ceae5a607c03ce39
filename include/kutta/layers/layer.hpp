// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What a layer is: a map with parameters, its value and the transpose of its derivative.
///
///     types     state (or input and output), params, tape; optional scratch, statistics
///     forward   (theta, x, y, tape)                   y ← R(theta, x), overwritten; tape: for vjp
///     vjp       (theta, x, tape, dy, dx, dtheta)      dx += (∂R/∂x)ᵀ dy,
///                                                     dtheta += (∂R/∂theta)ᵀ dy
///     jvp       (theta, x, tape, vx, vtheta, vy)      vy ← (∂R/∂x) vx + (∂R/∂theta) vtheta;
///     optional
///
/// x and y never alias. Each call may take a last argument `const context<L>&`: time, scratch,
/// threads. `make_tape(theta, x)` and `make_scratch(theta, x)` size what is not a plain value.
///
/// A layer with state besides its parameters, such as the running mean of its inputs, has
///
///     statistics                          what is averaged over calls: a tensor
///     make_statistics(theta, x)           those of a new layer
///     observed(tape)                      those of the batch that `forward` saw
///     infer(theta, stats, x, y, tape)     y ← R with given ones in their place
///     positive_statistics(stats)          1 where an element must stay positive, else 0; optional
///
/// and its `forward` is the map of training, which does not depend on running statistics.

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <kutta/tensor/host_device.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta {

class worker_pool;

/// What a layer saves or scribbles on when it needs nothing.
struct nothing {};

namespace detail {

template <class L>
struct scratch_of {
  using type = nothing;
};
template <class L>
  requires requires { typename L::scratch; }
struct scratch_of<L> {
  using type = typename L::scratch;
};

/// L names its `state`; one whose ends differ may name it void.
template <class L>
concept has_state = requires { typename L::state; } && !std::is_void_v<typename L::state>;

template <class L>
struct ends_of {};
template <has_state L>
struct ends_of<L> {
  using input = typename L::state;
  using output = typename L::state;
};
template <class L>
  requires(!has_state<L> &&
           requires {
             typename L::input;
             typename L::output;
           })
struct ends_of<L> {
  using input = typename L::input;
  using output = typename L::output;
};

}  // namespace detail

template <class L>
using input_t = typename detail::ends_of<L>::input;
template <class L>
using output_t = typename detail::ends_of<L>::output;
template <class L>
using scratch_t = typename detail::scratch_of<L>::type;

/// What a layer may also want to know about a call. All of it is the same when a stage is
/// recomputed.
template <class L>
struct context {
  double t = 0;                    ///< time, in [0, horizon]
  std::uint64_t pass = 0;          ///< counts forward passes of one workspace: a random key
  std::size_t first_sample = 0;    ///< where this tile starts in the batch
  scratch_t<L>& scratch;           ///< temporaries of one worker, never recorded
  worker_pool* workers = nullptr;  ///< threads that the call may use; null: the calling one alone
  std::uint64_t theta_key = 0;     ///< not 0: calls with this scratch and key have equal theta

  /// The same call, to a layer inside of L that has a part of theta and of the scratch.
  template <class Inner>
  KUTTA_HD constexpr context<Inner> inside(scratch_t<Inner>& part) const {
    return {t, pass, first_sample, part, workers, theta_key};
  }
};

/// L names its `params` (theta) and its `tape`, and its `state` or its `input` and `output`.
template <class L>
concept has_layer_types = tensor<typename L::params> && std::movable<typename L::tape> &&
                          tensor<input_t<L>> && tensor<output_t<L>>;

template <class L>
concept has_plain_forward =
    requires(const L r, const typename L::params& theta, const input_t<L>& x, output_t<L>& y,
             typename L::tape& saved) { r.forward(theta, x, y, saved); };

template <class L>
concept has_context_forward =
    requires(const L r, const typename L::params& theta, const input_t<L>& x, output_t<L>& y,
             typename L::tape& saved, const context<L>& at) { r.forward(theta, x, y, saved, at); };

/// y ← R(theta, x). Overwrites `y`, writes `saved`.
template <class L>
concept has_forward = has_plain_forward<L> || has_context_forward<L>;

template <class L>
concept has_plain_vjp =
    requires(const L r, const typename L::params& theta, const input_t<L>& x,
             const typename L::tape& saved, const output_t<L>& dy, input_t<L>& dx,
             typename L::params& dtheta) { r.vjp(theta, x, saved, dy, dx, dtheta); };

template <class L>
concept has_context_vjp = requires(
    const L r, const typename L::params& theta, const input_t<L>& x, const typename L::tape& saved,
    const output_t<L>& dy, input_t<L>& dx, typename L::params& dtheta,
    const context<L>& at) { r.vjp(theta, x, saved, dy, dx, dtheta, at); };

/// dx += (∂R/∂x)ᵀ dy and dtheta += (∂R/∂theta)ᵀ dy. Adjoint outputs always accumulate.
template <class L>
concept has_vjp = has_plain_vjp<L> || has_context_vjp<L>;

template <class L>
concept has_plain_jvp =
    requires(const L r, const typename L::params& theta, const input_t<L>& x,
             const typename L::tape& saved, const input_t<L>& vx, const typename L::params& vtheta,
             output_t<L>& vy) { r.jvp(theta, x, saved, vx, vtheta, vy); };

template <class L>
concept has_context_jvp =
    requires(const L r, const typename L::params& theta, const input_t<L>& x,
             const typename L::tape& saved, const input_t<L>& vx, const typename L::params& vtheta,
             output_t<L>& vy, const context<L>& at) { r.jvp(theta, x, saved, vx, vtheta, vy, at); };

/// vy ← (∂R/∂x) vx + (∂R/∂theta) vtheta. Overwrites `vy`.
template <class L>
concept has_jvp = has_plain_jvp<L> || has_context_jvp<L>;

/// A differentiable map (theta, x) ↦ y with a hand-written reverse pass. Need not be copyable.
template <class L>
concept layer = std::movable<L> && has_layer_types<L> && has_forward<L> && has_vjp<L>;

/// A layer whose output is of its input's kind: the right-hand side of dx/dt = R(theta, x).
template <class R>
concept residual = layer<R> && std::same_as<input_t<R>, output_t<R>>;

namespace detail {

template <class L>
struct statistics_of {
  using type = nothing;
};
template <class L>
  requires requires { typename L::statistics; }
struct statistics_of<L> {
  using type = typename L::statistics;
};

}  // namespace detail

template <class L>
using statistics_t = typename detail::statistics_of<L>::type;

template <class L>
concept has_observed = requires(const L r, const typename L::params& theta, const input_t<L>& x,
                                const typename L::tape& saved) {
  { r.make_statistics(theta, x) } -> std::convertible_to<typename L::statistics>;
  { r.observed(saved) } -> std::convertible_to<const typename L::statistics&>;
};

template <class L>
concept has_plain_infer =
    requires(const L r, const typename L::params& theta, const typename L::statistics& stats,
             const input_t<L>& x, output_t<L>& y,
             typename L::tape& saved) { r.infer(theta, stats, x, y, saved); };

template <class L>
concept has_context_infer =
    requires(const L r, const typename L::params& theta, const typename L::statistics& stats,
             const input_t<L>& x, output_t<L>& y, typename L::tape& saved,
             const context<L>& at) { r.infer(theta, stats, x, y, saved, at); };

/// A layer with running statistics, which training updates and inference uses.
template <class L>
concept stateful = layer<L> && tensor<typename L::statistics> && has_observed<L> &&
                   (has_plain_infer<L> || has_context_infer<L>);

/// L treats every sample of a batch alone, so that a batch may be cut into tiles. A promise that a
/// layer makes by `static constexpr bool samples_independent = true`: not every matrix is a batch.
template <class L>
concept samples_independent = bool(L::samples_independent);

}  // namespace kutta
