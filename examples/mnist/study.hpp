// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// A trained model as other graphs: other schemes and steps, fewer parameters.

#include <cstddef>
#include <cstdint>
#include <tuple>
#include <vector>

#include <kutta/basis/project.hpp>
#include <kutta/schemes/first_order.hpp>
#include <kutta/schemes/fourth_order.hpp>
#include <kutta/schemes/second_order.hpp>
#include <kutta/study/manifestation.hpp>
#include <kutta/tensor/shape.hpp>

#include "model.hpp"

namespace mnist {

using graph = kutta::manifestation<score>;

/// Every scheme with 1, 2, 4, … steps, up to twice those of training. `measured(graph)` is called
/// behind each.
template <class S, class B, class F>
std::vector<graph> other_graphs(const block<S, B>& f, const learnt<S, B>& model,
                                const labelled_images& set, F&& measured) {
  using namespace kutta::schemes;
  std::vector<graph> table;
  std::vector<std::int64_t> steps;
  for (std::int64_t n = 1; n <= 2 * f.options().steps; n *= 2) steps.push_back(n);
  const auto measure = [&](const auto& g, const auto&) {
    return judge(g, model.theta, model.stats, set);
  };
  const auto in_scheme = [&]<class Scheme>(Scheme) {
    for (const std::int64_t n : steps) {
      const auto one =
          kutta::manifestations<Scheme>(f, in_block_weights(model.theta), {n}, measure);
      measured(one.front());
      table.push_back(one.front());
    }
  };
  in_scheme(euler{}), in_scheme(midpoint{}), in_scheme(rk4_classic{}), in_scheme(rk4_38{});
  return table;
}

/// One line of the compression table.
struct compressed {
  std::size_t size, parameters;
  std::int64_t steps;
  score result;
};

/// K and N halved again and again, by projection, without data.
template <class S, class B, class F>
std::vector<compressed> smaller_models(const block<S, B>& f, const learnt<S, B>& model,
                                       const labelled_images& set, F&& measured) {
  std::vector<compressed> table;
  const B& phi = f.basis();
  const std::size_t rest =
      kutta::element_count(model.theta) - kutta::element_count(in_block_weights(model.theta));
  std::int64_t size = static_cast<std::int64_t>(phi.size()), steps = f.options().steps;
  for (; size >= 1 && steps >= 1; size /= 2, steps /= 2) {
    const B fewer(size);
    const auto coefficients = kutta::project(in_block_weights(model.theta), phi, fewer);
    const auto g = f.with_basis(fewer).with_steps(steps);
    table.push_back({fewer.size(), rest + kutta::element_count(coefficients), steps,
                     judge_in(g, phi, model, coefficients, set)});
    measured(table.back());
  }
  return table;
}

}  // namespace mnist
