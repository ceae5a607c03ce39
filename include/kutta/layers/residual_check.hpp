// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// One run of `check_residual`: a layer's calls, compared as doubles on the host.

#include <cmath>
#include <concepts>
#include <cstddef>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <kutta/layers/call.hpp>
#include <kutta/layers/differences.hpp>
#include <kutta/layers/layer.hpp>
#include <kutta/tensor/host_copy.hpp>
#include <kutta/tensor/host_device.hpp>
#include <kutta/tensor/named_leaves.hpp>
#include <kutta/tensor/number_text.hpp>
#include <kutta/tensor/shape.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta::detail {

template <class S>
struct constant {
  S value;
  KUTTA_HD constexpr S operator()() const { return value; }
};

template <tensor T>
std::vector<double> to_doubles(const T& x) {
  const auto values = copy_to_host(x);
  return {values.begin(), values.end()};
}

template <tensor T>
void from_doubles(const std::vector<double>& values, T& x) {
  std::vector<scalar_t<T>> rounded(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) rounded[i] = static_cast<scalar_t<T>>(values[i]);
  copy_from_host(rounded, x);
}

template <layer L>
class residual_check {
  using params = typename L::params;
  using input = input_t<L>;
  using output = output_t<L>;

 public:
  residual_check(const L& r, const params& theta, const input& x, double t)
      : r_(r),
        theta_(theta),
        x_(x),
        scratch_(make_scratch(r, theta, x)),
        tape_(make_tape(r, theta, x)),
        other_tape_(make_tape(r, theta, x)),
        at_{t, 0, 0, scratch_},
        y_(make_output(r, theta, x)),
        dx_(kutta::zeros_like(x)),
        dtheta_(kutta::zeros_like(theta)),
        moved_x_(kutta::zeros_like(x)),
        moved_theta_(kutta::zeros_like(theta)) {}

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

  bool is_overwritten(const std::string& call, const std::string& name,
                      const std::vector<double>& over_zero, const std::vector<double>& over_nan) {
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
    const auto value_over = [&](double old) {
      kutta::map(y_, constant<scalar_t<output>>{static_cast<scalar_t<output>>(old)});
      forward(r_, theta_, x_, y_, tape_, at_);
      return to_doubles(y_);
    };
    value_over(0);  // gives y its shape, where that is found by forward alone
    const auto over_zero = value_over(0);
    const auto over_nan = value_over(std::numeric_limits<double>::quiet_NaN());
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
    from_doubles(w_, y_);
    vjp(r_, theta_, x_, tape_, y_, dx_, dtheta_, at_);

    describe(on_x_, "x", x_, dx_);
    describe(on_theta_, "theta", theta_, dtheta_);
    on_x_.self = on_theta_.self = this;
    on_x_.evaluate = [](void* self, const std::vector<double>& value) {
      auto& c = *static_cast<residual_check*>(self);
      from_doubles(value, c.moved_x_);
      forward(c.r_, c.theta_, c.moved_x_, c.y_, c.other_tape_, c.at_);
      return to_doubles(c.y_);
    };
    on_theta_.evaluate = [](void* self, const std::vector<double>& value) {
      auto& c = *static_cast<residual_check*>(self);
      from_doubles(value, c.moved_theta_);
      forward(c.r_, c.moved_theta_, c.x_, c.y_, c.other_tape_, c.at_);
      return to_doubles(c.y_);
    };

    largest_ = 0;
    for (const auto* a : {&on_x_, &on_theta_})
      for (const auto& leaf : a->leaves) raise(largest_, leaf.unit * largest(*a, leaf));
  }

  template <tensor T>
  static void describe(checked_argument& a, const std::string& name, const T& value,
                       const T& adjoint) {
    a.value = to_doubles(value);
    a.adjoint = to_doubles(adjoint);
    std::size_t first = 0;
    for_each_named_leaf(
        [&](const std::string& path, const auto& leaf) {
          const std::size_t count = element_count(leaf);
          double unit = 0;
          for (std::size_t i = first; i < first + count; ++i) raise(unit, std::abs(a.value[i]));
          a.leaves.push_back({path, shape_text(leaf), first, count, unit > 0 ? unit : 1});
          first += count;
        },
        name, value);
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
      std::vector<double> c(a.value.size());
      for (const auto& leaf : a.leaves) {
        const double size = reach(a, leaf);
        for (std::size_t i = leaf.first; i < leaf.first + leaf.count; ++i)
          c[i] = random.odd_fraction() * size;
      }
      return c;
    };
    from_doubles(start(on_x_), dx_);
    from_doubles(start(on_theta_), dtheta_);
    const auto start_x = to_doubles(dx_), start_theta = to_doubles(dtheta_);
    from_doubles(w_, y_);
    vjp(r_, theta_, x_, tape_, y_, dx_, dtheta_, at_);
    check_sum(on_x_, start_x, to_doubles(dx_));
    check_sum(on_theta_, start_theta, to_doubles(dtheta_));
  }

  void check_sum(const checked_argument& a, const std::vector<double>& start,
                 const std::vector<double>& result) {
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
    std::vector<double> v(a.value.size(), 0.);
    double transposed = 0;
    for (std::size_t i = leaf.first; i < leaf.first + leaf.count; ++i) {
      v[i] = leaf.unit * random.sign();
      transposed += a.adjoint[i] * v[i];
    }
    const bool along_x = &a == &on_x_;
    kutta::set_zero(dx_);
    kutta::set_zero(dtheta_);
    if (along_x)
      from_doubles(v, dx_);
    else
      from_doubles(v, dtheta_);
    v = along_x ? to_doubles(dx_) : to_doubles(dtheta_);

    const auto value_over = [&](double old) {
      kutta::map(y_, constant<scalar_t<output>>{static_cast<scalar_t<output>>(old)});
      jvp(r_, theta_, x_, tape_, dx_, dtheta_, y_, at_);
      return to_doubles(y_);
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

  static double norm(const std::vector<double>& x) {
    return norm_of_products(x, std::vector<double>(x.size(), 1.));
  }

  static constexpr double epsilon() {
    double largest = std::numeric_limits<double>::epsilon();
    raise(largest, epsilon_of<scalar_t<input>>());
    raise(largest, epsilon_of<scalar_t<output>>());
    raise(largest, epsilon_of<scalar_t<params>>());
    return largest;
  }

  static constexpr void raise(double& largest, double value) {
    if (largest < value) largest = value;
  }
  template <class S>
  static constexpr double epsilon_of() {
    return static_cast<double>(std::numeric_limits<S>::epsilon());
  }

  const L& r_;
  const params& theta_;
  const input& x_;
  scratch_t<L> scratch_;
  typename L::tape tape_, other_tape_;
  context<L> at_;
  output y_;
  input dx_;
  params dtheta_;
  input moved_x_;
  params moved_theta_;
  std::vector<double> y_value_, w_;
  checked_argument on_x_, on_theta_;
  double largest_ = 0;
  std::vector<std::string> faults_;
};

}  // namespace kutta::detail
