// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Training on ever finer graphs: a schedule of blocks, and what goes over from one to the next.
///
///     const std::vector levels{kutta::training_level{0, f},                      // K = N = 1
///                              kutta::training_level{20, finer(f)}, …};
///     kutta::train_in_levels(levels, 0, 90, std::tie(theta, optimiser),
///                            [&](const auto& block, std::int64_t epoch) { … });
///
/// Source: Queiruga, Erichson, Taylor & Mahoney, Continuous-in-Depth Neural Networks (2020), § 4.3:
/// refinement training.

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <kutta/basis/basis_operator.hpp>
#include <kutta/basis/mixed_operator.hpp>
#include <kutta/basis/project.hpp>
#include <kutta/basis/running_statistics.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta {

/// From `epoch` on the model is `block`: its family, K, N, scheme, rate and horizon are each its
/// own.
template <class Block>
struct training_level {
  std::int64_t epoch;
  Block block;
  /// Whether the optimiser begins this level without memory of its past (as in the paper).
  bool drop_moments = false;
};
template <class Block>
training_level(std::int64_t, Block, bool = false) -> training_level<Block>;

/// The block with every cell of its family halved and twice the steps.
template <class Block>
Block finer(const Block& f) {
  return f.with_basis(f.basis().refined()).with_steps(2 * f.options().steps);
}

/// Running statistics between levels: what does not depend on the family.
template <tensor T>
struct level_statistics {
  std::vector<T> coefficients;
  T positive;  ///< not 0 where an element must stay positive
  statistics_update how = {};

  /// For the passes of a block. Put them back by `coefficients = stats.coefficients()`.
  template <class Block>
  auto in(const Block& f) const {
    return running_statistics(f.basis(), coefficients, positive, how);
  }
};

/// An optimiser with a velocity.
template <class O>
concept momentum_optimiser = requires(O& optimiser) {
  *optimiser.velocity();
  optimiser.velocity().has_value();
};

/// An optimiser with two moments.
template <class O>
concept moments_optimiser = requires(O& optimiser) {
  { optimiser.moments() } -> optimiser_moments;
};

namespace detail {

template <class M, class From, class To, tensor C>
void change_level(const M& m, const From&, const To&, bool, C& theta) {
  theta = m.apply(theta);
}

template <class M, class From, class To, momentum_optimiser O>
void change_level(const M& m, const From&, const To&, bool drop, O& optimiser) {
  if (!optimiser.velocity()) return;
  *optimiser.velocity() = m.apply(*optimiser.velocity());
  if (drop) kutta::set_zero(*optimiser.velocity());
}

template <class M, class From, class To, moments_optimiser O>
void change_level(const M& m, const From&, const To&, bool drop, O& optimiser) {
  auto& moments = optimiser.moments();
  moments = m.apply(moments);
  if (!drop) return;
  kutta::set_zero(moments.first);
  kutta::set_zero(moments.second);
  moments.steps = 0;
}

/// As the weights, but where an element must stay positive and would not be: the value at the
/// control point, or the smallest of the old ones.
template <basis From, basis To, tensor T>
void change_level(const basis_operator& m, const From& from, const To& to, bool,
                  level_statistics<T>& stats) {
  std::vector<T> changed = m.apply(stats.coefficients);
  std::vector<T> instead;
  if constexpr (nodal_basis<To>) {
    instead = interpolate(stats.coefficients, from, to);
  } else {
    T least = kutta::zeros_like(stats.coefficients.front());
    kutta::assign(least, stats.coefficients.front());
    for (const T& sigma : stats.coefficients) kutta::map(least, smaller{}, least, sigma);
    for (std::size_t k = 0; k < to.size(); ++k) {
      instead.push_back(kutta::zeros_like(least));
      kutta::assign(instead.back(), least);
    }
  }
  for (std::size_t k = 0; k < changed.size(); ++k)
    kutta::map(changed[k], raise_to{}, changed[k], instead[k], stats.positive);
  stats.coefficients = std::move(changed);
}

/// theta(s), and what moves with it, from one family to the next.
template <class From, class To, class... Carried>
void enter_level(const training_level<From>& from, const training_level<To>& to,
                 std::tuple<Carried&...>& carried) {
  const auto& phi = from.block.basis();
  const auto& next = to.block.basis();
  const auto m = projection(phi, next);
  std::apply([&](auto&... of) { (change_level(m, phi, next, to.drop_moments, of), ...); }, carried);
}

/// body(level) for each in order, enter(level, next) between two.
template <class Block, class Body, class Enter>
void walk_levels(const std::vector<training_level<Block>>& levels, Body& body, Enter& enter) {
  for (std::size_t i = 0; i < levels.size(); ++i) {
    if (i > 0) enter(levels[i - 1], levels[i]);
    body(levels[i]);
  }
}
template <class... Blocks, class Body, class Enter>
void walk_levels(const std::tuple<training_level<Blocks>...>& levels, Body& body, Enter& enter) {
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    const auto visit = [&]<std::size_t J>(std::integral_constant<std::size_t, J>) {
      if constexpr (J > 0) enter(std::get<J - 1>(levels), std::get<J>(levels));
      body(std::get<J>(levels));
    };
    (visit(std::integral_constant<std::size_t, I>{}), ...);
  }(std::index_sequence_for<Blocks...>{});
}

