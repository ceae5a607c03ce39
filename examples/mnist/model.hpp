// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The model, what is learnt of it, and what it makes of images.
///
/// Source: Queiruga, Erichson, Hodgkinson & Mahoney, Stateful ODE-Nets using Basis Function
/// Expansions (2021), § 7.1.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <tuple>
#include <utility>
#include <vector>

#include <Eigen/Core>

#include <kutta/basis/project.hpp>
#include <kutta/eigen/tensor.hpp>
#include <kutta/layers/average_pool.hpp>
#include <kutta/layers/dense.hpp>
#include <kutta/layers/layer_pass.hpp>
#include <kutta/layers/stitch.hpp>
#include <kutta/ode/continuous.hpp>
#include <kutta/train/losses.hpp>

#include "data.hpp"

namespace mnist {

using images = Eigen::MatrixXf;
constexpr std::size_t channels = 10;
constexpr kutta::layers::image_shape digit{side, side, 1}, inner{side, side, channels};

/// dx/dt = BN – ReLU – conv – BN – ReLU – conv: 1840 parameters at each depth.
inline auto make_residual() {
  return kutta::layers::normalised_convolutions<images>(inner, channels);
}
using residual = decltype(make_residual());

template <class S, class B>
using block = kutta::ode_block<residual, S, B>;

/// conv – BN – ReLU, a residual unit, the block, BN – average – dense: 2880 parameters besides
/// those of the block, of whose steps a pass keeps so many for the reverse pass.
template <class S, class B>
auto make_model(const block<S, B>& f, std::int64_t kept_steps) {
  using namespace kutta::layers;
  const average_pool<images> pool(inner, {.height = 8, .width = 8, .stride = 8});
  return sequential{conv2d<images>(digit, channels),
                    batch_norm<images, true>(channels),
                    residual_unit<images>(inner),
                    continuous(f, kutta::keep::every(kept_steps)),
                    batch_norm<images>(channels),
                    pool,
                    dense<images>(pool.output_shape(), classes)};
}

/// The block's part of the parameters, and of the statistics.
auto& in_block_weights(auto& theta) {
  return std::get<3>(theta);
}
auto& in_block_statistics(auto& stats) {
  return std::get<2>(stats);
}

template <class S, class B>
using model = decltype(make_model(std::declval<const block<S, B>&>(), 1));
template <class S, class B>
using weights = typename model<S, B>::params;
template <class S, class B>
using statistics = typename model<S, B>::statistics;

/// What is learnt: the parameters of the model and its running statistics.
template <class S, class B>
struct learnt {
  weights<S, B> theta;
  statistics<S, B> stats;
};

struct score {
  double loss = 0;
  double accuracy = 0;  ///< the share of images that are told rightly
};

/// What the model, with the graph f in it, makes of the images.
template <class S, class B, class Theta, class Stats>
score judge(const block<S, B>& f, const Theta& theta, const Stats& stats,
            const labelled_images& set, std::size_t batch = 100) {
  const auto m = make_model(f, 1);
  const auto order = in_order(set);
  std::size_t right = 0;
  double loss = 0;
  for (std::size_t first = 0; first < set.size();) {
    const std::size_t n = std::min(batch, set.size() - first);
    images x = images::Zero(pixels, static_cast<Eigen::Index>(n));
    std::vector<int> labels;
    kutta::layer_pass pass(m, theta, x);
    for (; first + n <= set.size(); first += n) {
      copy_images(set, order, first, x, labels);
      const images& scores = pass.infer(theta, stats, x);
      right += hits(scores, labels);
      loss += static_cast<double>(n) * kutta::cross_entropy(labels)(scores);
    }
  }
  const auto all = static_cast<double>(set.size());
  return {loss / all, static_cast<double>(right) / all};
}

/// The same for another family in depth than the model was trained in: `weights` are its
/// coefficients; the statistics, which must stay positive, are interpolated.
template <class S, class B, class Learnt, class From, class Coefficients>
score judge_in(const block<S, B>& f, const From& trained_in, const Learnt& model,
               const Coefficients& coefficients, const labelled_images& set) {
  auto theta = model.theta;
  auto stats = model.stats;
  in_block_weights(theta) = coefficients;
  in_block_statistics(stats) =
      kutta::interpolate(in_block_statistics(model.stats), trained_in, f.basis());
  return judge(f, theta, stats, set);
}

}  // namespace mnist
