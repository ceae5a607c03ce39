// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <vector>

#include <doctest/doctest.h>

#include <kutta/layers/check_residual.hpp>
#include <kutta/ode/ensemble_block.hpp>
#include <kutta/schemes/embedded_fifth_order.hpp>
#include <kutta/schemes/first_order.hpp>
#include <kutta/schemes/fourth_order.hpp>
#include <kutta/schemes/third_order.hpp>
#include <kutta/tensor/simd.hpp>
#include <kutta/tensor/vec.hpp>

#include "support/random.hpp"

using namespace kutta;
using schemes::dormand_prince54;
using schemes::euler;
using schemes::kutta3;
using schemes::rk4_classic;

namespace {

/// R(theta, x) = (σ (x₁ − x₀),  x₀ (ρ − x₂) − x₁,  x₀ x₁ − β x₂),  theta = (σ, ρ, β).
template <class T, class P = T>
struct lorenz {
  using state = vec<T, 3>;
  using params = vec<P, 3>;
  struct tape {};

  KUTTA_HD void forward(const params& theta, const state& x, state& y, tape&) const noexcept {
    y[0] = theta[0] * (x[1] - x[0]);
    y[1] = x[0] * (theta[1] - x[2]) - x[1];
    y[2] = x[0] * x[1] - theta[2] * x[2];
  }
  KUTTA_HD void vjp(const params& theta, const state& x, const tape&, const state& dy, state& dx,
                    params& dtheta) const noexcept {
    dx[0] += (theta[1] - x[2]) * dy[1] + x[1] * dy[2] - theta[0] * dy[0];
    dx[1] += theta[0] * dy[0] + x[0] * dy[2] - dy[1];
    dx[2] -= x[0] * dy[1] + theta[2] * dy[2];
    dtheta[0] += (x[1] - x[0]) * dy[0];
    dtheta[1] += x[0] * dy[1];
    dtheta[2] -= x[2] * dy[2];
  }
};

/// A driven pendulum: φ' = ω, ω' = −a sin φ − b ω + cos t; x = (φ, ω), theta = (a, b). It asks for
/// the time, and saves cos φ.
template <class T, class P = T>
struct pendulum {
  using state = vec<T, 2>;
  using params = vec<P, 2>;
  struct tape {
    T cosine;
  };

  void forward(const params& theta, const state& x, state& y, tape& saved,
               const context<pendulum>& at) const {
    using std::cos, std::sin;
    saved.cosine = cos(x[0]);
    y[0] = x[1];
    y[1] = static_cast<scalar_t<state>>(std::cos(at.t)) - theta[0] * sin(x[0]) - theta[1] * x[1];
  }
  void vjp(const params& theta, const state& x, const tape& saved, const state& dy, state& dx,
           params& dtheta) const {
    using std::sin;
    dx[0] -= theta[0] * saved.cosine * dy[1];
    dx[1] += dy[0] - theta[1] * dy[1];
    dtheta[0] -= sin(x[0]) * dy[1];
    dtheta[1] -= x[1] * dy[1];
  }
};

/// x' = −theta x: after n Euler steps x is (1 − h theta)ⁿ x0.
template <class T, class P = T>
struct decay {
  using state = vec<T, 1>;
  using params = vec<P, 1>;
  struct tape {};
  void forward(const params& theta, const state& x, state& y, tape&) const {
    y[0] = -theta[0] * x[0];
  }
  void vjp(const params& theta, const state& x, const tape&, const state& dy, state& dx,
           params& dtheta) const {
    dx[0] -= theta[0] * dy[0];
    dtheta[0] -= x[0] * dy[0];
  }
};

static_assert(lane_residual<lorenz, float> && lane_residual<pendulum, double>);
static_assert(gradient_lanes<double> < 33);  // 33 trajectories are more than one group

/// A problem for each of n trajectories, no two alike, and its gradient by the block of one.
template <template <class, class> class R, class S, class T>
struct many {
  using block = ensemble_block<R, S, T>;
  using state = typename block::state;
  using params = typename block::params;

  block f{{.steps = 20, .horizon = .4, .rate = 1.5}};
  std::vector<state> x0, w;  ///< L_i = ⟨w_i, x_i⟩ + ½ |x_i|²
  std::vector<params> theta;

