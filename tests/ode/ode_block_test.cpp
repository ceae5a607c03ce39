// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include <doctest/doctest.h>

#include <kutta/basis/hat.hpp>
#include <kutta/basis/piecewise_constant.hpp>
#include <kutta/basis/refine.hpp>
#include <kutta/ode/ode_block.hpp>
#include <kutta/schemes/order.hpp>

#include "support/dense_sine.hpp"
#include "support/problems.hpp"
#include "support/random.hpp"
#include "support/schemes.hpp"
#include "support/slope.hpp"

namespace {

using kutta::block_options;
using kutta::ode_block;
using kutta::bases::hat;
using kutta::bases::piecewise_constant;
using kutta::schemes::euler;
using kutta::schemes::midpoint;
using kutta::schemes::rk4_38;
using kutta::schemes::rk4_classic;
using kutta::test::dense_sine;
using kutta::test::explicit_schemes;
using kutta::test::observed_slope;
using kutta::test::splitmix64;

using logistic = kutta::test::logistic<double>;
using fine_logistic = kutta::test::logistic<long double>;
constexpr double x0 = .2;

template <class S, class B>
using logistic_block = ode_block<logistic, S, B>;

/// |x(T) − exact| with 1/h steps, where the integral of rate theta over [0, T] is given. In long
/// double, so that h can be small enough for the slope where the error is far from rounding.
template <class S, class B>
auto error_of(const B& phi, const std::vector<long double>& theta, long double integral,
              block_options options = {}) {
  return [=](double h) {
    const ode_block<fine_logistic, S, B> f{fine_logistic{}, phi, options};
    const long double start = x0;
    return std::abs(f.with_steps(std::lround(1 / h))(theta, start) -
                    fine_logistic::exact(start, integral));
  };
}

template <class S>
void check_order(auto&& error, double h) {
  CHECK(std::abs(observed_slope(error, h) - kutta::order(S::tableau)) <= .15);
}

/// Piecewise constant weights, always from the right: what a stage at c = 1 must not see.
struct side_blind {
  static constexpr std::size_t support = 1;
  piecewise_constant pieces;
  std::size_t size() const { return pieces.size(); }
  kutta::basis_values<1> operator()(kutta::depth s) const {
    s.from = kutta::side::right;
    return pieces(s);
  }
};

}  // namespace

TEST_CASE_TEMPLATE_DEFINE("weights linear in depth: the error falls at the order of the table", S,
                          order_on_hats) {
  check_order<S>(error_of<S>(hat(2), {1, 3}, 2.), 1. / 512);
}
TEST_CASE_TEMPLATE_APPLY(order_on_hats, explicit_schemes);

TEST_CASE_TEMPLATE_DEFINE("weights that jump between steps cost no order", S, order_on_pieces) {
  check_order<S>(error_of<S>(piecewise_constant(2), {1, 3}, 2.), 1. / 512);
  check_order<S>(error_of<S>(piecewise_constant(4), {1, 3, -2, 2}, 1.), 1. / 512);
}
TEST_CASE_TEMPLATE_APPLY(order_on_pieces, explicit_schemes);

TEST_CASE_TEMPLATE("a basis that ignores the side of a jump drops to order 1", S,
                   kutta::schemes::kutta3, rk4_classic, rk4_38) {
  const auto error = error_of<S>(side_blind{piecewise_constant(2)}, {1, 3}, 2.);
  CHECK(std::abs(observed_slope(error, 1. / 512) - 1) <= .15);
}

TEST_CASE_TEMPLATE_DEFINE("horizon and rate scale time and speed, and may be negative", S,
                          order_with_options) {
  const auto check = [](double horizon, double rate, long double integral) {
    CAPTURE(horizon);
    CAPTURE(rate);
    check_order<S>(error_of<S>(hat(2), {1, 3}, integral, {.horizon = horizon, .rate = rate}),
                   1. / 512);
  };
  check(1.5, 1, 3);
  check(1, .5, 1);
  check(1.5, -.5, -1.5);
  check(-.5, 1, -1);
  check(-1.5, -1, 3);
}
TEST_CASE_TEMPLATE_APPLY(order_with_options, explicit_schemes);

TEST_CASE("only the product of horizon and rate matters where R does not see t") {
  const std::vector<double> theta{1, 3};
  const auto end = [&](double horizon, double rate) {
    return logistic_block<rk4_38, hat>(logistic{}, hat(2),
                                       {.steps = 7, .horizon = horizon, .rate = rate})(theta, x0);
  };
  CHECK(end(2, 1.5) == end(3, 1));
  CHECK(end(-2, 1.5) == end(3, -1));
  CHECK(end(0, 5) == x0);
}

