// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Images of training that are a little different in every epoch: shifted and mirrored.

#include <cstddef>
#include <cstdint>

namespace images {

/// Which pixel of an image comes first: `down` rows and `right` columns on, or back, as far as they
/// wrap around; read from the right to the left if mirrored.
struct placement {
  std::size_t down = 0, right = 0;
  bool mirrored = false;
};

/// Shifts by up to `margin` pixels either way and, every other time, a mirror image.
struct variation {
  std::size_t margin = 0;
  bool mirror = false;
};

/// Steele, Lea & Flood, Fast splittable pseudorandom number generators (2014), fig. 14.
constexpr std::uint64_t scrambled(std::uint64_t z) {
  z += 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

/// Where an image lies in an epoch: all places are equally likely. It follows from the seed, the
/// epoch and the image alone, so that a run that goes on varies it as it would have.
constexpr placement place(const variation& how, std::uint64_t seed, std::int64_t epoch,
                          std::size_t image) {
  std::uint64_t random =
      scrambled(scrambled(scrambled(seed) + static_cast<std::uint64_t>(epoch)) + image);
  const auto below = [&](std::size_t n) {
    const std::uint64_t value = random % n;
    random /= n;
    return static_cast<std::size_t>(value);
  };
  const std::size_t ways = 2 * how.margin + 1;
  const std::size_t down = below(ways) - how.margin, right = below(ways) - how.margin;
  return {down, right, how.mirror && below(2) == 1};
}

}  // namespace images
