// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Many small systems with parameters, forward and in reverse: `ode_block` with a trajectory in
/// each SIMD lane, and the lanes on threads.
///
///     template <class T, class P = T>
///     struct lorenz { … };                                  // a residual, see `lane_residual`
///     const kutta::ensemble_block<lorenz, kutta::schemes::rk4_classic> f({.steps = 100});
///     auto ws = f.make_workspace({.threads = 4});
///     const double total = f.gradient(theta, x0, loss, dx, dtheta, ws);
///
/// A gradient is taken group by group, W trajectories forward, their losses, and back. So memory is
/// that of one group, whatever the number of trajectories, and its record stays in the cache.

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include <kutta/basis/piecewise_constant.hpp>
#include <kutta/ode/ensemble_workspace.hpp>
#include <kutta/ode/lane_group.hpp>
#include <kutta/ode/ode_block.hpp>
#include <kutta/tensor/simd.hpp>
#include <kutta/tensor/tensor.hpp>
#include <kutta/tensor/vec.hpp>

namespace kutta {

namespace detail {

/// Parameters that all trajectories share, or a set for each.
template <class Theta, class P>
concept one_or_each = std::same_as<Theta, P> || std::same_as<Theta, std::vector<P>>;

}  // namespace detail

/// The trajectories of a group unless a block names another number.
template <std::floating_point T>
inline constexpr std::size_t gradient_lanes = 4 * register_lanes<T>;

/// dx/dt = rate R(theta, x) from many initial values, by N steps of S each.
///
/// `theta` is one `params` that all trajectories share, or a std::vector with one for each;
/// `dtheta` is of the same kind. No trajectory notices another: its end, its ∂L/∂x0 and its part of
/// dtheta are those of `one()`, bit for bit if the compiler does not contract a b + c
/// (-ffp-contract=off). One that is not finite makes its own gradient, and the sum over shared
/// parameters, not finite.
template <template <class, class> class R, explicit_scheme S, std::floating_point T = double,
          std::size_t W = gradient_lanes<T>>
  requires lane_residual<R, T>
class ensemble_block {
 public:
  using state = typename R<T, T>::state;
  using params = typename R<T, T>::params;
  using block = ode_block<R<T, T>, S, bases::piecewise_constant>;
  using workspace_type = ensemble_workspace<R, T, W>;

  /// @throws std::invalid_argument as `ode_block` does.
  explicit ensemble_block(const block_options& options)
      : one_(R<T, T>{}, bases::piecewise_constant(1), options) {}

  /// The block of a single trajectory.
  const block& one() const { return one_; }
  const block_options& options() const { return one_.options(); }

  /// Every temporary of a pass. Nothing else allocates.
  /// @throws std::invalid_argument unless threads and shards are at least 1.
  workspace_type make_workspace(const ensemble_shards& how = {}) const {
    return workspace_type(options().steps, how);
  }

  /// x1 ← x(T) of every trajectory. x1 may be x0.
  /// @throws std::invalid_argument if the numbers of trajectories differ, or ws is another block's.
  template <detail::one_or_each<params> Theta>
  void forward(const Theta& theta, std::span<const state> x0, std::span<state> x1,
               workspace_type& ws) const {
    require_fit(theta, x0, ws);
    require_count("x1", x0.size(), x1.size());
    ws.pool.run(groups(x0.size()), [&](std::size_t j, std::size_t) {
      auto g = group(j, theta, x0);
      g.forward();
      for (std::size_t l = 0; l < g.count; ++l) x1[g.first + l] = g.x(l);
    });
  }

  /// Forward, loss and backprop in one call; returns the sum of the losses. dx ← ∂L/∂x0; dtheta
  /// accumulates.
  ///
  /// `loss(x1, i, dx1)` returns the loss of trajectory i and adds its gradient to dx1. Several
  /// threads call it at once.
  /// @throws std::invalid_argument as `forward`.
  template <detail::one_or_each<params> Theta, class L>
  double gradient(const Theta& theta, std::span<const state> x0, L&& loss, std::span<state> dx,
                  Theta& dtheta, workspace_type& ws) const {
    const std::int64_t end[] = {options().steps};
    const auto at_end = [&](const state& x1, std::size_t i, std::size_t, state& dx1) {
      return loss(x1, i, dx1);
    };
    return gradient(theta, x0, end, at_end, dx, dtheta, ws);
  }

