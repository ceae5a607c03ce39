// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The error of a file.

#include <stdexcept>
#include <string>

namespace kutta {

/// A file cannot be read or written, or holds something else than was asked for.
class io_error : public std::runtime_error {
 public:
  io_error(const std::string& path, const std::string& what)
      : std::runtime_error(path + ": " + what) {}
};

}  // namespace kutta
