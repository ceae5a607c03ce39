// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Losses that `ode_block::gradient` calls, on a whole batch or tile by tile.
///
///     const kutta::mean_squared_error loss(target);      // refers to target
///     f.gradient(theta, x0, loss, dx, dtheta, ws);
///     loss(x1);                                          // the value alone
///
/// `loss(x1, first, dx1)` returns the part of the mean that samples first, first + 1, … of the
/// batch contribute, and adds its gradient to dx1, so that the parts of all tiles add up to the
/// mean. A loss is const and keeps no state: several threads may call it. A state that is not a
/// batch counts as one sample.

#include <concepts>
#include <cstddef>
#include <span>
#include <stdexcept>
#include <vector>

#include <kutta/tensor/array.hpp>
#include <kutta/tensor/host_device.hpp>
#include <kutta/tensor/math.hpp>
#include <kutta/tensor/shape.hpp>
#include <kutta/tensor/tensor.hpp>
#include <kutta/train/class_labels.hpp>
#include <kutta/train/sample_checks.hpp>

namespace kutta {

namespace detail {

struct squared_difference {
  template <class V>
  KUTTA_HD constexpr V operator()(const V& x, const V& y) const {
    const V d = x - y;
    return d * d;
  }
};

/// g + a (x − y).
template <class S>
struct add_difference {
  S a;

  template <class V>
  KUTTA_HD constexpr V operator()(const V& g, const V& x, const V& y) const {
    return g + a * (x - y);
  }
};

}  // namespace detail

/// L = 1/n Σ (x_i − y_i)²,  ∂L/∂x_i = 2 (x_i − y_i)/n: the mean over all n elements of the target
/// y.
template <tensor T>
class mean_squared_error {
 public:
  /// @throws std::invalid_argument if the target has no elements.
  explicit mean_squared_error(const T& target) : target_(target) { count(); }
  explicit mean_squared_error(const T&&) = delete;

  /// @throws std::invalid_argument if x1 has not the shape of those samples of the target.
  double operator()(const T& x1, std::size_t first, T& dx1) const {
    add_gradient(x1, first, dx1);
    return with_target(x1, first, [&](const auto& y) {
      return static_cast<double>(kutta::sum(detail::squared_difference{}, x1, y)) / count();
    });
  }

  /// The gradient alone.
  /// @throws std::invalid_argument as above.
  void add_gradient(const T& x1, std::size_t first, T& dx1) const {
    require_fit(x1, first);
    detail::require_same_shape("mean_squared_error: the gradient", x1, dx1);
    const detail::add_difference<scalar_t<T>> pull{static_cast<scalar_t<T>>(2 / count())};
    with_target(x1, first, [&](const auto& y) { kutta::map(dx1, pull, dx1, x1, y); });
  }

  /// @throws std::invalid_argument if x1 has not the target's shape.
  double operator()(const T& x1) const {
    detail::require_same_shape("mean_squared_error", target_, x1);
    return static_cast<double>(kutta::sum(detail::squared_difference{}, x1, target_)) / count();
  }

 private:
  /// f(the samples of the target that belong to x1).
  template <class F>
  auto with_target(const T& x1, std::size_t first, const F& f) const {
    if constexpr (batch<T>)
      return f(kutta::window(target_, first, kutta::samples(x1)));
    else
      return f(target_);
  }

  double count() const {
    const std::size_t n = element_count(target_);
    if (n == 0)
      throw std::invalid_argument(
          "mean_squared_error: expected a target with elements, got shape " + shape_text(target_));
    return static_cast<double>(n);
  }

  void require_fit(const T& x1, std::size_t first) const {
    const std::size_t n = detail::sample_count(x1), all = detail::sample_count(target_);
    detail::require_samples("mean_squared_error", first, n, all);
    if (element_count(x1) * all != element_count(target_) * n)
      throw std::invalid_argument("mean_squared_error: expected samples of a batch of shape " +
                                  shape_text(target_) + ", got shape " + shape_text(x1));
  }

