// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Cells where θ changes: breakpoints that are not needed are removed, one after another.
///
///     const auto to = kutta::coarsened<bases::hat>(theta, from, 8);  // K = 8, unequal cells

#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <kutta/basis/basis.hpp>
#include <kutta/basis/compression.hpp>
#include <kutta/basis/gram.hpp>
#include <kutta/basis/refine.hpp>
#include <kutta/basis/smallest.hpp>
#include <kutta/schemes/rational.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta {

/// A family that is made from breakpoints: one cell between each two.
template <class B>
concept cell_basis =
    integrable_basis<B> && requires(std::vector<rational> breakpoints) { B(breakpoints); };

namespace detail {

/// Merges two neighbouring cells at a time, those first that add least to the squared L2 error of
/// all leaves.
///
/// What a merger adds is computed again near the last one, and for the best before it is taken:
/// exact where cells do not see each other, and for continuous families, whose cells see little of
/// those far away, nearly so.
template <cell_basis C, integrable_basis B>
class cell_merger {
 public:
  cell_merger(const std::vector<gram_matrix>& leaves, const B& from)
      : leaves_(leaves), from_(from), breakpoints_(from.breakpoints()) {
    error_ = squared_error(breakpoints_);
    for (std::size_t i = 1; i + 1 < breakpoints_.size(); ++i) added_.push_back(added_without(i));
  }

  C family() const { return C(breakpoints_); }
  std::size_t cell_count() const { return breakpoints_.size() - 1; }

  /// One cell fewer; there are at least two.
  void merge() {
    std::size_t best = least();
    for (;; best = least()) {
      const double before = std::exchange(added_[best], added_without(best + 1));
      if (added_[best] <= 1.01 * before || least() == best) break;
    }
    error_ += added_[best];
    breakpoints_.erase(breakpoints_.begin() + static_cast<std::ptrdiff_t>(best) + 1);
    added_.erase(added_.begin() + static_cast<std::ptrdiff_t>(best));
    for (std::size_t i = best < near ? 0 : best - near; i < best + near && i < added_.size(); ++i)
      added_[i] = added_without(i + 1);
  }

 private:
  std::size_t least() const {
    std::size_t best = 0;
    for (std::size_t i = 1; i < added_.size(); ++i)
      if (added_[i] < added_[best]) best = i;
    return best;
  }

  double squared_error(const std::vector<rational>& breakpoints) const {
    double sum = 0;
    for (const depth_norms& of : left_out(leaves_, from_, C(breakpoints))) sum += of.l2 * of.l2;
    return sum;
  }

  double added_without(std::size_t i) const {
    auto fewer = breakpoints_;
    fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(i));
    return squared_error(fewer) - error_;
  }

  static constexpr std::size_t near = 3;  // neighbours on either side

  const std::vector<gram_matrix>& leaves_;
  const B& from_;
  std::vector<rational> breakpoints_;
  double error_;
  std::vector<double> added_;  // by the merger at breakpoint i + 1
};

}  // namespace detail

/// A family of at most K members on cells of the breakpoints of `from`, merged.
///
/// The first two cells to become one are those that add least to the squared L2 error of all
/// leaves, ∫ |θ − θ'|², with θ' projected onto C; and so on.
///
/// Cost: one pass over the weights; then about eight lines of a `compression_table` for each
/// merger.
/// @throws std::invalid_argument if `theta` does not belong to `from`, the shapes differ, or one
/// cell has more than K members.
template <cell_basis C, integrable_basis B, tensor P>
C coarsened(const std::vector<P>& theta, const B& from, std::size_t size) {
  detail::require_coefficients_of_one_shape("coarsened: theta", from, theta);
  const std::size_t least = C(std::vector<rational>{0, 1}).size();
  if (size < least)
    throw std::invalid_argument("coarsened: expected K of at least " + std::to_string(least) +
                                ", the members on one cell, got " + std::to_string(size));
  const auto leaves = gram(theta);
  detail::cell_merger<C, B> cells(leaves, from);
  while (cells.family().size() > size) cells.merge();
  return cells.family();
}

/// The same, and the last family before a leaf's error is more than the tolerance; none if it is
/// with the breakpoints of `from`.
/// @throws std::invalid_argument also if a tolerance is negative or NaN.
template <cell_basis C, integrable_basis B, tensor P>
std::optional<C> coarsened_within(const std::vector<P>& theta, const B& from,
                                  const depth_tolerance& within) {
  detail::require_tolerance("coarsened_within", within);
  detail::require_coefficients_of_one_shape("coarsened_within: theta", from, theta);
  const detail::allowed_errors allowed(gram(theta), from, within);
  detail::cell_merger<C, B> cells(allowed.leaves, from);
  std::optional<C> last;
  while (allowed.hold(from, cells.family())) {
    last = cells.family();
    if (cells.cell_count() == 1) break;
    cells.merge();
  }
  return last;
}

}  // namespace kutta
