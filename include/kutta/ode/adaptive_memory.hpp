// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What the gradient of an adaptive block needs, before it is computed.

#include <cstdint>

#include <kutta/basis/evaluate.hpp>
#include <kutta/ode/accepted_grid.hpp>
#include <kutta/ode/adaptive_block.hpp>
#include <kutta/ode/adaptive_workspace.hpp>
#include <kutta/ode/keep.hpp>
#include <kutta/ode/memory.hpp>
#include <kutta/tensor/heap_bytes.hpp>

namespace kutta {

/// What `f.make_workspace(theta, x, keep)` will hold, which is room for `max_steps` steps. The
/// evaluations are those of so many steps: what the search for them tries besides is not counted.
template <residual R, class S, weight_basis B, open_ended_policy K>
memory_use memory_of(const adaptive_block<R, S, B>& f,
                     const typename adaptive_block<R, S, B>::coefficients& theta,
                     const typename R::state& x, const K& keep) {
  detail::require_coefficients_of_one_shape("memory_of: theta", f.basis(), theta);
  const auto& like = detail::value_like(f.basis(), theta);
  const std::int64_t capacity = f.options().steps.max_steps;
  const adaptive_workspace<R, S, keep::nothing> one(
      f.residual(), like, x, accepted_grid(detail::breakpoints_of(f.basis()), capacity), 1, {});

  memory_use need = detail::workspace_memory(one.steps, keep, capacity);
  need.records += heap_bytes(one.grid);
  need.temporaries += heap_bytes(one.event, one.tape);
  return need;
}

}  // namespace kutta