/// Where each level begins, and a last one that never does.
template <class Levels>
std::vector<std::int64_t> first_epochs(const Levels& levels) {
  std::vector<std::int64_t> epochs;
  const auto body = [&](const auto& level) { epochs.push_back(level.epoch); };
  const auto enter = [](const auto&, const auto&) {};
  walk_levels(levels, body, enter);
  if (epochs.empty() || epochs[0] != 0)
    throw std::invalid_argument("train_in_levels: the first level must begin at epoch 0, got " +
                                (epochs.empty() ? "no level" : std::to_string(epochs[0])));
  for (std::size_t i = 1; i < epochs.size(); ++i)
    if (epochs[i] <= epochs[i - 1])
      throw std::invalid_argument(
          "train_in_levels: a level must begin after the one before it, got epoch " +
          std::to_string(epochs[i]) + " after " + std::to_string(epochs[i - 1]));
  epochs.push_back(std::numeric_limits<std::int64_t>::max());
  return epochs;
}

}  // namespace detail

/// Calls `train(block, epoch)` for every epoch in [first, last), with the block of that epoch.
/// Before the first epoch of a level, `carried` is projected from the family of the level before:
/// coefficients, optimisers of them, `level_statistics`. Where the new family
/// contains the old one, no function of depth changes but for rounding.
///
///     train_in_levels(levels, 0, 90, std::tie(theta, optimiser, stats), train);
///
/// `levels` is a std::vector of levels, or a std::tuple where schemes or families differ. To go on
/// with what was saved behind epoch e, call it with first = e + 1.
/// @throws std::invalid_argument unless the first level begins at 0 and each after the one before,
/// or if what is carried does not belong to its level.
template <class Levels, class... Carried, class F>
void train_in_levels(const Levels& levels, std::int64_t first, std::int64_t last,
                     std::tuple<Carried&...> carried, F&& train) {
  const auto epochs = detail::first_epochs(levels);
  std::size_t next = 1;  // the level behind the one that is walked
  const auto body = [&](const auto& level) {
    std::int64_t epoch = level.epoch > first ? level.epoch : first;
    for (; epoch < last && epoch < epochs[next]; ++epoch) train(level.block, epoch);
    ++next;
  };
  const auto enter = [&](const auto& from, const auto& to) {
    if (first <= to.epoch && to.epoch < last) detail::enter_level(from, to, carried);
  };
  detail::walk_levels(levels, body, enter);
}

}  // namespace kutta
