// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// A directory of results in which no file is ever half-written.

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <unistd.h>

namespace reporting {

/// A file is written under its name and `partial_suffix()`, and renamed when it is complete.
class output_directory {
 public:
  /// @throws std::runtime_error if the directory can neither be found nor made, or not be written
  /// to.
  explicit output_directory(std::filesystem::path path) : path_(std::move(path)) {
    std::error_code failure;
    std::filesystem::create_directories(path_, failure);
    if (failure) fail("cannot be made: " + failure.message());
    if (access(path_.c_str(), W_OK | X_OK) != 0) fail("cannot be written to");
  }

  const std::filesystem::path& path() const { return path_; }

  static std::string partial_suffix() { return ".partial-" + std::to_string(getpid()); }

  /// @throws std::runtime_error if the file cannot be written; an older one is then untouched.
  void write(const std::string& name, const std::string& text) const {
    std::ofstream file(path_ / (name + partial_suffix()), std::ios::binary);
    file << text;
    file.close();
    if (!file) {
      discard({name});
      fail("cannot hold " + name + ": writing failed");
    }
    complete({name});
  }

  /// Gives complete files their names.
  /// @throws std::runtime_error if one cannot be renamed.
  void complete(const std::vector<std::string>& names) const {
    for (const auto& name : names) {
      std::error_code failure;
      std::filesystem::rename(path_ / (name + partial_suffix()), path_ / name, failure);
      if (failure) fail("cannot hold " + name + ": " + failure.message());
    }
  }

  /// Removes files that will not be completed, where they exist.
  void discard(const std::vector<std::string>& names) const {
    std::error_code ignored;
    for (const auto& name : names)
      std::filesystem::remove(path_ / (name + partial_suffix()), ignored);
  }

 private:
  [[noreturn]] void fail(const std::string& why) const {
    throw std::runtime_error("the directory " + path_.string() + " " + why);
  }

  std::filesystem::path path_;
};

}  // namespace reporting
