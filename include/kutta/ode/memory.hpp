// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What a gradient needs, before it is computed: bytes and evaluations under a policy.
///
///     const auto need = kutta::memory_of(f, theta, x0, kutta::keep::binomial{8});
///     std::cout << need.bytes() << " bytes, " << need.repeated << " evaluations again\n";

#include <cstddef>
#include <cstdint>
#include <stdexcept>

#include <kutta/basis/evaluate.hpp>
#include <kutta/ode/block_step.hpp>
#include <kutta/ode/execution.hpp>
#include <kutta/ode/keep.hpp>
#include <kutta/ode/ode_block.hpp>
#include <kutta/ode/step_history.hpp>
#include <kutta/ode/workspace.hpp>
#include <kutta/tensor/contiguous.hpp>
#include <kutta/tensor/heap_bytes.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta {

/// What a workspace holds on the heap, and how often a gradient calls the residual.
struct memory_use {
  std::size_t records = 0;      ///< bytes of the states, stage points and tapes of recorded steps
  std::size_t snapshots = 0;    ///< of the states besides
  std::size_t temporaries = 0;  ///< of the stages, theta at one depth and its adjoint, scratch
  std::size_t gradients = 0;    ///< of the shards and tiles of a tiled workspace
  std::size_t file = 0;         ///< bytes on the disk

  std::int64_t forward = 0;     ///< evaluations of the residual in the forward pass
  std::int64_t repeated = 0;    ///< the same again, in the reverse pass
  std::int64_t transposed = 0;  ///< calls of its vjp

  std::size_t bytes() const { return records + snapshots + temporaries + gradients; }
};

namespace detail {

/// What a history makes and runs.
struct pass_counts {
  std::size_t states = 0, records = 0;
  std::int64_t forward = 0, repeated = 0;
};

struct step_counter {
  std::int64_t& taken;

  void operator()(std::int64_t, double, double&, nothing) const { ++taken; }
  void back(std::int64_t, double, double&, nothing) const { ++taken; }  // for `keep::ends`
};

/// Those of a pass under `keep`, run on states that count for nothing.
template <memory_policy K>
pass_counts count_pass(const K& keep, std::int64_t steps) {
  pass_counts count;
  const auto make_state = [&] {
    ++count.states;
    return 0.;
  };
  const auto make_record = [&] {
    ++count.records;
    return nothing{};
  };
  step_history<double, nothing, K, snapshots_in_memory<double>> history(keep, steps, make_state,
                                                                        make_record);
  history.forward(step_counter{count.forward});
  if constexpr (recording_policy<K>)
    history.reverse(step_counter{count.repeated}, [](std::int64_t, double, nothing) {});
  return count;
}

/// Of a workspace that keeps `keep`, by one that keeps a single step.
template <class R, class S, memory_policy K>
memory_use workspace_memory(const workspace<R, S, keep::nothing>& one, const K& keep,
                            std::int64_t steps) {
  using X = typename block_step<S, typename R::state>::carried;
  const X& x = one.history.x(0);
  const auto& record = one.history.record(0);
  const std::size_t state_bytes = sizeof(X) + heap_bytes(x);
  const pass_counts count = count_pass(keep, steps);
  const auto snapshots = static_cast<std::size_t>(keep.snapshots(steps));

  memory_use need;
  need.records = (count.states - snapshots) * state_bytes +
                 count.records * (sizeof(record) + heap_bytes(record.points, record.tapes));
  need.snapshots = snapshots * (sizeof(std::size_t) + sizeof(std::int64_t));
  if constexpr (requires { typename K::template storage<X>; }) {
    need.snapshots += K::template storage<X>::buffer_bytes(x);
    need.file = snapshots * K::template storage<X>::file_bytes(x);
  } else {
    need.snapshots += snapshots * state_bytes;
  }
  need.temporaries =
      heap_bytes(one.temporaries, one.theta_at, one.dtheta_at, one.statistics_at, one.scratch);

  constexpr auto stages = static_cast<std::int64_t>(block_step<S, typename R::state>::evaluations);
  need.forward = count.forward * stages;
  need.repeated = count.repeated * stages;
  need.transposed = recording_policy<K> ? need.forward : 0;
  return need;
}

}  // namespace detail

/// What `f.make_workspace(theta, x, keep)` will hold, and what a forward and a reverse pass on it
/// will evaluate. Allocates what a single step needs, and runs none.
///
/// Bytes are those of the elements: what an allocator adds is not counted, nor is what a residual
/// allocates inside a call and drops again. The types of its tape and scratch are such that
/// `heap_bytes` counts.
template <residual R, class S, weight_basis B, memory_policy K>
memory_use memory_of(const ode_block<R, S, B>& f,
                     const typename ode_block<R, S, B>::coefficients& theta,
                     const typename R::state& x, const K& keep) {
  return detail::workspace_memory(f.make_workspace(theta, x, keep::nothing{}), keep,
                                  f.options().steps);
}

/// The same for a residual that couples samples: its batch is not cut, whatever the threads.
template <residual R, class S, weight_basis B, recording_policy K>
  requires(!samples_independent<R>)
memory_use memory_of(const ode_block<R, S, B>& f,
                     const typename ode_block<R, S, B>::coefficients& theta,
                     const typename R::state& x, const execution&, const K& keep) {
  return memory_of(f, theta, x, keep);
}

/// The same for `f.make_workspace(theta, x, how, keep)`. Evaluations are those on one tile.
template <residual R, class S, weight_basis B, recording_policy K>
  requires batch<typename R::state> && samples_independent<R>
memory_use memory_of(const ode_block<R, S, B>& f,
                     const typename ode_block<R, S, B>::coefficients& theta,
                     const typename R::state& x, const execution& how, const K& keep) {
  const std::size_t samples = kutta::samples(x);
  if (samples == 0 || how.threads == 0 || how.tile == 0 || how.shards == 0)
    throw std::invalid_argument("memory_of: samples, threads, tile and shards must be at least 1");
  const auto smaller = [](std::size_t a, std::size_t b) { return a < b ? a : b; };
  const std::size_t tile = smaller(how.tile, samples), rest = samples % tile;
  const std::size_t tiles = (samples + tile - 1) / tile;

  memory_use need;
  const auto add = [&](std::size_t n, std::size_t times) {
    if (n == 0) return;
    const auto part = kutta::zeros_like(x, n);
    const memory_use one = memory_of(f, theta, part, keep);
    need.records += times * one.records;
    need.snapshots += times * one.snapshots;
    need.temporaries += times * one.temporaries;
    need.file += times * one.file;
    need.gradients += times * heap_bytes(part);
    need.forward = one.forward;
    need.repeated = one.repeated;
    need.transposed = one.transposed;
  };
  add(rest, 1);
  add(tile, how.threads);
  need.gradients += smaller(how.shards, tiles) * heap_bytes(theta);
  return need;
}

}  // namespace kutta
