// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// A batch in which every sample has times and steps of its own.
///
///     const auto end = kutta::integrate_samples<kutta::schemes::dormand_prince54>(
///         [](std::span<const double> t, const Eigen::MatrixXd& x, Eigen::MatrixXd& dx) { … },
///         x0, {0.0, 10.0}, kutta::adaptive{});
///     end.samples[3].status …
///
/// With one step for the batch, the hardest sample decides for all of them, and the error of an
/// easy one hides that of a hard one in the mean.

#include <cstddef>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <kutta/ode/samples_run.hpp>
#include <kutta/ode/solution.hpp>
#include <kutta/ode/step_control.hpp>
#include <kutta/schemes/scheme.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta {

/// x_s(t1_s) of dx/dt = f(t, x), x_s(t0_s) = x0_s, for each sample s of a batch, by an embedded
/// pair S.
///
/// `f(t, x, dx)` writes dx for n samples x at the n times `std::span<const double> t`; sample p of
/// dx may depend on t[p] and sample p of x alone. n, and which samples these are, changes: those
/// that have ended leave when they make up a quarter (until then they are passed, and ignored).
/// Only then is anything allocated, after the start.
///
/// Every sample has its own time, step, error (in the norm of its own elements) and status: it ends
/// as if it were integrated alone, in the same number of evaluations.
/// @throws std::invalid_argument for a span that is not finite, unless there is one for each
/// sample, or for options that make no sense.
template <explicit_scheme S, class F, batch X>
  requires(has_embedding(S::tableau))
samples_solution<X> integrate_samples(F&& f, X x0, const std::vector<time_span<double>>& spans,
                                      const adaptive& how) {
  detail::require_valid(how);
  for (const auto& span : spans) detail::require_valid(span);
  if (spans.size() != kutta::samples(x0))
    throw std::invalid_argument("integrate_samples: expected a span for each of " +
                                std::to_string(kutta::samples(x0)) + " samples, got " +
                                std::to_string(spans.size()));
  if (how.norm == error_norm::max && !has_largest<X>)
    throw std::invalid_argument(
        "adaptive: norm max expects a tensor with `largest`, got one without");
  return detail::samples_run<S, std::remove_reference_t<F>, X>(f, std::move(x0), spans, how).run();
}

/// The same with one span for all.
template <explicit_scheme S, class F, batch X>
  requires(has_embedding(S::tableau))
samples_solution<X> integrate_samples(F&& f, X x0, const time_span<double>& span,
                                      const adaptive& how) {
  const std::vector<time_span<double>> spans(kutta::samples(x0), span);
  return integrate_samples<S>(f, std::move(x0), spans, how);
}

}  // namespace kutta
