// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// One run of `check_residual`.

#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <kutta/layers/differences.hpp>
#include <kutta/layers/host_calls.hpp>
#include <kutta/layers/layer.hpp>
#include <kutta/tensor/number_text.hpp>

namespace kutta::detail {

template <layer L>
class residual_check {
  using numbers = std::vector<double>;

 public:
  residual_check(const L& r, const typename L::params& theta, const input_t<L>& x, double t)
      : calls_(r, theta, x, t) {}

  std::vector<std::string> run() {
    if (check_forward()) {
      begin();
      check_accumulation();
      for (auto* a : {&on_x_, &on_theta_})
        for (const auto& leaf : a->leaves) {
          const bool sound = check_leaf(*a, leaf);
          if constexpr (has_jvp<L>) check_jvp(*a, leaf, sound);
        }
    }
    return std::move(faults_);
  }

 private:
  void fault(std::string text) { faults_.push_back(std::move(text)); }

  static std::string element(const std::string& name, std::size_t i) {
    return name + ", element " + std::to_string(i);
  }
  static std::string number(double x) { return number_text(x, 6); }

  static std::string label(const leaf_range& leaf) {
    return leaf.shape == "()" ? leaf.name : leaf.name + ", shape " + leaf.shape;
  }

  /// Six digits, or all if six do not tell the two apart.
  static std::string gives(const std::string& what, double claimed, double difference) {
    const bool close = number(claimed) == number(difference);
    const auto text = [&](double x) { return close ? number_text(x) : number(x); };
    return what + " gives " + text(claimed) + ", differences give " + text(difference);
  }

  bool is_overwritten(const std::string& call, const std::string& name, const numbers& over_zero,
                      const numbers& over_nan) {
    for (std::size_t i = 0; i < over_zero.size(); ++i)
      if (!(over_zero[i] == over_nan[i])) {
        fault(call + " must overwrite " + name + ": " + element(name, i) + " is " +
              number(over_zero[i]) + " where " + name + " held 0, and " + number(over_nan[i]) +
              " where it held nan");
        return false;
      }
    return true;
  }

  // y ← R(theta, x), whatever y held.
  bool check_forward() {
    calls_.value_over(0);  // gives y its shape, where that is found by forward alone
    const auto over_zero = calls_.value_over(0);
    const auto over_nan = calls_.value_over(std::numeric_limits<double>::quiet_NaN());
    for (std::size_t i = 0; i < over_zero.size(); ++i)
      if (!std::isfinite(over_zero[i])) {
        fault("forward: " + element("y", i) + " is " + number(over_zero[i]));
        return false;
      }
    y_value_ = over_zero;
    return is_overwritten("forward", "y", over_zero, over_nan);
  }

  // The vjp of a random w, and R as a function of x and of theta.
  void begin() {
    splitmix64 random(1);
    w_.resize(y_value_.size());
    for (auto& w : w_) w = random.odd_fraction();

    on_x_ = calls_.describe_x(), on_theta_ = calls_.describe_theta();
    on_x_.adjoint.resize(on_x_.value.size()), on_theta_.adjoint.resize(on_theta_.value.size());
    calls_.add_vjp(w_, on_x_.adjoint, on_theta_.adjoint);
    on_x_.self = on_theta_.self = &calls_;
    on_x_.evaluate = [](void* calls, const numbers& value) {
      return static_cast<host_calls<L>*>(calls)->value_at_x(value);
    };
    on_theta_.evaluate = [](void* calls, const numbers& value) {
      return static_cast<host_calls<L>*>(calls)->value_at_theta(value);
    };

    largest_ = 0;
    for (const auto* a : {&on_x_, &on_theta_})
      for (const auto& leaf : a->leaves) raise(largest_, leaf.unit * largest(*a, leaf));
  }

  static double largest(const checked_argument& a, const leaf_range& leaf) {
    double size = 0;
    for (std::size_t i = leaf.first; i < leaf.first + leaf.count; ++i)
      raise(size, std::abs(a.adjoint[i]));
    return size;
  }

  /// The size of a start that is comparable with the adjoint.
  static double reach(const checked_argument& a, const leaf_range& leaf) {
    const double size = largest(a, leaf);
    return size > 0 ? size : 1;
  }

