// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The most floating-point operations a second that one core reaches, measured.

#include <chrono>
#include <cstddef>

namespace kutta::bench {

/// Two operations a lane and round, in ten chains that do not wait for each other: the best of
/// twenty runs of about a millisecond.
inline double fma_peak() {
#ifdef __AVX512F__
  constexpr std::size_t bytes = 64;
#else
  constexpr std::size_t bytes = 32;
#endif
  constexpr std::size_t chains = 10, rounds = 200000, lanes = bytes / sizeof(float);
  using lane_vector = float __attribute__((vector_size(bytes)));
  volatile float one = 1;
  const float factor = one;
  const lane_vector a = lane_vector{} + factor, b = lane_vector{} + (factor - 1);

  double best = 0;
  for (int run = 0; run < 20; ++run) {
    lane_vector x[chains] = {};
    const auto start = std::chrono::steady_clock::now();
    for (std::size_t i = 0; i < rounds; ++i)
      for (std::size_t c = 0; c < chains; ++c) {
        x[c] = x[c] * a + b;
        asm volatile("" : "+v"(x[c]));  // in its register, every round
      }
    const std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
    const double rate = double(2 * lanes * chains * rounds) / time.count();
    if (rate > best) best = rate;
  }
  return best;
}

}  // namespace kutta::bench
