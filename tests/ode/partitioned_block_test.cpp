// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <vector>

#include <Eigen/Core>
#include <doctest/doctest.h>

#include <kutta/basis/hat.hpp>
#include <kutta/basis/piecewise_constant.hpp>
#include <kutta/layers/check_residual.hpp>
#include <kutta/layers/separable.hpp>
#include <kutta/ode/ode_block.hpp>
#include <kutta/ode/partitioned.hpp>
#include <kutta/schemes/fourth_order.hpp>
#include <kutta/schemes/symplectic.hpp>

#include "support/counting_allocator.hpp"
#include "support/dense_sine.hpp"
#include "support/gradient_under.hpp"
#include "support/random.hpp"
#include "support/slope.hpp"
#include "typed/elementwise_logistic.hpp"

namespace {

using Eigen::MatrixXd;
using kutta::ode_block;
using kutta::phase_point;
using kutta::scaled;
using kutta::bases::hat;
using kutta::bases::piecewise_constant;
using kutta::layers::separable;
using kutta::schemes::forest_ruth4;
using kutta::schemes::pefrl4;
using kutta::schemes::rk4_classic;
using kutta::schemes::stoermer_verlet;
using kutta::schemes::symplectic_euler;
using kutta::test::dense_sine;
using kutta::test::observed_slope;
using kutta::test::random_like;
using kutta::test::splitmix64;

#define PARTITIONED_SCHEMES symplectic_euler, stoermer_verlet, forest_ruth4, pefrl4

template <class T>
double norm(const T& x) {
  return std::sqrt(kutta::inner_product(x, x));
}

/// q' = s' + θ e^{p−r}, p' = r' + θ e^{−(q−s)} with s = sin 3t, r = cos 2t.
///
/// With τ = ∫ θ dt and u = e^{q−s}: E = e^{p−r} + e^{−(q−s)} stays what it was, du/dτ = E u − 1.
/// Here E = 1 and u(0) = 2, so that u = 1 + e^τ and e^{p−r} = 1 − 1/u.
template <std::floating_point T>
struct driven_positions {
  using state = T;
  using params = T;
  struct tape {};

  static T driver(T t) { return 3 * std::cos(3 * t); }
  static T point(T t, T p) { return std::exp(p - std::cos(2 * t)); }

  void forward(const T& theta, const T& p, T& k, tape&,
               const kutta::context<driven_positions>& at) const {
    const T t = static_cast<T>(at.t);
    k = driver(t) + theta * point(t, p);
  }
  void vjp(const T& theta, const T& p, const tape&, const T& dk, T& dp, T& dtheta,
           const kutta::context<driven_positions>& at) const {
    const T e = point(static_cast<T>(at.t), p);
    dp += theta * e * dk;
    dtheta += e * dk;
  }
};
template <std::floating_point T>
struct driven_momenta {
  using state = T;
  using params = T;
  struct tape {};

  static T driver(T t) { return -2 * std::sin(2 * t); }
  static T point(T t, T q) { return std::exp(std::sin(3 * t) - q); }

