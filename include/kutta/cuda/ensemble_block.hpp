// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Many small systems with parameters on the device, forward and in reverse: a thread takes one
/// trajectory from its start to its end, and back.
///
///     const kutta::cuda::ensemble_block<lorenz, kutta::schemes::rk4_classic> f({.steps = 100});
///     const auto x0 = f.to_device(starts);  // std::vector<vec<float, 3>>
///     auto x1 = kutta::zeros_like(x0);
///     f.forward(theta, x0, x1);
///
/// The residual, `template <class T, class P = T> struct lorenz`, is that of
/// `kutta::ensemble_block`, which runs it on the processor; its members are KUTTA_HD.

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include <kutta/basis/piecewise_constant.hpp>
#include <kutta/cuda/elementwise.hpp>
#include <kutta/cuda/tensor.hpp>
#include <kutta/cuda/trajectory_rows.hpp>
#include <kutta/ode/ode_block.hpp>
#include <kutta/ode/small_step.hpp>
#include <kutta/schemes/scheme.hpp>
#include <kutta/tensor/host_copy.hpp>
#include <kutta/tensor/host_device.hpp>
#include <kutta/tensor/vec.hpp>

namespace kutta::cuda {

namespace detail {

/// The parameters of trajectory i: its own, in a matrix like that of the states, or those of all.
template <class P, class T>
struct parameters_of {
  P shared;
  const T* each;
  std::size_t count;

  KUTTA_HD P operator()(std::size_t i) const {
    P theta = shared;
    if (each) load(each, count, i, theta);
    return theta;
  }
};

/// x1 ← x(T) of trajectory i.
template <class Step, class T>
struct forward_trajectory {
  Step step;
  parameters_of<typename Step::params, T> theta_of;
  const T* x0;
  T* x1;
  std::size_t count;

  KUTTA_HD void operator()(std::size_t i) const {
    const typename Step::params theta = theta_of(i);
    typename Step::state x;
    load(x0, count, i, x);
    for (std::int64_t n = 0; n < step.steps(); ++n) step.forward(n, i, theta, x, x);
    store(x, x1, count, i);
  }
};

/// The loss of trajectory first + j, its gradient with respect to the initial value, and to its
/// parameters. `record` holds the states of all steps of `room` trajectories.
template <class Step, class T, class L>
struct trajectory_gradient {
  Step step;
  parameters_of<typename Step::params, T> theta_of;
  const T* x0;
  T* dx;
  std::size_t count, first;
  T* record;
  std::size_t room;
  L loss;
  double* losses;  ///< of `room` trajectories
  T* dtheta;       ///< likewise, or, with `each`, of all: these accumulate
  bool each;

  KUTTA_HD void operator()(std::size_t j) const {
    using state = typename Step::state;
    using params = typename Step::params;
    const std::size_t i = first + j;
    const auto step_size = state::size() * room;
    const params theta = theta_of(i);
    state x;
    load(x0, count, i, x);
    for (std::int64_t n = 0; n < step.steps(); ++n) {
      store(x, record + static_cast<std::size_t>(n) * step_size, room, j);
      step.forward(n, i, theta, x, x);
    }
    state g{};
    params d{};
    losses[j] = loss(x, i, g);
    for (std::int64_t n = step.steps(); n-- > 0;) {
      load(record + static_cast<std::size_t>(n) * step_size, room, j, x);
      step.vjp(n, i, theta, x, g, d);
    }
    store(g, dx, count, i);
    if (each) {
      params sum;
      load(dtheta, count, i, sum);
      for (std::size_t c = 0; c < params::size(); ++c) sum[c] += d[c];
      store(sum, dtheta, count, i);
    } else {
      store(d, dtheta, room, j);
    }
  }
};

/// sums[row][s] += numbers s, s + shards, s + 2 shards, … of each row.
template <class T>
struct shard_sums {
  const T* numbers;
  std::size_t room, count, shards;
  double* sums;

  KUTTA_HD void operator()(std::size_t i) const {
    const std::size_t row = i / shards, s = i % shards;
    double sum = sums[i];
    for (std::size_t j = s; j < count; j += shards)
      sum += static_cast<double>(numbers[row * room + j]);
    sums[i] = sum;
  }
};

}  // namespace detail

/// A residual on a few numbers without members, whose tape and scratch are plain values.
template <class R>
concept small_residual =
    residual<R> && std::default_initializable<R> && std::default_initializable<typename R::tape> &&
    std::default_initializable<scratch_t<R>>;

/// dx/dt = rate R(theta, x) from many initial values, by N steps of S each.
///
/// States are matrices {numbers of a state, trajectories} in device memory; `to_device` and
/// `to_host` make them of vectors of `vec`. Parameters are one `params` that all trajectories
/// share, or a matrix {numbers, trajectories} with a set for each. One kernel takes a trajectory
/// through all of its steps; no trajectory notices another.
template <template <class, class> class R, explicit_scheme S, std::floating_point T = float>
  requires small_residual<R<T, T>>
class ensemble_block {
 public:
  using state = typename R<T, T>::state;
  using params = typename R<T, T>::params;
  using matrix = tensor<T, 2>;

  /// What a gradient is computed in, with the states of `room` trajectories before each of N steps.
  /// More trajectories are taken in several goes.
  struct workspace {
    std::size_t room;
    tensor<T, 2> record;
    tensor<T, 2> dtheta;
    tensor<double, 1> losses;
    tensor<double, 1> sums;
  };

  /// @throws std::invalid_argument as `ode_block` does.
  explicit ensemble_block(const block_options& options)
      : options_(one_trajectory(R<T, T>{}, bases::piecewise_constant(1), options).options()),
        step_(options_) {}

