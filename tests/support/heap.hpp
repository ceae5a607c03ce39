// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The bytes on the heap, now and at most: a replacement of malloc that counts. For one source file
/// of a program; on glibc, without a sanitizer, which has a malloc of its own, and without nvcc.

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdlib>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || defined(__CUDACC__)
#  define KUTTA_TEST_HEAP 0
#elif defined(__has_feature)
#  if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
      __has_feature(memory_sanitizer)
#    define KUTTA_TEST_HEAP 0
#  endif
#endif
#if !defined(KUTTA_TEST_HEAP) && defined(__GLIBC__)
#  define KUTTA_TEST_HEAP 1
#elif !defined(KUTTA_TEST_HEAP)
#  define KUTTA_TEST_HEAP 0
#endif

namespace kutta::test {

inline std::atomic<std::size_t> heap_in_use{0}, heap_peak{0};

constexpr bool heap_is_counted = KUTTA_TEST_HEAP;

/// The most bytes in use at one time during f(), beyond those in use before.
template <class F>
std::size_t peak_of(F&& f) {
  const std::size_t before = heap_in_use;
  heap_peak = before;
  f();
  return heap_peak - before;
}

}  // namespace kutta::test

#if KUTTA_TEST_HEAP

#  include <malloc.h>

extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);
void __libc_free(void*);
}

namespace kutta::test {

inline void* counted(void* p) {
  if (p == nullptr) return p;
  const std::size_t size = malloc_usable_size(p), now = heap_in_use += size;
  std::size_t peak = heap_peak;
  while (peak < now && !heap_peak.compare_exchange_weak(peak, now)) {
  }
  return p;
}
inline void uncounted(void* p) {
  if (p != nullptr) heap_in_use -= malloc_usable_size(p);
}

}  // namespace kutta::test

extern "C" {
void* malloc(std::size_t n) noexcept {
  return kutta::test::counted(__libc_malloc(n));
}
void* calloc(std::size_t n, std::size_t size) noexcept {
  return kutta::test::counted(__libc_calloc(n, size));
}
void* realloc(void* p, std::size_t n) noexcept {
  kutta::test::uncounted(p);
  return kutta::test::counted(__libc_realloc(p, n));
}
void* memalign(std::size_t alignment, std::size_t n) noexcept {
  return kutta::test::counted(__libc_memalign(alignment, n));
}
void* aligned_alloc(std::size_t alignment, std::size_t n) noexcept {
  return memalign(alignment, n);
}
int posix_memalign(void** p, std::size_t alignment, std::size_t n) noexcept {
  *p = memalign(alignment, n);
  return *p == nullptr ? ENOMEM : 0;
}
void free(void* p) noexcept {
  kutta::test::uncounted(p);
  __libc_free(p);
}
}

#endif