  void forward(const T& theta, const T& q, T& k, tape&,
               const kutta::context<driven_momenta>& at) const {
    const T t = static_cast<T>(at.t);
    k = driver(t) + theta * point(t, q);
  }
  void vjp(const T& theta, const T& q, const tape&, const T& dk, T& dq, T& dtheta,
           const kutta::context<driven_momenta>& at) const {
    const T e = point(static_cast<T>(at.t), q);
    dq -= theta * e * dk;
    dtheta += e * dk;
  }
};
template <std::floating_point T>
using driven = separable<driven_positions<T>, driven_momenta<T>>;

template <std::floating_point T>
phase_point<T> exact(T t, T tau) {
  const T u = 1 + std::exp(tau);
  return {std::sin(3 * t) + std::log(u), std::cos(2 * t) + std::log(1 - 1 / u)};
}

/// The error at t = 1 with weights θ(s), the same for both rates.
template <class S>
auto error_with(const std::vector<long double>& theta, long double integral) {
  return [theta, integral](double h) {
    using T = long double;
    const ode_block<driven<T>, S, hat> f{
        {{}, {}}, hat(std::ssize(theta)), {.steps = std::lround(1 / h)}};
    std::vector<typename driven<T>::params> both;
    for (const T value : theta) both.push_back({value, value});
    const auto end = f(both, exact<T>(0, 0)), expected = exact<T>(1, integral);
    return std::hypot(end.q - expected.q, end.p - expected.p);
  };
}

/// dp/dt = −θ sin q, with dq/dt = θ p a pendulum.
struct momentum {
  using state = double;
  using params = double;
  struct tape {};
  void forward(double theta, double p, double& k, tape&) const { k = theta * p; }
  void vjp(double theta, double p, const tape&, double dk, double& dp, double& dtheta) const {
    dp += theta * dk;
    dtheta += p * dk;
  }
};
struct gravity {
  using state = double;
  using params = double;
  struct tape {};
  void forward(double theta, double q, double& k, tape&) const { k = -theta * std::sin(q); }
  void vjp(double theta, double q, const tape&, double dk, double& dq, double& dtheta) const {
    dq -= theta * std::cos(q) * dk;
    dtheta -= std::sin(q) * dk;
  }
};
using pendulum = separable<momentum, gravity>;

/// A point, a direction, and a gradient of the loss, for a block on pairs of 4 × 3 matrices.
using sines = separable<dense_sine, dense_sine>;
template <class S, class B>
struct random_case {
  using block = ode_block<sines, S, B>;
  using state = sines::state;
  using coefficients = typename block::coefficients;
  using outputs = kutta::test::pass_outputs<state, coefficients>;

  explicit random_case(std::int64_t steps = 5)
      : f({{}, {}}, B(3), {.steps = steps, .horizon = 1.5, .rate = .75}) {
    for (std::size_t k = 0; k < f.basis().size(); ++k) {
      theta.push_back({like(), like()});
      vtheta.push_back({like(), like()});
    }
  }

  template <class K>
  outputs under(const K& keep) const {
    return kutta::test::gradient_under(keep, f, theta, x0, w);
  }

  dense_sine::params like() {
    return random_like(dense_sine::params{MatrixXd(4, 4), Eigen::VectorXd(4)}, random);
  }

  block f;
  splitmix64 random{1};
  coefficients theta, vtheta;
  state x0 = random_like(state{MatrixXd(4, 3), MatrixXd(4, 3)}, random);
  state vx = random_like(x0, random);
  state w = random_like(x0, random);  ///< J = ⟨w, x(T)⟩
};

}  // namespace

TEST_CASE("leapfrog in a block is leapfrog by hand") {
  using positions = driven_positions<double>;
  using momenta = driven_momenta<double>;
  const double h = .25;
  const std::vector<driven<double>::params> theta{{1, 2}, {3, .5}};  // over s = t/2 in [0, 1]
  const auto v = [](double t, double p) {
    return positions::driver(t) + (1 + t) * positions::point(t, p);
  };
  const auto a = [](double t, double q) {
    return momenta::driver(t) + (2 - .75 * t) * momenta::point(t, q);
  };
  double q = .5, p = -1;
  for (int n = 0; n < 8; ++n) {
    q += h / 2 * v(n * h, p);
    p += h * a(n * h + h / 2, q);
    q += h / 2 * v((n + 1) * h, p);
  }
  const ode_block<driven<double>, stoermer_verlet, hat> f{
      {{}, {}}, hat(2), {.steps = 8, .horizon = 2}};
  const auto end = f(theta, {.5, -1});
  CHECK(end.q == q);
  CHECK(end.p == p);
}