  const T& target_;
};

/// L = 1/n Σ_s (log Σ_c e^{x_sc} − Σ_c q_sc x_sc),  ∂L/∂x_sc = (softmax(x_s)_c − q_sc)/n with
/// q_sc = (1 − α) [c = label_s] + α/classes.
///
///     const kutta::cross_entropy loss(labels);
///     const kutta::cross_entropy tags(labels, {.smoothing = .1, .ignore = -1, .per_sample = 50});
///
/// x are scores (logits): as many elements for each label s as there are classes, those of a sample
/// side by side; 0 ≤ label < classes. n counts the labels of the whole batch that are not ignored.
/// Sums are taken relative to the largest score, so that no score overflows.
/// Source of smoothing: Szegedy, Vanhoucke, Ioffe, Shlens & Wojna, Rethinking the Inception
/// architecture (2016), section 7.
template <std::integral I>
class cross_entropy {
 public:
  /// Refers to `labels`, `per_sample` for each sample.
  /// @throws std::invalid_argument if there are none, or not as many for each sample, or the
  /// smoothing is not in [0, 1].
  explicit cross_entropy(std::span<const I> labels, const cross_entropy_options& how = {})
      : labels_(labels, how) {}
  explicit cross_entropy(const std::vector<I>&&, const cross_entropy_options& = {}) = delete;

  /// @throws std::invalid_argument if the samples have no labels, a label is out of range, or all
  /// of the batch are ignored and a mean is asked for.
  template <host_array T>
  double operator()(const T& x1, std::size_t first, T& dx1) const {
    detail::require_same_shape("cross_entropy: the gradient", x1, dx1);
    return total(x1, first, dx1.data());
  }

  /// @throws std::invalid_argument as above, or if there is not one sample for each label.
  template <host_array T>
  double operator()(const T& x1) const {
    detail::require_all_samples("cross_entropy", detail::sample_count(x1), labels_.samples());
    return total(x1, 0, static_cast<scalar_t<T>*>(nullptr));
  }

 private:
  template <host_array T>
  double total(const T& x1, std::size_t first, scalar_t<T>* dx) const {
    const auto [labels, from, classes] = labels_.of(x1, first);
    if (labels.empty()) return 0;
    using real = accumulator_t<scalar_t<T>>;
    const real count = static_cast<real>(labels_.divisor());
    const scalar_t<T>* x = x1.data();
    real sum = 0;
    for (const I label : labels) {
      if (!labels_.ignored(label))
        sum += one(x, classes, static_cast<std::size_t>(label), dx, count);
      x += classes, dx += dx ? classes : 0;
    }
    return static_cast<double>(sum / count);
  }

  /// log Σ_c e^{x_c} − Σ_c q_c x_c; adds the gradient of that over n to dx, if there is one.
  template <class S, class real = accumulator_t<S>>
  real one(const S* x, std::size_t classes, std::size_t label, S* dx, real n) const {
    real largest = x[0];
    for (std::size_t c = 1; c < classes; ++c)
      if (largest < x[c]) largest = x[c];
    real sum = 0;
    for (std::size_t c = 0; c < classes; ++c) sum += detail::math::exp(x[c] - largest);
    const real alpha = labels_.options().smoothing, share = alpha / static_cast<real>(classes);
    if (dx)
      for (std::size_t c = 0; c < classes; ++c) {
        const real softmax = detail::math::exp(x[c] - largest) / sum;
        dx[c] += static_cast<S>((softmax - (c == label ? 1 - alpha + share : share)) / n);
      }
    real gap = largest - x[label];
    if (alpha > 0) {
      gap *= 1 - alpha;
      for (std::size_t c = 0; c < classes; ++c) gap += share * (largest - x[c]);
    }
    return detail::math::log(sum) + gap;
  }

  detail::class_labels<I> labels_;
};

template <std::integral I, class A>
cross_entropy(const std::vector<I, A>&, const cross_entropy_options& = {}) -> cross_entropy<I>;

}  // namespace kutta
