// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// How exactly products of floats are computed on a device: as said by whoever wants them faster.

namespace kutta::cuda {

/// What the elements of float matrices are rounded to before they are multiplied: not at all, or to
/// 11 or 8 significant bits, which tensor cores multiply many times as fast. Sums are floats. The
/// factors of a convolution are never rounded to 8 bits, but to 11.
enum class factors { exact, tf32, bf16 };

namespace detail {

inline factors& current_factors() {
  thread_local factors how = factors::exact;
  return how;
}

}  // namespace detail

/// While it lives, the products and convolutions that this thread queues may round their factors.
/// Those of doubles never do, nor does a host system, nor a convolution by kernels of our own.
///
///     cuda::round_factors here(cuda::factors::tf32);
///     f.forward(theta, x, ws);
class round_factors {
 public:
  explicit round_factors(factors to) : before_(detail::current_factors()) {
    detail::current_factors() = to;
  }
  round_factors(const round_factors&) = delete;
  round_factors& operator=(const round_factors&) = delete;
  ~round_factors() { detail::current_factors() = before_; }

 private:
  factors before_;
};

}  // namespace kutta::cuda
