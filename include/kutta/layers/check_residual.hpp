// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// A test of hand-written derivatives against the function itself.
///
///     const auto report = kutta::check_residual(r, theta, x);
///     if (!report) std::cerr << report.text() << '\n';
///
/// prints, for instance
///
///     dtheta.w, shape (50, 2): 1 of 100 elements wrong; element 3: vjp gives 0.25, differences
///     give 0.5

#include <string>
#include <vector>

#include <kutta/layers/layer.hpp>
#include <kutta/layers/residual_check.hpp>

namespace kutta {

/// One line for each fault that `check_residual` found; none if all is well.
struct residual_report {
  std::vector<std::string> faults;

  bool ok() const { return faults.empty(); }
  explicit operator bool() const { return ok(); }

  /// The faults, a line each, or "no fault".
  std::string text() const {
    if (ok()) return "no fault";
    std::string lines;
    for (const auto& fault : faults) lines += (lines.empty() ? "" : "\n") + fault;
    return lines;
  }
};

/// Tests `forward`, `vjp` and, where there is one, `jvp` of a layer at one point, at time t.
///
/// - forward gives finite numbers, and overwrites y;
/// - vjp adds to dx and dtheta: to 512 ε of the leaf's largest element;
/// - vjp agrees with differences of forward, separately for x and each leaf of theta: each element
///   of a leaf of up to 200, random sums of a larger one. Tolerance: `detail::difference_check`;
/// - jvp overwrites vy, agrees with differences, and ⟨w, Jv⟩ = ⟨Jᵀw, v⟩ to 512 ε of
///   |w| |Jv| + |Jᵀw| |v|.
///
/// The derivatives in a report are those of ⟨w, R⟩ for a random w. ε is that of the least precise
/// scalar involved, and at least double's. Elements are numbered in memory order. Choose x and
/// theta as in use, not zero (derivatives vanish there) and not on a kink. Cost: at least four
/// calls of forward for each element that is tested; allocates.
template <layer L>
residual_report check_residual(const L& r, const typename L::params& theta, const input_t<L>& x,
                               double t = 0) {
  return {detail::residual_check<L>(r, theta, x, t).run()};
}

}  // namespace kutta
