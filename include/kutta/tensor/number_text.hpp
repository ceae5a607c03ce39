// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// A number as text, in an error message or a report.

#include <charconv>
#include <string>

namespace kutta::detail {

/// The shortest text that reads back as x: "0.1", "1e-09", "nan".
inline std::string number_text(double x) {
  char text[32];
  return std::string(text, std::to_chars(text, text + sizeof(text), x).ptr);
}

/// x to so many significant digits.
inline std::string number_text(double x, int digits) {
  char text[32];
  const auto end = std::to_chars(text, text + sizeof(text), x, std::chars_format::general, digits);
  return std::string(text, end.ptr);
}

}  // namespace kutta::detail
