// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <kutta/ode/ensemble.hpp>
#include <kutta/ode/integrate.hpp>
#include <kutta/schemes/embedded_fifth_order.hpp>
#include <kutta/schemes/fourth_order.hpp>
#include <kutta/schemes/order.hpp>
#include <kutta/schemes/third_order.hpp>
#include <kutta/tensor/simd.hpp>
#include <kutta/tensor/vec.hpp>

#include "support/problems.hpp"
#include "support/random.hpp"
#include "support/slope.hpp"

using namespace kutta;
using schemes::cash_karp54;
using schemes::dormand_prince54;
using schemes::kutta3;
using schemes::rk4_classic;

namespace {

/// Lorenz's equations with a driving force; p = (r).
struct driven_lorenz {
  template <class V>
  void operator()(const V& t, const vec<V, 3>& x, const vec<V, 1>& p, vec<V, 3>& dx) const {
    using std::sin;
    dx[0] = 10 * (x[1] - x[0]);
    dx[1] = x[0] * (p[0] - x[2]) - x[1] + sin(t);
    dx[2] = x[0] * x[1] - x[2] * 8 / 3;
  }
};

/// `test::driven_logistic`, in any kind of number.
struct driven_logistic {
  template <class V>
  void operator()(const V& t, const vec<V, 1>& x, vec<V, 1>& dx) const {
    using std::cos, std::sin;
    const V u = x[0] - sin(t);
    dx[0] = cos(t) - u - u * u;
  }
};

/// x(t) = 1/(1/x0 − t).
struct square {
  template <class V>
  void operator()(const V&, const vec<V, 1>& x, vec<V, 1>& dx) const {
    dx[0] = x[0] * x[0];
  }
};

template <class T>
struct start {
  std::vector<vec<T, 3>> x0;
  std::vector<vec<T, 1>> p;
};

/// No two alike; the number is no multiple of the lanes.
template <class T>
start<T> starts(std::size_t n) {
  test::splitmix64 random(1);
  start<T> s;
  for (std::size_t i = 0; i < n; ++i) {
    const auto number = [&](double low, double high) {
      return static_cast<T>(random.between(low, high));
    };
    s.x0.push_back({{number(-9, 9), number(-9, 9), number(0, 30)}});
    s.p.push_back({{number(1, 40)}});
  }
  return s;
}

template <class X>
bool same(const solution<X>& a, const solution<X>& b) {
  return a.x == b.x && a.t == b.t && a.h == b.h && a.status == b.status &&
         a.stats.evaluations == b.stats.evaluations && a.stats.accepted == b.stats.accepted &&
         a.stats.rejected == b.stats.rejected && a.stats.smallest_step == b.stats.smallest_step &&
         a.stats.largest_step == b.stats.largest_step;
}

/// How many of the ends are not what `integrate` gives for that trajectory alone.
template <class S, class T, class How>
int differences(const start<T>& s, const time_span<double>& span, const How& how) {
  const auto ends = integrate_ensemble<S>(driven_lorenz{}, s.x0, s.p, span, how, {.threads = 2});
  int count = 0;
  for (std::size_t i = 0; i < s.x0.size(); ++i) {
    const auto f = [&](double t, const vec<T, 3>& x, vec<T, 3>& dx) {
      driven_lorenz{}(static_cast<T>(t), x, s.p[i], dx);
    };
    count += !same(integrate<S>(f, s.x0[i], span, how), ends[i]);
  }
  return count;
}

template <class T>
constexpr adaptive tolerant{.rtol = sizeof(T) < sizeof(double) ? 1e-4 : 1e-6, .atol = 1e-6};

}  // namespace

TEST_CASE_TEMPLATE("with fixed steps every trajectory ends as it does alone, bit for bit", T, float,
                   double) {
  const auto s = starts<T>(2 * ensemble_lanes<T> + 5);
  CHECK(differences<rk4_classic>(s, {0, 2}, fixed{.steps = 100}) == 0);
  CHECK(differences<kutta3>(s, {1, .9}, fixed{.steps = 100}) == 0);
  CHECK(differences<dormand_prince54>(s, {0, 2}, fixed{.steps = 100}) == 0);  // FSAL
  CHECK(differences<rk4_classic>(s, {2, 2}, fixed{.steps = 100}) == 0);
}

