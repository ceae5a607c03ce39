// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Images of digits with their labels, and batches of them.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <numbers>
#include <numeric>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include <Eigen/Core>

#include "idx.hpp"

namespace mnist {

constexpr std::size_t side = 28, pixels = side * side, classes = 10;

struct labelled_images {
  bytes ink;                // 0 … 255, image after image, row by row
  std::vector<int> labels;  // 0 … 9

  std::size_t size() const { return labels.size(); }
};

/// The first `most` images of "train" or "t10k".
/// @throws std::runtime_error if a file is missing or is not what it should be.
inline labelled_images read_images(const std::filesystem::path& directory, const std::string& set,
                                   std::size_t most) {
  constexpr std::uint32_t extent = side;
  bytes ink = read_idx(directory, set + "-images-idx3-ubyte", 2051, {extent, extent});
  const bytes labels = read_idx(directory, set + "-labels-idx1-ubyte", 2049, {});
  if (labels.size() * pixels != ink.size())
    fail(directory, "expected a label for each of " + std::to_string(ink.size() / pixels) + " " +
                        set + " images, got " + std::to_string(labels.size()));
  for (const unsigned char label : labels)
    if (label >= classes)
      fail(directory, "expected labels of " + set + " below 10, got " + std::to_string(label));
  const auto n = static_cast<std::ptrdiff_t>(std::min(most, labels.size()));
  ink.resize(static_cast<std::size_t>(n) * pixels);
  return {std::move(ink), {labels.begin(), labels.begin() + n}};
}

/// Strokes through the middle, more or less, in ten directions, with noise: so that the program
/// runs where there is no data.
inline labelled_images make_images(std::size_t n, std::uint64_t seed) {
  std::mt19937_64 generator(seed);
  std::uniform_real_distribution<double> place(-4, 4), turn(-.08, .08), noise(0, 40);
  labelled_images set{bytes(n * pixels), std::vector<int>(n)};
  for (std::size_t i = 0; i < n; ++i) {
    const int label = static_cast<int>(i % classes);
    set.labels[i] = label;
    const double angle = std::numbers::pi * label / double(classes) + turn(generator);
    const double x = 13.5 + place(generator), y = 13.5 + place(generator);
    for (std::size_t p = 0; p < pixels; ++p) {
      const double dx = static_cast<double>(p % side) - x, dy = static_cast<double>(p / side) - y;
      const double along = dx * std::cos(angle) + dy * std::sin(angle);
      const double across = dx * std::sin(angle) - dy * std::cos(angle);
      const double stroke = std::abs(along) < 9 ? 210 * std::exp(-across * across / 3) : 0;
      set.ink[i * pixels + p] = static_cast<unsigned char>(stroke + noise(generator));
    }
  }
  return set;
}

/// Images as the model takes them: 784 × n, of mean 0 and standard deviation 1 over the data set.
inline void copy_images(const labelled_images& set, const std::vector<std::size_t>& order,
                        std::size_t first, Eigen::MatrixXf& x, std::vector<int>& labels) {
  constexpr float mean = .1307f, deviation = .3081f;
  labels.resize(static_cast<std::size_t>(x.cols()));
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const std::size_t from = order[first + i];
    labels[i] = set.labels[from];
    float* const to = x.data() + i * pixels;
    for (std::size_t p = 0; p < pixels; ++p)
      to[p] = (static_cast<float>(set.ink[from * pixels + p]) / 255 - mean) / deviation;
  }
}

inline std::vector<std::size_t> in_order(const labelled_images& set) {
  std::vector<std::size_t> order(set.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  return order;
}

/// The order of an epoch follows from the seed and the epoch: a run that goes on needs no more.
inline std::vector<std::size_t> shuffled(const labelled_images& set, std::uint64_t seed,
                                         std::int64_t epoch) {
  auto order = in_order(set);
  std::seed_seq both{seed, static_cast<std::uint64_t>(epoch)};
  std::shuffle(order.begin(), order.end(), std::mt19937_64(both));
  return order;
}

/// How many of the samples have their largest score at their label.
inline std::size_t hits(const Eigen::MatrixXf& scores, const std::vector<int>& labels) {
  std::size_t count = 0;
  for (Eigen::Index i = 0; i < scores.cols(); ++i) {
    Eigen::Index best = 0;
    scores.col(i).maxCoeff(&best);
    if (best == labels[static_cast<std::size_t>(i)]) ++count;
  }
  return count;
}

}  // namespace mnist