TEST_CASE("backward through the reversed weights leads back to the start") {
  const std::vector<double> theta{1, 3, -2, 2}, reversed{2, -2, 3, 1};
  const auto check = [&](const auto& phi) {
    using B = std::remove_cvref_t<decltype(phi)>;
    const logistic_block<rk4_classic, B> there{logistic{}, phi, {.steps = 192}};
    const logistic_block<rk4_classic, B> back{logistic{}, phi, {.steps = 192, .rate = -1}};
    const double x1 = there(theta, x0);
    CHECK(std::abs(x1 - x0) > .1);
    CHECK(std::abs(back(reversed, x1) - x0) <= 1e-9);
  };
  check(hat(4));
  check(piecewise_constant(4));
}

TEST_CASE("one Euler step by hand") {
  const logistic_block<euler, piecewise_constant> f{
      logistic{}, piecewise_constant(1), {.steps = 1, .horizon = 2, .rate = .25}};
  CHECK(f({3.}, .5) == .5 + .5 * 3 * .25);
}

TEST_CASE("Euler steps read the weights at their start, midpoint steps in the middle") {
  // dx/dt = theta(t): the result is the sum of what was read.
  struct read {
    using state = double;
    using params = double;
    struct tape {};
    void forward(double theta, double, double& y, tape&) const { y = theta; }
    void vjp(double, double, const tape&, double dy, double&, double& dtheta) const {
      dtheta += dy;
    }
  };
  const std::vector<double> theta{0, 8};  // theta(s) = 8 s
  const auto read_by = [&]<class S>(S) {
    return ode_block<read, S, hat>{read{}, hat(2), {.steps = 4, .horizon = 4}}(theta, 0);
  };
  CHECK(read_by(euler{}) == 0 + 2 + 4 + 6);
  CHECK(read_by(midpoint{}) == 1 + 3 + 5 + 7);
  CHECK(read_by(kutta::schemes::heun2{}) == 1 + 3 + 5 + 7);
  CHECK(read_by(rk4_classic{}) == doctest::Approx(16).epsilon(1e-15));
}

TEST_CASE("forward leaves the result and every state before it in the workspace") {
  const logistic_block<rk4_classic, hat> f{logistic{}, hat(2), {.steps = 4}};
  const std::vector<double> theta{1, 3};
  auto ws = f.make_workspace(theta, x0);
  const double& x1 = f.forward(theta, x0, ws);
  CHECK(ws.steps() == 4);
  CHECK(&x1 == &ws.x(4));
  CHECK(ws.x(0) == x0);
  // Each recorded state is on the exact solution, up to the error of the scheme.
  for (std::int64_t n = 0; n <= 4; ++n) {
    const double s = static_cast<double>(n) / 4;
    CHECK(std::abs(ws.x(n) - logistic::exact(x0, s + s * s)) <= 1e-4);
  }
  CHECK(f(theta, x0) == x1);
}

TEST_CASE("a workspace serves one pass after the other") {
  splitmix64 random(1);
  const auto theta = dense_sine::random_coefficients(3, 4, random);
  const Eigen::MatrixXd a = kutta::test::random_like(Eigen::MatrixXd(4, 5), random);
  const Eigen::MatrixXd b = kutta::test::random_like(a, random);
  const ode_block<dense_sine, rk4_38, hat> f{dense_sine{}, hat(3), {.steps = 3}};
  auto ws = f.make_workspace(theta, a);
  const Eigen::MatrixXd first = f.forward(theta, a, ws);
  f.forward(theta, b, ws);
  CHECK(f.forward(theta, a, ws) == first);
  CHECK(f.forward(theta, ws.x(0), ws) == first);  // its own start, too
  CHECK(f(theta, a) == first);
}

TEST_CASE("the same weights run on other graphs") {
  const std::vector<double> theta{1, 3};
  const logistic_block<rk4_classic, hat> f{
      logistic{}, hat(2), {.steps = 5, .horizon = 1.5, .rate = .5}};

  const auto more = f.with_steps(9);
  CHECK(more.options().steps == 9);
  CHECK(more.options().horizon == 1.5);
  CHECK(more.options().rate == .5);
  CHECK(more(theta, x0) ==
        logistic_block<rk4_classic, hat>{
            logistic{}, hat(2), {.steps = 9, .horizon = 1.5, .rate = .5}}(theta, x0));
  const auto other = f.with_scheme<midpoint>();
  static_assert(std::is_same_v<decltype(other), const logistic_block<midpoint, hat>>);
  CHECK(other(theta, x0) ==
        logistic_block<midpoint, hat>{logistic{}, hat(2), f.options()}(theta, x0));

  const auto pieces = f.with_basis(piecewise_constant(2));
  static_assert(
      std::is_same_v<decltype(pieces), const logistic_block<rk4_classic, piecewise_constant>>);
  CHECK(pieces(theta, x0) == logistic_block<rk4_classic, piecewise_constant>{
                                 logistic{}, piecewise_constant(2), f.options()}(theta, x0));
  CHECK(f.with_basis(hat(3)).basis().size() == 3);
  CHECK(f.options().steps == 5);
  CHECK(more(theta, x0) != f(theta, x0));
}

