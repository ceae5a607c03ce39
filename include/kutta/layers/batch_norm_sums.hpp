// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What batch normalisation sums over the pixels of a batch, by shards.

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <vector>

#include <kutta/layers/channel_moments.hpp>
#include <kutta/layers/channel_sums.hpp>
#include <kutta/layers/sample_shards.hpp>
#include <kutta/tensor/heap_bytes.hpp>

namespace kutta::detail {

/// What is summed over the pixels of a batch, by shards.
template <std::floating_point T>
struct batch_norm_sums {
  struct shard {
    channel_moments<T> moments;
    channel_totals<2> totals;

    std::size_t heap_bytes() const { return kutta::heap_bytes(moments, totals); }
  };
  std::vector<shard> shards;

  explicit batch_norm_sums(std::size_t channels = 1) {
    const std::vector<double> zeros(channels);
    shards.assign(most_shards, {channel_moments<T>(channels), {zeros, zeros}});
  }

  void clear() {
    for (auto& [moments, totals] : shards) {
      moments.clear();
      for (auto& total : totals) std::fill(total.begin(), total.end(), 0.);
    }
  }

  /// Those of so many shards, added up in their order.
  const channel_moments<T>& add_moments(std::size_t count) {
    for (std::size_t s = 1; s < count; ++s) shards[0].moments.add(shards[s].moments);
    return shards[0].moments;
  }
  const channel_totals<2>& add_totals(std::size_t count) {
    for (std::size_t s = 1; s < count; ++s)
      for (std::size_t j = 0; j < 2; ++j)
        for (std::size_t c = 0; c < shards[0].totals[j].size(); ++c)
          shards[0].totals[j][c] += shards[s].totals[j][c];
    return shards[0].totals;
  }
  std::size_t heap_bytes() const { return kutta::heap_bytes(shards); }
};

}  // namespace kutta::detail