  explicit many(std::size_t n) {
    test::splitmix64 random(1);
    for (std::size_t i = 0; i < n; ++i) {
      x0.push_back(test::random_like(state{}, random, -3, 3));
      w.push_back(test::random_like(state{}, random));
      theta.push_back(test::random_like(params{}, random, 1, 4));
    }
  }

  auto loss() const {
    return [this](const state& x, std::size_t i, state& dx) {
      kutta::add(dx, dx, scaled<state>{1, w[i]}, scaled<state>{1, x});
      return static_cast<double>(kutta::inner_product(w[i], x) + kutta::inner_product(x, x) / 2);
    };
  }

  struct result {
    std::vector<state> dx;
    std::vector<params> dtheta;
    std::vector<double> loss;
  };
  /// Of trajectory i alone, with the parameters `theta_of(i)`.
  template <class Theta>
  result alone(const Theta& theta_of) const {
    result r{x0, {}, {}};
    for (std::size_t i = 0; i < x0.size(); ++i) {
      const std::vector<params> c{theta_of(i)};
      std::vector<params> dc(1);
      auto ws = f.one().make_workspace(c, x0[i]);
      const auto of_i = [&](const state& x, std::size_t, state& dx) { return loss()(x, i, dx); };
      r.loss.push_back(f.one().gradient(c, x0[i], of_i, r.dx[i], dc, ws));
      r.dtheta.push_back(dc[0]);
    }
    return r;
  }
};

/// Trajectories whose end or gradient is not that of `one()`.
template <template <class, class> class R, class S, class T>
int differences(std::size_t n) {
  const many<R, S, T> all(n);
  const auto expected = all.alone([&](std::size_t i) { return all.theta[i]; });
  auto ws = all.f.make_workspace({.threads = 2});
  auto x1 = all.x0, dx = all.x0;
  auto dtheta = std::vector<typename many<R, S, T>::params>(n);
  all.f.forward(all.theta, all.x0, x1, ws);
  all.f.gradient(all.theta, all.x0, all.loss(), dx, dtheta, ws);
  int count = 0;
  for (std::size_t i = 0; i < n; ++i) {
    count += !(x1[i] == all.f.one()({all.theta[i]}, all.x0[i]));
    count += !(dx[i] == expected.dx[i]) + !(dtheta[i] == expected.dtheta[i]);
  }
  return count;
}

/// Lorenz by plain loops: x ← one classical step, and v ← its derivative along (v, vtheta).
template <class T>
void lorenz_step(const T (&theta)[3], const T (&vtheta)[3], T h, T (&x)[3], T (&v)[3]) {
  const auto rate = [&](const T* p, const T* q, T* k, T* l) {
    k[0] = theta[0] * (p[1] - p[0]);
    k[1] = p[0] * (theta[1] - p[2]) - p[1];
    k[2] = p[0] * p[1] - theta[2] * p[2];
    l[0] = vtheta[0] * (p[1] - p[0]) + theta[0] * (q[1] - q[0]);
    l[1] = q[0] * (theta[1] - p[2]) + p[0] * (vtheta[1] - q[2]) - q[1];
    l[2] = q[0] * p[1] + p[0] * q[1] - vtheta[2] * p[2] - theta[2] * q[2];
  };
  T k[4][3], l[4][3], p[3] = {x[0], x[1], x[2]}, q[3] = {v[0], v[1], v[2]};
  const T c[] = {0, h / 2, h / 2, h}, b[] = {h / 6, h / 3, h / 3, h / 6};
  for (int i = 0; i < 4; ++i) {
    if (i > 0)
      for (int e = 0; e < 3; ++e)
        p[e] = x[e] + c[i] * k[i - 1][e], q[e] = v[e] + c[i] * l[i - 1][e];
    rate(p, q, k[i], l[i]);
  }
  for (int i = 0; i < 4; ++i)
    for (int e = 0; e < 3; ++e) x[e] += b[i] * k[i][e], v[e] += b[i] * l[i][e];
}

/// The gradient with respect to x0 and the shared theta of the sum of all losses.
template <class Many>
struct gradient_of_sum {
  std::vector<typename Many::state> dx;
  typename Many::params dtheta{};
  double loss;

  gradient_of_sum(const Many& all, const typename Many::params& theta, const ensemble_shards& how)
      : dx(all.x0) {
    auto ws = all.f.make_workspace(how);
    loss = all.f.gradient(theta, all.x0, all.loss(), dx, dtheta, ws);
  }
};

using lorenz_many = many<lorenz, rk4_classic, double>;
constexpr vec<double, 3> shared{{4, 9, 2}};

}  // namespace

