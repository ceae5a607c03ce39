// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What is learnt of a model of images, and what it makes of them.
///
/// A recipe makes a model: recipe(graph, kept steps) is a `kutta::layers::sequential` of layers,
/// and of blocks with that graph; recipe.name() is a text for the checkpoint. Its blocks' residuals
/// are made by a functor from the shape of their images, such as `normalised`.

#include <algorithm>
#include <cstddef>
#include <tuple>
#include <utility>
#include <vector>

#include <kutta/layers/conv2d.hpp>
#include <kutta/layers/layer_pass.hpp>
#include <kutta/layers/relu.hpp>
#include <kutta/layers/sequential.hpp>
#include <kutta/layers/stitch.hpp>
#include <kutta/train/losses.hpp>

#include "images/graph.hpp"
#include "images/image_set.hpp"

namespace images {

/// BN – ReLU – convolution, twice.
struct normalised {
  auto operator()(const image_shape& s) const {
    return kutta::layers::normalised_convolutions<batch>(s, s.channels);
  }
};

/// ReLU – convolution, twice.
struct not_normalised {
  auto operator()(const image_shape& s) const {
    using namespace kutta::layers;
    return sequential{relu<batch>{}, conv2d<batch>(s, s.channels), relu<batch>{},
                      conv2d<batch>(s, s.channels)};
  }
};

template <class Recipe>
using model_of = decltype(std::declval<const Recipe&>()(graph{}, 1));

/// The parameters of the model and its running statistics.
template <class Recipe>
struct learnt {
  typename model_of<Recipe>::params theta;
  typename model_of<Recipe>::statistics stats;
};

namespace detail {

template <class P>
std::tuple<std::vector<P>&> of_block(std::vector<P>& coefficients) {
  return {coefficients};
}
template <class P>
std::tuple<> of_block(P&) {
  return {};
}

}  // namespace detail

/// The blocks' part of a model's parameters, or of its statistics: the coefficients of each block.
template <class... P>
auto in_blocks(std::tuple<P...>& all) {
  return std::apply([](P&... part) { return std::tuple_cat(detail::of_block(part)...); }, all);
}

struct score {
  double loss = 0;
  double accuracy = 0;  ///< the share of images that are told rightly
};

/// What the model makes of the images.
template <class Recipe>
score judge(const model_of<Recipe>& m, const learnt<Recipe>& model, const image_set& set,
            std::size_t threads = 1, std::size_t batch_size = 100) {
  const auto order = in_order(set);
  std::size_t right = 0;
  double loss = 0;
  for (std::size_t first = 0; first < set.size();) {
    const std::size_t n = std::min(batch_size, set.size() - first);
    batch x = empty_batch(set, n);
    std::vector<int> labels;
    kutta::layer_pass pass(m, model.theta, x, threads);
    for (; first + n <= set.size(); first += n) {
      copy_images(set, order, first, x, labels, [](std::size_t) { return placement{}; });
      const batch& scores = pass.infer(model.theta, model.stats, x);
      right += hits(scores, labels);
      loss += static_cast<double>(n) * kutta::cross_entropy(labels)(scores);
    }
  }
  const auto all = static_cast<double>(set.size());
  return {loss / all, static_cast<double>(right) / all};
}

}  // namespace images
