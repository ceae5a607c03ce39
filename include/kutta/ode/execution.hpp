// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// How a batch is cut into tiles and shared among threads.

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <kutta/basis/evaluate.hpp>
#include <kutta/layers/layer.hpp>
#include <kutta/ode/keep.hpp>
#include <kutta/ode/workspace.hpp>
#include <kutta/tensor/tensor.hpp>
#include <kutta/tensor/worker_pool.hpp>

namespace kutta {

/// A batch whose samples are independent is cut into tiles of `tile` samples; tile j adds its
/// parameter gradient to shard j mod `shards`, tiles in order, and the shards are added in order.
/// Results depend on `tile` and `shards`, never on `threads`. A batch of others stays whole: layers
/// share it among the threads call by call, in shards of their own.
struct execution {
  std::size_t threads = 1;
  std::size_t tile = 32;
  std::size_t shards = 8;
};

/// One workspace for a tile on each worker, and one parameter gradient on each shard.
template <residual R, block_scheme<typename R::state> S, weight_basis B,
          recording_policy K = keep::everything>
class tiled_workspace {
 public:
  using state = typename R::state;
  using coefficients = coefficients_t<B, typename R::params>;

  struct tile_workspace {
    workspace<R, S, K> pass;
    state dx;
  };
  struct shard {
    coefficients dtheta;
    double loss = 0;
  };

  tiled_workspace(const R& r, const B& phi, const coefficients& theta, const state& x,
                  std::int64_t steps, const execution& how, const K& keep)
      : pool(check(kutta::samples(x), how).threads),
        batch_size_(kutta::samples(x)),
        tile_(smaller(how.tile, batch_size_)) {
    const auto make_tile = [&](std::size_t n) {
      state x0 = kutta::zeros_like(x, n);
      workspace<R, S, K> pass(r, detail::value_like(phi, theta), x0, steps, keep);
      return tile_workspace{std::move(pass), std::move(x0)};
    };
    for (std::size_t w = 0; w < pool.size(); ++w) full_.push_back(make_tile(tile_));
    if (const std::size_t rest = batch_size_ % tile_; rest > 0) tail_.push_back(make_tile(rest));
    for (std::size_t i = 0; i < smaller(how.shards, tiles()); ++i)
      shards.push_back({kutta::zeros_like(theta), 0});
  }

  std::size_t batch_size() const { return batch_size_; }
  std::int64_t steps() const { return full_.front().pass.steps(); }
  std::size_t tiles() const { return (batch_size_ + tile_ - 1) / tile_; }
  std::size_t first_sample(std::size_t tile) const { return tile * tile_; }
  std::size_t tile_size(std::size_t tile) const {
    return smaller(tile_, batch_size_ - first_sample(tile));
  }

  /// Where `worker` computes `tile`. Only the last tile can be short, so one short workspace
  /// serves.
  tile_workspace& at(std::size_t tile, std::size_t worker) {
    return tile_size(tile) == tile_ ? full_[worker] : tail_.front();
  }

  /// Adds up the losses and, into dtheta, the gradients of all tiles: `gradient(pass, dx, dtheta,
  /// first)` returns the loss of the tile whose states lie in pass.first(), makes dx its gradient
  /// and adds to dtheta.
  template <class F>
  double sum(const state& x0, state& dx, coefficients& dtheta, F&& gradient) {
    pool.run(shards.size(), [&](std::size_t i, std::size_t worker) {
      auto& [of_shard, loss] = shards[i];
      kutta::set_zero(of_shard);
      loss = 0;
      for (std::size_t tile = i; tile < tiles(); tile += shards.size()) {
        auto& [pass, dx_tile] = at(tile, worker);
        const std::size_t first = first_sample(tile), n = tile_size(tile);
        kutta::copy_samples(x0, first, n, pass.first(), 0);
        pass.pass = passes_;  // the same random keys for all tiles
        loss += gradient(pass, dx_tile, of_shard, first);
        kutta::copy_samples(dx_tile, 0, n, dx, first);
      }
    });
    ++passes_;
    double total = 0;
    for (const auto& [of_shard, loss] : shards) {
      kutta::add(dtheta, dtheta, scaled{1, of_shard});
      total += loss;
    }
    return total;
  }

  worker_pool pool;
  std::vector<shard> shards;

 private:
  static std::size_t smaller(std::size_t a, std::size_t b) { return a < b ? a : b; }

  static const execution& check(std::size_t batch_size, const execution& how) {
    const auto require = [](std::size_t n, const char* name) {
      if (n == 0)
        throw std::invalid_argument(std::string("make_workspace: ") + name +
                                    " must be at least 1, got 0");
    };
    require(batch_size, "the number of samples");
    require(how.threads, "execution.threads");
    require(how.tile, "execution.tile");
    require(how.shards, "execution.shards");
    return how;
  }

  std::size_t batch_size_, tile_;
  std::vector<tile_workspace> full_, tail_;
  std::uint64_t passes_ = 0;
};

/// The workspace of a residual whose samples depend on each other, with threads for its calls.
template <residual R, block_scheme<typename R::state> S, memory_policy K = keep::everything>
class threaded_workspace : public workspace<R, S, K> {
 public:
  /// @throws std::invalid_argument if threads = 0.
  threaded_workspace(const R& r, const typename R::params& theta, const typename R::state& x,
                     std::int64_t steps, std::size_t threads, const K& keep)
      : workspace<R, S, K>(r, theta, x, steps, keep), pool_(checked(threads)) {
    if (threads > 1) this->workers = &pool_;
  }

 private:
  static std::size_t checked(std::size_t threads) {
    if (threads == 0)
      throw std::invalid_argument("make_workspace: execution.threads must be at least 1, got 0");
    return threads;
  }

  worker_pool pool_;
};

}  // namespace kutta
