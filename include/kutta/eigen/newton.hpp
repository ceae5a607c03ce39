// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// When Newton's method has converged, and the Jacobian it needs.

#include <cmath>
#include <concepts>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <type_traits>

#include <Eigen/Core>

#include <kutta/tensor/number_text.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta {

/// When the equations of a step count as solved.
///
/// A correction d of the stage points is measured by ‖d‖ = √(mean (d_i/w_i)²),
/// w_i = atol + rtol max(|x_i|, |X_i|), with x the state that the step starts from and X the
/// corrected stage point. Less than some roundings is never asked for.
struct newton_options {
  double tolerance = 1e-2;  ///< for ‖error left‖
  int max_iterations = 10;  ///< with one Jacobian
  double rtol = 1e-10;
  double atol = 1e-12;
  int max_jacobians = 4;  ///< for one system of equations, the first at the start of the step
};

/// What the solver of implicit steps has done so far.
struct implicit_statistics {
  std::int64_t evaluations = 0;     ///< of f, those for differences included
  std::int64_t jacobians = 0;       ///< ∂f/∂x at a point
  std::int64_t factorizations = 0;  ///< LU
  std::int64_t iterations = 0;      ///< corrections solved for
};

/// Takes ∂f/∂x from forward differences: an increment of √ε max(|x_j|, typical) for each x_j.
///
/// Good to some √ε, which suffices Newton's method; a gradient inherits the error.
struct finite_difference_jacobian {
  double typical = 1e-3;  ///< the size at which x_j matters, for one that is near 0
};

/// A state that lies in one piece of host memory: a number, an Eigen vector or matrix, an array.
template <class X>
concept dense_state = tensor<X> && (std::floating_point<X> || requires(X& x) {
                        { x.data() } -> std::same_as<scalar_t<X>*>;
                        x.size();
                      });

namespace detail {

/// The elements of an X, if its type fixes them; −1 (Eigen::Dynamic) otherwise.
template <dense_state X>
constexpr int elements() {
  if constexpr (std::floating_point<X>)
    return 1;
  else if constexpr (requires { X::SizeAtCompileTime; })
    return static_cast<int>(X::SizeAtCompileTime);
  else if constexpr (requires { std::integral_constant<std::size_t, X::size()>{}; })
    return static_cast<int>(X::size());
  else
    return Eigen::Dynamic;
}

/// The elements of x, as a column.
template <dense_state X>
auto as_vector(X& x) {
  using vector = Eigen::Matrix<scalar_t<X>, elements<X>(), 1>;
  if constexpr (std::floating_point<X>)
    return Eigen::Map<vector>(&x);
  else
    return Eigen::Map<vector>(x.data(), static_cast<Eigen::Index>(x.size()));
}
template <dense_state X>
auto as_vector(const X& x) {
  using vector = const Eigen::Matrix<scalar_t<X>, elements<X>(), 1>;
  if constexpr (std::floating_point<X>)
    return Eigen::Map<vector>(&x);
  else
    return Eigen::Map<vector>(x.data(), static_cast<Eigen::Index>(x.size()));
}

/// @throws std::invalid_argument unless max_iterations, max_jacobians ≥ 1, tolerance > 0, atol > 0,
/// rtol ≥ 0, all finite.
inline void check(const newton_options& options) {
  const auto refuse = [](const char* what, const std::string& value) {
    throw std::invalid_argument("newton_options: " + std::string(what) + " expected, got " + value);
  };
  if (options.max_iterations < 1)
    refuse("a max_iterations of at least 1 is", std::to_string(options.max_iterations));
  if (options.max_jacobians < 1)
    refuse("a max_jacobians of at least 1 is", std::to_string(options.max_jacobians));
  if (!(options.tolerance > 0 && std::isfinite(options.tolerance)))
    refuse("a finite tolerance above 0 is", detail::number_text(options.tolerance));
  if (!(options.atol > 0 && std::isfinite(options.atol)))
    refuse("a finite atol above 0 is", detail::number_text(options.atol));
  if (!(options.rtol >= 0 && std::isfinite(options.rtol)))
    refuse("a finite rtol of at least 0 is", detail::number_text(options.rtol));
}

enum class newton_verdict {
  going_on,   ///< apply the correction and go on
  converged,  ///< apply the correction; done
  slow,       ///< apply the correction; the iterations left will not do
  diverging,  ///< this correction is no improvement
  failed      ///< NaN or infinite
};

/// Judges the corrections d_1, d_2, … of a simplified Newton iteration by their norms.
///
/// With θ = ‖d_m‖/‖d_{m−1}‖ the error after d_m is about ‖d_m‖ θ/(1 − θ), and that after the last
/// iteration θ^{max − m} times as large. The first correction, without a θ yet, suffices if it is
/// itself below the tolerance.
/// Source: Hairer & Wanner, Solving ODEs II (2nd ed., 1996), § IV.8, (8.10), (8.11).
class newton_convergence {
 public:
  explicit newton_convergence(const newton_options& options) : options_(options) {}

  newton_verdict operator()(double norm) {
    ++m_;
    if (!(norm <= std::numeric_limits<double>::max())) return newton_verdict::failed;
    const int left = options_.max_iterations - m_;
    const double rate = m_ == 1 ? .5 : norm / previous_;
    previous_ = norm;
    if (norm == 0) return newton_verdict::converged;
    if (!(rate < 1)) return newton_verdict::diverging;
    const double error = norm * rate / (1 - rate);
    if (m_ == 1 ? norm <= options_.tolerance : error <= options_.tolerance)
      return newton_verdict::converged;
    if (left == 0 || (m_ > 1 && !(error * std::pow(rate, left) <= options_.tolerance)))
      return newton_verdict::slow;
    return newton_verdict::going_on;
  }

 private:
  const newton_options& options_;
  int m_ = 0;
  double previous_ = 0;
};

template <class X>
struct difference_scratch {
  X point, rate, shifted;
};

/// J ← ∂f/∂x (t, x).
template <class X, class T, class F, class J, class M>
void write_jacobian(const F& f, const J& jacobian, T t, const X& x, M& result,
                    difference_scratch<X>& scratch, implicit_statistics& count) {
  ++count.jacobians;
  if constexpr (std::same_as<J, finite_difference_jacobian>) {
    using scalar = scalar_t<X>;
    const scalar root = std::sqrt(std::numeric_limits<scalar>::epsilon());
    kutta::assign(scratch.point, x);
    f(t, x, scratch.rate);
    auto point = as_vector(scratch.point);
    for (Eigen::Index j = 0; j < point.size(); ++j) {
      const scalar x_j = point[j], size = std::abs(x_j);
      const auto typical = static_cast<scalar>(jacobian.typical);
      point[j] = x_j + root * (size > typical ? size : typical);
      f(t, scratch.point, scratch.shifted);
      result.col(j) = (as_vector(scratch.shifted) - as_vector(scratch.rate)) / (point[j] - x_j);
      point[j] = x_j;
    }
    count.evaluations += 1 + static_cast<std::int64_t>(point.size());
  } else {
    result.setZero();
    jacobian(t, x, result);
  }
}

}  // namespace detail

}  // namespace kutta
