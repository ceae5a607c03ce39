// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// A group of trajectories of a small system, one in each SIMD lane, through equal steps and back.
///
/// Kept is the state after each step; on the way back the stages of a step are computed once more.
/// The registers of a group take turns, step by step: one does not wait for another's results.

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>

#include <kutta/layers/layer.hpp>
#include <kutta/ode/ode_block.hpp>
#include <kutta/ode/small_step.hpp>
#include <kutta/tensor/simd.hpp>
#include <kutta/tensor/simd_vec.hpp>
#include <kutta/tensor/tensor.hpp>
#include <kutta/tensor/vec.hpp>

namespace kutta {

namespace detail {

/// R with a trajectory in each lane of one register.
template <template <class, class> class R, std::floating_point T>
using in_lanes = R<simd<T, register_lanes<T>>, simd<T, register_lanes<T>>>;

}  // namespace detail

/// A residual on a few numbers, written for numbers of any kind: R<V, P> has a vec<V, N> for its
/// state and a vec<P, M> for its parameters, where V and P are T, or a `simd` of T with one
/// trajectory in each lane. It has no members, and its tape and scratch are plain values.
template <template <class, class> class R, class T>
concept lane_residual =
    std::floating_point<T> && residual<R<T, T>> && residual<detail::in_lanes<R, T>> &&
    std::default_initializable<R<T, T>> && std::default_initializable<detail::in_lanes<R, T>> &&
    std::default_initializable<typename detail::in_lanes<R, T>::tape> &&
    std::default_initializable<scratch_t<detail::in_lanes<R, T>>> &&
    requires(typename detail::in_lanes<R, T>::state& x, const typename R<T, T>::state& x0,
             typename detail::in_lanes<R, T>::params& p, const typename R<T, T>::params& theta) {
      set_lane(x, std::size_t(), x0);
      set_lane(p, std::size_t(), theta);
    };

namespace detail {

/// Trajectories first, first + 1, …, first + count − 1 of an ensemble, count ≤ W.
template <template <class, class> class R, explicit_scheme S, std::floating_point T, std::size_t W>
  requires lane_residual<R, T>
class lane_group {
 public:
  using state = typename R<T, T>::state;
  using params = typename R<T, T>::params;
  using system = in_lanes<R, T>;
  using lane_state = typename system::state;
  using lane_params = typename system::params;
  static constexpr std::size_t width = register_lanes<T>, registers = W / width;
  static_assert(W > 0 && W % width == 0,
                "ensemble_block: W must be a multiple of register_lanes<T>");

  const std::size_t first, count;

  /// `theta_of(i)` are the parameters of trajectory i. The lanes left over repeat the first.
  template <class Theta>
  lane_group(const block_options& graph, std::size_t first_trajectory, std::size_t trajectories,
             std::span<const state> x0, const Theta& theta_of)
      : first(first_trajectory), count(trajectories), step_(graph) {
    for (std::size_t l = 0; l < W; ++l) {
      const std::size_t i = first + (l < count ? l : 0);
      set_lane(x_[l / width], l % width, x0[i]);
      set_lane(theta_[l / width], l % width, theta_of(i));
    }
    for (auto& dx : dx_) kutta::set_zero(dx);
    for (auto& dtheta : dtheta_) kutta::set_zero(dtheta);
  }

  /// The state, and what `transpose` leaves: ∂L/∂x0 and ∂L/∂theta, of trajectory first + l.
  state x(std::size_t l) const { return lane(x_[l / width], l % width); }
  state dx(std::size_t l) const { return lane(dx_[l / width], l % width); }
  params dtheta(std::size_t l) const { return lane(dtheta_[l / width], l % width); }

  /// x ← x(T).
  void forward() {
    for (std::int64_t n = 0; n < step_.steps(); ++n)
      for (std::size_t r = 0; r < registers; ++r) step_forward(n, r, x_[r], x_[r]);
  }

  /// The same; the registers of x(t_n) go to x + n `registers`, n = 0 … N.
  void record(lane_state* x) const {
    for (std::size_t r = 0; r < registers; ++r) x[r] = x_[r];
    for (std::int64_t n = 0; n < step_.steps(); ++n, x += registers)
      for (std::size_t r = 0; r < registers; ++r) step_forward(n, r, x[r], x[registers + r]);
  }

  /// The steps of `record` transposed, last first. On the way it asks `loss(x, i, j, dx)` of every
  /// trajectory behind step saved[j], and returns the sum.
  template <class L>
  double transpose(const lane_state* x, std::span<const std::int64_t> saved, L& loss) {
    double total = 0;
    std::size_t j = saved.size();
    for (std::int64_t n = step_.steps();; --n) {
      const lane_state* const at = x + static_cast<std::size_t>(n) * registers;
      if (j > 0 && saved[j - 1] == n) total += add_losses(at, --j, loss);
      if (n == 0) return total;
      for (std::size_t r = 0; r < registers; ++r)
        step_transposed(n - 1, r, (at - registers)[r], dx_[r], dtheta_[r]);
    }
  }

 private:
  template <class L>
  double add_losses(const lane_state* x, std::size_t j, L& loss) {
    double total = 0;
    for (std::size_t l = 0; l < count; ++l) {
      lane_state& all = dx_[l / width];
      state dx = lane(all, l % width);
      total += loss(lane(x[l / width], l % width), first + l, j, dx);
      set_lane(all, l % width, dx);
    }
    return total;
  }

  /// x1 ← step n from x0, for register r. Everything is inlined, so that what a step computes with
  /// stays in registers; and nothing is copied first: a compiler may copy in half registers, and
  /// the next load of a whole one would wait for both.
  [[gnu::flatten]] void step_forward(std::int64_t n, std::size_t r, const lane_state& x0,
                                     lane_state& x1) const {
    step_.forward(n, first + r * width, theta_[r], x0, x1);
  }
  [[gnu::flatten]] void step_transposed(std::int64_t n, std::size_t r, const lane_state& x0,
                                        lane_state& dx, lane_params& dtheta) const {
    step_.vjp(n, first + r * width, theta_[r], x0, dx, dtheta);
  }

  small_step<system, S> step_;
  vec<lane_state, registers> x_, dx_;
  vec<lane_params, registers> theta_, dtheta_;
};

}  // namespace detail

}  // namespace kutta
