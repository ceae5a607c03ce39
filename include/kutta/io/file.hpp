// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Whole files: read in one piece, written all or not at all.

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <span>
#include <string>
#include <string_view>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <kutta/io/io_error.hpp>

namespace kutta::detail {

/// @throws io_error "<path>: <what>: <the system's reason>".
[[noreturn]] inline void throw_system_error(const std::string& path, const std::string& what) {
  const int reason = errno;
  throw io_error(path, what + ": " + std::generic_category().message(reason));
}

/// f() until no signal interrupts it.
template <class F>
auto uninterrupted(F&& f) {
  auto result = f();
  while (result < 0 && errno == EINTR) result = f();
  return result;
}

/// An open file, closed at the end of its life.
class open_file {
 public:
  open_file() = default;
  open_file(const std::string& path, int flags) { open(path, flags); }
  open_file(const open_file&) = delete;
  open_file& operator=(const open_file&) = delete;
  ~open_file() {
    if (*this) ::close(descriptor_);
  }

  /// Opens another file, if none is open. May fail.
  void open(const std::string& path, int flags) {
    descriptor_ = uninterrupted([&] { return ::open(path.c_str(), flags | O_CLOEXEC, 0666); });
  }

  explicit operator bool() const { return descriptor_ >= 0; }
  int descriptor() const { return descriptor_; }

 private:
  int descriptor_ = -1;
};

/// Whether there is something of that name, readable or not.
inline bool file_exists(const std::string& path) {
  struct stat info;
  return ::stat(path.c_str(), &info) == 0 || errno != ENOENT;
}

/// The bytes of a file.
/// @throws io_error if it cannot be opened or read.
inline std::string read_file(const std::string& path) {
  const open_file file(path, O_RDONLY);
  if (!file) throw_system_error(path, "cannot open");
  struct stat info;
  if (::fstat(file.descriptor(), &info) != 0) throw_system_error(path, "cannot read");

  std::string bytes(static_cast<std::size_t>(info.st_size), '\0');
  std::size_t filled = 0;
  while (filled < bytes.size()) {
    const auto n = uninterrupted(
        [&] { return ::read(file.descriptor(), bytes.data() + filled, bytes.size() - filled); });
    if (n < 0) throw_system_error(path, "cannot read");
    if (n == 0) break;  // it has become shorter
    filled += static_cast<std::size_t>(n);
  }
  bytes.resize(filled);
  return bytes;
}

/// A new file beside `target`, removed at the end of its life unless it has taken that name.
class temporary_file {
 public:
  explicit temporary_file(const std::string& target) : target_(target) {
    static std::atomic<unsigned> count = 0;
    const std::string stem = target + ".tmp-" + std::to_string(::getpid()) + "-";
    do {  // past what a killed process may have left
      name_ = stem + std::to_string(count++);
      file_.open(name_, O_WRONLY | O_CREAT | O_EXCL);
    } while (!file_ && errno == EEXIST);
    if (!file_) fail();
  }
  temporary_file(const temporary_file&) = delete;
  temporary_file& operator=(const temporary_file&) = delete;
  ~temporary_file() {
    if (!replaced_) ::unlink(name_.c_str());
  }

  void write(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto n =
          uninterrupted([&] { return ::write(file_.descriptor(), bytes.data(), bytes.size()); });
      if (n < 0) fail();
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
  }

  /// Waits until the bytes are on the disk, then takes the target's place.
  void replace_target() {
    if (uninterrupted([&] { return ::fsync(file_.descriptor()); }) != 0) fail();
    if (std::rename(name_.c_str(), target_.c_str()) != 0) fail();
    replaced_ = true;
    // The renaming itself: where a folder cannot be brought to the disk, a loss of power undoes it.
    const std::size_t slash = target_.rfind('/');
    const open_file folder(slash == target_.npos ? "." : target_.substr(0, slash + 1), O_RDONLY);
    if (folder) uninterrupted([&] { return ::fsync(folder.descriptor()); });
  }

 private:
  [[noreturn]] void fail() const { throw_system_error(target_, "cannot write"); }

  std::string target_, name_;
  open_file file_;
  bool replaced_ = false;
};

/// Makes `path` a file of these parts, one after the other: all of them or none.
///
/// The parts go to a temporary file beside it, which then takes its name: at any time there is the
/// old file or the new one. A symbolic link is replaced, not followed.
/// @throws io_error if it cannot be written; the old file stays, the temporary is removed.
inline void write_file(const std::string& path, std::span<const std::string_view> parts) {
  struct stat info;
  if (::stat(path.c_str(), &info) == 0 && !S_ISREG(info.st_mode))
    throw io_error(path, "cannot write: it is not a regular file");
  temporary_file file(path);
  for (const std::string_view part : parts) file.write(part);
  file.replace_target();
}

}  // namespace kutta::detail