TEST_CASE_TEMPLATE("with chosen steps too: state, time, step, status and counts", T, float,
                   double) {
  const auto s = starts<T>(2 * ensemble_lanes<T> + 5);
  adaptive how = tolerant<T>;
  CHECK(differences<dormand_prince54>(s, {0, 2}, how) == 0);
  CHECK(differences<cash_karp54>(s, {0, 2}, how) == 0);  // not FSAL
  CHECK(differences<dormand_prince54>(s, {1, .5}, how) == 0);
  CHECK(differences<dormand_prince54>(s, {1, 1}, how) == 0);
  for (const auto& filter :
       {step_filter::i(), step_filter::pi34(), step_filter::pid(), step_filter::h211()}) {
    how.filter = filter;
    CHECK(differences<dormand_prince54>(s, {0, 2}, how) == 0);
  }
  how = tolerant<T>;
  how.norm = error_norm::max;
  CHECK(differences<dormand_prince54>(s, {0, 2}, how) == 0);
  how.first_step = .5, how.largest_step = .05;
  CHECK(differences<cash_karp54>(s, {0, 2}, how) == 0);
  for (const std::int64_t attempts : {0, 1, 30}) {
    how.max_steps = attempts;
    CHECK(differences<dormand_prince54>(s, {0, 2}, how) == 0);
    CHECK(differences<cash_karp54>(s, {0, 2}, how) == 0);
  }
}

TEST_CASE("a trajectory does not notice its place, its neighbours, W or the number of threads") {
  const auto s = starts<double>(3 * ensemble_lanes<double> + 1);
  auto turned = s;
  std::rotate(turned.x0.begin(), turned.x0.begin() + 11, turned.x0.end());
  std::rotate(turned.p.begin(), turned.p.begin() + 11, turned.p.end());

  const auto check = [&](const auto& how) {
    const auto ends = integrate_ensemble<dormand_prince54>(driven_lorenz{}, s.x0, s.p, {0, 2}, how);
    int different = 0;
    for (const std::size_t threads : {1u, 2u, 5u}) {
      const auto others = integrate_ensemble<dormand_prince54>(driven_lorenz{}, turned.x0, turned.p,
                                                               {0, 2}, how, {threads});
      for (std::size_t i = 0; i < ends.size(); ++i)
        different += !same(ends[(i + 11) % ends.size()], others[i]);
    }
    const auto narrow = integrate_ensemble<dormand_prince54, register_lanes<double>>(
        driven_lorenz{}, s.x0, s.p, {0, 2}, how);
    for (std::size_t i = 0; i < ends.size(); ++i) different += !same(ends[i], narrow[i]);
    const auto alone = integrate_ensemble<dormand_prince54>(driven_lorenz{}, std::vector{s.x0[7]},
                                                            std::vector{s.p[7]}, {0, 2}, how);
    CHECK(different + !same(alone[0], ends[7]) == 0);
  };
  check(fixed{.steps = 50});
  check(tolerant<double>);
}

TEST_CASE_TEMPLATE("every lane converges with the order of the scheme", S, kutta3, rk4_classic) {
  std::vector<vec<double, 1>> x0;
  for (int i = 0; i < 20; ++i) x0.push_back({{.1 + .03 * i}});
  for (std::size_t i = 0; i < x0.size(); ++i) {
    const auto error = [&](double h) {
      const fixed how{.steps = static_cast<std::int64_t>(std::lround(2 / h))};
      const auto ends = integrate_ensemble<S>(driven_logistic{}, x0, {0, 2}, how);
      return std::abs(ends[i].x[0] - test::driven_logistic<double>::exact(2, x0[i][0]));
    };
    CAPTURE(i);
    CHECK(std::abs(test::observed_slope(error, 1. / 64) - order(S::tableau)) < .15);
  }
}

TEST_CASE("chosen steps keep the error within the tolerance of each trajectory") {
  std::vector<vec<double, 1>> x0;
  for (int i = 0; i < 100; ++i) x0.push_back({{.02 * i}});
  const auto ends = integrate_ensemble<dormand_prince54>(driven_logistic{}, x0, {0, 5},
                                                         adaptive{.rtol = 1e-9, .atol = 1e-9});
  double worst = 0;
  for (std::size_t i = 0; i < x0.size(); ++i) {
    CHECK(ends[i]);
    CHECK(ends[i].t == 5);
    worst =
        std::max(worst, std::abs(ends[i].x[0] - test::driven_logistic<double>::exact(5, x0[i][0])));
  }
  CHECK(worst < 1e-8);
}

