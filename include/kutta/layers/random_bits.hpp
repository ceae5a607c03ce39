// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Random numbers that are a function of their place, so that any thread can find any of them, and
/// find it again.

#include <cstdint>

#include <kutta/tensor/host_device.hpp>

KUTTA_HD_BEGIN

namespace kutta::detail {

/// 64 random bits: number n ≥ 0 of the sequence that belongs to the key.
///
/// Source: Steele, Lea & Flood, Fast splittable pseudorandom number generators (2014), fig. 14:
/// step n leads to the state key + n γ, which is mixed.
KUTTA_HD constexpr std::uint64_t random_bits(std::uint64_t key, std::uint64_t n) {
  std::uint64_t z = key + (n + 1) * 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

}  // namespace kutta::detail

KUTTA_HD_END
