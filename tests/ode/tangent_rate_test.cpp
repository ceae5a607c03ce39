// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <stdexcept>
#include <vector>

#include <doctest/doctest.h>

#include <kutta/ode/integrate.hpp>
#include <kutta/ode/observers.hpp>
#include <kutta/ode/tangent_rate.hpp>
#include <kutta/schemes/embedded_fifth_order.hpp>
#include <kutta/schemes/fourth_order.hpp>
#include <kutta/tensor/dual.hpp>
#include <kutta/tensor/vec.hpp>

#include "support/slope.hpp"

namespace {

using kutta::fixed;
using kutta::vec;
using kutta::with_tangent;
using kutta::schemes::dormand_prince54;
using kutta::schemes::rk4_classic;

using T = long double;
using state = vec<T, 2>;

/// A pendulum that is shaken.
struct pendulum {
  template <class V>
  void operator()(const V& t, const vec<V, 2>& x, vec<V, 2>& dx) const {
    using std::cos, std::sin;
    dx[0] = x[1];
    dx[1] = -sin(x[0]) - T(.1L) * x[1] + T(.5L) * cos(t);
  }
};
const auto pendulum_jvp = [](T, const state& x, const state& vx, state& vdx) {
  vdx = {{vx[1], -std::cos(x[0]) * vx[0] - .1L * vx[1]}};
};

const state x0{{1, .5L}}, v0{{.3L, -.7L}};

state moved(T eps) {
  return {{x0[0] + eps * v0[0], x0[1] + eps * v0[1]}};
}

/// By central differences with a step of Richardson extrapolation.
template <class F>
state derivative(const F& end) {
  state sum{{0, 0}};
  const T h = 1e-4L;
  for (const auto& [eps, weight] : {std::pair<T, T>{h / 2, 8}, {-h / 2, -8}, {h, -1}, {-h, 1}}) {
    const state x = end(moved(eps));
    for (std::size_t i = 0; i < 2; ++i) sum[i] += weight * x[i] / (6 * h);
  }
  return sum;
}

T distance(const state& a, const state& b) {
  return std::abs(a[0] - b[0]) + std::abs(a[1] - b[1]);
}

}  // namespace

TEST_CASE("with fixed steps the tangent is the derivative of the steps") {
  const auto end = kutta::integrate<rk4_classic>(kutta::tangent_rate(pendulum{}, pendulum_jvp),
                                                 with_tangent{x0, v0}, {0, 5}, fixed{20});
  REQUIRE(end);
  const auto run = [](const state& x) {
    return kutta::integrate<rk4_classic>(pendulum{}, x, {0, 5}, fixed{20}).x;
  };
  CHECK(distance(end.x.value, run(x0)) <= 1e-18L);
  CHECK(distance(end.x.tangent, derivative(run)) <= 1e-13L);
}

TEST_CASE("dual numbers give the same derivative") {
  const auto by = [](auto jvp) {
    return kutta::integrate<rk4_classic>(kutta::tangent_rate(pendulum{}, jvp), with_tangent{x0, v0},
                                         {0, 5}, fixed{20})
        .x.tangent;
  };
  CHECK(distance(by(pendulum_jvp), by(kutta::dual_jvp{pendulum{}})) <= 1e-17L);
}

TEST_CASE("on the steps of an adaptive run, held fixed") {
  kutta::trajectory<state> path;
  const auto adaptive = kutta::integrate<dormand_prince54>(
      pendulum{}, x0, {0, 5}, kutta::adaptive{.rtol = 1e-5}, kutta::save_steps(path));
  REQUIRE(adaptive);
  const auto run = [&](const state& x) {
    return kutta::integrate_on<dormand_prince54>(path.t, pendulum{}, x).x;
  };
  CHECK(distance(run(x0), adaptive.x) <= 1e-17L);
  const auto end = kutta::integrate_on<dormand_prince54>(
      path.t, kutta::tangent_rate(pendulum{}, pendulum_jvp), with_tangent{x0, v0});
  REQUIRE(end);
  CHECK(end.t == 5);
  CHECK(end.stats.accepted == adaptive.stats.accepted);
  CHECK(distance(end.x.tangent, derivative(run)) <= 1e-13L);
}

TEST_CASE("integrate_on without a time, and with one") {
  CHECK_THROWS_WITH_AS((void)kutta::integrate_on<rk4_classic>({}, pendulum{}, x0),
                       "integrate_on: expected at least 1 time, got none", std::invalid_argument);
  const auto end = kutta::integrate_on<rk4_classic>({3}, pendulum{}, x0);
  CHECK(end.x == x0);
  CHECK(end.t == 3);
  CHECK(end.stats.accepted == 0);
}
