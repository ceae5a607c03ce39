// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <tuple>
#include <vector>

#include <doctest/doctest.h>

#include <kutta/ode/fused_step.hpp>
#include <kutta/ode/integrate.hpp>
#include <kutta/ode/observers.hpp>
#include <kutta/schemes/embedded_fifth_order.hpp>
#include <kutta/schemes/first_order.hpp>
#include <kutta/schemes/fourth_order.hpp>
#include <kutta/schemes/order.hpp>
#include <kutta/schemes/second_order.hpp>
#include <kutta/schemes/third_order.hpp>

#include "support/problems.hpp"
#include "support/slope.hpp"

namespace {

using namespace kutta;
using real = long double;
using problem = test::driven_logistic<real>;

/// The right-hand side with and without `fused`; counts what is called.
struct rate {
  int* calls = nullptr;
  void operator()(real t, real x, real& dx) const {
    if (calls) ++*calls;
    dx = problem::rate(t, x);
  }
};

struct fused_problem : rate {
  template <class... V>
  void fused(real t, real x, real& y, real beta, const V&... terms) const {
    y = ((terms.a * terms.x) + ...) + beta * problem::rate(t, x);
  }
};

TEST_CASE("the classical scheme as it is derived by hand") {
  constexpr auto t = detail::fused(schemes::rk4_classic::tableau);
  // x1 = (−X_1 + X_2 + 2 X_3 + X_4)/3 + h/6 f(X_4)
  CHECK(t.alpha[4][0] == rational(-1, 3));
  CHECK(t.alpha[4][1] == rational(1, 3));
  CHECK(t.alpha[4][2] == rational(2, 3));
  CHECK(t.alpha[4][3] == rational(1, 3));
  CHECK(t.beta[4] == rational(1, 6));
  for (std::size_t i = 1; i < 4; ++i) {  // X_{i+1} = x0 + a h f(X_i)
    CHECK(t.alpha[i][0] == 1);
    for (std::size_t l = 1; l < i; ++l) CHECK(t.alpha[i][l] == 0);
    CHECK(t.beta[i] == schemes::rk4_classic::tableau.a[i][i - 1]);
  }
}

/// Whether the fused kutta3 is still taken for the scheme after a change of one α and one β.
constexpr bool is_kutta3(rational of_alpha, rational of_beta) {
  auto t = detail::fused(schemes::kutta3::tableau);
  t.alpha[3][1] = t.alpha[3][1] + of_alpha;
  t.beta[2] = t.beta[2] + of_beta;
  return detail::equals(t, schemes::kutta3::tableau);
}

TEST_CASE("a changed table is told from the scheme's") {
  static_assert(is_kutta3(0, 0));
  static_assert(!is_kutta3({1, 1000}, 0));
  static_assert(!is_kutta3(0, {1, 1000}));
}

TEST_CASE("which schemes have the form") {
  static_assert(fusable_scheme<schemes::midpoint> && fusable_scheme<schemes::rk4_38>);
  static_assert(!fusable_scheme<schemes::euler>);             // has one stage
  static_assert(!fusable_scheme<schemes::dormand_prince54>);  // FSAL: b_s = 0
  static_assert(!fused_rate<rate, real> && fused_rate<fused_problem, real>);
}

TEST_CASE_TEMPLATE("the observed order is the scheme's", S, schemes::midpoint, schemes::heun2,
                   schemes::ralston2, schemes::kutta3, schemes::heun3, schemes::ralston3,
                   schemes::rk4_classic, schemes::rk4_38) {
  const auto error = [](double h) {
    int calls = 0;
    const auto s = integrate<S>(fused_problem{{&calls}}, real(.5), {real(0), real(2)},
                                fixed{.steps = std::lround(2 / h)});
    CHECK(calls == 0);  // f itself is never asked
    CHECK(s.stats.evaluations == static_cast<std::int64_t>(stages_v<S>) * std::lround(2 / h));
    return std::abs(s.x - problem::exact(2, real(.5)));
  };
  const double slope = test::observed_slope(error, 1. / 128);
  CAPTURE(slope);
  CHECK(std::abs(slope - order(S::tableau)) <= .15);

  const auto plain = integrate<S>(rate{}, real(.5), {real(0), real(2)}, fixed{.steps = 16});
  const auto fused =
      integrate<S>(fused_problem{}, real(.5), {real(0), real(2)}, fixed{.steps = 16});
  CHECK(std::abs(plain.x - fused.x) <= 1e-17L);
}

TEST_CASE("dense output asks for the rates at both ends, once a step") {
  int calls = 0;
  trajectory<real> path;
  std::vector<real> times;
  for (int i = 1; i < 40; ++i) times.push_back(i / real(20));
  const auto s =
      integrate<schemes::rk4_classic>(fused_problem{{&calls}}, real(.5), {real(0), real(2)},
                                      fixed{.steps = 10}, save_at(times, path));
  CHECK(s.ok());
  REQUIRE(path.size() == 39);
  CHECK(calls == 11);
  for (std::size_t i = 0; i < path.size(); ++i)
    CHECK(std::abs(path.x[i] - problem::exact(path.t[i], real(.5))) <= 1e-4);
}

TEST_CASE("adaptive steps take the right-hand side as it is") {
  const auto a =
      integrate<schemes::dormand_prince54>(rate{}, real(.5), {real(0), real(2)}, adaptive{});
  const auto b = integrate<schemes::dormand_prince54>(fused_problem{}, real(.5), {real(0), real(2)},
                                                      adaptive{});
  CHECK(a.x == b.x);
}

}  // namespace