TEST_CASE("the residuals of these tests are right") {
  const auto faults = check_residual(lorenz<double>{}, shared, {{1, 2, 3}});
  CHECK_MESSAGE(faults.ok(), faults.text());
  const auto driven = check_residual(pendulum<double>{}, {{2, .5}}, {{1, -.7}}, 1.5);
  CHECK_MESSAGE(driven.ok(), driven.text());
}

TEST_CASE_TEMPLATE("every trajectory has the end and the gradient it has alone, bit for bit", T,
                   float, double) {
  for (const std::size_t n : {std::size_t{1}, std::size_t{7}, std::size_t{33}}) {
    CAPTURE(n);
    CHECK(differences<lorenz, rk4_classic, T>(n) == 0);
    CHECK(differences<lorenz, kutta3, T>(n) == 0);
    CHECK(differences<pendulum, rk4_classic, T>(n) == 0);
    CHECK(differences<pendulum, dormand_prince54, T>(n) == 0);  // b₂ = 0
  }
}

TEST_CASE("shared parameters: lanes, groups and shards are added in order, whatever the threads") {
  constexpr std::size_t n = 5 * gradient_lanes<double> + 3, w = gradient_lanes<double>;
  const lorenz_many all(n);
  const auto alone = all.alone([](std::size_t) { return shared; });
  for (const std::size_t shards : {1u, 3u, 64u}) {
    CAPTURE(shards);
    vec<double, 3> dtheta{};
    double loss = 0;
    for (std::size_t s = 0; s < shards; ++s) {
      vec<double, 3> sum{};
      double of_shard = 0;
      for (std::size_t j = s; j * w < n; j += shards) {
        double of_group = 0;
        for (std::size_t i = j * w; i < n && i < (j + 1) * w; ++i) {
          for (std::size_t e = 0; e < 3; ++e) sum[e] += alone.dtheta[i][e];
          of_group += alone.loss[i];
        }
        of_shard += of_group;
      }
      for (std::size_t e = 0; e < 3; ++e) dtheta[e] += sum[e];
      loss += of_shard;
    }
    for (const std::size_t threads : {1u, 2u, 5u}) {
      const gradient_of_sum sum(all, shared, {.threads = threads, .shards = shards});
      CHECK(sum.dtheta == dtheta);
      CHECK(sum.dx == alone.dx);
      CHECK(sum.loss == loss);
    }
  }
}

TEST_CASE("the gradient is the transpose of the derivative") {
  const lorenz_many all(33);
  test::splitmix64 random(2);
  const auto& options = all.f.options();
  const double h = options.rate * options.horizon / static_cast<double>(options.steps);
  auto ws = all.f.make_workspace();
  auto dx = all.w;
  std::vector<vec<double, 3>> dtheta(33);
  all.f.vjp(all.theta, all.x0, dx, dtheta, ws);
  for (std::size_t i = 0; i < all.x0.size(); ++i) {
    const auto vx = test::random_like(all.x0[i], random), vt = test::random_like(vx, random);
    double x[3], v[3], theta[3], vtheta[3];
    for (std::size_t e = 0; e < 3; ++e)
      x[e] = all.x0[i][e], v[e] = vx[e], theta[e] = all.theta[i][e], vtheta[e] = vt[e];
    for (std::int64_t n = 0; n < options.steps; ++n) lorenz_step(theta, vtheta, h, x, v);
    const vec<double, 3> v1{{v[0], v[1], v[2]}};
    const double forward = inner_product(all.w[i], v1);
    const double reverse = inner_product(dx[i], vx) + inner_product(dtheta[i], vt);
    CAPTURE(i);
    CHECK(std::abs(forward - reverse) <=
          1e-13 * std::sqrt(inner_product(all.w[i], all.w[i]) * inner_product(v1, v1)));
  }
}

