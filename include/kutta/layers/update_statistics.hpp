// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The running statistics of a whole model, behind a forward pass of training.
///
///     auto stats = model.make_statistics(theta, x);
///     …                                                    // forward, loss, vjp
///     kutta::update_statistics(model, stats, tape, 0.1);

#include <kutta/layers/layer.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta {

namespace detail {

/// L has a rule of its own: it did not observe all that its statistics describe, or is made of
/// layers that have one.
template <class L>
concept updates_statistics =
    requires(const L r, typename L::statistics& stats, typename L::tape& saved, double momentum) {
      r.update_statistics(stats, saved, momentum);
    };

}  // namespace detail

/// stats ← (1 − m) stats + m observed, by the pass that wrote `saved`; layer by layer, and in a
/// continuous one at the depths that the pass has visited.
template <stateful L>
void update_statistics(const L& r, typename L::statistics& stats, typename L::tape& saved,
                       double momentum) {
  if constexpr (detail::updates_statistics<L>)
    r.update_statistics(stats, saved, momentum);
  else
    kutta::combine(stats, scaled{1 - momentum, stats}, scaled{momentum, r.observed(saved)});
}

}  // namespace kutta
