// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The most floating-point operations a second that one core reaches, measured.

#include <chrono>
#include <cstddef>

namespace kutta::bench {

/// Operations a second of one run of a third of a millisecond: two a lane and round, in ten chains
/// that do not wait for each other.
[[gnu::noinline]] inline double fma_rate() {
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
  lane_vector x[chains] = {};
  const auto start = std::chrono::steady_clock::now();
  for (std::size_t i = 0; i < rounds; ++i)
    for (std::size_t c = 0; c < chains; ++c) {
      x[c] = x[c] * a + b;
      asm volatile("" : "+v"(x[c]));  // in its register, every round
    }
  const std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
  return double(2 * lanes * chains * rounds) / time.count();
}

/// The best of twenty runs, each after a call of f: a core whose clock follows its load is measured
/// as f leaves it.
template <class F>
double fma_peak_beside(const F& f) {
  double best = 0;
  for (int run = 0; run < 20; ++run) {
    f();
    const double rate = fma_rate();
    if (rate > best) best = rate;
  }
  return best;
}

/// The best of twenty runs.
inline double fma_peak() {
  return fma_peak_beside([] {});
}

}  // namespace kutta::bench