TEST_CASE("the gradient agrees with differences in long double") {
  using real = long double;
  const std::size_t n = 7;
  const lorenz_many all(n);
  const auto& options = all.f.options();
  const real h = real(options.rate) * real(options.horizon) / real(options.steps);
  // Σ L_i with x0 of trajectory i moved along element e, or theta for all.
  const auto loss = [&](std::size_t i, std::size_t e, real moved) {
    real sum = 0;
    for (std::size_t k = 0; k < n; ++k) {
      real x[3], v[3] = {}, theta[3], none[3] = {};
      for (std::size_t d = 0; d < 3; ++d) x[d] = all.x0[k][d], theta[d] = shared[d];
      if (i == n) theta[e] += moved;
      if (i == k) x[e] += moved;
      for (std::int64_t s = 0; s < options.steps; ++s) lorenz_step(theta, none, h, x, v);
      for (std::size_t d = 0; d < 3; ++d) sum += real(all.w[k][d]) * x[d] + x[d] * x[d] / 2;
    }
    return sum;
  };
  const gradient_of_sum sum(all, shared, {});
  CHECK(std::abs(sum.loss - static_cast<double>(loss(0, 0, 0))) <= 1e-13 * std::abs(sum.loss));
  for (std::size_t i = 0; i <= n; ++i)
    for (std::size_t e = 0; e < 3; ++e) {
      const real eps = 1e-5L;
      const double expected = static_cast<double>((loss(i, e, eps) - loss(i, e, -eps)) / (2 * eps));
      const double found = i == n ? sum.dtheta[e] : sum.dx[i][e];
      CAPTURE(i);
      CAPTURE(e);
      CHECK(std::abs(found - expected) <= 1e-8 * std::abs(expected));
    }
}

TEST_CASE("losses at saved steps: by hand, with Euler steps of x' = -theta x") {
  // L_i = Σ_j c_j x_{n_j},  x_n = qⁿ x0,  q = 1 − h theta:  dx = Σ c_j q^{n_j},
  // dtheta_i = −h x0 Σ c_j n_j q^{n_j − 1}.
  const std::size_t n = 9;
  const ensemble_block<decay, euler> f({.steps = 8, .horizon = 2});
  const std::vector<std::int64_t> saved{0, 3, 8};
  const double c[] = {.5, -2, 1}, theta = .7, q = 1 - .25 * theta;
  std::vector<vec<double, 1>> x0, dx(n), dtheta(n, {{1}});
  for (std::size_t i = 0; i < n; ++i) x0.push_back({{1 + .5 * static_cast<double>(i)}});
  auto ws = f.make_workspace();
  double sum = 0;
  std::vector<std::size_t> calls;
  const auto loss = [&](const vec<double, 1>& x, std::size_t i, std::size_t j,
                        vec<double, 1>& dx_j) {
    if (i == 0) calls.push_back(j);
    CHECK(x[0] == doctest::Approx(std::pow(q, saved[j]) * x0[i][0]).epsilon(1e-14));
    dx_j[0] += c[j];
    return c[j] * x[0];
  };
  const double total =
      f.gradient(std::vector<vec<double, 1>>(n, {{theta}}), x0, saved, loss, dx, dtheta, ws);
  double slope = 0, slope_theta = 0;
  for (std::size_t j = 0; j < 3; ++j) {
    const auto k = static_cast<double>(saved[j]);
    slope += c[j] * std::pow(q, k);
    slope_theta -= .25 * c[j] * k * std::pow(q, k - 1);
  }
  for (std::size_t i = 0; i < n; ++i) {
    sum += slope * x0[i][0];
    CHECK(dx[i][0] == doctest::Approx(slope).epsilon(1e-14));
    CHECK(dtheta[i][0] == doctest::Approx(1 + slope_theta * x0[i][0]).epsilon(1e-14));
  }
  CHECK(total == doctest::Approx(sum).epsilon(1e-14));
  CHECK(calls == std::vector<std::size_t>{2, 1, 0});
}

TEST_CASE("losses at saved steps: the sum of those of shorter blocks") {
  const lorenz_many all(33);
  const std::vector<std::int64_t> saved{5, 12, 20};
  const auto loss = [&](const vec<double, 3>& x, std::size_t i, std::size_t, vec<double, 3>& dx) {
    return all.loss()(x, i, dx);
  };
  auto ws = all.f.make_workspace();
  auto dx = all.x0;
  vec<double, 3> dtheta{};
  all.f.gradient(shared, all.x0, saved, loss, dx, dtheta, ws);

  std::vector<vec<double, 3>> expected(33);
  vec<double, 3> expected_dtheta{};
  for (const std::int64_t steps : saved) {
    const double horizon = .4 * static_cast<double>(steps) / 20;
    const ensemble_block<lorenz, rk4_classic> shorter({steps, horizon, 1.5});
    auto short_ws = shorter.make_workspace();
    auto part = all.x0;
    shorter.gradient(shared, all.x0, all.loss(), part, expected_dtheta, short_ws);
    for (std::size_t i = 0; i < 33; ++i)
      for (std::size_t e = 0; e < 3; ++e) expected[i][e] += part[i][e];
  }
  for (std::size_t e = 0; e < 3; ++e) {
    CHECK(dtheta[e] == doctest::Approx(expected_dtheta[e]).epsilon(1e-12));
    for (std::size_t i = 0; i < 33; ++i)
      CHECK(dx[i][e] == doctest::Approx(expected[i][e]).epsilon(1e-12));
  }
}

