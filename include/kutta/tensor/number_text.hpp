// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// A number as text, in an error message or a report.

#include <cstdio>
#include <cstdlib>
#include <string>

namespace kutta::detail {

/// x to so many significant digits.
inline std::string number_text(double x, int digits) {
  if (x != x) return "nan";
  char text[32];
  std::snprintf(text, sizeof(text), "%.*g", digits, x);
  return text;
}

/// Six digits, or as many as it takes to read x back: "0.1", "1e-09", "0.30000000000000004", "nan".
inline std::string number_text(double x) {
  std::string text = number_text(x, 6);
  for (int digits = 7; digits <= 17 && std::strtod(text.c_str(), nullptr) != x; ++digits)
    text = number_text(x, digits);
  return text;
}

}  // namespace kutta::detail
