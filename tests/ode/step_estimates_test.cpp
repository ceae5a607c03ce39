// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <tuple>
#include <type_traits>
#include <vector>

#include <doctest/doctest.h>

#include <kutta/basis/hat.hpp>
#include <kutta/ode/adaptive_block.hpp>
#include <kutta/ode/block_path.hpp>
#include <kutta/ode/keep_online.hpp>
#include <kutta/ode/step_estimates.hpp>
#include <kutta/schemes/embedded_eighth_order.hpp>
#include <kutta/schemes/embedded_fifth_order.hpp>
#include <kutta/schemes/embedded_sixth_order.hpp>
#include <kutta/schemes/embedded_third_order.hpp>
#include <kutta/schemes/fourth_order.hpp>
#include <kutta/schemes/sixth_order.hpp>
#include <kutta/tensor/vec.hpp>

namespace {

using kutta::adaptive_block;
using kutta::estimates_stiffness;
using kutta::keeping_errors;
using kutta::keeping_stiffness;
using kutta::observed;
using kutta::ode_block;
using kutta::step_estimates;
using kutta::bases::hat;
using kutta::schemes::dormand_prince54;
using kutta::schemes::rk4_classic;
using kutta::schemes::tsitouras54;
using T = long double;

using pairs = std::tuple<dormand_prince54, tsitouras54>;
template <class S>
using keeping_both = keeping_errors<keeping_stiffness<S>>;

/// R(theta, x) = {theta x_0, k theta x_1}: two eigenvalues.
template <int k>
struct linear {
  using state = kutta::vec<T, 2>;
  using params = T;
  struct tape {};

  void forward(T theta, const state& x, state& y, tape&) const {
    y = {{theta * x[0], k * theta * x[1]}};
  }
  void vjp(T theta, const state& x, const tape&, const state& dy, state& dx, T& dtheta) const {
    dx[0] += theta * dy[0];
    dx[1] += k * theta * dy[1];
    dtheta += x[0] * dy[0] + k * x[1] * dy[1];
  }
};

/// R(theta, x) = {theta x_0 (1 − x_1), sin(theta x_0) − x_1}.
struct curved {
  using state = kutta::vec<T, 2>;
  using params = T;
  struct tape {};

  static state value(T theta, const state& x) {
    return {{theta * x[0] * (1 - x[1]), std::sin(theta * x[0]) - x[1]}};
  }
  void forward(T theta, const state& x, state& y, tape&) const { y = value(theta, x); }
  void vjp(T theta, const state& x, const tape&, const state& dy, state& dx, T& dtheta) const {
    const T slope = std::cos(theta * x[0]);
    dx[0] += theta * (1 - x[1]) * dy[0] + theta * slope * dy[1];
    dx[1] -= theta * x[0] * dy[0] + dy[1];
    dtheta += x[0] * (1 - x[1]) * dy[0] + x[0] * slope * dy[1];
  }
};
using state = curved::state;

T length(const state& x) {
  return std::sqrt(x[0] * x[0] + x[1] * x[1]);
}

/// What a loss reads, and its gradient by that.
constexpr state dend{{2, -3}};
constexpr step_estimates dboth{.errors = 1000, .stiffness = .25};

struct outcome {
  state x;
  T errors = 0, stiffness = 0;

