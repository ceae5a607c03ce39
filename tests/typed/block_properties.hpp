// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What must hold of a block whatever its tensor, as doctest templates.
///
/// A test specialises `samples_of` for its tensors and invokes `block_properties` on them, and
/// `block_limits` on those of scalar double. A property sees a block as a plain function, so that
/// only `evaluate_block` is compiled for every scheme and family.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <kutta/basis/hat.hpp>
#include <kutta/basis/piecewise_constant.hpp>
#include <kutta/ode/ode_block.hpp>
#include <kutta/ode/step.hpp>
#include <kutta/schemes/first_order.hpp>
#include <kutta/schemes/fourth_order.hpp>
#include <kutta/schemes/order.hpp>
#include <kutta/schemes/second_order.hpp>
#include <kutta/schemes/third_order.hpp>
#include <kutta/tensor/host_copy.hpp>
#include <kutta/tensor/shape.hpp>

#include "support/random.hpp"
#include "support/slope.hpp"
#include "typed/elementwise_logistic.hpp"

namespace kutta::test {

/// One T for each shape to be tested, as `static std::vector<T> all()`; the values do not matter.
template <class T>
struct samples_of;

template <class T>
struct block_inputs {
  block_options options;
  T x0, vx0;  ///< where, and a direction
  T w;        ///< the gradient of the loss ⟨w, x(T)⟩
  std::vector<logistic_params<T>> theta, vtheta;
};

template <class T>
struct block_outputs {
  T x1, dx, vx;
  std::vector<logistic_params<T>> dtheta;
};

template <class T>
using block_function = block_outputs<T> (*)(const block_inputs<T>&);

/// The block's value, gradient and derivative.
template <class T, class S, class B>
block_outputs<T> evaluate_block(const block_inputs<T>& in) {
  const auto size = static_cast<std::int64_t>(in.theta.size());
  const ode_block<elementwise_logistic<T>, S, B> f({}, B(size), in.options);
  auto ws = f.make_workspace(in.theta, in.x0);
  T dx = in.w, vx = in.vx0;
  auto dtheta = zeros_like(in.theta);
  T x1 = f.forward(in.theta, in.x0, ws);
  f.backprop(in.theta, dx, dtheta, ws);
  f.jvp(in.theta, in.x0, in.vtheta, vx, ws);
  return {std::move(x1), std::move(dx), std::move(vx), std::move(dtheta)};
}

/// Calls `check.operator()<S>()` for every scheme.
template <class F>
void for_each_scheme(F&& check) {
  const auto with = [&]<class... S>() { (check.template operator()<S>(), ...); };
  with.template operator()<schemes::euler, schemes::midpoint, schemes::heun2, schemes::ralston2,
                           schemes::kutta3, schemes::rk4_classic, schemes::rk4_38>();
}

template <class T>
struct block_on {
  block_function<T> f;
  block_function<scalar_t<T>> scalar_f;
  int order;
};

/// The block on T for every scheme and family.
template <class T>
std::vector<block_on<T>> all_blocks() {
  using scalar = scalar_t<T>;
  using bases::hat, bases::piecewise_constant;
  std::vector<block_on<T>> blocks;
  for_each_scheme([&]<class S>() {
    constexpr int p = order(S::tableau);
    blocks.push_back({evaluate_block<T, S, hat>, evaluate_block<scalar, S, hat>, p});
    blocks.push_back({evaluate_block<T, S, piecewise_constant>,
                      evaluate_block<scalar, S, piecewise_constant>, p});
  });
  return blocks;
}

/// A tensor of the kind of `like` with elements from [low, high), the same in every run.
template <tensor T>
T filled(const T& like, std::uint64_t seed, double low, double high) {
  splitmix64 random(seed);
  return random_like(like, random, low, high);
}

/// Three coefficients, four steps: edges of the cells fall on, and between, the stages.
template <class T>
block_inputs<T> make_inputs(const T& like) {
  const std::vector<logistic_params<T>> zero(3, {zeros_like(like), zeros_like(like)});
  return {{.steps = 4, .horizon = 1.5, .rate = .8},
          filled(like, 1, .1, .9),
          filled(like, 2, -1, 1),
          filled(like, 3, -1, 1),
          filled(zero, 4, .5, 2),
          filled(zero, 5, -1, 1)};
}

/// Element i of every coefficient, given all elements of theta on the host: those of one leaf lie
/// side by side.
template <class S>
std::vector<logistic_params<S>> element(const std::vector<S>& theta, std::size_t n, std::size_t i) {
  std::vector<logistic_params<S>> one;
  for (std::size_t leaf = 0; leaf < theta.size(); leaf += 2 * n)
    one.push_back({theta[leaf + i], theta[leaf + n + i]});
  return one;
}

/// max |xᵢ − yᵢ|; NaN if one is.
template <class T>
double largest_difference(const std::vector<T>& x, const std::vector<T>& y) {
  if (x.size() != y.size()) return std::numeric_limits<double>::infinity();
  double largest = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double difference = std::abs(static_cast<double>(x[i]) - static_cast<double>(y[i]));
    if (std::isnan(difference)) return difference;
    largest = std::max(largest, difference);
  }
  return largest;
}

