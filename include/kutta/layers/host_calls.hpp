// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The calls of a layer at one point, with every number a double on the host.

#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <vector>

#include <kutta/layers/call.hpp>
#include <kutta/layers/differences.hpp>
#include <kutta/layers/layer.hpp>
#include <kutta/tensor/host_copy.hpp>
#include <kutta/tensor/host_device.hpp>
#include <kutta/tensor/named_leaves.hpp>
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

constexpr void raise(double& largest, double value) {
  if (largest < value) largest = value;
}

/// R(theta, x) and its derivatives. What goes in is rounded to the layer's scalars.
template <layer L>
class host_calls {
  using params = typename L::params;
  using input = input_t<L>;
  using output = output_t<L>;
  using numbers = std::vector<double>;

 public:
  host_calls(const L& r, const params& theta, const input& x, double t)
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

  /// R(theta, x), written where `old` was.
  numbers value_over(double old) {
    fill(old);
    forward(r_, theta_, x_, y_, tape_, at_);
    return to_doubles(y_);
  }

  /// R with another x, or another theta.
  numbers value_at_x(const numbers& x) {
    from_doubles(x, moved_x_);
    forward(r_, theta_, moved_x_, y_, other_tape_, at_);
    return to_doubles(y_);
  }
  numbers value_at_theta(const numbers& theta) {
    from_doubles(theta, moved_theta_);
    forward(r_, moved_theta_, x_, y_, other_tape_, at_);
    return to_doubles(y_);
  }

  /// dx ← dx + (∂R/∂x)ᵀ w, and the same for theta, by the tape of `value_over`.
  void add_vjp(const numbers& w, numbers& dx, numbers& dtheta) {
    from_doubles(w, y_);
    from_doubles(dx, dx_), from_doubles(dtheta, dtheta_);
    vjp(r_, theta_, x_, tape_, y_, dx_, dtheta_, at_);
    dx = to_doubles(dx_), dtheta = to_doubles(dtheta_);
  }

  /// (∂R/∂x) vx + (∂R/∂theta) vtheta, written where `old` was.
  numbers jvp_over(double old, const numbers& vx, const numbers& vtheta)
    requires has_jvp<L>
  {
    fill(old);
    from_doubles(vx, dx_), from_doubles(vtheta, dtheta_);
    jvp(r_, theta_, x_, tape_, dx_, dtheta_, y_, at_);
    return to_doubles(y_);
  }

  /// The numbers as x, or theta, can hold them.
  numbers rounded_as_x(const numbers& values) { return rounded(values, dx_); }
  numbers rounded_as_theta(const numbers& values) { return rounded(values, dtheta_); }

  /// The leaves of x, or of theta, and their values.
  checked_argument describe_x() const { return describe("x", x_); }
  checked_argument describe_theta() const { return describe("theta", theta_); }

  /// ε of the least precise scalar involved, and at least double's.
  static constexpr double epsilon() {
    double largest = std::numeric_limits<double>::epsilon();
    raise(largest, epsilon_of<scalar_t<input>>());
    raise(largest, epsilon_of<scalar_t<output>>());
    raise(largest, epsilon_of<scalar_t<params>>());
    return largest;
  }

 private:
  void fill(double value) {
    kutta::map(y_, constant<scalar_t<output>>{static_cast<scalar_t<output>>(value)});
  }

  template <tensor T>
  static numbers rounded(const numbers& values, T& through) {
    from_doubles(values, through);
    return to_doubles(through);
  }

  template <tensor T>
  static checked_argument describe(const std::string& name, const T& value) {
    checked_argument a;
    a.value = to_doubles(value);
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
    return a;
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
};

}  // namespace kutta::detail
