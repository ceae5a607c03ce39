// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <vector>

#include <doctest/doctest.h>

#include <kutta/basis/piecewise_constant.hpp>
#include <kutta/cuda.hpp>
#include <kutta/schemes/fourth_order.hpp>

namespace {

/// A driven pendulum: φ' = ω, ω' = −a sin φ − b ω + t; x = (φ, ω), theta = (a, b). It asks for the
/// time, and saves cos φ.
template <class T, class P = T>
struct pendulum {
  using state = kutta::vec<T, 2>;
  using params = kutta::vec<P, 2>;
  struct tape {
    T cosine;
  };

  KUTTA_HD void forward(const params& theta, const state& x, state& y, tape& saved,
                        const kutta::context<pendulum>& at) const {
    using std::cos, std::sin;
    saved.cosine = cos(x[0]);
    y[0] = x[1];
    y[1] = static_cast<kutta::scalar_t<state>>(at.t) - theta[0] * sin(x[0]) - theta[1] * x[1];
  }
  KUTTA_HD void vjp(const params& theta, const state& x, const tape& saved, const state& dy,
                    state& dx, params& dtheta) const {
    using std::sin;
    dx[0] -= theta[0] * saved.cosine * dy[1];
    dx[1] += dy[0] - theta[1] * dy[1];
    dtheta[0] -= sin(x[0]) * dy[1];
    dtheta[1] -= x[1] * dy[1];
  }
};

/// ½ |x|² of the odd trajectories, φ of the others.
struct some_loss {
  template <class X>
  KUTTA_HD double operator()(const X& x, std::size_t i, X& dx) const {
    if (i % 2 == 0) {
      dx[0] += 1;
      return static_cast<double>(x[0]);
    }
    dx[0] += x[0], dx[1] += x[1];
    return .5 * static_cast<double>(x[0] * x[0] + x[1] * x[1]);
  }
};

template <class T>
std::vector<kutta::vec<T, 2>> pairs(std::size_t n, double first, double spread) {
  std::vector<kutta::vec<T, 2>> all(n);
  for (std::size_t i = 0; i < n; ++i) {
    const double u = static_cast<double>((i * 7919) % 1000) / 1000;
    all[i] = {static_cast<T>(first + spread * u), static_cast<T>(first - spread * u / 2)};
  }
  return all;
}

using scheme = kutta::schemes::rk4_classic;
template <class T>
using on_device = kutta::cuda::ensemble_block<pendulum, scheme, T>;

template <class T>
struct trajectory {
  kutta::vec<T, 2> x1, dx, dtheta;
  double loss;
};

/// One trajectory on the processor.
template <class T>
trajectory<T> by_block(const kutta::block_options& graph, const kutta::vec<T, 2>& theta,
                       const kutta::vec<T, 2>& x0, std::size_t i) {
  const kutta::ode_block<pendulum<T>, scheme, kutta::bases::piecewise_constant> f(
      {}, kutta::bases::piecewise_constant(1), graph);
  const std::vector<kutta::vec<T, 2>> weights{theta};
  auto ws = f.make_workspace(weights, x0);
  trajectory<T> t{f.forward(weights, x0, ws), {}, {}, 0};
  t.loss = some_loss{}(t.x1, i, t.dx);
  std::vector<kutta::vec<T, 2>> dtheta(1);
  f.backprop(weights, t.dx, dtheta, ws);
  t.dtheta = dtheta[0];
  return t;
}

/// The device's sin and cos differ from the host's in the last bit, and so do contracted products.
template <class T>
bool near(double a, double b) {
  return std::abs(a - b) <= 1000 * double(std::numeric_limits<T>::epsilon()) * (1 + std::abs(b));
}
template <class V>
bool near(const V& a, const V& b) {
  using T = kutta::scalar_t<V>;
  bool all = true;
  for (std::size_t c = 0; c < V::size(); ++c) all = all && near<T>(double(a[c]), double(b[c]));
  return all;
}

constexpr kutta::block_options graph{.steps = 20, .horizon = 1.5, .rate = .8};

}  // namespace

TEST_CASE_TEMPLATE("vectors go to the device and back", T, float, double) {
  const auto x = pairs<T>(5, 1, 3);
  const auto matrix = on_device<T>::to_device(x);
  CHECK(kutta::shape_text(matrix) == "(2, 5)");
  const auto back = on_device<T>::to_host(matrix);
  REQUIRE(back.size() == 5);
  for (std::size_t i = 0; i < 5; ++i) CHECK((back[i][0] == x[i][0] && back[i][1] == x[i][1]));
}