TEST_CASE_TEMPLATE("a block takes the steps of partitioned_step, bit for bit", S,
                   PARTITIONED_SCHEMES) {
  const random_case<S, hat> test(8);
  const double h = .75 * 1.5 / 8;
  sines::params at = kutta::zeros_like(test.theta[0]);
  const auto theta = [&](std::int64_t n, auto c) -> const sines::params& {
    return kutta::evaluate(test.f.basis(), kutta::stage_depth(n, 8, c), test.theta, at);
  };
  auto [q, p] = test.x0;
  MatrixXd k = q;
  const auto sine = [](const dense_sine::params& weights, const MatrixXd& x, MatrixXd& rate) {
    dense_sine::tape saved = dense_sine{}.make_tape(weights, x);
    dense_sine{}.forward(weights, x, rate, saved);
  };
  for (std::int64_t n = 0; n < 8; ++n)
    kutta::partitioned_step<S>(
        [&](auto i, const MatrixXd& x, MatrixXd& rate) {
          sine(theta(n, kutta::drift_time_v<S, decltype(i)::value>).v, x, rate);
        },
        [&](auto i, const MatrixXd& x, MatrixXd& rate) {
          sine(theta(n, kutta::kick_time_v<S, decltype(i)::value>).a, x, rate);
        },
        h, q, p, k);
  const auto x1 = test.f(test.theta, test.x0);
  CHECK(x1.q == q);
  CHECK(x1.p == p);
}

TEST_CASE_TEMPLATE("the error of a block falls at the order of the scheme", S,
                   PARTITIONED_SCHEMES) {
  // The time, and then weights with a kink at 1/2 too: ∫ θ = 1.25.
  CHECK(std::abs(observed_slope(error_with<S>({1, 1}, 1), 1. / 128) - order(S::tableau)) <= .15);
  const double slope = observed_slope(error_with<S>({1, 2, 0}, 1.25L), 1. / 256);
  // Forest and Ruth's scheme reads v outside of the step, where the weights have a kink and end.
  const bool reaches_out = std::same_as<S, forest_ruth4>;
  CHECK(std::abs(slope - (reaches_out ? 2 : order(S::tableau))) <= .15);
}

TEST_CASE("the same residual under any other scheme") {
  const auto error = error_with<rk4_classic>({1, 2, 0}, 1.25L);
  CHECK(std::abs(observed_slope(error, 1. / 256) - 4) <= .15);
  const driven<double> scalars{{}, {}};
  CHECK(kutta::check_residual(scalars, {1.5, .5}, {.3, -.2}, .7).text() == "no fault");
}

TEST_CASE_TEMPLATE("the gradient is that of differences in long double", S, PARTITIONED_SCHEMES) {
  // L = q(T) + 2 p(T), by q0, p0 and the six weights.
  using numbers = std::array<long double, 8>;
  const numbers at{.5L, -.4L, 1, .7L, 1.5L, 2, .25L, 1.25L};
  const kutta::block_options options{.steps = 6, .horizon = 1.25, .rate = .8};
  const auto loss = [&](const numbers& x) {
    using T = long double;
    const ode_block<driven<T>, S, hat> f{{{}, {}}, hat(3), options};
    const auto end = f({{x[2], x[3]}, {x[4], x[5]}, {x[6], x[7]}}, {x[0], x[1]});
    return end.q + 2 * end.p;
  };
  const ode_block<driven<double>, S, hat> f{{{}, {}}, hat(3), options};
  const std::vector<driven<double>::params> theta{{1, .7}, {1.5, 2}, {.25, 1.25}};
  auto dtheta = kutta::zeros_like(theta);
  phase_point<double> x0{.5, -.4}, dx{1, 2};
  auto ws = f.make_workspace(theta, x0);
  f.forward(theta, x0, ws);
  f.backprop(theta, dx, dtheta, ws);
  const std::array<double, 8> gradient{dx.q,        dx.p,        dtheta[0].v, dtheta[0].a,
                                       dtheta[1].v, dtheta[1].a, dtheta[2].v, dtheta[2].a};
  for (std::size_t j = 0; j < 8; ++j) {
    CAPTURE(j);
    numbers above = at, below = at;
    above[j] += 1e-6L;
    below[j] -= 1e-6L;
    const auto expected = static_cast<double>((loss(above) - loss(below)) / (above[j] - below[j]));
    CHECK(std::abs(expected) > .01);
    CHECK(std::abs(gradient[j] - expected) <= 1e-11 * (1 + std::abs(expected)));
  }
}

