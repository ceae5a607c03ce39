// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What a block throws when one of its steps cannot be taken.

#include <cstdint>
#include <stdexcept>
#include <string>

#include <kutta/ode/status.hpp>
#include <kutta/tensor/number_text.hpp>

namespace kutta {

/// Step `step` of a pass, of size h = rate T/N, failed at the time t in [0, T].
struct step_failure : std::runtime_error {
  step_failure(kutta::status why, double at, double size, std::int64_t number)
      : std::runtime_error("ode_block: step " + std::to_string(number) +
                           " at t = " + detail::number_text(at) +
                           " with h = " + detail::number_text(size) + " failed: " + explain(why)),
        status(why),
        t(at),
        h(size),
        step(number) {}

  kutta::status status;
  double t, h;
  std::int64_t step;
};

}  // namespace kutta
