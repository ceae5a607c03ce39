// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// A scheme made reversible: its steps can be undone, so that a pass need not be recorded.

#include <cstdint>

#include <kutta/schemes/scheme.hpp>

namespace kutta {

namespace schemes {

/// Two states, y and z, that an explicit scheme S moves in turn; both start as x(0), y is the
/// result. With Ψ_h(t, x) = x₁ − x the increment of a step of S from x at the time t,
///
///     y₁ = λ y₀ + (1 − λ) z₀ + Ψ_h(t₀, z₀),   z₁ = z₀ − Ψ_{−h}(t₀ + h, y₁).
///
/// Of S's order, and 2s evaluations a step. Both equations are solved for y₀ and z₀ without
/// iteration, whatever S is. λ draws y and z together: by e^(−C) in N steps (see `coupling`), and
/// undoing N steps multiplies their rounding errors by e^C at most.
///
/// Choose C (0: a quarter of the digits of the state, 9 in double, 4 in float) above the rate at
/// which the flow contracts times the horizon: below, y and z part, and the pass may blow up.
/// Where that is too much to undo in one go, `keep::ends` takes snapshots.
/// Source: McCallum & Foster, Efficient, accurate and stable gradients for neural ODEs (2024),
/// eq. (4)–(5).
template <explicit_scheme S, int C = 0>
  requires(C >= 0)
struct reversible {
  using scheme = S;
};

}  // namespace schemes

/// λ = N/(N + c): λ^(−N) < e^c.
constexpr double coupling(std::int64_t steps, double c) {
  const auto n = static_cast<double>(steps);
  return n / (n + c);
}

/// c = digits (ln 2)/4, for numbers of so many binary digits: undoing a pass costs a quarter of
/// them.
constexpr double coupling_strength(int digits) {
  constexpr double quarter_ln2 = 0.17328679513998632;
  return quarter_ln2 * digits;
}

}  // namespace kutta