  // vjp adds: from a start c it comes to c + g.
  void check_accumulation() {
    splitmix64 random(2);
    const auto start = [&](const checked_argument& a) {
      numbers c(a.value.size());
      for (const auto& leaf : a.leaves) {
        const double size = reach(a, leaf);
        for (std::size_t i = leaf.first; i < leaf.first + leaf.count; ++i)
          c[i] = random.odd_fraction() * size;
      }
      return c;
    };
    const auto start_x = calls_.rounded_as_x(start(on_x_));
    const auto start_theta = calls_.rounded_as_theta(start(on_theta_));
    auto end_x = start_x, end_theta = start_theta;
    calls_.add_vjp(w_, end_x, end_theta);
    check_sum(on_x_, start_x, end_x);
    check_sum(on_theta_, start_theta, end_theta);
  }

  void check_sum(const checked_argument& a, const numbers& start, const numbers& result) {
    for (const auto& leaf : a.leaves) {
      const double tolerance = 512 * epsilon() * reach(a, leaf);
      for (std::size_t i = leaf.first; i < leaf.first + leaf.count; ++i) {
        const double expected = start[i] + a.adjoint[i];
        if (!std::isfinite(expected) || std::abs(result[i] - expected) <= tolerance) continue;
        fault(element("vjp must add to d" + leaf.name, i - leaf.first) + ": " + number(start[i]) +
              " + " + number(a.adjoint[i]) + " became " + number(result[i]));
        break;
      }
    }
  }

  bool check_leaf(const checked_argument& a, const leaf_range& leaf) {
    const difference_check differences(epsilon(), w_, largest_);
    std::size_t wrong = 0;
    const auto found = differences.find(a, leaf, wrong);
    if (!found) return true;
    const std::size_t first = found->first - leaf.first, last = found->last - leaf.first;
    std::string text = "d" + label(leaf) + ": ";
    if (leaf.count <= differences.one_by_one)
      text += std::to_string(wrong) + " of " + std::to_string(leaf.count) + " elements wrong; ";
    text += last - first == 1 ? "element " + std::to_string(first)
                              : "sum over elements " + std::to_string(first) + " to " +
                                    std::to_string(last - 1) + " with random signs";
    fault(text + ": " + gives("vjp", found->claimed, found->difference));
    return false;
  }

  // vy ← R' v along one leaf: overwritten, equal to differences, and the transpose of vjp.
  void check_jvp(const checked_argument& a, const leaf_range& leaf, bool vjp_is_sound)
    requires has_jvp<L>
  {
    splitmix64 random(3);
    numbers v(a.value.size(), 0.);
    double transposed = 0;
    for (std::size_t i = leaf.first; i < leaf.first + leaf.count; ++i) {
      v[i] = leaf.unit * random.sign();
      transposed += a.adjoint[i] * v[i];
    }
    const bool along_x = &a == &on_x_;
    v = along_x ? calls_.rounded_as_x(v) : calls_.rounded_as_theta(v);
    const numbers other((along_x ? on_theta_ : on_x_).value.size(), 0.);
    const auto value_over = [&](double old) {
      return along_x ? calls_.jvp_over(old, v, other) : calls_.jvp_over(old, other, v);
    };
    const auto vy = value_over(0), over_nan = value_over(std::numeric_limits<double>::quiet_NaN());
    if (!is_overwritten("jvp along " + leaf.name, "vy", vy, over_nan)) return;

    double slope = 0, difference = 0;
    for (std::size_t i = 0; i < w_.size(); ++i) slope += w_[i] * vy[i];
    const difference_check differences(epsilon(), w_, largest_);
    if (!differences.confirms(a, v, slope, norm_of_products(w_, vy), difference))
      fault("jvp along " + label(leaf) + ": " + gives("<w, jvp(v)>", slope, difference));
    else if (vjp_is_sound && !(std::abs(slope - transposed) <=
                               512 * epsilon() * (norm(w_) * norm(vy) + norm(a.adjoint) * norm(v))))
      fault("jvp along " + label(leaf) + ": <w, jvp(v)> = " + number_text(slope) +
            " differs from <vjp(w), v> = " + number_text(transposed));
  }

  static double norm(const numbers& x) { return norm_of_products(x, numbers(x.size(), 1.)); }

  static constexpr double epsilon() { return host_calls<L>::epsilon(); }

  host_calls<L> calls_;
  numbers y_value_, w_;
  checked_argument on_x_, on_theta_;
  double largest_ = 0;
  std::vector<std::string> faults_;
};

}  // namespace kutta::detail
