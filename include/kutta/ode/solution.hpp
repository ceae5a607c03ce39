// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What is integrated over, and where an integration came to.

#include <cmath>
#include <concepts>
#include <stdexcept>
#include <string>
#include <vector>

#include <kutta/ode/status.hpp>
#include <kutta/ode/step.hpp>
#include <kutta/tensor/number_text.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta {

/// From t0 to t1; backwards in time if t1 < t0.
template <std::floating_point T = double>
struct time_span {
  T t0, t1;
};

/// Where an integration came to, and why it ended there.
template <tensor X>
struct [[nodiscard]] solution {
  using real = detail::step_real_t<X>;

  X x;     ///< x(t)
  real t;  ///< the end of the last accepted step
  real h;  ///< the step that was, or would have been, tried last
  kutta::status status;
  statistics stats;

  bool ok() const { return status == status::success || status == status::event; }
  explicit operator bool() const { return ok(); }

  /// "step_too_small: … (t = 1.5, h = 2e-16, after 120 steps)".
  std::string text() const {
    return std::string(explain(status)) + " (t = " + detail::number_text(static_cast<double>(t)) +
           ", h = " + detail::number_text(static_cast<double>(h)) + ", after " +
           std::to_string(stats.accepted) + " steps)";
  }
};

/// Where the integration of one sample came to, and why it ended there.
struct sample_end {
  double t, h;  ///< the end of the last accepted step; the step that was, or would be, tried last
  kutta::status status;
  statistics stats;
};

/// The ends of all samples of a batch.
template <batch X>
struct [[nodiscard]] samples_solution {
  X x;                              ///< sample s is x_s(t_s)
  std::vector<sample_end> samples;  ///< t_s, and what it took

  bool ok() const {
    for (const sample_end& s : samples)
      if (s.status != status::success) return false;
    return true;
  }
  explicit operator bool() const { return ok(); }
};

namespace detail {

template <class T>
void require_valid(const time_span<T>& span) {
  if (!std::isfinite(span.t1 - span.t0))
    throw std::invalid_argument("integrate: expected a finite span, got from " +
                                number_text(static_cast<double>(span.t0)) + " to " +
                                number_text(static_cast<double>(span.t1)));
}

}  // namespace detail

}  // namespace kutta