template <class T>
double norm(const T& x) {
  return std::sqrt(static_cast<double>(inner_product(x, x)));
}

/// 1e-13 in double, as many roundings in any other format.
template <class T>
constexpr double rounding_bound = 1e-13 / std::numeric_limits<double>::epsilon() *
                                  static_cast<double>(std::numeric_limits<scalar_t<T>>::epsilon());

/// Element i of the block's outputs is the output of the scalar block on element i of the inputs.
template <class T, class S = scalar_t<T>>
void check_elements(const block_inputs<T>& in, block_function<T> f, block_function<S> scalar_f) {
  const block_outputs<T> out = f(in);
  const auto x0 = copy_to_host(in.x0), vx0 = copy_to_host(in.vx0), w = copy_to_host(in.w),
             theta = copy_to_host(in.theta), vtheta = copy_to_host(in.vtheta),
             dtheta = copy_to_host(out.dtheta);
  const std::size_t n = x0.size();
  std::vector<S> x1, dx, vx, dtheta_given, dtheta_expected;
  for (std::size_t i = 0; i < n; ++i) {
    const auto one =
        scalar_f({in.options, x0[i], vx0[i], w[i], element(theta, n, i), element(vtheta, n, i)});
    x1.push_back(one.x1);
    dx.push_back(one.dx);
    vx.push_back(one.vx);
    for (const S v : copy_to_host(one.dtheta)) dtheta_expected.push_back(v);
    for (const S v : copy_to_host(element(dtheta, n, i))) dtheta_given.push_back(v);
  }
  // The same operations on numbers of order 1: only a contraction to fma can differ.
  const double tolerance = 32 * static_cast<double>(std::numeric_limits<S>::epsilon());
  CHECK(largest_difference(copy_to_host(out.x1), x1) <= tolerance);
  CHECK(largest_difference(copy_to_host(out.dx), dx) <= tolerance);
  CHECK(largest_difference(copy_to_host(out.vx), vx) <= tolerance);
  CHECK(largest_difference(dtheta_given, dtheta_expected) <= tolerance);
}

/// ⟨w, J v⟩ = ⟨Jᵀ w, v⟩ for one step, theta fixed.
template <class S, class T>
void check_step_transpose(const T& like) {
  const elementwise_logistic<T> r;
  typename elementwise_logistic<T>::tape tape;
  const logistic_params<T> theta{filled(like, 6, .5, 2), filled(like, 7, -1, 1)};
  const auto zero = [&] { return zeros_like(like); };
  const T x0 = filled(like, 1, .1, .9), v = filled(like, 2, -1, 1), w = filled(like, 3, -1, 1);
  T x1 = zero(), jv = v, jw = w, temporary = zero();
  auto unused = zeros_like(theta);
  const auto vtheta = zeros_like(theta);
  stage_points<S, T> points{};
  for (auto& p : points) p = zero();
  stage_rates<S, T> k{};
  for (auto& p : k) p = zero();

  step<S>([&](auto, const T& x, T& dx) { r.forward(theta, x, dx, tape); }, .3, x0, x1, points, k);
  step_jvp<S>([&](auto, const T& x, const T& vx, T& vk) { r.jvp(theta, x, tape, vx, vtheta, vk); },
              .3, x0, points, jv, k, temporary);
  step_vjp<S>([&](auto, const T& x, const T& dk, T& dx) { r.vjp(theta, x, tape, dk, dx, unused); },
              .3, x0, points, jw, k, temporary);
  const double difference = std::abs(inner_product(w, jv) - inner_product(jw, v));
  CHECK(difference <= rounding_bound<T> * norm(w) * norm(jv));
}

