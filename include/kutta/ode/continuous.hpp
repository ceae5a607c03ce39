// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// A block as a layer, so that models are made of layers and blocks.
///
///     sequential model{conv, continuous(block), stitch, continuous(other), pool, dense};

#include <cstddef>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include <kutta/basis/basis.hpp>
#include <kutta/layers/layer.hpp>
#include <kutta/ode/keep.hpp>
#include <kutta/ode/ode_block.hpp>
#include <kutta/ode/stage_statistics.hpp>
#include <kutta/ode/workspace.hpp>
#include <kutta/tensor/product.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta {

namespace detail {

template <class R, class S, class B>
struct stage_statistics_of {
  using type = nothing;
};
template <stateful R, class S, class B>
struct stage_statistics_of<R, S, B> {
  using type = stage_statistics<R, S, B>;
};

}  // namespace detail

namespace layers {

/// y = x(T) for x(0) = x, by the passes of a block. Parameters: the block's coefficients.
///
/// The tape holds a workspace of the block, which keeps of a pass what the policy says. Statistics
/// of a stateful residual: one coefficient for each member of the block's family. A pass that does
/// not visit all depths observes some only: `update_statistics` leaves the others alone.
template <residual R, block_scheme<typename R::state> S, basis B,
          recording_policy K = keep::everything>
class continuous {
  using stages = typename detail::stage_statistics_of<R, S, B>::type;

 public:
  using block = ode_block<R, S, B>;
  using state = typename R::state;
  using params = typename block::coefficients;
  using statistics = std::conditional_t<stateful<R>, std::vector<statistics_t<R>>, nothing>;

  struct pass {
    workspace<R, S, K> ws;
    stages seen;
    statistics observed;
    bool recorded = false;
  };
  struct tape {
    std::unique_ptr<pass> run;
  };
  struct scratch {
    state g;
  };

  explicit continuous(block f, K keep = {}) : block_(std::move(f)), keep_(std::move(keep)) {}

  const block& get() const { return block_; }

  /// Each coefficient as the residual makes parameters, independent of the others.
  template <class G>
  params make_params(G& generator) const {
    params theta;
    for (std::size_t k = 0; k < block_.basis().size(); ++k)
      theta.push_back(block_.residual().make_params(generator));
    return theta;
  }

  /// @throws std::invalid_argument if theta does not belong to the block.
  tape make_tape(const params& theta, const state& x) const {
    auto ws = block_.make_workspace(theta, x, keep_);
    if constexpr (stateful<R>) {
      stages seen(block_.residual(), block_.basis(), block_.options().steps, theta.front(), x);
      statistics fresh = kutta::zeros_like(seen.fresh());
      kutta::assign(fresh, seen.fresh());
      return {std::make_unique<pass>(pass{std::move(ws), std::move(seen), std::move(fresh)})};
    } else {
      return {std::make_unique<pass>(pass{std::move(ws), {}, {}})};
    }
  }
  scratch make_scratch(const params&, const state& x) const { return {kutta::zeros_like(x)}; }

  void forward(const params& theta, const state& x, state& y, tape& saved,
               const context<continuous>& at) const {
    record(theta, x, *saved.run, at);
    kutta::assign(y, saved.run->ws.last());
    if constexpr (stateful<R>)
      kutta::assign(saved.run->observed, saved.run->seen.average(saved.run->seen.fresh(), 1));
  }

  /// The transpose of the pass. One that was not recorded, or has been consumed, is run again.
  void vjp(const params& theta, const state& x, const tape& saved, const state& dy, state& dx,
           params& dtheta, const context<continuous>& at) const {
    pass& run = *saved.run;
    run.ws.workers = at.workers;
    if (!run.recorded) record(theta, x, run, at);
    state& g = at.scratch.g;
    kutta::assign(g, dy);
    block_.backprop(theta, g, dtheta, run.ws);
    run.recorded = false;
    kutta::add(dx, dx, scaled{1, g});
  }

  void jvp(const params& theta, const state& x, const tape& saved, const state& vx,
           const params& vtheta, state& vy, const context<continuous>& at) const
    requires has_jvp<R>
  {
    begin(*saved.run, at);
    kutta::assign(vy, vx);
    block_.jvp(theta, x, vtheta, vy, saved.run->ws);
    saved.run->recorded = true;
  }

  statistics make_statistics(const params& theta, const state& x) const
    requires stateful<R>
  {
    return detail::copies(theta.size(), block_.residual().make_statistics(theta.front(), x));
  }
  statistics positive_statistics(const statistics& stats) const
    requires stateful<R>
  {
    statistics positive;
    for (const auto& sigma : stats)
      positive.push_back(detail::positive_statistics(block_.residual(), sigma));
    return positive;
  }
  /// What the stages observed, fitted in the family; a new model's where they leave that open.
  const statistics& observed(const tape& saved) const
    requires stateful<R>
  {
    return saved.run->observed;
  }
  void infer(const params& theta, const statistics& stats, const state& x, state& y, tape& saved,
             const context<continuous>& at) const
    requires stateful<R>
  {
    begin(*saved.run, at);
    kutta::assign(y, block_.infer(theta, saved.run->seen.with(stats), x, saved.run->ws));
  }
  /// The σ nearest to (1 − m) σ(s_i) + m v_i at the depths s_i of the last forward pass.
  void update_statistics(statistics& stats, tape& saved, double momentum) const
    requires stateful<R>
  {
    kutta::assign(stats, saved.run->seen.average(stats, momentum));
  }

 private:
  /// The pass has the random keys of the model's, and its threads.
  static void begin(pass& run, const context<continuous>& at) {
    run.recorded = false;
    run.ws.pass = at.pass - 1;
    run.ws.workers = at.workers;
  }

  void record(const params& theta, const state& x, pass& run, const context<continuous>& at) const {
    begin(run, at);
    if constexpr (stateful<R>)
      block_.forward(theta, x, run.ws, [&](std::int64_t n, const state&) {
        if (n > 0) run.seen.observe(block_.residual(), n - 1, run.ws.history.record(n - 1));
      });
    else
      block_.forward(theta, x, run.ws);
    run.recorded = true;
  }

  block block_;
  K keep_;
};

}  // namespace layers
}  // namespace kutta