  T loss(const step_estimates& dsums) const {
    return dend[0] * x[0] + dend[1] * x[1] + dsums.errors * errors + dsums.stiffness * stiffness;
  }
};

/// A step of the grid: where it starts in [0, 1], its share of it, and h.
struct plain_step {
  double start, width, h;
};

/// `curved` by S on this grid, with the hats at 0, 1/2, 1, and the stages p and q compared, in
/// loops.
template <class S>
outcome plain_pass(const std::vector<plain_step>& grid, const std::vector<T>& theta, state x,
                   std::size_t p, std::size_t q) {
  constexpr std::size_t s = S::tableau.stages;
  const auto number = [](const auto& c) { return kutta::to_real<T>(c); };
  T errors = 0, stiffness = 0;
  for (const plain_step& n : grid) {
    state at[s], k[s], e{};
    for (std::size_t i = 0; i < s; ++i) {
      at[i] = x;
      for (std::size_t j = 0; j < i; ++j)
        for (std::size_t d = 0; d < 2; ++d) at[i][d] += n.h * number(S::tableau.a[i][j]) * k[j][d];
      const T u = 2 * (n.start + number(S::tableau.c[i]) * n.width);
      k[i] = curved::value(
          u < 1 ? (1 - u) * theta[0] + u * theta[1] : (2 - u) * theta[1] + (u - 1) * theta[2],
          at[i]);
    }
    for (std::size_t i = 0; i < s; ++i)
      for (std::size_t d = 0; d < 2; ++d) {
        x[d] += n.h * number(S::tableau.b[i]) * k[i][d];
        e[d] += n.h * (number(S::tableau.b[i]) - number(S::tableau.b_hat[i])) * k[i][d];
      }
    errors += std::abs(n.h) * length(e);
    stiffness += length({{k[p][0] - k[q][0], k[p][1] - k[q][1]}}) /
                 length({{at[p][0] - at[q][0], at[p][1] - at[q][1]}});
  }
  return {x, errors, stiffness};
}

/// A point of the loss, and its gradient by three weights and the start.
struct point {
  std::vector<T> theta{1, -2, 3};
  state x0{{.5L, -.25L}};
};

/// The gradient is that of `f(theta, x0)`, by differences with two steps of extrapolation.
template <class F>
void check_gradient(const F& f, const std::vector<T>& dtheta, const state& dx) {
  for (std::size_t i = 0; i < 5; ++i) {
    CAPTURE(i);
    const auto slope = [&](T h) {
      const auto moved = [&](T eps) {
        point at;
        (i < 3 ? at.theta[i] : at.x0[i - 3]) += eps;
        return f(at.theta, at.x0);
      };
      return (moved(h) - moved(-h)) / (2 * h);
    };
    const T h = 1e-3L;
    const T expected = (64 * slope(h / 4) - 20 * slope(h / 2) + slope(h)) / 45;
    CHECK(std::abs((i < 3 ? dtheta[i] : dx[i - 3]) - expected) <=
          1e-12L * (1 + std::abs(expected)));
  }
}

/// The same stage twice: nothing to compare.
struct repeats_a_stage {
  static constexpr kutta::butcher_tableau<3> tableau{
      .c = {0, {1, 2}, {1, 2}}, .a = {{}, {{1, 2}}, {{1, 2}}}, .b = {0, {1, 2}, {1, 2}}};
};

template <class S>
concept can_keep_stiffness = requires { typename keeping_stiffness<S>; };

template <class S>
constexpr bool compares(std::size_t p, std::size_t q) {
  const auto pair = kutta::detail::simultaneous_v<S>;
  return estimates_stiffness<S> && can_keep_stiffness<S> && pair.p + 1 == p && pair.q + 1 == q;
}

}  // namespace

// The stages, counted from 1, that the tables list at the same time.
static_assert(compares<dormand_prince54>(7, 6) && compares<tsitouras54>(7, 6));
static_assert(compares<kutta::schemes::verner65>(8, 6));
static_assert(compares<kutta::schemes::dormand_prince87>(13, 12));
static_assert(compares<rk4_classic>(3, 2) && compares<kutta::schemes::butcher6>(6, 5));
static_assert(compares<keeping_errors<dormand_prince54>>(7, 6));
static_assert(!can_keep_stiffness<kutta::schemes::bogacki_shampine32>);
static_assert(!can_keep_stiffness<kutta::schemes::cash_karp54>);
static_assert(!can_keep_stiffness<kutta::schemes::rk4_38>);
static_assert(kutta::explicit_scheme<repeats_a_stage> && !can_keep_stiffness<repeats_a_stage>);

TEST_CASE_TEMPLATE_DEFINE("on a linear equation the stiffness is |theta|", S, exact) {
  const adaptive_block<linear<1>, keeping_stiffness<S>, hat> f{
      {}, hat(1), {.steps = {.rtol = 1e-5, .atol = 1e-6, .max_steps = 99}, .horizon = 2}};
  for (const T theta : {-3, 2}) {
    const kutta::coefficients_t<hat, T> weights{theta};
    const state x0{{.5L, -2}};
    auto ws = f.make_workspace(weights, x0);
    REQUIRE(f.forward(weights, x0, ws));
    const auto steps = static_cast<double>(ws.grid.count());
    CHECK(steps > 2);
    CHECK(std::abs(ws.stiffness - steps * std::abs(static_cast<double>(theta))) <= 1e-12 * steps);
    ws.dstiffness = .5;
    state dx{};
    auto dweights = kutta::zeros_like(weights);
    f.backprop(weights, dx, dweights, ws);
    CHECK(std::abs(dweights[0] - .5L * (theta > 0 ? 1 : -1) * steps) <= 1e-10L * steps);
    CHECK(length(dx) <= 1e-10L);
  }
}
TEST_CASE_TEMPLATE_APPLY(exact, pairs);

TEST_CASE("of two eigenvalues the stiffness finds the larger one, and not more") {
  const adaptive_block<linear<1000>, keeping_stiffness<dormand_prince54>, hat> f{
      {}, hat(1), {.steps = {.rtol = 1e-5, .atol = 1e-6, .max_steps = 999}}};
  const std::vector<T> theta{-1};
  const state x0{{1, 1}};
  auto ws = f.make_workspace(theta, x0);
  REQUIRE(f.forward(theta, x0, ws));
  const double mean = ws.stiffness / static_cast<double>(ws.grid.count());
  CHECK(mean > 950);
  CHECK(mean <= 1000);
}

