// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What must hold of one step, however it is computed: its derivatives are those of its values, it
/// does the same on every tensor, and it costs what its documentation says.

#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <tuple>
#include <utility>
#include <vector>

#include <Eigen/Core>
#include <doctest/doctest.h>

#include <kutta/eigen/tensor.hpp>
#include <kutta/tensor/host_copy.hpp>
#include <kutta/tensor/product.hpp>
#include <kutta/tensor/vec.hpp>

#include "support/random.hpp"

namespace kutta::test {

inline constexpr double quiet_nan = std::numeric_limits<double>::quiet_NaN();

/// A vector of two and a system that mixes its components, with the exact derivative:
/// f(t, x) = (sin(x_0 x_1) + t, x_0² − t x_1).
template <class T>
using plane = std::array<T, 2>;

template <class T>
plane<T> plane_rate(T t, const plane<T>& x) {
  return {std::sin(x[0] * x[1]) + t, x[0] * x[0] - t * x[1]};
}
template <class T>
plane<T> plane_jvp(T t, const plane<T>& x, const plane<T>& v) {
  const T c = std::cos(x[0] * x[1]);
  return {c * (x[1] * v[0] + x[0] * v[1]), 2 * x[0] * v[0] - t * v[1]};
}
/// g ← g + (∂f/∂x)ᵀ dk.
template <class T>
void plane_vjp(T t, const plane<T>& x, const plane<T>& dk, plane<T>& g) {
  const T c = std::cos(x[0] * x[1]);
  g[0] += c * x[1] * dk[0] + 2 * x[0] * dk[1];
  g[1] += c * x[0] * dk[0] - t * dk[1];
}

/// Checks `jvp(v)` and `vjp(w)` of the step `make(h, x0)` against long double differences of its
/// `value()`, and against each other. `make` takes std::array<T, N>, T double or long double.
template <std::size_t N, class F>
void check_derivatives(F&& make) {
  using state = std::array<double, N>;
  splitmix64 random(1);
  const auto norm = [](const state& x) { return std::sqrt(kutta::inner_product(x, x)); };
  for (const double h : {.5, -.25}) {
    CAPTURE(h);
    const state x0 = random_like(state{}, random), v = random_like(x0, random);
    const state w = random_like(x0, random);
    auto f = make(h, x0);
    f.value();
    const state jv = f.jvp(v), jtw = f.vjp(w);

    // Central differences, extrapolated: the error is of order ε⁴ and of rounding/ε.
    const auto difference = [&](std::size_t i, long double eps) {
      const auto end = [&](long double s) {
        std::array<long double, N> x{};
        for (std::size_t j = 0; j < N; ++j) x[j] = x0[j] + s * v[j];
        return make(static_cast<long double>(h), x).value()[i];
      };
      return (end(eps) - end(-eps)) / (2 * eps);
    };
    double w_dv = 0;
    for (std::size_t i = 0; i < N; ++i) {
      const long double exact = (4 * difference(i, .5e-4L) - difference(i, 1e-4L)) / 3;
      CHECK(std::abs(jv[i] - exact) <= 1e-13 * norm(jv));
      w_dv += w[i] * static_cast<double>(exact);
    }
    CHECK(std::abs(kutta::inner_product(jtw, v) - w_dv) <= 1e-13 * norm(w) * norm(jv));
    CHECK(std::abs(kutta::inner_product(jtw, v) - kutta::inner_product(w, jv)) <=
          1e-13 * norm(w) * norm(jv));
  }
}

/// f(t, x) = x (1 − x) + t, element by element.
namespace element {

template <class S>
struct value {
  S t;
  S operator()(S x) const { return x * (1 - x) + t; }
};
struct tangent {
  template <class S>
  S operator()(S x, S v) const {
    return (1 - 2 * x) * v;
  }
};
struct add_adjoint {
  template <class S>
  S operator()(S g, S x, S dk) const {
    return g + (1 - 2 * x) * dk;
  }
};

}  // namespace element

template <class X>
void elementwise_rate(double t, const X& x, X& k) {
  kutta::map(k, element::value<scalar_t<X>>{static_cast<scalar_t<X>>(t)}, x);
}
template <class X>
void elementwise_jvp(const X& x, const X& v, X& vk) {
  kutta::map(vk, element::tangent{}, x, v);
}
template <class X>
void elementwise_vjp(const X& x, const X& dk, X& g) {
  kutta::map(g, element::add_adjoint{}, g, x, dk);
}

template <std::size_t N, class X>
vec<X, N> several_like([[maybe_unused]] const X& x) {
  if constexpr (N == 0)
    return {};
  else
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      return vec<X, N>{{(static_cast<void>(I), kutta::zeros_like(x))...}};
    }(std::make_index_sequence<N>{});
}

/// x1, the tangent there of v, and the gradient at x0 of ⟨w, x1⟩.
template <class X>
struct step_outputs {
  X x1, jv, jtw;
};

template <class X, class F>
void check_elements(const X& like, F&& run) {
  using scalar = scalar_t<X>;
  splitmix64 random(2);
  const X x0 = random_like(like, random), v = random_like(like, random);
  const X w = random_like(like, random);
  const step_outputs<X> out = run(x0, v, w);
  const auto x0s = copy_to_host(x0), vs = copy_to_host(v), ws = copy_to_host(w);
  const auto x1s = copy_to_host(out.x1), jvs = copy_to_host(out.jv), jtws = copy_to_host(out.jtw);
  const scalar tolerance = 32 * std::numeric_limits<scalar>::epsilon();
  for (std::size_t i = 0; i < x0s.size(); ++i) {
    const step_outputs<scalar> one = run(x0s[i], vs[i], ws[i]);
    CHECK(std::abs(x1s[i] - one.x1) <= tolerance);
    CHECK(std::abs(jvs[i] - one.jv) <= tolerance);
    CHECK(std::abs(jtws[i] - one.jtw) <= tolerance);
  }
}

/// Checks that `run(x0, v, w)`, a step of `elementwise_rate` as `step_outputs`, does to each
/// element of every kind of tensor what it does to a number.
template <class F>
void check_on_every_tensor(F&& run) {
  check_elements(0., run);
  check_elements(0.f, run);
  check_elements(std::vector<double>(7), run);
  check_elements(std::array<float, 3>{}, run);
  check_elements(vec<double, 5>{}, run);
  check_elements(Eigen::VectorXd(4), run);
  check_elements(Eigen::MatrixXf(3, 2), run);
  check_elements(std::tuple{std::vector<double>(2), 0.}, run);
}

/// A number that counts the tensors read and written.
struct counted {
  double value = 0;
  static inline int streams = 0;
};

}  // namespace kutta::test

template <>
struct kutta::tensor_traits<kutta::test::counted> {
  using counted = kutta::test::counted;
  using scalar = double;

  static counted zeros_like(const counted&) { return {}; }
  template <class F, class... X>
  static void map(counted& y, const F& f, const X&... x) {
    counted::streams += 1 + static_cast<int>(sizeof...(X));
    y.value = f(x.value...);
  }
  template <class F, class... X>
  static double sum(const F& f, const counted& x, const X&... more) {
    return f(x.value, more.value...);
  }
};
