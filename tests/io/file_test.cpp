// SPDX-License-Identifier: Apache-2.0
#include <csignal>
#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <kutta/io/file.hpp>

#include "io/scratch_folder.hpp"

namespace {

using kutta::detail::read_file;
using kutta::test::scratch_folder;

void write_file(const std::string& path, const std::vector<std::string_view>& parts) {
  kutta::detail::write_file(path, parts);
}

/// While it lives no file can grow beyond so many bytes: what comes after them fails, as on a full
/// disk.
class size_limit {
 public:
  explicit size_limit(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  size_limit(const size_limit&) = delete;
  size_limit& operator=(const size_limit&) = delete;
  ~size_limit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }

 private:
  void (*handler_)(int);
  rlimit before_;
};

}  // namespace

TEST_CASE("a file holds its parts, one after the other, and is read back") {
  const scratch_folder folder;
  const std::string path = folder.path("a");
  using namespace std::string_view_literals;
  write_file(path, {"one", "", "\0two"sv});
  CHECK(kutta::test::read_bytes(path) == "one\0two"sv);
  CHECK(read_file(path) == "one\0two"sv);
  write_file(path, {"2"});
  CHECK(read_file(path) == "2");
  write_file(path, {});
  CHECK(read_file(path).empty());
  CHECK(folder.file_count() == 1);

  const std::string large(5'000'000, 'x');
  write_file(path, {large, "y"});
  CHECK(read_file(path) == large + "y");
}

TEST_CASE("a file in the working directory has no folder in its name") {
  const scratch_folder folder;
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(folder.path(""));
  write_file("here", {"x"});
  CHECK(read_file("here") == "x");
  std::filesystem::current_path(before);
}

TEST_CASE("what cannot be read or written is refused with the system's reason") {
  const scratch_folder folder;
  const std::string no_file = folder.path("none"), no_folder = folder.path("none/a");
  CHECK_THROWS_WITH_AS(read_file(no_file),
                       (no_file + ": cannot open: No such file or directory").c_str(),
                       kutta::io_error);
  CHECK_THROWS_WITH_AS(read_file(folder.path("")),
                       (folder.path("") + ": cannot read: Is a directory").c_str(),
                       kutta::io_error);
  CHECK_THROWS_WITH_AS(write_file(no_folder, {"x"}),
                       (no_folder + ": cannot write: No such file or directory").c_str(),
                       kutta::io_error);
  CHECK_THROWS_AS(write_file(folder.path(""), {"x"}), kutta::io_error);
  CHECK(folder.file_count() == 0);
  const std::string pipe = folder.path("pipe");
  CHECK(::mkfifo(pipe.c_str(), 0600) == 0);
  CHECK_THROWS_WITH_AS(write_file(pipe, {"x"}),
                       (pipe + ": cannot write: it is not a regular file").c_str(),
                       kutta::io_error);
  CHECK(folder.file_count() == 1);
  CHECK_FALSE(kutta::detail::file_exists(no_file));
  CHECK(kutta::detail::file_exists(folder.path("")));
}

TEST_CASE("a write that fails half-way leaves the old file, and no temporary") {
  const scratch_folder folder;
  const std::string path = folder.path("a"), old = "the old file", news(100'000, 'n');
  write_file(path, {old});
  {
    const size_limit full(65'536);
    CHECK_THROWS_WITH_AS(write_file(path, {news}),
                         (path + ": cannot write: File too large").c_str(), kutta::io_error);
    CHECK_THROWS_AS(write_file(folder.path("b"), {"x", news}), kutta::io_error);
    CHECK_NOTHROW(write_file(folder.path("c"), {"short"}));  // the limit is on the size alone
  }
  CHECK(read_file(path) == old);
  CHECK(folder.file_count() == 2);
}

TEST_CASE("a program killed at any time leaves a whole file") {
  const scratch_folder folder;
  const std::string path = folder.path("a");
  const std::string even(1'000'000, '0'), odd(1'500'000, '1');
  write_file(path, {even});
  bool whole = true;
  for (useconds_t wait = 500; wait < 20'000; wait += 1'300) {
    const pid_t child = ::fork();
    if (child == 0)
      for (;;) {
        kutta::detail::write_file(path, std::vector<std::string_view>{odd});
        kutta::detail::write_file(path, std::vector<std::string_view>{even});
      }
    ::usleep(wait);
    ::kill(child, SIGKILL);
    int ended;
    ::waitpid(child, &ended, 0);
    const std::string found = read_file(path);
    whole = whole && (found == even || found == odd);
  }
  CHECK(whole);
}

TEST_CASE("temporaries of a killed program are in nobody's way") {
  const scratch_folder folder;
  const std::string path = folder.path("a");
  for (int n = 0; n < 2000; ++n)
    kutta::test::write_bytes(path + ".tmp-" + std::to_string(::getpid()) + "-" + std::to_string(n),
                             "left behind");
  write_file(path, {"x"});
  CHECK(read_file(path) == "x");
  CHECK(folder.file_count() == 2001);
}
