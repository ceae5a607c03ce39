// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// How a model is trained: when it is refined, and when the rate falls.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <kutta/train/training_levels.hpp>

#include "images/graph.hpp"
#include "images/variation.hpp"

namespace images {

struct options {
  graph begin;  ///< the first graph
  std::int64_t epochs = 12;
  std::vector<std::int64_t> refine = {3, 6, 9};  ///< cells and steps double before these epochs
  std::vector<std::int64_t> drop = {8, 11};      ///< the rate falls to a tenth before these
  std::size_t batch = 128;
  std::size_t threads = 1;      ///< results do not depend on it
  std::int64_t kept_steps = 0;  ///< of which a pass keeps all it needs; 0: of every step
  double rate = .1, momentum = .9, weight_decay = 5e-4;
  images::variation variation;
  std::uint64_t seed = 1;
  std::string checkpoint;  ///< a file that is written behind every epoch, and resumed from
};

/// From which epoch on a model has which graph.
using levels = std::vector<kutta::training_level<graph>>;

inline levels levels_of(const options& how) {
  levels all{{0, how.begin}};
  for (const std::int64_t epoch : how.refine) all.push_back({epoch, finer(all.back().block)});
  return all;
}

/// The graph of an epoch.
inline const graph& graph_of(const levels& all, std::int64_t epoch) {
  const auto* last = &all.front();
  for (const auto& level : all)
    if (level.epoch <= epoch) last = &level;
  return last->block;
}

inline double rate_of(const options& how, std::int64_t epoch) {
  double rate = how.rate;
  for (const std::int64_t drop : how.drop)
    if (epoch >= drop) rate /= 10;
  return rate;
}

}  // namespace images
