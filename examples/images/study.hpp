// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// A trained model in other schemes, in other numbers of steps and with fewer coefficients, without
/// training again.

#include <cstddef>
#include <cstdint>
#include <tuple>
#include <vector>

#include <kutta/basis/project.hpp>
#include <kutta/tensor/shape.hpp>

#include "images/model.hpp"

namespace images {

/// One graph of a model, and what it makes of the images.
struct measured {
  images::graph graph;
  std::size_t parameters;
  score result;
};

/// The score with the weights as they are.
template <class Recipe>
measured measure(const Recipe& recipe, const graph& g, const learnt<Recipe>& model,
                 const image_set& set, std::size_t threads) {
  return {g, kutta::element_count(model.theta), judge<Recipe>(recipe(g, 1), model, set, threads)};
}

/// Every scheme with 1, 2, 4, … steps, up to twice those of g. `report(measured)` is called behind
/// each.
template <class Recipe, class F>
void for_other_graphs(const Recipe& recipe, const graph& g, const learnt<Recipe>& model,
                      const image_set& set, std::size_t threads, F&& report) {
  graph other = g;
  for (const scheme s : all_schemes)
    for (other.steps = 1; other.steps <= 2 * g.steps; other.steps *= 2) {
      other.scheme = s;
      report(measure(recipe, other, model, set, threads));
    }
}

/// The model in another family, or with other numbers of coefficients, without data: weights are
/// projected; statistics, which must stay positive, are interpolated.
template <class Recipe>
learnt<Recipe> project(const learnt<Recipe>& model, const graph& from, const graph& to) {
  learnt<Recipe> other = model;
  const auto apply = [](const auto& m, auto of_blocks) {
    std::apply([&](auto&... part) { ((part = m.apply(part)), ...); }, of_blocks);
  };
  apply(kutta::projection(from.basis(), to.basis()), in_blocks(other.theta));
  apply(kutta::interpolation(from.basis(), to.basis()), in_blocks(other.stats));
  return other;
}

/// K and N halved again and again. `report(measured)` is called behind each.
template <class Recipe, class F>
void for_smaller_models(const Recipe& recipe, const graph& g, const learnt<Recipe>& model,
                        const image_set& set, std::size_t threads, F&& report) {
  for (graph to = g; to.size >= 1 && to.steps >= 1; to.size /= 2, to.steps /= 2)
    report(measure(recipe, to, project<Recipe>(model, g, to), set, threads));
}

}  // namespace images
