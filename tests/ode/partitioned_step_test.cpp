// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numbers>

#include <doctest/doctest.h>

#include <kutta/ode/partitioned_step.hpp>
#include <kutta/ode/step.hpp>
#include <kutta/schemes/fourth_order.hpp>

#include "step_properties.hpp"
#include "support/slope.hpp"

using namespace kutta;
using namespace kutta::test;
using schemes::forest_ruth4;
using schemes::pefrl4;
using schemes::rk4_classic;
using schemes::stoermer_verlet;
using schemes::symplectic_euler;

namespace {

template <class T>
struct phase {
  T q, p;
};

/// q' = s' + e^{p−r}, p' = r' + e^{−(q−s)} with s = sin 3t, r = cos 2t: neither rate is linear, and
/// neither is autonomous.
///
/// With u = e^{q−s}: u' = E u − 1, where E = e^{p−r} + e^{−(q−s)} stays what it was. Here E = 1 and
/// u(0) = 2, so that u = 1 + e^t and e^{p−r} = 1 − 1/u.
template <class T>
struct driven_exponentials {
  static T position_rate(T t, T p) { return 3 * std::cos(3 * t) + std::exp(p - std::cos(2 * t)); }
  static T momentum_rate(T t, T q) { return -2 * std::sin(2 * t) + std::exp(std::sin(3 * t) - q); }
  static phase<T> exact(T t) {
    const T u = 1 + std::exp(t);
    return {std::sin(3 * t) + std::log(u), std::cos(2 * t) + std::log(1 - 1 / u)};
  }
};

template <class S, class T>
T error_of_many_steps(double size) {
  using problem = driven_exponentials<T>;
  const int steps = static_cast<int>(std::lround(1 / size));
  const T h = T(1) / static_cast<T>(steps);
  auto [q, p] = problem::exact(T(0));
  T k = 0;
  for (int n = 0; n < steps; ++n) {
    const T t = static_cast<T>(n);
    partitioned_step<S>(
        [&](auto i, const T& at, T& v) {
          v = problem::position_rate((t + drift_time_v<S, decltype(i)::value, T>)*h, at);
        },
        [&](auto i, const T& at, T& a) {
          a = problem::momentum_rate((t + kick_time_v<S, decltype(i)::value, T>)*h, at);
        },
        h, q, p, k);
  }
  const auto exact = problem::exact(T(1));
  return std::hypot(q - exact.q, p - exact.p);
}

/// A planet about the sun: q' = p, p' = −q/|q|³.
struct kepler {
  static void velocity(auto, const plane<double>& p, plane<double>& v) { v = p; }
  static void force(auto, const plane<double>& q, plane<double>& a) {
    const double r = std::hypot(q[0], q[1]);
    a = {-q[0] / (r * r * r), -q[1] / (r * r * r)};
  }
  /// a = (3 (q·v) q/r² − v)/r³, the derivative of the force along v; symmetric in v and a.
  static plane<double> force_along(const plane<double>& q, const plane<double>& v) {
    const double r = std::hypot(q[0], q[1]);
    const double along = 3 * (q[0] * v[0] + q[1] * v[1]) / (r * r);
    return {(along * q[0] - v[0]) / (r * r * r), (along * q[1] - v[1]) / (r * r * r)};
  }
  static double energy(const phase<plane<double>>& x) {
    return (x.p[0] * x.p[0] + x.p[1] * x.p[1]) / 2 - 1 / std::hypot(x.q[0], x.q[1]);
  }
  /// The point nearest to the sun of an orbit of period 2π.
  static phase<plane<double>> perihelion(double eccentricity) {
    return {{1 - eccentricity, 0}, {0, std::sqrt((1 + eccentricity) / (1 - eccentricity))}};
  }
};

constexpr auto velocity = [](auto i, const auto& p, auto& v) { kepler::velocity(i, p, v); };
constexpr auto force = [](auto i, const auto& q, auto& a) { kepler::force(i, q, a); };

/// One step of q' = f(t, p), p' = −f(t + 1, q) on planes, as one vector of four.
template <class S, class T>
struct field_step {
  T h;
  std::array<T, 4> x0;

  phase<plane<T>> end{};

  static phase<plane<T>> split(const std::array<T, 4>& x) { return {{x[0], x[1]}, {x[2], x[3]}}; }
  static std::array<T, 4> join(const phase<plane<T>>& x) {
    return {x.q[0], x.q[1], x.p[0], x.p[1]};
  }
  static plane<T> negative(const plane<T>& x) { return {-x[0], -x[1]}; }
  auto drift_time(auto i) const {
    return static_cast<T>(.3) + drift_time_v<S, decltype(i)::value, T> * h;
  }
  auto kick_time(auto i) const {
    return static_cast<T>(1.3) + kick_time_v<S, decltype(i)::value, T> * h;
  }
  auto position_rate() const {
    return
        [this](auto i, const plane<T>& p, plane<T>& v) { v = plane_rate(this->drift_time(i), p); };
  }
  auto momentum_rate() const {
    return [this](auto i, const plane<T>& q, plane<T>& a) {
      a = negative(plane_rate(this->kick_time(i), q));
    };
  }

