// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Calls a layer with as many arguments as it takes.

#include <kutta/layers/layer.hpp>
#include <kutta/tensor/host_device.hpp>
#include <kutta/tensor/tensor.hpp>

KUTTA_HD_BEGIN

namespace kutta::detail {

template <layer L>
typename L::tape make_tape(const L& r, const typename L::params& theta, const input_t<L>& x) {
  if constexpr (requires { r.make_tape(theta, x); })
    return r.make_tape(theta, x);
  else
    return {};
}

/// A zero of R(theta, x)'s shape: `make_output(theta, x)` where a layer has one, else x's shape.
template <layer L>
output_t<L> make_output(const L& r, const typename L::params& theta, const input_t<L>& x) {
  if constexpr (requires { r.make_output(theta, x); })
    return r.make_output(theta, x);
  else
    return kutta::zeros_like(x);
}

template <layer L>
scratch_t<L> make_scratch(const L& r, const typename L::params& theta, const input_t<L>& x) {
  if constexpr (requires { r.make_scratch(theta, x); })
    return r.make_scratch(theta, x);
  else
    return {};
}

template <layer L>
KUTTA_HD constexpr void forward(const L& r, const typename L::params& theta, const input_t<L>& x,
                                output_t<L>& y, typename L::tape& saved, const context<L>& at) {
  if constexpr (has_context_forward<L>)
    r.forward(theta, x, y, saved, at);
  else
    r.forward(theta, x, y, saved);
}

template <layer L>
KUTTA_HD constexpr void vjp(const L& r, const typename L::params& theta, const input_t<L>& x,
                            const typename L::tape& saved, const output_t<L>& dy, input_t<L>& dx,
                            typename L::params& dtheta, const context<L>& at) {
  if constexpr (has_context_vjp<L>)
    r.vjp(theta, x, saved, dy, dx, dtheta, at);
  else
    r.vjp(theta, x, saved, dy, dx, dtheta);
}

template <layer L>
  requires has_jvp<L>
KUTTA_HD constexpr void jvp(const L& r, const typename L::params& theta, const input_t<L>& x,
                            const typename L::tape& saved, const input_t<L>& vx,
                            const typename L::params& vtheta, output_t<L>& vy,
                            const context<L>& at) {
  if constexpr (has_context_jvp<L>)
    r.jvp(theta, x, saved, vx, vtheta, vy, at);
  else
    r.jvp(theta, x, saved, vx, vtheta, vy);
}

template <stateful L>
void infer(const L& r, const typename L::params& theta, const typename L::statistics& stats,
           const input_t<L>& x, output_t<L>& y, typename L::tape& saved, const context<L>& at) {
  if constexpr (has_context_infer<L>)
    r.infer(theta, stats, x, y, saved, at);
  else
    r.infer(theta, stats, x, y, saved);
}

/// 1 where an element of the statistics must stay positive, else 0.
template <stateful L>
typename L::statistics positive_statistics(const L& r, const typename L::statistics& stats) {
  if constexpr (requires { r.positive_statistics(stats); })
    return r.positive_statistics(stats);
  else
    return kutta::zeros_like(stats);
}

/// Zeros of the shape of L's statistics, or nothing.
template <layer L>
statistics_t<L> make_statistics_like(const L& r, const typename L::params& theta,
                                     const input_t<L>& x) {
  if constexpr (stateful<L>)
    return kutta::zeros_like(r.make_statistics(theta, x));
  else
    return {};
}

}  // namespace kutta::detail

KUTTA_HD_END
