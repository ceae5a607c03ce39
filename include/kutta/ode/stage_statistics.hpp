// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What a residual observed at the stages of a pass, kept until statistics are updated with it.

#include <cstddef>
#include <cstdint>
#include <vector>

#include <kutta/basis/basis.hpp>
#include <kutta/basis/depth.hpp>
#include <kutta/basis/running_statistics.hpp>
#include <kutta/layers/call.hpp>
#include <kutta/layers/layer.hpp>
#include <kutta/ode/block_pass.hpp>
#include <kutta/ode/block_step.hpp>
#include <kutta/ode/workspace.hpp>
#include <kutta/tensor/product.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta {

/// The observations v_i of a pass of N steps at the depths s_i, one for each call of R. They leave
/// running statistics σ(s) the nearest to (1 − m) σ(s_i) + m v_i, as `running_statistics` has it.
/// Nothing but the constructor allocates.
template <stateful R, block_scheme<typename R::state> S, basis B>
class stage_statistics {
  using stepping = block_step<S, typename R::state>;
  using values = std::vector<statistics_t<R>>;

 public:
  /// @throws std::invalid_argument as the constructor of `running_statistics`.
  stage_statistics(const R& r, const B& phi, std::int64_t steps, const typename R::params& theta,
                   const typename R::state& x)
      : fresh_(detail::copies(phi.size(), r.make_statistics(theta, x))),
        running_(phi, detail::copies(phi.size(), fresh_.front()),
                 detail::positive_statistics(r, fresh_.front())),
        depths_(detail::stage_depths<stepping>({steps, 1})),
        values_(detail::copies(depths_.size(), fresh_.front())) {
    running_.prepare(depths_);
  }

  /// Those of a new model, equal at all depths.
  const values& fresh() const { return fresh_; }

  /// Takes what R observed in step n.
  void observe(const R& r, std::int64_t n, const step_record<R, S>& record) {
    const std::size_t first = static_cast<std::size_t>(n) * stepping::evaluations;
    for (std::size_t i = 0; i < stepping::evaluations; ++i)
      kutta::assign(values_[first + i], r.observed(record.tapes[i]));
  }

  /// The nearest to (1 − m) σ + m v, for σ with these coefficients; here until the next call.
  const values& average(const values& sigma, double m) {
    running_.set_coefficients(sigma);
    running_.set_momentum(m);
    running_.begin();
    for (std::size_t i = 0; i < depths_.size(); ++i) running_.observe(depths_[i], values_[i]);
    running_.end();
    return running_.coefficients();
  }

  /// σ with these coefficients, for a block's `infer`.
  const running_statistics<statistics_t<R>, B>& with(const values& sigma) {
    running_.set_coefficients(sigma);
    return running_;
  }

 private:
  values fresh_;
  running_statistics<statistics_t<R>, B> running_;
  std::vector<depth> depths_;
  values values_;
};

}  // namespace kutta
