// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// A folder for the files of one test, and Python to read them with.

#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <doctest/doctest.h>
#include <unistd.h>

namespace kutta::test {

/// Removed, with what is in it, at the end of its life.
class scratch_folder {
 public:
  scratch_folder() {
    static int count = 0;
    folder_ = std::filesystem::temp_directory_path() /
              ("kutta_io_" + std::to_string(::getpid()) + "_" + std::to_string(count++));
    std::filesystem::create_directory(folder_);
  }
  scratch_folder(const scratch_folder&) = delete;
  scratch_folder& operator=(const scratch_folder&) = delete;
  ~scratch_folder() { std::filesystem::remove_all(folder_); }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  std::size_t file_count() const {
    return static_cast<std::size_t>(
        std::distance(std::filesystem::directory_iterator(folder_), {}));
  }

 private:
  std::filesystem::path folder_;
};

inline void write_bytes(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

inline std::string read_bytes(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// Whether Python, with its standard library alone, runs the program without an error. `path` is
/// its argument. Where there is no Python this says so, and is true.
inline bool python_accepts(const scratch_folder& folder, const std::string& program,
                           const std::string& path) {
  if (std::system("python3 -c '' > /dev/null 2>&1") != 0) {
    MESSAGE("skipped: there is no python3 to read the file with");
    return true;
  }
  const std::string script = folder.path("check.py");
  write_bytes(script, program);
  return std::system(("python3 '" + script + "' '" + path + "'").c_str()) == 0;
}

}  // namespace kutta::test
