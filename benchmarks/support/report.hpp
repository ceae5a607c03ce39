// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What a benchmark says beside its time.

#include <benchmark/benchmark.h>

#include "support/cost.hpp"

namespace kutta::bench {

/// Reports FLOP/s and bytes/s for iterations of `operations` times `each`.
inline void report(benchmark::State& state, cost each, double operations = 1) {
  using benchmark::Counter;
  state.counters["FLOP/s"] = Counter(operations * each.flops, Counter::kIsIterationInvariantRate);
  if (each.bytes > 0)
    state.counters["bytes/s"] =
        Counter(operations * each.bytes, Counter::kIsIterationInvariantRate);
  state.counters["operations"] = operations;
}

/// Marks the benchmark as failed unless the contender computes what the baseline does.
inline bool require(benchmark::State& state, bool agreed) {
  if (!agreed) state.SkipWithError("the contender and the baseline disagree");
  return agreed;
}

}  // namespace kutta::bench
