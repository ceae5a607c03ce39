// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What a block can do besides if its residual has statistics: passes that update them, and passes
/// with them.

#include <cstddef>
#include <utility>

#include <kutta/basis/depth.hpp>
#include <kutta/basis/evaluate.hpp>
#include <kutta/basis/mixed.hpp>
#include <kutta/basis/statistics_update.hpp>
#include <kutta/layers/call.hpp>
#include <kutta/layers/layer.hpp>
#include <kutta/ode/block_pass.hpp>
#include <kutta/ode/workspace.hpp>
#include <kutta/schemes/scheme.hpp>
#include <kutta/tensor/product.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta {

/// Members of the block `Block`: none, if its residual has no statistics.
template <class Block, class R, class S, class B>
class stateful_block {};

template <class Block, stateful R, class S, weight_basis B>
class stateful_block<Block, R, S, B> {
  using state = typename R::state;
  using coefficients = coefficients_t<B, typename R::params>;

 public:
  /// The running statistics of a new model in the family `phi`, equal at all depths, made ready for
  /// this block's passes.
  /// @throws std::invalid_argument as the constructor of `running_statistics`.
  template <kutta::basis B2>
  running_statistics<statistics_t<R>, B2> make_statistics(const coefficients& theta, const state& x,
                                                          B2 phi,
                                                          const statistics_update& how = {}) const {
    detail::require_coefficients_of_one_shape("make_statistics: theta", block().basis(), theta);
    const R& r = block().residual();
    const auto sigma = r.make_statistics(detail::value_like(block().basis(), theta), x);
    const auto positive = detail::positive_statistics(r, sigma);
    auto equal = detail::copies(phi.size(), sigma);
    running_statistics<statistics_t<R>, B2> stats(std::move(phi), std::move(equal), positive, how);
    stats.prepare(detail::stage_depths<block_step<S, state>>(block().pass_from(0).grid));
    return stats;
  }
  /// In the family of the weights.
  auto make_statistics(const coefficients& theta, const state& x,
                       const statistics_update& how = {}) const
    requires kutta::basis<B>
  {
    return make_statistics(theta, x, block().basis(), how);
  }

  /// `forward`, of which `stats` takes note: the statistics that R observes at its stages update
  /// it when the pass ends. No other call changes it.
  template <class B2, class K>
    requires(!implicit_scheme<S>)
  const state& train(const coefficients& theta, running_statistics<statistics_t<R>, B2>& stats,
                     const state& x0, workspace<R, S, K>& ws) const {
    block().require_fit(theta, x0, ws);
    const auto pass = block().pass_from(0);
    const auto value = [&](const depth& s, const state& x, state& k, typename R::tape& tape) {
      pass.residual_at(theta, s, x, k, tape, ws);
      stats.observe(s, pass.residual.observed(tape));
    };
    stats.begin();
    block().run([&](auto n, auto&... step) { pass.forward_by(value, n, step..., ws); }, x0, ws);
    stats.end();
    ws.end_recording();
    return ws.last();
  }

  /// x(T) with the running statistics in place of those of the batch. There is no record of it.
  template <class B2, class K>
  const state& infer(const coefficients& theta,
                     const running_statistics<statistics_t<R>, B2>& stats, const state& x0,
                     workspace<R, S, K>& ws) const {
    block().require_fit(theta, x0, ws);
    const auto pass = block().pass_from(0);
    const auto value = [&](const depth& s, const state& x, state& k, typename R::tape& tape) {
      const auto& sigma = evaluate(stats.basis(), s, stats.coefficients(), ws.statistics_at);
      detail::infer(pass.residual, evaluate(pass.basis, s, theta, ws.theta_at), sigma, x, k, tape,
                    pass.context_at(s, ws));
    };
    block().run([&](auto n, auto&... step) { pass.forward_by(value, n, step..., ws); }, x0, ws);
    return ws.last();
  }

 private:
  const Block& block() const { return static_cast<const Block&>(*this); }
};

}  // namespace kutta
