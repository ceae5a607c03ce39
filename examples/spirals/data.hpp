// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Points on two spirals that wind around each other.

#include <cmath>
#include <cstdint>
#include <numbers>
#include <random>
#include <vector>

#include <Eigen/Core>

namespace spirals {

/// A point has two coordinates; the state that it starts as has six zeros more to unfold into.
constexpr int width = 8;

struct labelled_points {
  Eigen::MatrixXf x;        // width × n
  std::vector<int> labels;  // which of the two spirals
};

/// n points from each: radius .1 to 1 over one and a half turns, off by normal noise.
inline labelled_points make_points(Eigen::Index n, std::uint64_t seed, double noise = .02) {
  std::mt19937_64 generator(seed);
  std::uniform_real_distribution<double> along(0, 1);
  std::normal_distribution<double> off(0, noise);
  labelled_points points{Eigen::MatrixXf::Zero(width, 2 * n), {}};
  for (Eigen::Index i = 0; i < 2 * n; ++i) {
    const int label = i % 2 == 0 ? 0 : 1;
    const double s = std::sqrt(along(generator)), radius = .1 + .9 * s;
    const double angle = std::numbers::pi * (3 * s + label);
    points.x(0, i) = static_cast<float>(radius * std::cos(angle) + off(generator));
    points.x(1, i) = static_cast<float>(radius * std::sin(angle) + off(generator));
    points.labels.push_back(label);
  }
  return points;
}

}  // namespace spirals
