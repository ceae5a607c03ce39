// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <stdexcept>

#include <doctest/doctest.h>

#include <kutta/ode/event_gradient.hpp>
#include <kutta/tensor/vec.hpp>

namespace {

using state = kutta::vec<double, 2>;

/// A body thrown up at (height, speed) falls to the ground at t* = (v + √(v² + 2 h g))/g, with
/// speed −√(v² + 2 h g).
struct fall {
  static constexpr double gravity = 9.81;
  state start{{3, 2}};

  double root() const { return std::sqrt(start[1] * start[1] + 2 * gravity * start[0]); }
  double time() const { return (start[1] + root()) / gravity; }
  state rate() const { return {{-root(), -gravity}}; }
  state ground{{1, 0}};
  kutta::event_slope<state> slope(const state& rate) const { return {rate, ground}; }
  /// The tangent of x(t) at fixed t, from that of the start.
  state moved(const state& v) const { return {{v[0] + time() * v[1], v[1]}}; }
};

}  // namespace

TEST_CASE("the tangent of an event's time and state: a falling body") {
  const fall f;
  const state rate = f.rate();
  // ∂t*/∂h = 1/√…, ∂t*/∂v = (1 + v/√…)/g; the speed v* = −√…
  state vx = f.moved({{1, 0}});
  CHECK(kutta::event_jvp(f.slope(rate), vx) == doctest::Approx(1 / f.root()).epsilon(1e-14));
  CHECK(std::abs(vx[0]) <= 1e-15);
  CHECK(vx[1] == doctest::Approx(-fall::gravity / f.root()).epsilon(1e-14));
  vx = f.moved({{0, 1}});
  CHECK(kutta::event_jvp(f.slope(rate), vx) ==
        doctest::Approx((1 + f.start[1] / f.root()) / fall::gravity).epsilon(1e-14));
  CHECK(vx[1] == doctest::Approx(-f.start[1] / f.root()).epsilon(1e-14));
}

TEST_CASE("event_vjp is the transpose of event_jvp, with a g that depends on time") {
  const state rate{{-1.5, .25}}, dg{{2, -.5}}, v{{.3, .7}}, w{{-1.1, .9}};
  const kutta::event_slope<state> at{rate, dg, .125};
  const double dt = 1.75;
  state vx = v, dx = w;
  const double vt = kutta::event_jvp(at, vx);
  kutta::event_vjp(at, dt, dx);
  CHECK(kutta::inner_product(dx, v) ==
        doctest::Approx(kutta::inner_product(w, vx) + dt * vt).epsilon(1e-14));
}

TEST_CASE("a solution that only touches the event is refused") {
  const state rate{{0, 1}}, dg{{1, 0}};
  state dx{{1, 1}};
  CHECK_THROWS_WITH_AS(kutta::event_vjp({rate, dg}, 0, dx),
                       "event: expected a crossing, got dg/dt = 0 along the solution",
                       std::invalid_argument);
}
