// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// How an integration ended, and what it cost.

#include <cstdint>

namespace kutta {

/// Why an integration stopped. Nothing but `success` and `event` is an answer.
enum class [[nodiscard]] status : unsigned char {
  success,         ///< the end of the span is reached
  event,           ///< an observer stopped it, at the time it asked for
  max_steps,       ///< so many attempts were allowed, and the end is not reached
  step_too_small,  ///< the tolerance asks for a step that the time cannot resolve
  non_finite,      ///< the state or its rate became infinite or NaN, however small the step
  not_converged,   ///< an implicit step's equations were not solved, however small the step
};

/// One sentence on what happened and what to do.
constexpr const char* explain(status s) {
  switch (s) {
    case status::success:
      return "success: the end of the span is reached";
    case status::event:
      return "event: an observer stopped the integration";
    case status::max_steps:
      return "max_steps: the allowed number of attempts did not reach the end; allow more, loosen "
             "the tolerance, or take an implicit scheme if the system is stiff";
    case status::step_too_small:
      return "step_too_small: the error stays above the tolerance down to the resolution of time; "
             "look for a jump or a singularity at this time, or loosen the tolerance";
    case status::non_finite:
      return "non_finite: the solution or its rate is infinite or NaN; it may blow up at this "
             "time, "
             "or leave the domain of the right-hand side";
    case status::not_converged:
      return "not_converged: the equations of an implicit step were not solved; check the "
             "Jacobian, or take a smaller step";
  }
  return "unknown status";
}

/// What an integration did. Steps that were tried are accepted + rejected.
struct statistics {
  std::int64_t evaluations = 0;     ///< of the right-hand side
  std::int64_t jacobians = 0;       ///< evaluations of ∂f/∂x
  std::int64_t factorizations = 0;  ///< LU decompositions
  std::int64_t accepted = 0;
  std::int64_t rejected = 0;
  double smallest_step = 0;  ///< the smallest |h| accepted; 0 if there was no step
  double largest_step = 0;   ///< the largest
};

}  // namespace kutta