TEST_CASE_TEMPLATE("backprop of a block is the transpose of its jvp", S, PARTITIONED_SCHEMES) {
  const auto check = []<class B, class K>(const B&, const K& keep) {
    const random_case<S, B> test;
    const auto d = test.under(keep);
    auto vx = test.vx;
    auto ws = test.f.make_workspace(test.theta, test.x0, keep);
    const auto x1 = test.f.jvp(test.theta, test.x0, test.vtheta, vx, ws);
    CHECK(x1.q == d.x1.q);
    CHECK(x1.p == d.x1.p);
    const double jtw_v =
        kutta::inner_product(d.dx, test.vx) + kutta::inner_product(d.dtheta, test.vtheta);
    CHECK(std::abs(jtw_v - kutta::inner_product(test.w, vx)) <= 1e-13 * norm(test.w) * norm(vx));
    CHECK(norm(vx) > .1);
  };
  check(hat(1), kutta::keep::everything{});
  check(piecewise_constant(1), kutta::keep::binomial{1});
  check(hat(1), kutta::keep::ends{2});
}

TEST_CASE_TEMPLATE("drifts and kicks: whatever a policy keeps, the gradient has the same bits", S,
                   PARTITIONED_SCHEMES) {
  for (const std::int64_t n : {1, 2, 5, 12}) {
    CAPTURE(n);
    const random_case<S, hat> test(n);
    const auto expected = test.under(kutta::keep::everything{});
    CHECK(test.under(kutta::keep::steps{}) == expected);
    for (const std::int64_t k : {1, 3, 13}) {
      CAPTURE(k);
      CHECK(test.under(kutta::keep::every{k}) == expected);
      CHECK(test.under(kutta::keep::binomial{k}) == expected);
    }
    const auto undone = test.under(kutta::keep::ends{});
    CHECK(undone.x1.q == expected.x1.q);
    CHECK((undone.dx.q - expected.dx.q).norm() + (undone.dx.p - expected.dx.p).norm() <= 1e-13);
  }
}

TEST_CASE_TEMPLATE("drifts and kicks undone: the gradient of a thousand", S, PARTITIONED_SCHEMES) {
  const ode_block<pendulum, S, hat> f{{{}, {}}, hat(3), {.steps = 1000, .horizon = 20}};
  const std::vector<pendulum::params> theta{{1, 1.5}, {.7, 1}, {1.2, .8}};
  const phase_point<double> x0{2.5, .3};
  struct gradient {
    phase_point<double> x1, dx;
    std::vector<pendulum::params> dtheta;
    double error;
  };
  const auto under = [&](const auto& keep) {
    auto ws = f.make_workspace(theta, x0, keep);
    gradient g{f.forward(theta, x0, ws), {1, 2}, kutta::zeros_like(theta), 0};
    f.backprop(theta, g.dx, g.dtheta, ws);
    if constexpr (requires { ws.history.reconstruction_error(); })
      g.error = ws.history.reconstruction_error();
    return g;
  };
  const auto kept = under(kutta::keep::everything{});
  const auto undone = under(kutta::keep::ends{});
  CHECK(std::hypot(kept.dx.q, kept.dx.p) > 1);
  CHECK(undone.x1.q == kept.x1.q);
  CHECK(undone.x1.p == kept.x1.p);
  CHECK(std::abs(undone.dx.q - kept.dx.q) <= 1e-10);
  CHECK(std::abs(undone.dx.p - kept.dx.p) <= 1e-10);
  for (std::size_t k = 0; k < 3; ++k) {
    CAPTURE(k);
    CHECK(std::abs(undone.dtheta[k].v - kept.dtheta[k].v) <= 1e-10);
    CHECK(std::abs(undone.dtheta[k].a - kept.dtheta[k].a) <= 1e-10);
  }
  CHECK(undone.error > 0);
  CHECK(undone.error <= 2e-12);
}

