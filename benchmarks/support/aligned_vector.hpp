// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Vectors that start on a cache line, so that no contender is lucky with its allocations.

#include <cstddef>
#include <new>
#include <vector>

namespace kutta::bench {

template <class T>
struct line_allocator {
  using value_type = T;
  static constexpr std::align_val_t line{64};

  line_allocator() = default;
  template <class U>
  line_allocator(const line_allocator<U>&) {}

  T* allocate(std::size_t n) { return static_cast<T*>(::operator new(n * sizeof(T), line)); }
  void deallocate(T* p, std::size_t) { ::operator delete(p, line); }
  bool operator==(const line_allocator&) const = default;
};

template <class T>
using aligned_vector = std::vector<T, line_allocator<T>>;

}  // namespace kutta::bench
