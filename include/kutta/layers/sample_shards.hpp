// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// A batch cut into shards, for layers that share it among threads.

#include <cstddef>

#include <kutta/tensor/worker_pool.hpp>

namespace kutta::detail {

/// Into how many shards a batch is cut, whatever the number of threads.
inline constexpr std::size_t most_shards = 8;

/// Those of n samples. None is empty.
constexpr std::size_t shard_count(std::size_t n) {
  return n < most_shards ? n : most_shards;
}

struct sample_shard {
  std::size_t index;         ///< that of what is summed over the shard
  std::size_t place;         ///< that of temporaries, which no other shard uses at the same time
  std::size_t first, count;  ///< its samples
};

/// f(shard) for all shards of n samples, on the threads of `workers` or, if that is null, on the
/// calling one. Indices and places are less than `shard_count(n)`.
///
/// Sums over samples that f leaves for each shard, added in the order of shards, depend on n alone.
template <class F>
void for_each_shard(std::size_t n, worker_pool* workers, const F& f) {
  const std::size_t shards = shard_count(n);
  const auto run = [&](std::size_t index, std::size_t place) {
    const std::size_t first = n * index / shards;
    f(sample_shard{index, place, first, n * (index + 1) / shards - first});
  };
  if (!workers)
    for (std::size_t index = 0; index < shards; ++index) run(index, 0);
  else if (workers->size() <= shards)
    workers->run(shards, run);
  else
    workers->run(shards, [&](std::size_t index, std::size_t) { run(index, index); });
}

}  // namespace kutta::detail
