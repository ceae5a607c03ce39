// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The labels of a cross entropy.

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>

#include <kutta/tensor/number_text.hpp>
#include <kutta/tensor/shape.hpp>
#include <kutta/tensor/tensor.hpp>
#include <kutta/train/sample_checks.hpp>

namespace kutta {

/// What a cross entropy does with its labels.
struct cross_entropy_options {
  double smoothing = 0;                     ///< α in [0, 1]: the share of all classes alike
  std::optional<std::int64_t> ignore = {};  ///< this label does not count: padding
  std::size_t per_sample = 1;               ///< labels of a sample: the tokens of a sequence
  bool sum = false;                         ///< Σ_s instead of 1/n Σ_s
};

namespace detail {

/// Labels of some samples, and how many scores there are for each.
template <std::integral I>
struct labels_of_samples {
  std::span<const I> labels;
  std::size_t first;  ///< where they begin in the batch
  std::size_t classes;
};

/// Labels of a batch. Refers to them.
template <std::integral I>
class class_labels {
 public:
  /// @throws std::invalid_argument if there are none, or not as many for each sample, or the
  /// smoothing is not in [0, 1].
  class_labels(std::span<const I> labels, const cross_entropy_options& how)
      : labels_(labels), how_(how) {
    if (labels.empty())
      throw std::invalid_argument("cross_entropy: expected at least 1 label, got 0");
    if (how.per_sample == 0 || labels.size() % how.per_sample != 0)
      throw std::invalid_argument("cross_entropy: expected " + std::to_string(how.per_sample) +
                                  " labels a sample, got " + std::to_string(labels.size()));
    if (!(how.smoothing >= 0 && how.smoothing <= 1))
      throw std::invalid_argument("cross_entropy: expected a smoothing in [0, 1], got " +
                                  detail::number_text(how.smoothing));
  }

  const cross_entropy_options& options() const { return how_; }
  std::size_t samples() const { return labels_.size() / how_.per_sample; }

  bool ignored(I label) const { return how_.ignore && std::cmp_equal(label, *how_.ignore); }

  /// What the sum over the batch is divided by: the number of labels that are not ignored, or 1.
  /// @throws std::invalid_argument if all are ignored and a mean is asked for.
  std::size_t divisor() const {
    if (how_.sum) return 1;
    if (!how_.ignore) return labels_.size();
    std::size_t n = 0;
    for (const I label : labels_) n += ignored(label) ? 0 : 1;
    if (n == 0)
      throw std::invalid_argument(
          "cross_entropy: expected at least 1 label that is not ignored, got " +
          std::to_string(labels_.size()) + " that are");
    return n;
  }

  /// All of them.
  labels_of_samples<I> all(std::size_t classes) const { return {labels_, 0, classes}; }

  /// Those of the samples first, first + 1, … whose scores are x1.
  /// @throws std::invalid_argument if there are not so many, or one is out of range.
  template <tensor T>
  labels_of_samples<I> of(const T& x1, std::size_t first) const {
    const std::size_t n = detail::sample_count(x1), each = how_.per_sample;
    detail::require_samples("cross_entropy", first, n, samples());
    if (n == 0) return {{}, first * each, 0};
    const std::size_t classes = element_count(x1) / (n * each);
    if (classes * n * each != element_count(x1))
      throw std::invalid_argument("cross_entropy: expected scores for " + std::to_string(each) +
                                  " labels a sample, got shape " + shape_text(x1));
    const labels_of_samples<I> some{labels_.subspan(first * each, n * each), first * each, classes};
    require_range(some);
    return some;
  }

  /// @throws std::invalid_argument if one is out of range.
  void require_range(const labels_of_samples<I>& some) const {
    const auto& [labels, first, classes] = some;
    for (std::size_t s = 0; s < labels.size(); ++s)
      if (!ignored(labels[s]) &&
          (std::cmp_less(labels[s], 0) || std::cmp_greater_equal(labels[s], classes)))
        throw std::invalid_argument("cross_entropy: expected labels below " +
                                    std::to_string(classes) + ", got " + std::to_string(labels[s]) +
                                    " for " + (how_.per_sample == 1 ? "sample " : "label ") +
                                    std::to_string(first + s));
  }

 private:
  std::span<const I> labels_;
  cross_entropy_options how_;
};

}  // namespace detail
}  // namespace kutta
