// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// How running statistics change from pass to pass (see `running_statistics.hpp`).

#include <kutta/basis/basis.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta {

/// How a pass that observes v_1, v_2, … at the depths s_1, s_2, … changes the statistics σ(s).
enum class update_rule : unsigned char {
  /// All averages (1 − m) σ(s_i) + m v_i at once, and the σ nearest to them in the basis.
  simultaneous,
  /// One after the other: the smallest change after which σ(s_i) is that average.
  in_order
};

/// `momentum` is the m above, the share of the new.
struct statistics_update {
  double momentum = 0.1;
  update_rule rule = update_rule::simultaneous;
};

template <tensor T, basis B>
class running_statistics;

}  // namespace kutta