TEST_CASE("drifts and kicks undone: memory does not grow with their number") {
  using kutta::test::counts;
  using half = std::vector<double, kutta::test::counting_allocator<double>>;
  using logistic = kutta::test::elementwise_logistic<half>;
  using residual = separable<logistic, logistic>;
  const half part(17, .25), ones(17, 1.);
  const residual::state x0{part, part};
  const std::vector<residual::params> theta(2, {{ones, ones}, {ones, ones}});
  const auto halves = [&](std::int64_t steps, const auto& keep) {
    const ode_block<residual, stoermer_verlet, hat> f{{{}, {}}, hat(2), {.steps = steps}};
    const std::size_t before = counts::bytes;
    auto ws = f.make_workspace(theta, x0, keep);
    const std::size_t made = counts::bytes - before;
    residual::state dx{ones, ones};
    auto dtheta = kutta::zeros_like(theta);
    const std::size_t allocations = counts::allocations;
    f.forward(theta, x0, ws);
    f.backprop(theta, dx, dtheta, ws);
    CHECK(counts::allocations == allocations);
    return made / (17 * sizeof(double));
  };
  const std::size_t few = halves(10, kutta::keep::ends{});
  // q and p of three states; a momentum and a position in between; a rate; theta(s), its adjoint.
  CHECK(few == 2 * 3 + 2 + 1 + 2 * 4);
  CHECK(halves(1000, kutta::keep::ends{}) == few);
  CHECK(halves(1000, kutta::keep::ends{100}) == few + 2 * 9);
  CHECK(halves(1000, kutta::keep::everything{}) > 1000 * 4);
}

TEST_CASE_TEMPLATE("a symmetric scheme comes back: weights in reverse, and a rate of −1", S,
                   PARTITIONED_SCHEMES) {
  const random_case<S, hat> test(6);
  auto weights = test.theta;
  for (std::size_t k = 0; k < weights.size(); ++k) weights[k] = test.theta[weights.size() - 1 - k];
  const typename random_case<S, hat>::block back{
      {{}, {}}, hat(3), {.steps = 6, .horizon = 1.5, .rate = -.75}};
  const auto x0 = back(weights, test.f(test.theta, test.x0));
  const double off = (x0.q - test.x0.q).norm() + (x0.p - test.x0.p).norm();
  if constexpr (std::same_as<S, symplectic_euler>)
    CHECK(off > 1e-2);
  else
    CHECK(off <= 1e-13);
}

TEST_CASE_TEMPLATE("time reversed: a pendulum whose momentum turns comes back", S, stoermer_verlet,
                   forest_ruth4, pefrl4) {
  const ode_block<pendulum, S, hat> f{{{}, {}}, hat(2), {.steps = 200, .horizon = 10}};
  const std::vector<pendulum::params> theta(2, {1, 1.5});
  const phase_point<double> x0{2.5, .3};
  auto x = f(theta, x0);
  CHECK(std::abs(x.q - x0.q) > .1);
  x.p = -x.p;
  x = f(theta, x);
  CHECK(std::abs(x.q - x0.q) <= 1e-12);
  CHECK(std::abs(x.p + x0.p) <= 1e-12);
}

TEST_CASE("which states schemes of drifts and kicks are for") {
  static_assert(kutta::invertible_scheme<stoermer_verlet, phase_point<MatrixXd>>);
  static_assert(kutta::invertible_scheme<symplectic_euler, phase_point<float>>);
  static_assert(!kutta::block_scheme<stoermer_verlet, MatrixXd>);
}