TEST_CASE_TEMPLATE_DEFINE(
    "steps by the error: the sums and their gradient are those of plain loops", S, adaptive_sums) {
  const adaptive_block<curved, keeping_both<S>, hat> f{
      {},
      hat(3),
      {.steps = {.rtol = 1e-4, .atol = 1e-6, .max_steps = 99}, .horizon = 2, .rate = .75}};
  const auto check_under = [&](const auto& keep) {
    const point at;
    auto ws = f.make_workspace(at.theta, at.x0, keep);
    REQUIRE(f.forward(at.theta, at.x0, ws));
    std::vector<plain_step> grid;
    for (std::int64_t n = 0; n < ws.grid.count(); ++n)
      grid.push_back({ws.grid.start(n), ws.grid.width_of(n), ws.grid.step_size(n)});
    CHECK(grid.size() >= 5);
    const auto plain = [&](const auto& theta, const state& x0) {
      return plain_pass<S>(grid, theta, x0, 6, 5).loss(dboth);
    };
    const outcome result{ws.last(), ws.errors, ws.stiffness};
    CHECK(std::abs(result.loss(dboth) - plain(at.theta, at.x0)) <= 1e-13L);
    const double errors = ws.errors, stiffness = ws.stiffness;
    f.repeat(at.theta, at.x0, ws);
    CHECK(ws.errors == errors);
    CHECK(ws.stiffness == stiffness);

    state dx = dend;
    std::vector<T> dtheta(3, 0);
    ws.derrors = dboth.errors;
    ws.dstiffness = dboth.stiffness;
    f.backprop(at.theta, dx, dtheta, ws);
    check_gradient(plain, dtheta, dx);
  };
  check_under(kutta::keep::everything{});
  check_under(kutta::keep::every{3});
  check_under(kutta::keep::online{2});
}
TEST_CASE_TEMPLATE_APPLY(adaptive_sums, pairs);

TEST_CASE_TEMPLATE_DEFINE("equal steps: the sums and their gradient are those of plain loops", S,
                          fixed_sums) {
  constexpr bool is_pair = kutta::has_embedding(S::tableau);
  using kept = std::conditional_t<is_pair, keeping_both<S>, keeping_stiffness<S>>;
  constexpr step_estimates dsums{is_pair ? dboth.errors : 0, dboth.stiffness};
  constexpr std::size_t p = is_pair ? 6 : 2, q = p - 1;
  const kutta::block_options how{.steps = 7, .horizon = 2, .rate = -.75};
  const ode_block<curved, observed<kept>, hat> f{{}, hat(3), how};
  std::vector<plain_step> grid;
  for (int n = 0; n < 7; ++n) grid.push_back({n / 7., 1 / 7., -1.5 / 7});
  const auto plain = [&](const auto& theta, const state& x0) {
    return plain_pass<S>(grid, theta, x0, p, q).loss(dsums);
  };
  const auto check_under = [&](const auto& keep) {
    const point at;
    auto ws = f.make_workspace(at.theta, at.x0, keep);
    step_estimates sums{1, 1};
    const state x = f.forward(at.theta, at.x0, ws, kutta::observe_estimates(f, ws, sums));
    const outcome result{x, sums.errors, sums.stiffness};
    CHECK(std::abs(result.loss(dsums) - plain(at.theta, at.x0)) <= 1e-13L);
    state dx = dend;
    std::vector<T> dtheta(3, 0);
    f.backprop(at.theta, dx, dtheta, ws, kutta::along_estimates(f, ws, dsums));
    check_gradient(plain, dtheta, dx);

    // The next gradient does not read them.
    const auto g = f.template with_scheme<S>();
    auto plain_ws = g.make_workspace(at.theta, at.x0);
    f.forward(at.theta, at.x0, ws);
    g.forward(at.theta, at.x0, plain_ws);
    state dx_next = dend, dx_plain = dend;
    std::vector<T> next(3, 0), without(3, 0);
    f.backprop(at.theta, dx_next, next, ws);
    g.backprop(at.theta, dx_plain, without, plain_ws);
    CHECK(dx_next == dx_plain);
    CHECK(next == without);
  };
  check_under(kutta::keep::everything{});
  check_under(kutta::keep::steps{});
  check_under(kutta::keep::binomial{2});
}
TEST_CASE_TEMPLATE_APPLY(fixed_sums, std::tuple<dormand_prince54, rk4_classic>);

TEST_CASE("a state at rest is not stiff, and has a gradient") {
  const adaptive_block<curved, keeping_both<tsitouras54>, hat> f{
      {}, hat(3), {.steps = {.max_steps = 99}}};
  const std::vector<T> theta{1, 2, 3};
  const state x0{};
  auto ws = f.make_workspace(theta, x0);
  REQUIRE(f.forward(theta, x0, ws));
  CHECK(ws.stiffness == 0);
  ws.derrors = ws.dstiffness = 1;
  state dx{};
  std::vector<T> dtheta(3, 0);
  f.backprop(theta, dx, dtheta, ws);
  CHECK(dx == state{});
  CHECK(dtheta == std::vector<T>(3, 0));
}
