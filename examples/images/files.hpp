// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Files of data sets, plain or compressed by gzip.

#include <array>
#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

namespace images {

using bytes = std::vector<unsigned char>;

[[noreturn]] inline void fail(const std::filesystem::path& file, const std::string& why) {
  throw std::runtime_error(file.string() + ": " + why);
}

/// @throws std::runtime_error "expected `what` …, got …" unless the two are equal.
inline void require_equal(const std::filesystem::path& file, const char* what, std::size_t expected,
                          std::size_t got) {
  if (got != expected)
    fail(file, std::string("expected ") + what + " " + std::to_string(expected) + ", got " +
                   std::to_string(got));
}

/// All that `file` holds, until its end.
inline bytes read_all(std::FILE* file) {
  bytes content;
  std::array<unsigned char, 1 << 16> buffer;
  for (std::size_t n; (n = std::fread(buffer.data(), 1, buffer.size(), file)) > 0;)
    content.insert(content.end(), buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(n));
  return content;
}

/// What `gzip -dc` makes of the file.
/// @throws std::runtime_error if gzip is missing or does not like it.
inline bytes read_compressed(const std::filesystem::path& path) {
  std::array<int, 2> ends;
  if (pipe(ends.data()) != 0) fail(path, "cannot be read: no pipe");
  const pid_t child = fork();
  if (child == 0) {
    dup2(ends[1], STDOUT_FILENO);
    close(ends[0]);
    close(ends[1]);
    execlp("gzip", "gzip", "-dc", "--", path.c_str(), static_cast<char*>(nullptr));
    _exit(127);
  }
  close(ends[1]);
  std::FILE* const out = fdopen(ends[0], "rb");
  bytes content = read_all(out);
  std::fclose(out);
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status) ||
      WEXITSTATUS(status) != 0)
    fail(path, WEXITSTATUS(status) == 127 ? "gzip was not found" : "gzip cannot read it");
  return content;
}

/// The file of this name in the directory, or that with ".gz" behind it.
/// @throws std::runtime_error if there is neither, or it cannot be read.
inline bytes read_file(const std::filesystem::path& directory, const std::string& name) {
  const auto plain = directory / name, compressed = directory / (name + ".gz");
  if (std::FILE* const file = std::fopen(plain.c_str(), "rb")) {
    bytes content = read_all(file);
    std::fclose(file);
    return content;
  }
  if (!std::filesystem::exists(compressed))
    fail(plain, "expected this file, or one with .gz behind the name");
  return read_compressed(compressed);
}

}  // namespace images
