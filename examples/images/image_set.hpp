// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Images with their labels, and batches of them.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <random>
#include <vector>

#include <Eigen/Core>

#include <kutta/eigen/tensor.hpp>
#include <kutta/layers/image_shape.hpp>

#include "images/files.hpp"
#include "images/variation.hpp"

namespace images {

using kutta::layers::image_shape;

/// An image in each column, the channels of a pixel side by side.
using batch = Eigen::MatrixXf;

constexpr std::size_t classes = 10;

struct image_set {
  image_shape shape;
  std::vector<float> mean, deviation;  ///< of a channel over the data set, black 0 and white 1
  bytes pixels;                        ///< 0 … 255, image after image, row by row
  std::vector<int> labels;             ///< 0 … 9

  std::size_t size() const { return labels.size(); }
};

/// Room for n images of the set.
inline batch empty_batch(const image_set& set, std::size_t n) {
  return batch::Zero(static_cast<Eigen::Index>(set.shape.size()), static_cast<Eigen::Index>(n));
}

/// The image as a model takes it: of mean 0 and deviation 1 over the data set. What `where` moves
/// in from outside is black.
inline void copy_image(const image_set& set, std::size_t image, const placement& where, float* to) {
  const auto [height, width, channels] = set.shape;
  const unsigned char* const from = set.pixels.data() + image * set.shape.size();
  for (std::size_t i = 0; i < height; ++i)
    for (std::size_t j = 0; j < width; ++j) {
      const std::size_t row = i + where.down;  // wraps below 0, and is then outside too
      const std::size_t column = (where.mirrored ? width - 1 - j : j) + where.right;
      const bool inside = row < height && column < width;
      const unsigned char* const pixel = from + (row * width + column) * channels;
      for (std::size_t c = 0; c < channels; ++c) {
        const float value = inside ? static_cast<float>(pixel[c]) / 255 : 0;
        *to++ = (value - set.mean[c]) / set.deviation[c];
      }
    }
}

/// Fills x with images order[first], order[first + 1], …, each in the place that
/// `place(index in the set)` gives it.
template <class Place>
void copy_images(const image_set& set, const std::vector<std::size_t>& order, std::size_t first,
                 batch& x, std::vector<int>& labels, const Place& place) {
  labels.resize(static_cast<std::size_t>(x.cols()));
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const std::size_t image = order[first + i];
    labels[i] = set.labels[image];
    copy_image(set, image, place(image), x.data() + i * set.shape.size());
  }
}

inline std::vector<std::size_t> in_order(const image_set& set) {
  std::vector<std::size_t> order(set.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  return order;
}

/// The order of an epoch follows from the seed and the epoch: a run that goes on needs no more.
inline std::vector<std::size_t> shuffled(const image_set& set, std::uint64_t seed,
                                         std::int64_t epoch) {
  auto order = in_order(set);
  std::seed_seq both{seed, static_cast<std::uint64_t>(epoch)};
  std::shuffle(order.begin(), order.end(), std::mt19937_64(both));
  return order;
}

/// How many of the samples have their largest score at their label.
inline std::size_t hits(const batch& scores, const std::vector<int>& labels) {
  std::size_t count = 0;
  for (Eigen::Index i = 0; i < scores.cols(); ++i) {
    Eigen::Index best = 0;
    scores.col(i).maxCoeff(&best);
    if (best == labels[static_cast<std::size_t>(i)]) ++count;
  }
  return count;
}

}  // namespace images
