// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Images that are made up, so that the programs run where there is no data.

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <random>

#include "images/image_set.hpp"

namespace images {

/// How a class looks: a stroke in a direction (radians) and in a colour.
struct stroke {
  double angle;
  std::array<double, 3> colour{1, 1, 1};
};

/// Strokes through the middle, more or less, with noise; `look(label)` is that of a class.
template <class Look>
image_set make_strokes(const image_shape& shape, std::size_t n, std::uint64_t seed,
                       const Look& look) {
  const auto [height, width, channels] = shape;
  std::mt19937_64 generator(seed);
  std::uniform_real_distribution<double> place(-4, 4), turn(-.08, .08), noise(0, 40);
  image_set set{shape, std::vector<float>(channels, .13f), std::vector<float>(channels, .2f),
                bytes(n * shape.size()), std::vector<int>(n)};
  unsigned char* to = set.pixels.data();
  for (std::size_t image = 0; image < n; ++image) {
    const int label = static_cast<int>(image % classes);
    set.labels[image] = label;
    const stroke s = look(label);
    const double angle = s.angle + turn(generator), length = static_cast<double>(width) / 3;
    const double x = static_cast<double>(width - 1) / 2 + place(generator);
    const double y = static_cast<double>(height - 1) / 2 + place(generator);
    for (std::size_t p = 0; p < shape.pixels(); ++p) {
      const double dx = static_cast<double>(p % width) - x, dy = static_cast<double>(p / width) - y;
      const double along = dx * std::cos(angle) + dy * std::sin(angle);
      const double across = dx * std::sin(angle) - dy * std::cos(angle);
      const double ink = std::abs(along) < length ? 210 * std::exp(-across * across / 3) : 0;
      for (std::size_t c = 0; c < channels; ++c)
        *to++ = static_cast<unsigned char>(s.colour[c] * ink + noise(generator));
    }
  }
  return set;
}

/// Ten directions.
inline image_set make_strokes(const image_shape& shape, std::size_t n, std::uint64_t seed) {
  return make_strokes(shape, n, seed,
                      [](int label) { return stroke{std::numbers::pi * label / double(classes)}; });
}

/// Lying and standing, in five colours: the same when mirrored.
inline image_set make_coloured_strokes(const image_shape& shape, std::size_t n,
                                       std::uint64_t seed) {
  return make_strokes(shape, n, seed, [](int label) {
    constexpr std::array<std::array<double, 3>, 5> colours{
        {{1, .2, .2}, {.2, 1, .2}, {.2, .2, 1}, {1, 1, .2}, {.2, 1, 1}}};
    return stroke{std::numbers::pi / 2 * (label % 2), colours[static_cast<std::size_t>(label / 2)]};
  });
}

}  // namespace images
