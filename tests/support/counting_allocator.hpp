// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// An allocator that counts, for tests of what a workspace holds.

#include <cstddef>
#include <memory>

namespace kutta::test {

/// The bytes that are held, and how often memory was asked for.
struct counts {
  static inline std::size_t bytes = 0, allocations = 0;
};

template <class T>
struct counting_allocator {
  using value_type = T;

  counting_allocator() = default;
  template <class U>
  counting_allocator(const counting_allocator<U>&) {}

  T* allocate(std::size_t n) {
    counts::bytes += n * sizeof(T);
    ++counts::allocations;
    return std::allocator<T>().allocate(n);
  }
  void deallocate(T* p, std::size_t n) {
    counts::bytes -= n * sizeof(T);
    std::allocator<T>().deallocate(p, n);
  }
  bool operator==(const counting_allocator&) const = default;
};

}  // namespace kutta::test
