// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Losses of states in device memory, whose value stays there until it is asked for.
///
///     cuda::cross_entropy loss(labels);
///     const auto pass = cuda::capture([&] {
///       kutta::set_zero(dx), kutta::set_zero(dtheta);
///       loss.queue(f.forward(theta, x0, ws), 0, dx);   // does not wait
///       f.backprop(theta, dx, dtheta, ws);
///     });
///     loss.assign(next_labels);
///     pass.replay();
///     std::cout << loss.value();                       // waits
///
/// `loss(x1, first, dx)` is `queue` and `value` in one call: the form that `gradient` of a block
/// wants. One thread at a time may use a loss.

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <kutta/cuda/buffer.hpp>
#include <kutta/cuda/elementwise.hpp>
#include <kutta/cuda/sums.hpp>
#include <kutta/tensor/array.hpp>
#include <kutta/tensor/host_device.hpp>
#include <kutta/tensor/math.hpp>
#include <kutta/tensor/shape.hpp>
#include <kutta/tensor/tensor.hpp>
#include <kutta/train/class_labels.hpp>
#include <kutta/train/losses.hpp>
#include <kutta/train/sample_checks.hpp>

namespace kutta::cuda {

namespace detail {

/// A number of the device.
class device_number {
 public:
  explicit device_number(double value = 0) : at_(1) { assign(value); }

  void assign(double value) { copy_to_device(at_.data(), &value, 1); }
  /// Waits.
  double read() const {
    double value;
    copy_to_host(&value, at_.data(), 1);
    return value;
  }
  double* address() const { return at_.data(); }

 private:
  buffer<double> at_;
};

/// to ← Σ / n.
struct write_mean {
  double* to;
  const double* n;

  KUTTA_HD void operator()(std::size_t, const numbers<double, 1>& sum) const {
    *to = sum.value[0] / *n;
  }
};

/// Scores of some labels, and what their cross entropy is made of.
template <class S>
struct label_scores {
  const S* x;
  std::size_t classes;
  const std::int64_t* labels;  ///< below 0: ignored
  double alpha;
  double *largest, *sum, *part;  ///< of each label: max_c x_c, Σ_c e^{x_c − largest}, its loss

  KUTTA_HD double below_largest(std::size_t row, std::size_t c) const {
    return largest[row] - static_cast<double>(x[row * classes + c]);
  }
  KUTTA_HD bool has_class(std::size_t row) const {
    return labels[row] >= 0 && static_cast<std::size_t>(labels[row]) < classes;
  }
};

/// The largest of every 32nd score of a label.
template <class S>
struct largest_of_lane {
  label_scores<S> scores;
  double* lanes;

  KUTTA_HD void operator()(std::size_t row, std::size_t lane) const {
    const S* const x = scores.x + row * scores.classes;
    double most = static_cast<double>(x[0]);
    for (std::size_t c = lane; c < scores.classes; c += fan)
      if (most < static_cast<double>(x[c])) most = static_cast<double>(x[c]);
    lanes[row * fan + lane] = most;
  }
};
struct largest_of_lanes {
  const double* lanes;
  double* largest;

  KUTTA_HD void operator()(std::size_t row) const {
    double most = lanes[row * fan];
    for (std::size_t lane = 1; lane < fan; ++lane)
      if (most < lanes[row * fan + lane]) most = lanes[row * fan + lane];
    largest[row] = most;
  }
};

/// e^{x_c − largest}, and largest − x_c.
template <class S>
struct score_terms {
  label_scores<S> scores;

  KUTTA_HD numbers<double, 2> operator()(std::size_t row, std::size_t c) const {
    const double below = scores.below_largest(row, c);
    return {{kutta::detail::math::exp(-below), below}};
  }
};

/// log Σ_c e^{x_c} − Σ_c q_c x_c, relative to the largest score.
template <class S>
struct keep_label {
  label_scores<S> scores;

  KUTTA_HD void operator()(std::size_t row, const numbers<double, 2>& sums) const {
    scores.sum[row] = sums.value[0];
    double part = 0;
    if (scores.has_class(row)) {
      const double gap = scores.below_largest(row, static_cast<std::size_t>(scores.labels[row]));
      part = kutta::detail::math::log(sums.value[0]) + (1 - scores.alpha) * gap;
      if (scores.alpha > 0)
        part += scores.alpha / static_cast<double>(scores.classes) * sums.value[1];
    }
    scores.part[row] = part;
  }
};

/// dx_c += (softmax(x)_c − q_c)/n.
template <class S>
struct add_label_gradient {
  label_scores<S> scores;
  const double* n;
  S* dx;

  KUTTA_HD void operator()(std::size_t row, std::size_t c) const {
    if (!scores.has_class(row)) return;
    const double softmax =
        kutta::detail::math::exp(-scores.below_largest(row, c)) / scores.sum[row];
    const double share = scores.alpha / static_cast<double>(scores.classes);
    const bool is_label = c == static_cast<std::size_t>(scores.labels[row]);
    dx[row * scores.classes + c] +=
        static_cast<S>((softmax - (is_label ? 1 - scores.alpha + share : share)) / *n);
  }
};

/// (x_i − y_i)².
template <class S>
struct square_at {
  const S *x, *y;

  KUTTA_HD numbers<double, 1> operator()(std::size_t i, std::size_t) const {
    const double d = static_cast<double>(x[i]) - static_cast<double>(y[i]);
    return {{d * d}};
  }
};

}  // namespace detail

/// `kutta::mean_squared_error` of states in device memory; refers to the target.
template <device_array T>
class mean_squared_error {
 public:
  /// @throws std::invalid_argument if the target has no elements.
  explicit mean_squared_error(const T& target)
      : loss_(target),
        target_(kutta::detail::elements(target)),
        count_(static_cast<double>(target.size())),
        sum_(target.size(), 1) {}
  explicit mean_squared_error(const T&&) = delete;

