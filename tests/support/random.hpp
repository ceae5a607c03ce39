// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Random values that are the same in every run and with every standard library.

#include <cstdint>
#include <vector>

#include <kutta/tensor/host_copy.hpp>
#include <kutta/tensor/shape.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta::test {

/// Source: Steele, Lea & Flood, Fast splittable pseudorandom number generators (2014), fig. 14.
class splitmix64 {
 public:
  constexpr explicit splitmix64(std::uint64_t seed) : state_(seed) {}

  constexpr std::uint64_t operator()() {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }

  /// Uniform on [low, high).
  constexpr double between(double low, double high) {
    return low + (high - low) * (static_cast<double>((*this)() >> 11) * 0x1p-53);
  }

 private:
  std::uint64_t state_;
};

/// A tensor of the kind of `like`, its elements uniform on [low, high).
template <tensor T>
T random_like(const T& like, splitmix64& random, double low = -1, double high = 1) {
  std::vector<scalar_t<T>> values(element_count(like));
  for (auto& v : values) v = static_cast<scalar_t<T>>(random.between(low, high));
  T x = kutta::zeros_like(like);
  copy_from_host(values, x);
  return x;
}

}  // namespace kutta::test