TEST_CASE("vjp is the gradient of the loss with these derivatives, and dtheta accumulates") {
  const lorenz_many all(33);
  auto ws = all.f.make_workspace({.threads = 2});
  auto dx = all.w, dx_of_loss = all.x0;
  vec<double, 3> dtheta{{1, 2, 3}}, dtheta_of_loss{{1, 2, 3}};
  all.f.vjp(shared, all.x0, dx, dtheta, ws);
  const auto linear = [&](const vec<double, 3>& x, std::size_t i, vec<double, 3>& dx1) {
    dx1 = all.w[i];
    return inner_product(all.w[i], x);
  };
  all.f.gradient(shared, all.x0, linear, dx_of_loss, dtheta_of_loss, ws);
  CHECK(dx == dx_of_loss);
  CHECK(dtheta == dtheta_of_loss);
  vec<double, 3> from_zero{};
  dx = all.w;
  all.f.vjp(shared, all.x0, dx, from_zero, ws);
  for (std::size_t e = 0; e < 3; ++e)
    CHECK(dtheta[e] - from_zero[e] ==
          doctest::Approx(1. + static_cast<double>(e)).epsilon(1e-12 * std::abs(dtheta[e])));
}

TEST_CASE("a trajectory that is not finite takes no other with it") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  lorenz_many all(33);
  const gradient_of_sum before(all, shared, {});
  all.x0[9][1] = nan;
  auto ws = all.f.make_workspace();
  auto x1 = all.x0, dx = all.x0;
  std::vector<vec<double, 3>> theta(33, shared), dtheta(33);
  all.f.forward(theta, all.x0, x1, ws);
  all.f.gradient(theta, all.x0, all.loss(), dx, dtheta, ws);
  for (std::size_t i = 0; i < 33; ++i) {
    CAPTURE(i);
    CHECK((dx[i] == before.dx[i]) == (i != 9));
    for (std::size_t e = 0; e < 3; ++e) {
      CHECK(std::isfinite(x1[i][e]) == (i != 9));
      CHECK(std::isfinite(dtheta[i][e]) == (i != 9));
    }
  }
  const gradient_of_sum sum(all, shared, {});
  CHECK(std::isnan(sum.dtheta[0]));
  CHECK(std::isnan(sum.loss));
  CHECK(sum.dx[8] == before.dx[8]);

  all.x0[9][1] = 0, all.x0[32] = {{nan, nan, nan}};  // the first of a group, repeated in its rest
  const gradient_of_sum last(all, shared, {});
  CHECK(last.dx[31] == before.dx[31]);
  CHECK(std::isnan(last.dx[32][0]));
}

TEST_CASE("the same systems by another graph") {
  const lorenz_many all(3);
  CHECK(all.f.with_steps(7).options().steps == 7);
  CHECK(all.f.with_steps(7).options().horizon == .4);
  CHECK(all.f.with_scheme<euler>().options().rate == 1.5);
  const auto g = all.f.with_scheme<euler>();
  auto ws = g.make_workspace();
  auto x1 = all.x0;
  g.forward(all.theta, x1, x1, ws);  // in place
  for (std::size_t i = 0; i < 3; ++i) CHECK(x1[i] == g.one()({all.theta[i]}, all.x0[i]));
}

