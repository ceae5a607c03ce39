// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <mutex>
#include <vector>

#include <doctest/doctest.h>

#include <kutta/layers/sample_shards.hpp>
#include <kutta/tensor/worker_pool.hpp>

namespace {

using kutta::detail::for_each_shard;
using kutta::detail::sample_shard;
using kutta::detail::shard_count;

/// The shards of n samples by their index.
std::vector<sample_shard> shards_of(std::size_t n, kutta::worker_pool* workers) {
  std::vector<sample_shard> shards(shard_count(n), {99, 99, 0, 0});
  std::mutex mutex;
  for_each_shard(n, workers, [&](const sample_shard& shard) {
    const std::lock_guard lock(mutex);
    shards.at(shard.index) = shard;
  });
  return shards;
}

}  // namespace

TEST_CASE("each sample is in one shard, none is empty, and they differ by one sample at most") {
  for (const std::size_t n : {0u, 1u, 7u, 8u, 9u, 100u}) {
    std::size_t next = 0;
    for (const sample_shard& s : shards_of(n, nullptr)) {
      CHECK(s.first == next);
      CHECK(s.place == 0);
      CHECK(s.count >= n / 8);
      CHECK(s.count <= n / 8 + 1);
      CHECK(s.count >= 1);
      next += s.count;
    }
    CHECK(next == n);
  }
}

TEST_CASE("shards do not depend on the threads, and no two threads share a place") {
  for (const std::size_t threads : {1u, 2u, 8u, 12u}) {
    kutta::worker_pool workers(threads);
    for (const std::size_t n : {3u, 100u}) {
      const auto alone = shards_of(n, nullptr), shared = shards_of(n, &workers);
      for (std::size_t i = 0; i < alone.size(); ++i) {
        CHECK(shared[i].index == i);
        CHECK(shared[i].first == alone[i].first);
        CHECK(shared[i].count == alone[i].count);
        CHECK(shared[i].place < shard_count(n));
        if (threads > shard_count(n))
          CHECK(shared[i].place == i);
        else
          CHECK(shared[i].place < threads);
      }
    }
  }
}