  std::array<T, 4> value() {
    end = split(x0);
    plane<T> k{std::numeric_limits<T>::quiet_NaN(), 1};
    partitioned_step<S>(position_rate(), momentum_rate(), h, end.q, end.p, k);
    return join(end);
  }
  std::array<T, 4> jvp(const std::array<T, 4>& vx) {
    auto x = split(x0), v = split(vx);
    plane<T> k{std::numeric_limits<T>::quiet_NaN(), 1};
    partitioned_step_jvp<S>(
        position_rate(), momentum_rate(),
        [this](auto i, const plane<T>& p, const plane<T>& vp, plane<T>& vk) {
          vk = plane_jvp(this->drift_time(i), p, vp);
        },
        [this](auto i, const plane<T>& q, const plane<T>& vq, plane<T>& vk) {
          vk = negative(plane_jvp(this->kick_time(i), q, vq));
        },
        h, x.q, x.p, v.q, v.p, k);
    CHECK(join(x) == join(end));
    return join(v);
  }
  std::array<T, 4> vjp(const std::array<T, 4>& w) {
    auto x = end, g = split(w);
    plane<T> k{std::numeric_limits<T>::quiet_NaN(), 1};
    partitioned_step_vjp<S>(
        position_rate(), momentum_rate(),
        [this](auto i, const plane<T>& p, const plane<T>& dk, plane<T>& gp) {
          plane_vjp(this->drift_time(i), p, dk, gp);
        },
        [this](auto i, const plane<T>& q, const plane<T>& dk, plane<T>& gq) {
          plane_vjp(this->kick_time(i), q, negative(dk), gq);
        },
        h, x.q, x.p, g.q, g.p, k);
    for (std::size_t i = 0; i < 4; ++i) CHECK(std::abs(join(x)[i] - x0[i]) <= 1e-14);
    return join(g);
  }
};

/// The largest |H − H₀| over each of ten equal parts of 10⁵ steps, 500 times round the sun.
template <class F>
std::array<double, 10> energy_errors(F&& advance) {
  auto x = kepler::perihelion(.3);
  const double h = 2 * std::numbers::pi / 200, start = kepler::energy(x);
  std::array<double, 10> largest{};
  for (double& part : largest)
    for (int n = 0; n < 10000; ++n) {
      advance(h, x);
      const double error = std::abs(kepler::energy(x) - start);
      if (!(error <= part)) part = error;
    }
  return largest;
}

}  // namespace

#define PARTITIONED_SCHEMES symplectic_euler, stoermer_verlet, forest_ruth4, pefrl4

TEST_CASE("leapfrog is the step worked out by hand") {
  // q' = p, p' = −q: half a drift, a kick, half a drift.
  double q = 1, p = .5, k = quiet_nan;
  const double h = .25;
  partitioned_step<stoermer_verlet>([](auto, double at, double& v) { v = at; },
                                    [](auto, double at, double& a) { a = -at; }, h, q, p, k);
  const double middle = 1 + h / 2 * .5, p1 = .5 - h * middle;
  CHECK(p == p1);
  CHECK(q == middle + h / 2 * p1);
}

TEST_CASE_TEMPLATE("the error of many steps falls at the order of the scheme", S,
                   PARTITIONED_SCHEMES) {
  const auto error = [](double h) { return error_of_many_steps<S, long double>(h); };
  CHECK(std::abs(observed_slope(error, 1. / 128) - order(S::tableau)) <= .15);
}

TEST_CASE("four kicks made for a small error have a smaller one than three") {
  CHECK(error_of_many_steps<pefrl4, long double>(1. / 64) * 20 <
        error_of_many_steps<forest_ruth4, long double>(1. / 64));
}

TEST_CASE_TEMPLATE("the derivatives of a step are those of its values", S, PARTITIONED_SCHEMES) {
  check_derivatives<4>([]<class T>(T h, const std::array<T, 4>& x0) {
    return field_step<S, T>{h, x0};
  });
}

TEST_CASE_TEMPLATE("a step does to each element of a tensor what it does to a number", S,
                   stoermer_verlet, pefrl4) {
  check_on_every_tensor([]<class X>(const X& x0, const X& v, const X& w) {
    const double h = .25;
    const auto rate = [](auto, const X& x, X& k) { elementwise_rate(.5, x, k); };
    const auto jvp = [](auto, const X& x, const X& vx, X& vk) { elementwise_jvp(x, vx, vk); };
    const auto vjp = [](auto, const X& x, const X& dk, X& g) { elementwise_vjp(x, dk, g); };
    X q = x0, p = x0, vq = v, vp = v, k = zeros_like(x0);
    partitioned_step_jvp<S>(rate, rate, jvp, jvp, h, q, p, vq, vp, k);
    const X x1 = q;
    X gq = w, gp = w;
    partitioned_step_vjp<S>(rate, rate, vjp, vjp, h, q, p, gq, gp, k);
    return step_outputs<X>{x1, vp, gq};
  });
}