  /// The same with losses on the way: `loss(x, i, j, dx)` returns that of trajectory i behind step
  /// `saved[j]`, at t = saved[j] T/N, and adds its gradient to dx. It is called for the last j
  /// first.
  /// @throws std::invalid_argument as `forward`, or unless 0 ≤ saved[0] < saved[1] < … ≤ N.
  template <detail::one_or_each<params> Theta, class L>
  double gradient(const Theta& theta, std::span<const state> x0,
                  std::span<const std::int64_t> saved, L&& loss, std::span<state> dx, Theta& dtheta,
                  workspace_type& ws) const {
    require_fit(theta, x0, ws);
    require_theta("dtheta", dtheta, x0.size());
    require_count("dx", x0.size(), dx.size());
    require_steps(saved);
    const std::size_t shards = smaller(ws.shards.size(), groups(x0.size()));
    ws.pool.run(shards, [&](std::size_t s, std::size_t worker) {
      auto& shard = ws.shards[s] = {};
      for (std::size_t j = s; j < groups(x0.size()); j += shards) {
        auto g = group(j, theta, x0);
        g.record(ws.record(worker));
        shard.loss += g.transpose(ws.record(worker), saved, loss);
        for (std::size_t l = 0; l < g.count; ++l) {
          dx[g.first + l] = g.dx(l);
          if constexpr (is_shared<Theta>)
            accumulate(shard.dtheta, g.dtheta(l));
          else
            accumulate(dtheta[g.first + l], g.dtheta(l));
        }
      }
    });
    double total = 0;
    for (std::size_t s = 0; s < shards; ++s) {
      total += ws.shards[s].loss;
      if constexpr (is_shared<Theta>) accumulate(dtheta, ws.shards[s].dtheta);
    }
    return total;
  }

  /// The transpose of `forward`: dx = ∂L/∂x(T) becomes ∂L/∂x0; dtheta accumulates. Runs forward
  /// once more.
  /// @throws std::invalid_argument as `forward`.
  template <detail::one_or_each<params> Theta>
  void vjp(const Theta& theta, std::span<const state> x0, std::span<state> dx, Theta& dtheta,
           workspace_type& ws) const {
    const auto given = [&](const state&, std::size_t i, state& dx1) {
      dx1 = dx[i];
      return 0.;
    };
    gradient(theta, x0, given, dx, dtheta, ws);
  }

  /// The same systems by another graph.
  ensemble_block with_steps(std::int64_t steps) const {
    return ensemble_block({steps, options().horizon, options().rate});
  }
  template <explicit_scheme S2>
  ensemble_block<R, S2, T, W> with_scheme() const {
    return ensemble_block<R, S2, T, W>(options());
  }

 private:
  template <class Theta>
  static constexpr bool is_shared = std::same_as<Theta, params>;

  static std::size_t smaller(std::size_t a, std::size_t b) { return a < b ? a : b; }
  static std::size_t groups(std::size_t trajectories) { return (trajectories + W - 1) / W; }

  template <class Theta>
  auto group(std::size_t j, const Theta& theta, std::span<const state> x0) const {
    const auto theta_of = [&](std::size_t i) -> const params& {
      if constexpr (is_shared<Theta>)
        return theta;
      else
        return theta[i];
    };
    return detail::lane_group<R, S, T, W>(options(), j * W, smaller(W, x0.size() - j * W), x0,
                                          theta_of);
  }

  /// sum += part.
  static void accumulate(params& sum, const params& part) {
    kutta::add(sum, sum, scaled<params>{1, part});
  }

  static void require_count(const char* what, std::size_t expected, std::size_t count) {
    if (count != expected)
      throw std::invalid_argument(std::string("ensemble_block: expected ") + what + " of " +
                                  std::to_string(expected) + " trajectories, got " +
                                  std::to_string(count));
  }

  template <class Theta>
  static void require_theta(const char* what, const Theta& theta, std::size_t trajectories) {
    if constexpr (!is_shared<Theta>) require_count(what, trajectories, theta.size());
  }

  template <class Theta>
  void require_fit(const Theta& theta, std::span<const state> x0, const workspace_type& ws) const {
    require_theta("theta", theta, x0.size());
    if (ws.steps() != options().steps)
      throw std::invalid_argument(
          "ensemble_block: the block takes " + std::to_string(options().steps) +
          " steps, the workspace was made for " + std::to_string(ws.steps()));
  }

  void require_steps(std::span<const std::int64_t> saved) const {
    for (std::size_t j = 0; j < saved.size(); ++j) {
      const std::int64_t least = j == 0 ? 0 : saved[j - 1] + 1;
      if (saved[j] < least || saved[j] > options().steps)
        throw std::invalid_argument("ensemble_block: expected saved[" + std::to_string(j) +
                                    "] from " + std::to_string(least) + " to " +
                                    std::to_string(options().steps) + ", got " +
                                    std::to_string(saved[j]));
    }
  }

  block one_;
};

}  // namespace kutta