TEST_CASE("a trajectory that fails takes no other with it") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  std::vector<vec<double, 1>> x0;
  for (int i = 0; i < 40; ++i) x0.push_back({{i % 3 == 0 ? 2. : .25}});  // x → ∞ at t = .5, at 4
  x0[5][0] = nan;

  const auto chosen = integrate_ensemble<dormand_prince54>(square{}, x0, {0, 1}, adaptive{});
  const auto equal = integrate_ensemble<rk4_classic>(square{}, x0, {0, 1}, fixed{.steps = 100});
  const auto checked = integrate_ensemble<rk4_classic>(square{}, x0, {0, 1},
                                                       fixed{.steps = 100, .check_finite = true});
  for (std::size_t i = 0; i < x0.size(); ++i) {
    CAPTURE(i);
    if (i == 5) {
      CHECK(chosen[i].status == status::non_finite);
      CHECK(chosen[i].stats.evaluations == 0);
      CHECK(checked[i].stats.accepted == 1);
    } else if (i % 3 == 0) {
      CHECK(!chosen[i]);
      CHECK(chosen[i].t == doctest::Approx(.5).epsilon(1e-6));
      CHECK(equal[i].status == status::non_finite);
      CHECK(equal[i].t == 1);
      const auto alone = integrate<rk4_classic>(
          [](double t, const vec<double, 1>& x, vec<double, 1>& dx) { square{}(t, x, dx); }, x0[i],
          {0, 1}, fixed{.steps = 100, .check_finite = true});
      CHECK(checked[i].status == status::non_finite);
      CHECK(checked[i].t == alone.t);
      CHECK(checked[i].stats.accepted == alone.stats.accepted);
    } else {
      CHECK(chosen[i].x[0] == doctest::Approx(1. / 3).epsilon(1e-6));
      CHECK(equal[i].status == status::success);
      CHECK(equal[i].x[0] == doctest::Approx(1. / 3).epsilon(1e-8));
      CHECK(checked[i].x == equal[i].x);
    }
  }
}

TEST_CASE("no trajectories, no ends") {
  const std::vector<vec<double, 1>> none;
  CHECK(integrate_ensemble<rk4_classic>(square{}, none, {0, 1}, fixed{}).empty());
  CHECK(integrate_ensemble<dormand_prince54>(square{}, none, {0, 1}, adaptive{}).empty());
}

TEST_CASE("what cannot be integrated is refused by name") {
  const auto s = starts<double>(3);
  const std::vector<vec<double, 1>> two(2);
  CHECK_THROWS_WITH_AS(integrate_ensemble<rk4_classic>(driven_lorenz{}, s.x0, two, {0, 1}, fixed{}),
                       "integrate_ensemble: expected the parameters of 3 trajectories, got 2",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(
      integrate_ensemble<rk4_classic>(driven_lorenz{}, s.x0, s.p, {0, 1}, fixed{}, {.threads = 0}),
      "integrate_ensemble: threads must be at least 1, got 0", std::invalid_argument);
  CHECK_THROWS_AS(
      integrate_ensemble<rk4_classic>(driven_lorenz{}, s.x0, s.p, {0, 1}, fixed{.steps = 0}),
      std::invalid_argument);
  CHECK_THROWS_AS(integrate_ensemble<dormand_prince54>(driven_lorenz{}, s.x0, s.p, {0, 1},
                                                       adaptive{.rtol = -1}),
                  std::invalid_argument);
  CHECK_THROWS_AS(
      integrate_ensemble<dormand_prince54>(driven_lorenz{}, s.x0, s.p, {0, INFINITY}, adaptive{}),
      std::invalid_argument);
  CHECK_THROWS_AS(integrate_ensemble<dormand_prince54>(driven_lorenz{}, s.x0, s.p, {0, 1},
                                                       adaptive{.norm = error_norm::per_sample}),
                  std::invalid_argument);
}
