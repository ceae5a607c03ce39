// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// End errors over a range of time steps.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "rollout.hpp"
#include "schemes.hpp"

namespace pendulum {

/// The numbers of steps to `end_time`: time steps from 0.2 s to 1 ms.
inline constexpr std::array<std::int64_t, 21> step_counts{10,  16,  20,  25,  32,  40,  50,
                                                          64,  80,  100, 125, 160, 180, 200,
                                                          220, 250, 320, 400, 500, 800, 2000};

inline double time_step(std::size_t i) {
  return end_time / static_cast<double>(step_counts[i]);
}

/// Where in `step_counts` the time step is dt.
inline std::size_t index_of(double dt) {
  const auto at = std::find(step_counts.begin(), step_counts.end(), std::lround(end_time / dt));
  return static_cast<std::size_t>(at - step_counts.begin());
}

/// One end error for each of `step_counts`.
using error_curve = std::array<double, step_counts.size()>;

template <class F>
error_curve curve_of(F&& error_after) {
  error_curve errors;
  std::transform(step_counts.begin(), step_counts.end(), errors.begin(), error_after);
  return errors;
}

/// The end errors of the pendulum's own equation in each scheme.
inline each_scheme<error_curve> numerical_errors() {
  each_scheme<error_curve> errors;
  for (std::size_t s = 0; s < scheme_count; ++s)
    errors[s] = with_scheme(s, []<class S> {
      return curve_of([](std::int64_t n) { return end_error<S>(true_rate, n); });
    });
  return errors;
}

/// The order that errors of the pendulum's own equation show between N and 4N steps.
template <kutta::explicit_scheme S>
double observed_order(std::int64_t n) {
  return std::log2(end_error<S>(true_rate, n) / end_error<S>(true_rate, 4 * n)) / 2;
}

}  // namespace pendulum
