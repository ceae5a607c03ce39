// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Gradients by the solution at given times, read into the transpose of the steps between them.

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>

#include <kutta/ode/observed_step.hpp>
#include <kutta/ode/observers.hpp>
#include <kutta/tensor/number_text.hpp>
#include <kutta/tensor/shape.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta::detail {

/// The ∂L/∂x(t) of a path, from its end to its start.
///
/// A grid tells its number of steps, where in [0, 1] step n starts, and its h.
template <has_dense_output S, tensor X, class Grid>
class path_adjoint {
 public:
  using real = step_real_t<X>;

  /// @throws std::invalid_argument unless the times are in order within the pass, and the gradients
  /// have the shape of `like`.
  path_adjoint(const trajectory<X>& path, double horizon, const Grid& grid, const X& like)
      : path_(path), horizon_(horizon), grid_(grid), left_(path.t.size()) {
    if (path.x.size() != path.t.size())
      throw std::invalid_argument("backprop: expected a gradient for each of " +
                                  std::to_string(path.t.size()) + " times, got " +
                                  std::to_string(path.x.size()));
    const real end = time(grid.count());
    real before = 0;
    for (const real t : path.t) {
      if (!(end < 0 ? t <= before && t >= end : t >= before && t <= end))
        throw std::invalid_argument("backprop: expected times in order from 0 to " + text(end) +
                                    ", got " + text(t) + " after " + text(before));
      before = t;
    }
    for (const X& dx : path.x) require_same_shape("backprop: path", like, dx);
  }

  /// Adds the gradients by x(t) for t in step n, its start left out: g is ∂L/∂x at its end.
  template <class Temporaries>
  void read(std::int64_t n, X& g, Temporaries& t) {
    const real start = time(n), end = time(n + 1);
    for (; left_ > 0 && path_.t[left_ - 1] != start; --left_) {
      const real at = path_.t[left_ - 1];
      if (!(start < end ? start < at : at < start)) return;
      const X& dy = path_.x[left_ - 1];
      if (at == end) {
        kutta::add(g, g, scaled<X>{1, dy});
      } else {
        const real theta = (at - start) / (end - start);
        interpolate_vjp<S>(static_cast<real>(grid_.step_size(n)), theta, dy, t.start_adjoint,
                           t.rate_adjoints);
        t.are_read = true;
      }
    }
  }

  /// Adds those by x(0).
  void read_start(X& g) {
    for (; left_ > 0; --left_) kutta::add(g, g, scaled<X>{1, path_.x[left_ - 1]});
  }

 private:
  real time(std::int64_t n) const { return static_cast<real>(horizon_ * grid_.start(n)); }
  static std::string text(real t) { return number_text(static_cast<double>(t)); }

  const trajectory<X>& path_;
  double horizon_;
  Grid grid_;
  std::size_t left_;
};

}  // namespace kutta::detail