TEST_CASE_TEMPLATE("each trajectory ends where the processor's ends", T, float, double) {
  const std::size_t count = 1003;
  const auto x0 = pairs<T>(count, .2, 1), p = pairs<T>(count, .5, .5);
  const on_device<T> f(graph);
  auto x = f.to_device(x0);
  f.forward(p[3], x, x);  // in place
  auto ends = f.to_host(x);
  for (std::size_t i = 0; i < count; ++i)
    CHECK(near(ends[i], by_block<T>(graph, p[3], x0[i], i).x1));

  f.forward(f.to_device(p), f.to_device(x0), x);
  ends = f.to_host(x);
  for (std::size_t i = 0; i < count; ++i)
    CHECK(near(ends[i], by_block<T>(graph, p[i], x0[i], i).x1));
}

TEST_CASE_TEMPLATE("gradients are the processor's, whatever room there is", T, float, double) {
  const std::size_t count = 1003;
  const auto x0 = pairs<T>(count, .2, 1), p = pairs<T>(count, .5, .5);
  const on_device<T> f(graph);
  const auto start = f.to_device(x0);
  auto dx = kutta::zeros_like(start);

  SUBCASE("of parameters that all share") {
    double loss = 0, dtheta[2] = {1, 2};
    for (std::size_t i = 0; i < count; ++i) {
      const auto t = by_block<T>(graph, p[3], x0[i], i);
      loss += t.loss;
      for (std::size_t c = 0; c < 2; ++c) dtheta[c] += static_cast<double>(t.dtheta[c]);
    }
    for (const std::size_t room : {std::size_t(100), std::size_t(1003), std::size_t(5000)}) {
      CAPTURE(room);
      auto ws = f.make_workspace(room);
      kutta::vec<T, 2> sum{T(1), T(2)}, again{T(1), T(2)};
      const double total = f.gradient(p[3], start, some_loss{}, dx, sum, ws);
      CHECK(near<T>(total / loss, 1));
      for (std::size_t c = 0; c < 2; ++c) CHECK(near<T>(double(sum[c]) / dtheta[c], 1));
      CHECK(f.gradient(p[3], start, some_loss{}, dx, again, ws) == total);
      CHECK((again[0] == sum[0] && again[1] == sum[1]));
      const auto each = f.to_host(dx);
      for (std::size_t i = 0; i < count; ++i)
        CHECK(near(each[i], by_block<T>(graph, p[3], x0[i], i).dx));
    }
  }

  SUBCASE("of each trajectory's own") {
    auto ws = f.make_workspace(400);
    auto dtheta = f.to_device(std::vector<kutta::vec<T, 2>>(count, {T(1), T(2)}));
    const double total = f.gradient(f.to_device(p), start, some_loss{}, dx, dtheta, ws);
    const auto each_dx = f.to_host(dx), each_dtheta = f.to_host(dtheta);
    double loss = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const auto t = by_block<T>(graph, p[i], x0[i], i);
      loss += t.loss;
      CHECK(near(each_dx[i], t.dx));
      CHECK(near(each_dtheta[i], kutta::vec<T, 2>{t.dtheta[0] + T(1), t.dtheta[1] + T(2)}));
    }
    CHECK(near<T>(total / loss, 1));
  }
}

TEST_CASE("what does not fit is named") {
  const on_device<double> f(graph);
  const kutta::cuda::tensor<double, 2> three_rows({3, 7}), x({2, 7}), shorter({2, 6});
  kutta::cuda::tensor<double, 2> y({2, 7});
  const kutta::vec<double, 2> theta{1, 1};
  CHECK_THROWS_WITH_AS(f.forward(theta, three_rows, y),
                       "cuda::ensemble_block: expected x0 of shape (2, 7), got (3, 7)",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(f.forward(theta, shorter, y),
                       "cuda::ensemble_block: expected x1 of shape (2, 6), got (2, 7)",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(f.forward(shorter, x, y),
                       "cuda::ensemble_block: expected theta of shape (2, 7), got (2, 6)",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(f.make_workspace(0),
                       "make_workspace: expected room for at least 1 trajectory, got 0",
                       std::invalid_argument);
  const on_device<double> longer({.steps = 21});
  auto ws = longer.make_workspace(10);
  kutta::vec<double, 2> dtheta{};
  CHECK_THROWS_WITH_AS(
      f.gradient(theta, x, some_loss{}, y, dtheta, ws),
      "cuda::ensemble_block: the block takes 20 steps, the workspace was made for 21",
      std::invalid_argument);
}
