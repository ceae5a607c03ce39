// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The name of a type, for tables.

#include <cstddef>
#include <source_location>
#include <string>

namespace kutta {

/// The name of T without the namespaces before it: "rk4_classic", "b_spline<3>".
template <class T>
std::string type_name() {
  std::string text = std::source_location::current().function_name();
  // "std::string kutta::type_name() [with T = kutta::schemes::euler; …]", or "[T = …]"
  const std::size_t begin = text.find("T = ") + 4;
  std::size_t end = begin, nested = 0;
  for (; end < text.size(); ++end) {
    if (text[end] == '<') ++nested;
    if (text[end] == '>') --nested;
    if (nested == 0 && (text[end] == ';' || text[end] == ']')) break;
  }
  text = text.substr(begin, end - begin);
  const std::size_t scope = text.substr(0, text.find('<')).rfind("::");
  return scope == std::string::npos ? text : text.substr(scope + 2);
}

}  // namespace kutta