  const block_options& options() const { return options_; }

  /// @throws std::invalid_argument unless there is room for at least one trajectory.
  workspace make_workspace(std::size_t room) const {
    if (room == 0)
      throw std::invalid_argument("make_workspace: expected room for at least 1 trajectory, got 0");
    const auto steps = static_cast<std::size_t>(options_.steps);
    return {room, matrix({steps * state::size(), room}), matrix({params::size(), room}),
            tensor<double, 1>({room}), tensor<double, 1>({(params::size() + 1) * shards})};
  }

  /// The vectors as a matrix on the device, and back.
  template <std::size_t N>
  static matrix to_device(const std::vector<vec<T, N>>& all) {
    return matrix({N, all.size()}, detail::rows_of(all));
  }
  template <class V = state>
  static std::vector<V> to_host(const matrix& all) {
    require_rows("to_host", V::size(), all);
    return detail::vectors_of<V>(kutta::copy_to_host(all));
  }

  /// x1 ← x(T) of every trajectory. x1 may be x0. Returns when the kernel is queued.
  /// @throws std::invalid_argument if the shapes do not fit.
  template <class Theta>
  void forward(const Theta& theta, const matrix& x0, matrix& x1) const {
    require_rows("x0", state::size(), x0);
    require_like("x1", x0, x1);
    const std::size_t count = x0.shape()[1];
    detail::for_each_index(count, detail::forward_trajectory<step_type, T>{
                                      step_, parameters(theta, count), raw(x0), raw(x1), count});
  }

  /// Forward, loss and backprop in one kernel; returns the sum of the losses. dx ← ∂L/∂x0; dtheta,
  /// of theta's kind, accumulates.
  ///
  /// `loss(x1, i, dx1)`, a KUTTA_HD functor that is copied to the device, returns the loss of
  /// trajectory i and adds its gradient to dx1. Sums are taken in an order that depends on the
  /// number of trajectories and on `ws.room` alone. Waits for the device.
  /// @throws std::invalid_argument if the shapes do not fit.
  template <class Theta, class L>
  double gradient(const Theta& theta, const matrix& x0, const L& loss, matrix& dx, Theta& dtheta,
                  workspace& ws) const {
    constexpr bool each = std::same_as<Theta, matrix>;
    require_rows("x0", state::size(), x0);
    require_like("dx", x0, dx);
    if (ws.record.shape()[0] != static_cast<std::size_t>(options_.steps) * state::size())
      throw std::invalid_argument("cuda::ensemble_block: the block takes " +
                                  std::to_string(options_.steps) +
                                  " steps, the workspace was made for " +
                                  std::to_string(ws.record.shape()[0] / state::size()));
    const std::size_t count = x0.shape()[1];
    if constexpr (each) require_shape("dtheta", params::size(), count, dtheta);
    const auto theta_of = parameters(theta, count);

    T* parts = raw(ws.dtheta);
    if constexpr (each) parts = raw(dtheta);
    double *const losses = raw(ws.losses), *const sums = raw(ws.sums);
    kutta::set_zero(ws.sums);
    for (std::size_t first = 0; first < count; first += ws.room) {
      const std::size_t some = count - first < ws.room ? count - first : ws.room;
      detail::for_each_index(some, detail::trajectory_gradient<step_type, T, L>{
                                       step_, theta_of, raw(x0), raw(dx), count, first,
                                       raw(ws.record), ws.room, loss, losses, parts, each});
      detail::for_each_index(shards,
                             detail::shard_sums<double>{losses, ws.room, some, shards, sums});
      if constexpr (!each)
        detail::for_each_index(params::size() * shards,
                               detail::shard_sums<T>{parts, ws.room, some, shards, sums + shards});
    }
    const std::vector<double> host = kutta::copy_to_host(ws.sums);
    const auto total = [&](std::size_t row) {
      double sum = 0;
      for (std::size_t s = 0; s < shards; ++s) sum += host[row * shards + s];
      return sum;
    };
    if constexpr (!each)
      for (std::size_t c = 0; c < params::size(); ++c) dtheta[c] += static_cast<T>(total(1 + c));
    return total(0);
  }

 private:
  using one_trajectory = ode_block<R<T, T>, S, bases::piecewise_constant>;
  using step_type = kutta::detail::small_step<R<T, T>, S>;
  static constexpr std::size_t shards = 1024;

  static T* raw(matrix& x) { return thrust::raw_pointer_cast(x.data()); }
  static const T* raw(const matrix& x) { return thrust::raw_pointer_cast(x.data()); }
  static double* raw(tensor<double, 1>& x) { return thrust::raw_pointer_cast(x.data()); }

  static detail::parameters_of<params, T> parameters(const params& theta, std::size_t) {
    return {theta, nullptr, 0};
  }
  static detail::parameters_of<params, T> parameters(const matrix& theta, std::size_t count) {
    require_shape("theta", params::size(), count, theta);
    return {{}, raw(theta), count};
  }

  static void require_shape(const char* what, std::size_t rows, std::size_t count,
                            const matrix& x) {
    if (x.shape()[0] != rows || x.shape()[1] != count)
      throw std::invalid_argument(std::string("cuda::ensemble_block: expected ") + what +
                                  " of shape (" + std::to_string(rows) + ", " +
                                  std::to_string(count) + "), got " + shape_text(x));
  }
  static void require_like(const char* what, const matrix& x0, const matrix& x) {
    require_shape(what, x0.shape()[0], x0.shape()[1], x);
  }
  static void require_rows(const char* what, std::size_t rows, const matrix& x) {
    require_shape(what, rows, x.shape()[1], x);
  }

  block_options options_;
  step_type step_;
};

}  // namespace kutta::cuda