TEST_CASE("a workspace serves any number of trajectories, none too, and knows its size") {
  const lorenz_many all(33);
  auto ws = all.f.make_workspace({.threads = 2, .shards = 3});
  CHECK(ws.bytes() == 2 * 21 * 3 * gradient_lanes<double> * sizeof(double));
  const gradient_of_sum fresh(all, shared, {.shards = 3});
  std::vector<vec<double, 3>> none;
  vec<double, 3> dtheta{{1, 1, 1}};
  CHECK(all.f.gradient(shared, none, all.loss(), none, dtheta, ws) == 0);
  CHECK(dtheta == vec<double, 3>{{1, 1, 1}});
  all.f.forward(shared, none, none, ws);
  dtheta = {};
  auto dx = all.x0;
  CHECK(all.f.gradient(shared, all.x0, all.loss(), dx, dtheta, ws) == fresh.loss);
  CHECK(dtheta == fresh.dtheta);
  const std::vector<std::int64_t> never;
  const auto no_loss = [](const auto&, std::size_t, std::size_t, auto&) { return 1.; };
  CHECK(all.f.gradient(shared, all.x0, never, no_loss, dx, dtheta, ws) == 0);
  CHECK(dx == std::vector<vec<double, 3>>(33));
  CHECK(dtheta == fresh.dtheta);
}

TEST_CASE("an exception of a loss reaches the caller, and dtheta is as it was") {
  const lorenz_many all(33);
  auto ws = all.f.make_workspace({.threads = 2});
  auto dx = all.x0;
  vec<double, 3> dtheta{};
  const auto loss = [](const auto&, std::size_t i, auto&) {
    if (i == 30) throw std::runtime_error("no data");
    return 0.;
  };
  CHECK_THROWS_WITH_AS(all.f.gradient(shared, all.x0, loss, dx, dtheta, ws), "no data",
                       std::runtime_error);
  CHECK(dtheta == vec<double, 3>{});
}

TEST_CASE("what does not fit is refused by name") {
  const lorenz_many all(5);
  auto ws = all.f.make_workspace();
  auto x = all.x0;
  auto dtheta = all.theta;
  const std::vector<vec<double, 3>> few(4);
  auto too_few = few;
  using std::invalid_argument;
  CHECK_THROWS_WITH_AS((ensemble_block<lorenz, rk4_classic>({.steps = 0})),
                       "ode_block: steps must be at least 1, got 0", invalid_argument);
  CHECK_THROWS_WITH_AS(all.f.make_workspace({.threads = 0}),
                       "make_workspace: threads must be at least 1, got 0", invalid_argument);
  CHECK_THROWS_WITH_AS(all.f.make_workspace({.shards = 0}),
                       "make_workspace: shards must be at least 1, got 0", invalid_argument);
  CHECK_THROWS_WITH_AS(all.f.forward(few, all.x0, x, ws),
                       "ensemble_block: expected theta of 5 trajectories, got 4", invalid_argument);
  CHECK_THROWS_WITH_AS(all.f.forward(all.theta, all.x0, too_few, ws),
                       "ensemble_block: expected x1 of 5 trajectories, got 4", invalid_argument);
  CHECK_THROWS_WITH_AS(all.f.gradient(all.theta, all.x0, all.loss(), too_few, dtheta, ws),
                       "ensemble_block: expected dx of 5 trajectories, got 4", invalid_argument);
  CHECK_THROWS_WITH_AS(all.f.gradient(all.theta, all.x0, all.loss(), x, too_few, ws),
                       "ensemble_block: expected dtheta of 5 trajectories, got 4",
                       invalid_argument);
  CHECK_THROWS_WITH_AS(all.f.vjp(all.theta, all.x0, too_few, dtheta, ws),
                       "ensemble_block: expected dx of 5 trajectories, got 4", invalid_argument);
  auto other = all.f.with_steps(3).make_workspace();
  CHECK_THROWS_WITH_AS(all.f.forward(all.theta, all.x0, x, other),
                       "ensemble_block: the block takes 20 steps, the workspace was made for 3",
                       invalid_argument);

  const auto at = [&](std::vector<std::int64_t> saved) {
    const auto loss = [](const auto&, std::size_t, std::size_t, auto&) { return 0.; };
    all.f.gradient(all.theta, all.x0, saved, loss, x, dtheta, ws);
  };
  CHECK_NOTHROW(at({0, 20}));
  CHECK_THROWS_WITH_AS(at({-1}), "ensemble_block: expected saved[0] from 0 to 20, got -1",
                       invalid_argument);
  CHECK_THROWS_WITH_AS(at({3, 3}), "ensemble_block: expected saved[1] from 4 to 20, got 3",
                       invalid_argument);
  CHECK_THROWS_WITH_AS(at({3, 21}), "ensemble_block: expected saved[1] from 4 to 20, got 21",
                       invalid_argument);
}
