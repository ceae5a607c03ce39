// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Checks of the numbers that an optimiser is given.

#include <stdexcept>
#include <string>

#include <kutta/tensor/math.hpp>
#include <kutta/tensor/number_text.hpp>

namespace kutta::detail {

inline void require_option(bool met, const char* who, const char* name, const char* expected,
                           double value) {
  if (!met)
    throw std::invalid_argument(std::string(who) + ": " + name + " must be " + expected + ", got " +
                                number_text(value));
}

inline void require_not_negative(const char* who, const char* name, double value) {
  require_option(detail::math::isfinite(value) && value >= 0, who, name, "finite and at least 0",
                 value);
}

inline void require_positive(const char* who, const char* name, double value) {
  require_option(detail::math::isfinite(value) && value > 0, who, name, "finite and above 0",
                 value);
}

/// A decay factor: 0 ≤ value < 1.
inline void require_fraction(const char* who, const char* name, double value) {
  require_option(value >= 0 && value < 1, who, name, "in [0, 1)", value);
}

}  // namespace kutta::detail
