// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What the gradient of an ensemble is computed in: made once, so that no pass allocates.

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include <kutta/ode/lane_group.hpp>
#include <kutta/tensor/simd.hpp>
#include <kutta/tensor/worker_pool.hpp>

namespace kutta {

/// How an ensemble's gradient is shared out. The gradient of parameters that all trajectories share
/// is a sum: group j of W trajectories adds to shard j mod `shards`, groups in order, and the
/// shards are added in order. It depends on W and `shards`, never on `threads`; more threads than
/// shards have nothing to do.
struct ensemble_shards {
  std::size_t threads = 1;
  std::size_t shards = 64;
};

/// For each worker the states of one group at all N + 1 times, for each shard its sums. Serves any
/// number of trajectories. One call at a time.
template <template <class, class> class R, std::floating_point T, std::size_t W>
  requires lane_residual<R, T>
class ensemble_workspace {
 public:
  using params = typename R<T, T>::params;
  using lane_state = typename detail::in_lanes<R, T>::state;

  struct shard {
    params dtheta;
    double loss;
  };

  /// @throws std::invalid_argument unless threads and shards are at least 1.
  ensemble_workspace(std::int64_t steps, const ensemble_shards& how)
      : pool(check(how).threads), shards(how.shards), steps_(steps) {
    for (std::size_t w = 0; w < pool.size(); ++w) records_.emplace_back(record_size());
  }

  std::int64_t steps() const { return steps_; }

  /// Where a worker keeps the states of its group.
  lane_state* record(std::size_t worker) { return records_[worker].data(); }

  /// The bytes of the records: (N + 1) W states for each thread.
  std::size_t bytes() const { return pool.size() * record_size() * sizeof(lane_state); }

  worker_pool pool;
  std::vector<shard> shards;

 private:
  std::size_t record_size() const {
    return (static_cast<std::size_t>(steps_) + 1) * (W / register_lanes<T>);
  }

  static const ensemble_shards& check(const ensemble_shards& how) {
    const auto require = [](std::size_t n, const char* name) {
      if (n == 0)
        throw std::invalid_argument(std::string("make_workspace: ") + name +
                                    " must be at least 1, got 0");
    };
    require(how.threads, "threads");
    require(how.shards, "shards");
    return how;
  }

  std::vector<std::vector<lane_state>> records_;
  std::int64_t steps_;
};

}  // namespace kutta
