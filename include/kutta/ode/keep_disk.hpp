// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Snapshots in a file: for states so large, or so many, that memory holds only a few.

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <sys/types.h>
#include <unistd.h>

#include <kutta/ode/keep.hpp>
#include <kutta/tensor/product.hpp>
#include <kutta/tensor/shape.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta {

namespace detail {

/// A file in a directory, without a name: no other can meet it, and however the program ends it
/// leaves nothing behind.
class unnamed_file {
 public:
  /// @throws std::system_error naming the directory and the reason, as do `write` and `read`.
  explicit unnamed_file(const std::string& directory) : directory_(directory) {
    std::string name = directory + "/kutta-snapshots-XXXXXX";
    descriptor_ = ::mkstemp(name.data());
    if (descriptor_ < 0) fail("cannot make a file", errno);
    ::unlink(name.c_str());
  }
  unnamed_file(unnamed_file&& other) noexcept
      : directory_(std::move(other.directory_)),
        descriptor_(std::exchange(other.descriptor_, -1)) {}
  unnamed_file& operator=(unnamed_file&& other) noexcept {
    std::swap(directory_, other.directory_);
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~unnamed_file() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }

  void write(const char* bytes, std::size_t count, std::size_t offset) {
    while (count > 0) {
      const ssize_t n = ::pwrite(descriptor_, bytes, count, static_cast<off_t>(offset));
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) fail("cannot write a snapshot", n < 0 ? errno : ENOSPC);
      const auto written = static_cast<std::size_t>(n);
      bytes += written, count -= written, offset += written;
    }
  }

  void read(char* bytes, std::size_t count, std::size_t offset) const {
    while (count > 0) {
      const ssize_t n = ::pread(descriptor_, bytes, count, static_cast<off_t>(offset));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) fail("cannot read a snapshot", errno);
      if (n == 0)
        throw std::runtime_error("keep::disk: " + directory_ +
                                 ": cannot read a snapshot: the file has become shorter");
      const auto received = static_cast<std::size_t>(n);
      bytes += received, count -= received, offset += received;
    }
  }

 private:
  [[noreturn]] void fail(const char* what, int reason) const {
    throw std::system_error(reason, std::generic_category(),
                            "keep::disk: " + directory_ + ": " + what);
  }

  std::string directory_;
  int descriptor_ = -1;
};

}  // namespace detail

/// Snapshots of X in a file, in places of equal length, each leaf after the other. In memory there
/// is one leaf, on the host: device tensors can be kept too.
template <class X>
class snapshots_in_file {
 public:
  template <class K, class MakeState>
  snapshots_in_file(const K& keep, std::size_t, MakeState&& make_state) : file_(keep.directory) {
    const X like = make_state();
    size_ = file_bytes(like);
    leaf_.resize(buffer_bytes(like));
  }

  void put(std::size_t place, const X& x) {
    std::size_t offset = place * size_;
    for_each_leaf(
        [&]<class L>(const L& leaf) {
          tensor_traits<L>::store(leaf, reinterpret_cast<scalar_t<L>*>(leaf_.data()));
          file_.write(leaf_.data(), bytes_of(leaf), offset);
          offset += bytes_of(leaf);
        },
        x);
  }
  void get(std::size_t place, X& x) {
    std::size_t offset = place * size_;
    for_each_leaf(
        [&]<class L>(L& leaf) {
          file_.read(leaf_.data(), bytes_of(leaf), offset);
          tensor_traits<L>::load(leaf, reinterpret_cast<const scalar_t<L>*>(leaf_.data()));
          offset += bytes_of(leaf);
        },
        x);
  }
  void take(std::size_t place, X& x) { get(place, x); }

  /// The bytes of one snapshot, and of the leaf that lies in memory.
  static std::size_t file_bytes(const X& x) {
    std::size_t bytes = 0;
    for_each_leaf([&](const auto& leaf) { bytes += bytes_of(leaf); }, x);
    return bytes;
  }
  static std::size_t buffer_bytes(const X& x) {
    std::size_t most = 0;
    for_each_leaf(
        [&](const auto& leaf) {
          if (bytes_of(leaf) > most) most = bytes_of(leaf);
        },
        x);
    return most;
  }

 private:
  template <class L>
  static std::size_t bytes_of(const L& leaf) {
    return element_count(leaf) * sizeof(scalar_t<L>);
  }

  detail::unnamed_file file_;
  std::size_t size_ = 0;
  std::vector<char> leaf_;
};

namespace keep {

/// The state of every step, or of every k-th and records of k, in a file in `directory`.
///
/// Evaluations are those of `steps`, or of `every{k}`; in memory are k records, k + 1 states and
/// a copy of one. Each workspace has a file of its own, which has no name: it is gone when the
/// workspace is, or the program.
///
/// Where the file cannot be made, written (a full disk) or read, the call throws
/// std::runtime_error naming the directory and the reason. theta stays as it was, and the workspace
/// serves again from `forward`. What a failed `backprop` had already added to dtheta, or made of
/// dx, stays there: begin with fresh ones. A failed tiled `gradient` leaves dtheta as it was.
struct disk {
  static constexpr bool recording = true;
  template <class X>
  using storage = snapshots_in_file<X>;

  std::string directory;
  std::int64_t k;

  explicit disk(std::string path, std::int64_t steps = 1) : directory(std::move(path)), k(steps) {
    if (directory.empty())
      throw std::invalid_argument("keep::disk: expected a directory, got an empty path");
    detail::require_at_least_one("keep::disk: k", k);
  }

  std::int64_t records(std::int64_t n) const { return every{k}.records(n); }
  std::int64_t snapshots(std::int64_t n) const { return every{k}.snapshots(n); }
  std::int64_t next(std::int64_t step, std::int64_t end, std::int64_t free) const {
    return every{k}.next(step, end, free);
  }
};

}  // namespace keep
}  // namespace kutta