/// ⟨w, J (vx0, vtheta)⟩ = ⟨Jᵀ w, (vx0, vtheta)⟩.
template <class T>
void check_transpose(const block_inputs<T>& in, block_function<T> f) {
  const block_outputs<T> out = f(in);
  const double difference = std::abs(inner_product(in.w, out.vx) - inner_product(out.dx, in.vx0) -
                                     inner_product(out.dtheta, in.vtheta));
  CHECK(difference <= rounding_bound<T> * norm(in.w) * norm(out.vx));
}

/// Taylor's theorem for J = ⟨w, x(T)⟩ along vx0, and along vtheta: the remainder falls as ε² with
/// the gradient term, and, the control, as ε without it.
template <class T>
void check_taylor_remainder(const block_inputs<T>& in, block_function<T> f) {
  const auto objective = [&](double along_x, double along_theta) {
    block_inputs<T> at = in;
    add(at.x0, in.x0, scaled{along_x, in.vx0});
    add(at.theta, in.theta, scaled{along_theta, in.vtheta});
    return inner_product(in.w, f(at).x1);
  };
  const block_outputs<T> out = f(in);
  const double j = objective(0, 0);
  const auto check = [&](double in_x, double in_theta, double gradient) {
    const auto change = [&](double e) { return objective(in_x * e, in_theta * e) - j; };
    const auto first = [&](double e) { return std::abs(change(e)); };
    const auto second = [&](double e) { return std::abs(change(e) - e * gradient); };
    CHECK(std::abs(observed_slope(first, 1e-4) - 1) <= .05);
    CHECK(std::abs(observed_slope(second, 1e-4) - 2) <= .05);
  };
  check(1, 0, inner_product(out.dx, in.vx0));
  check(0, 1, inner_product(out.dtheta, in.vtheta));
}

/// With b = 0 and a(t) linear, or constant on each half: x(1) = 1/(1 + (1/x0 − 1) exp(−∫a)), and
/// the error falls as h^order.
template <class T>
void check_order(const T& like, block_function<T> f, int order) {
  const T a0 = filled(like, 2, 1, 2), a1 = filled(like, 3, 2, 4), zero = zeros_like(like);
  block_inputs<T> in{{}, filled(like, 1, .1, .9), zero, zero, {{a0, zero}, {a1, zero}}, {}};
  in.vtheta = zeros_like(in.theta);

  auto exact = copy_to_host(in.x0);
  const auto a0_values = copy_to_host(a0), a1_values = copy_to_host(a1);
  for (std::size_t i = 0; i < exact.size(); ++i)
    exact[i] = 1 / (1 + (1 / exact[i] - 1) * std::exp(-(a0_values[i] + a1_values[i]) / 2));

  const auto error = [&](double h) {
    in.options.steps = std::lround(1 / h);
    return largest_difference(copy_to_host(f(in).x1), exact);
  };
  CHECK(std::abs(observed_slope(error, 1. / 64) - order) <= .15);
}

TEST_CASE_TEMPLATE_DEFINE(
    "a block on any tensor is the scalar block on each element, and its transpose is exact", T,
    block_properties) {
  for (const T& like : samples_of<T>::all()) {
    CAPTURE(shape_text(like));
    const auto in = make_inputs(like);
    for (const auto& [f, scalar_f, order] : all_blocks<T>()) {
      check_elements<T>(in, f, scalar_f);
      check_transpose<T>(in, f);
    }
    for_each_scheme([&]<class S>() { check_step_transpose<S>(like); });
  }
}

TEST_CASE_TEMPLATE_DEFINE(
    "a block on any tensor has the gradient of Taylor's theorem and the order of its scheme", T,
    block_limits) {
  for (const T& like : samples_of<T>::all()) {
    CAPTURE(shape_text(like));
    const auto in = make_inputs(like);
    for (const auto& [f, scalar_f, order] : all_blocks<T>()) {
      check_taylor_remainder<T>(in, f);
      check_order<T>(like, f, order);
    }
  }
}

}  // namespace kutta::test