TEST_CASE_TEMPLATE("refining the weights changes a pass by rounding only", B, hat,
                   piecewise_constant) {
  splitmix64 random(2);
  const B coarse(3);
  const auto theta = dense_sine::random_coefficients(3, 4, random);
  const Eigen::MatrixXd x = kutta::test::random_like(Eigen::MatrixXd(4, 5), random);
  const auto fine = kutta::refine(kutta::refine(theta, coarse), coarse.refined());
  for (const std::int64_t steps : {1, 3, 6, 7}) {
    CAPTURE(steps);
    const ode_block<dense_sine, rk4_classic, B> f{dense_sine{}, coarse, {.steps = steps}};
    const auto g = f.with_basis(coarse.refined().refined());
    CHECK((f(theta, x) - g(fine, x)).cwiseAbs().maxCoeff() <=
          64 * std::numeric_limits<double>::epsilon());
  }
}

namespace {

/// dx/dt = f(t, x) as a residual that sees the time, with a scratch that counts its calls.
struct driven {
  using state = double;
  using params = double;
  struct tape {
    double t;
    std::uint64_t pass;
  };
  struct scratch {
    int calls;
  };

  scratch make_scratch(double, double) const { return {0}; }

  void forward(double, double x, double& y, tape& saved, const kutta::context<driven>& at) const {
    y = kutta::test::driven_logistic<double>::rate(at.t, x);
    saved = {at.t, at.pass};
    ++at.scratch.calls;
  }
  void vjp(double, double x, const tape& saved, double dy, double& dx, double&,
           const kutta::context<driven>& at) const {
    CHECK(at.t == saved.t);
    CHECK(at.pass == saved.pass);
    dx -= (1 + 2 * (x - std::sin(at.t))) * dy;
    ++at.scratch.calls;
  }
};

}  // namespace

TEST_CASE_TEMPLATE_DEFINE("a residual that asks is told the time of its stage", S, time_of_stage) {
  const auto error = [](double h) {
    const ode_block<driven, S, piecewise_constant> f{
        driven{}, piecewise_constant(1), {.steps = std::lround(2 / h), .horizon = 2}};
    return std::abs(f({0.}, .6) - kutta::test::driven_logistic<double>::exact(2, .6));
  };
  check_order<S>(error, 1. / 64);
}
TEST_CASE_TEMPLATE_APPLY(time_of_stage, explicit_schemes);

TEST_CASE("time, pass and scratch are the same forward and in reverse") {
  const ode_block<driven, rk4_classic, piecewise_constant> f{
      driven{}, piecewise_constant(1), {.steps = 2, .horizon = 3}};
  const std::vector<double> theta{0};
  auto ws = f.make_workspace(theta, .5);
  auto dtheta = theta;
  for (std::uint64_t pass = 1; pass <= 3; ++pass) {
    double dx = 1;
    f.forward(theta, .5, ws);
    const double t[] = {0, .75, .75, 1.5, 1.5, 2.25, 2.25, 3};
    for (std::size_t stage = 0; stage < 8; ++stage) {
      const auto& saved = ws.history.record(static_cast<std::int64_t>(stage / 4)).tapes[stage % 4];
      CHECK(saved.t == t[stage]);
      CHECK(saved.pass == pass);
    }
    f.backprop(theta, dx, dtheta, ws);
  }
  CHECK(ws.scratch.calls == 3 * 16);
}

TEST_CASE("a residual need not be copyable") {
  struct owner {
    using state = double;
    using params = double;
    struct tape {};
    std::unique_ptr<double> scale = std::make_unique<double>(2);
    void forward(double theta, double x, double& y, tape&) const { y = *scale * theta * x; }
    void vjp(double theta, double x, const tape&, double dy, double& dx, double& dtheta) const {
      dx += *scale * theta * dy, dtheta += *scale * x * dy;
    }
  };
  const ode_block<owner, euler, piecewise_constant> f{owner{}, piecewise_constant(1), {.steps = 1}};
  CHECK(f({3.}, 1) == 7);
}