  /// Queues the part of samples first, first + 1, …, and adds its gradient to dx1.
  /// @throws std::invalid_argument if x1 has not the shape of those samples of the target.
  void queue(const T& x1, std::size_t first, T& dx1) {
    loss_.add_gradient(x1, first, dx1);
    const std::size_t n = kutta::detail::sample_count(x1), size = x1.size();
    const detail::square_at<scalar_t<T>> f{kutta::detail::elements(x1),
                                           target_ + (n == 0 ? 0 : first * (size / n))};
    sum_(size, f, detail::write_mean{value_.address(), count_.address()});
  }
  /// What was queued last, or replayed. Waits.
  double value() const { return value_.read(); }

  double operator()(const T& x1, std::size_t first, T& dx1) {
    queue(x1, first, dx1);
    return value();
  }

 private:
  kutta::mean_squared_error<T> loss_;
  const scalar_t<T>* target_;
  detail::device_number count_, value_;
  detail::column_sums<double, 1> sum_;
};

/// `kutta::cross_entropy` of scores in device memory. The labels are copied there; softmax and sums
/// are doubles.
///
/// Memory: 0.8 kB a label.
template <std::integral I>
class cross_entropy {
 public:
  /// @throws std::invalid_argument as `kutta::cross_entropy`, or if all labels are ignored and a
  /// mean is asked for.
  explicit cross_entropy(std::vector<I> labels, const cross_entropy_options& how = {})
      : how_(how),
        on_host_(std::move(labels)),
        count_(static_cast<double>(checked().divisor())),
        labels_(on_host_.size()),
        lanes_(on_host_.size() * detail::fan),
        largest_(on_host_.size()),
        sum_(on_host_.size()),
        part_(on_host_.size()),
        row_sums_(on_host_.size()),
        total_(on_host_.size(), 1) {
    copy_labels();
  }

  /// Other labels, as many, where these were: for a pass that is replayed.
  /// @throws std::invalid_argument if there are more or fewer, one is out of the range of the
  /// scores that came last, or all of them are ignored.
  void assign(std::vector<I> labels) {
    if (labels.size() != on_host_.size())
      throw std::invalid_argument("cross_entropy: expected " + std::to_string(on_host_.size()) +
                                  " labels, got " + std::to_string(labels.size()));
    const kutta::detail::class_labels<I> given(labels, how_);
    if (classes_ > 0) given.require_range(given.all(classes_));
    count_.assign(static_cast<double>(given.divisor()));
    on_host_ = std::move(labels);
    copy_labels();
  }

  /// Queues the loss of samples first, first + 1, … of the batch, and adds its gradient to dx1.
  /// @throws std::invalid_argument as `kutta::cross_entropy`.
  template <device_array T>
  void queue(const T& x1, std::size_t first, T& dx1) {
    kutta::detail::require_same_shape("cross_entropy: the gradient", x1, dx1);
    queue_at(x1, first, kutta::detail::elements(dx1));
  }
  /// What was queued last, or replayed. Waits.
  double value() const { return value_.read(); }

  template <device_array T>
  double operator()(const T& x1, std::size_t first, T& dx1) {
    queue(x1, first, dx1);
    return value();
  }
  template <device_array T>
  double operator()(const T& x1) {
    kutta::detail::require_all_samples("cross_entropy", kutta::detail::sample_count(x1),
                                       checked().samples());
    queue_at(x1, 0, static_cast<scalar_t<T>*>(nullptr));
    return value();
  }

 private:
  kutta::detail::class_labels<I> checked() const { return {on_host_, how_}; }

  void copy_labels() {
    const auto labels = checked();
    std::vector<std::int64_t> numbers;
    for (const I label : on_host_)
      numbers.push_back(labels.ignored(label) ? std::int64_t(-1)
                                              : static_cast<std::int64_t>(label));
    copy_to_device(labels_.data(), numbers.data(), numbers.size());
  }

  template <device_array T>
  void queue_at(const T& x1, std::size_t first, scalar_t<T>* dx) {
    using S = scalar_t<T>;
    const auto some = checked().of(x1, first);
    const std::size_t rows = some.labels.size(), classes = some.classes;
    if (rows > 0) classes_ = classes;
    const detail::label_scores<S> scores{kutta::detail::elements(x1),
                                         classes,
                                         labels_.data() + some.first,
                                         how_.smoothing,
                                         largest_.data(),
                                         sum_.data(),
                                         part_.data()};
    detail::for_each_pair(rows, detail::fan, detail::largest_of_lane<S>{scores, lanes_.data()});
    detail::for_each_index(rows, detail::largest_of_lanes{lanes_.data(), largest_.data()});
    row_sums_(rows, classes, detail::score_terms<S>{scores}, detail::keep_label<S>{scores});
    if (dx)
      detail::for_each_pair(rows, classes,
                            detail::add_label_gradient<S>{scores, count_.address(), dx});
    total_(rows, detail::number_at<double>{part_.data(), 1},
           detail::write_mean{value_.address(), count_.address()});
  }

  cross_entropy_options how_;
  std::vector<I> on_host_;
  std::size_t classes_ = 0;  ///< of the scores that came last; 0: none yet
  detail::device_number count_, value_;
  buffer<std::int64_t> labels_;
  buffer<double> lanes_, largest_, sum_, part_;
  detail::row_sums<double, 2> row_sums_;
  detail::column_sums<double, 1> total_;
};

}  // namespace kutta::cuda
