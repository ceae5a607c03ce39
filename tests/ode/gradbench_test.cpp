// SPDX-License-Identifier: Apache-2.0
//
// The problem "ode" of the GradBench collection (github.com/gradbench/gradbench, evals/ode):
//
//     y_0' = x_0,   y_i' = x_i y_{i−1},   y(0) = 0,
//
// and the gradient by x of the last element of y(2), through N classical Runge–Kutta steps.
//
// The solution is y_i(t) = x_0 ⋯ x_i t^{i+1}/(i + 1)!. What N steps give is a multiple of
// x_0 ⋯ x_i too, so that its derivatives are ∂y_i/∂x_k = y_i/x_k for k ≤ i, exactly.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <Eigen/Core>
#include <doctest/doctest.h>

#include <kutta/basis/piecewise_constant.hpp>
#include <kutta/eigen/tensor.hpp>
#include <kutta/layers/check_residual.hpp>
#include <kutta/ode/ode_block.hpp>
#include <kutta/schemes/fourth_order.hpp>

#include "support/random.hpp"
#include "support/slope.hpp"

namespace {

constexpr double horizon = 2;

/// The problem's right-hand side; V is a vector of doubles, of any kind.
template <class V>
struct chain {
  using state = V;
  using params = V;
  struct tape {};

  void forward(const V& x, const V& y, V& dy, tape&) const {
    dy[0] = x[0];
    for (auto i = 1 + decltype(y.size())(); i < y.size(); ++i) dy[i] = x[i] * y[i - 1];
  }
  void vjp(const V& x, const V& y, const tape&, const V& g, V& dy, V& dx) const {
    dx[0] += g[0];
    for (auto i = 1 + decltype(y.size())(); i < y.size(); ++i) {
      dx[i] += y[i - 1] * g[i];
      dy[i - 1] += x[i] * g[i];
    }
  }
};

template <class V>
struct problem {
  using block =
      kutta::ode_block<chain<V>, kutta::schemes::rk4_classic, kutta::bases::piecewise_constant>;
  using index = decltype(V().size());

  V x, zero;  ///< zero: y(0)
  block f;

  problem(std::size_t n, std::int64_t steps)
      : x(static_cast<index>(n)),
        zero(static_cast<index>(n)),
        f(chain<V>{}, kutta::bases::piecewise_constant(1), {.steps = steps, .horizon = horizon}) {
    kutta::test::splitmix64 random(n);
    x = kutta::test::random_like(x, random, .5, 2);
    kutta::set_zero(zero);
  }

  V solve() const { return f({x}, zero); }

  /// ∂y_{n−1}(T)/∂x.
  V gradient() const {
    const std::vector<V> theta{x};
    auto ws = f.make_workspace(theta, zero);
    std::vector<V> dx = kutta::zeros_like(theta);
    V dy = zero;
    dy[x.size() - 1] = 1;
    f.forward(theta, zero, ws);
    f.backprop(theta, dy, dx, ws);
    return dx[0];
  }
};

/// x_0 ⋯ x_i T^{i+1}/(i + 1)!.
template <class V>
double exact(const V& x, std::size_t i) {
  long double y = 1;
  for (std::size_t k = 0; k <= i; ++k)
    y *= static_cast<long double>(horizon * x.data()[k]) / static_cast<long double>(k + 1);
  return static_cast<double>(y);
}

/// y(T) of N steps by plain loops in long double. A step of the classical scheme on linear
/// equations is Taylor's series up to h⁴: y ← y + Σ_{m ≤ 4} h^m y^{(m)}/m!.
template <class V>
std::vector<long double> steps_by_hand(const V& x, std::int64_t steps) {
  const auto n = static_cast<std::size_t>(x.size());
  const long double h = horizon / static_cast<long double>(steps);
  std::vector<long double> y(n);
  for (std::int64_t s = 0; s < steps; ++s) {
    std::vector<long double> term = y;
    for (int m = 1; m <= 4; ++m) {
      for (std::size_t i = n; i-- > 1;) term[i] = h / m * x.data()[i] * term[i - 1];
      term[0] = m == 1 ? h * x.data()[0] : 0;
      for (std::size_t i = 0; i < n; ++i) y[i] += term[i];
    }
  }
  return y;
}

bool close(double value, double expected) {
  return std::abs(value - expected) <= 1e-13 * std::abs(expected);
}

}  // namespace

TEST_CASE_TEMPLATE("GradBench ode: four steps are exact up to the fourth power of t", V,
                   std::vector<double>, Eigen::VectorXd) {
  const problem<V> of_four(4, 4);
  const V y = of_four.solve(), dx = of_four.gradient();
  for (std::size_t i = 0; i < 4; ++i) {
    CAPTURE(i);
    CHECK(close(y.data()[i], exact(of_four.x, i)));
    CHECK(close(dx.data()[i], exact(of_four.x, 3) / of_four.x.data()[i]));
  }
}

TEST_CASE_TEMPLATE("GradBench ode: the gradient of N steps is y_n/x_k, of the same N steps", V,
                   std::vector<double>, Eigen::VectorXd) {
  for (const std::size_t n : {1u, 2u, 7u, 12u})
    for (const std::int64_t steps : {3, 10, 100}) {
      CAPTURE(n);
      CAPTURE(steps);
      const problem<V> p(n, steps);
      const V y = p.solve(), dx = p.gradient();
      const auto expected = steps_by_hand(p.x, steps);
      for (std::size_t i = 0; i < n; ++i) {
        CHECK(close(y.data()[i], static_cast<double>(expected[i])));
        CHECK(close(dx.data()[i], static_cast<double>(expected[n - 1]) / p.x.data()[i]));
      }
    }
}

TEST_CASE_TEMPLATE("GradBench ode: solution and gradient converge with order 4", V,
                   std::vector<double>, Eigen::VectorXd) {
  for (const std::size_t n : {6u, 9u}) {
    const auto error = [&](double h) {
      const problem<V> p(n, std::lround(horizon / h));
      return std::abs(p.solve().data()[n - 1] / exact(p.x, n - 1) - 1);
    };
    const auto gradient_error = [&](double h) {
      const problem<V> p(n, std::lround(horizon / h));
      return std::abs(p.gradient().data()[2] * p.x.data()[2] / exact(p.x, n - 1) - 1);
    };
    CAPTURE(n);
    CHECK(std::abs(kutta::test::observed_slope(error, 1. / 64) - 4) <= .15);
    CHECK(std::abs(kutta::test::observed_slope(gradient_error, 1. / 64) - 4) <= .15);
  }
}

TEST_CASE_TEMPLATE("GradBench ode: the right-hand side passes check_residual", V,
                   std::vector<double>, Eigen::VectorXd) {
  const problem<V> p(7, 1);
  CHECK(kutta::check_residual(chain<V>{}, p.x, p.solve()));
}