TEST_CASE_TEMPLATE("a step is undone by its inverse", S, PARTITIONED_SCHEMES) {
  const auto x0 = kepler::perihelion(.3);
  auto x = x0;
  plane<double> k{};
  const double h = 2 * std::numbers::pi / 200;
  const auto distance = [&] {
    return std::hypot(x.q[0] - x0.q[0], x.q[1] - x0.q[1]) +
           std::hypot(x.p[0] - x0.p[0], x.p[1] - x0.p[1]);
  };
  partitioned_step<S>(velocity, force, h, x.q, x.p, k);
  CHECK(distance() > h / 2);
  partitioned_step_inverse<S>(velocity, force, h, x.q, x.p, k);
  CHECK(distance() <= 4 * std::numeric_limits<double>::epsilon());

  x = x0;
  for (int n = 0; n < 1000; ++n) partitioned_step<S>(velocity, force, h, x.q, x.p, k);
  for (int n = 0; n < 1000; ++n) partitioned_step_inverse<S>(velocity, force, h, x.q, x.p, k);
  CHECK(distance() <= 1e-11);
}

TEST_CASE_TEMPLATE("a symmetric scheme is undone by a step of −h", S, stoermer_verlet, forest_ruth4,
                   pefrl4) {
  const auto x0 = kepler::perihelion(.3);
  auto x = x0;
  plane<double> k{};
  partitioned_step<S>(velocity, force, .05, x.q, x.p, k);
  partitioned_step<S>(velocity, force, -.05, x.q, x.p, k);
  for (std::size_t i = 0; i < 2; ++i) {
    CHECK(std::abs(x.q[i] - x0.q[i]) <= 1e-15);
    CHECK(std::abs(x.p[i] - x0.p[i]) <= 1e-15);
  }
}

TEST_CASE_TEMPLATE("ten steps keep the symplectic form", S, PARTITIONED_SCHEMES) {
  // Columns of M = ∂(q, p)/∂(q0, p0), for which Mᵀ J M = J with J = (0, I; −I, 0).
  using column = std::array<double, 4>;
  std::array<column, 4> m{};
  for (std::size_t j = 0; j < 4; ++j) {
    auto x = kepler::perihelion(.3);
    plane<double> vq{}, vp{}, k{};
    (j < 2 ? vq : vp)[j % 2] = 1;
    for (int n = 0; n < 10; ++n)
      partitioned_step_jvp<S>(
          velocity, force, [](auto, const auto&, const auto& v, auto& vk) { vk = v; },
          [](auto, const auto& q, const auto& v, auto& vk) { vk = kepler::force_along(q, v); }, .1,
          x.q, x.p, vq, vp, k);
    m[j] = {vq[0], vq[1], vp[0], vp[1]};
  }
  const auto form = [](const column& x, const column& y) {
    return x[0] * y[2] + x[1] * y[3] - x[2] * y[0] - x[3] * y[1];
  };
  for (std::size_t i = 0; i < 4; ++i)
    for (std::size_t j = 0; j < 4; ++j) {
      const double expected = i + 2 == j ? 1 : j + 2 == i ? -1 : 0;
      CHECK(std::abs(form(m[i], m[j]) - expected) <= 1e-12);
    }
  CHECK(std::abs(m[0][0] - 1) > .1);  // M is not near the identity
}

TEST_CASE_TEMPLATE("the energy of a planet does not drift", S, PARTITIONED_SCHEMES) {
  plane<double> k{};
  const auto errors = energy_errors([&](double h, phase<plane<double>>& x) {
    partitioned_step<S>(velocity, force, h, x.q, x.p, k);
  });
  CHECK(errors[0] > 0);
  CHECK(errors[9] <= 1.05 * errors[0]);
}

TEST_CASE("the energy of a planet drifts under the classical scheme") {
  using state = std::array<double, 4>;
  stage_points<rk4_classic, state> points{};
  stage_rates<rk4_classic, state> k{};
  const auto rate = [](auto i, const state& x, state& f) {
    plane<double> a;
    kepler::force(i, {x[0], x[1]}, a);
    f = {x[2], x[3], a[0], a[1]};
  };
  const auto errors = energy_errors([&](double h, phase<plane<double>>& x) {
    state y{x.q[0], x.q[1], x.p[0], x.p[1]};
    step<rk4_classic>(rate, h, y, y, points, k);
    x = {{y[0], y[1]}, {y[2], y[3]}};
  });
  CHECK(errors[9] >= 9 * errors[0]);
}
