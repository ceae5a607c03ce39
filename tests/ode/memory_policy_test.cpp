// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstdint>
#include <stdexcept>
#include <vector>

#include <Eigen/Core>
#include <doctest/doctest.h>

#include <kutta/basis/hat.hpp>
#include <kutta/basis/piecewise_constant.hpp>
#include <kutta/ode/keep_disk.hpp>
#include <kutta/ode/keep_online.hpp>
#include <kutta/ode/ode_block.hpp>

#include "support/dense_sine.hpp"
#include "support/gradient_under.hpp"
#include "support/random.hpp"
#include "support/schemes.hpp"

namespace {

using Eigen::MatrixXd;
using kutta::bases::hat;
using kutta::bases::piecewise_constant;
using kutta::test::dense_sine;
using kutta::test::random_like;

template <class S, class B>
struct test_case {
  using block = kutta::ode_block<dense_sine, S, B>;
  using coefficients = typename block::coefficients;
  using outputs = kutta::test::pass_outputs<MatrixXd, coefficients>;

  explicit test_case(std::int64_t steps) : f(dense_sine{}, B(3), {.steps = steps}) {}

  template <class K>
  outputs under(const K& keep) const {
    return kutta::test::gradient_under(keep, f, theta, x0, w);
  }

  block f;
  kutta::test::splitmix64 random{1};
  coefficients theta = dense_sine::random_coefficients(3, 4, random);
  MatrixXd x0 = random_like(MatrixXd(4, 3), random), w = random_like(x0, random);
};

template <class S, class B>
void check_policies() {
  for (std::int64_t n : {1, 2, 5, 12}) {
    CAPTURE(n);
    const test_case<S, B> test(n);
    const auto expected = test.under(kutta::keep::everything{});
    CHECK(expected.dx != test.w);
    CHECK(test.under(kutta::keep::steps{}) == expected);
    for (std::int64_t k : {1, 3, 5, 12, 13}) {
      CAPTURE(k);
      CHECK(test.under(kutta::keep::every{k}) == expected);
      CHECK(test.under(kutta::keep::binomial{k}) == expected);
      CHECK(test.under(kutta::keep::online{k}) == expected);
      CHECK(test.under(kutta::keep::disk{"/tmp", k}) == expected);
    }
  }
}

}  // namespace

TEST_CASE_TEMPLATE_DEFINE("whatever a policy keeps, the gradient has the same bits", S, policies) {
  check_policies<S, hat>();
  check_policies<S, piecewise_constant>();
}
TEST_CASE_TEMPLATE_APPLY(policies, kutta::test::explicit_schemes);

TEST_CASE("a workspace that keeps nothing gives the value, and has no gradient") {
  const test_case<kutta::schemes::rk4_classic, hat> test(5);
  auto ws = test.f.make_workspace(test.theta, test.x0, kutta::keep::nothing{});
  CHECK(test.f.forward(test.theta, test.x0, ws) == test.under(kutta::keep::everything{}).x1);
  const auto can_backprop = [&](auto& w) {
    return requires(MatrixXd& dx, decltype(test)::coefficients& dtheta) {
      test.f.backprop(test.theta, dx, dtheta, w);
    };
  };
  CHECK(!can_backprop(ws));
  auto keeps = test.f.make_workspace(test.theta, test.x0);
  CHECK(can_backprop(keeps));
}

TEST_CASE("under every policy a record is consumed once") {
  const test_case<kutta::schemes::euler, hat> test(4);
  auto ws = test.f.make_workspace(test.theta, test.x0, kutta::keep::binomial{2});
  MatrixXd dx = test.w;
  auto dtheta = kutta::zeros_like(test.theta);
  CHECK_THROWS_AS(test.f.backprop(test.theta, dx, dtheta, ws), std::logic_error);
  test.f.forward(test.theta, test.x0, ws);
  CHECK_NOTHROW(test.f.backprop(test.theta, dx, dtheta, ws));
  CHECK_THROWS_AS(test.f.backprop(test.theta, dx, dtheta, ws), std::logic_error);
}

TEST_CASE("tiles on threads, under every policy") {
  const test_case<kutta::schemes::rk4_38, hat> test(7);
  const auto loss = [&](const MatrixXd& x1, std::size_t first, MatrixXd& dx) {
    const auto n = x1.cols();
    const auto w = test.w.middleCols(static_cast<Eigen::Index>(first), n);
    dx += w;
    return x1.cwiseProduct(w).sum();
  };
  const auto under = [&](const auto& keep) {
    typename decltype(test)::outputs out{test.x0, test.w, kutta::zeros_like(test.theta)};
    auto ws =
        test.f.make_workspace(test.theta, test.x0, {.threads = 2, .tile = 1, .shards = 2}, keep);
    test.f.gradient(test.theta, test.x0, loss, out.dx, out.dtheta, ws);
    return out;
  };
  const auto expected = under(kutta::keep::everything{});
  CHECK(under(kutta::keep::steps{}) == expected);
  CHECK(under(kutta::keep::every{3}) == expected);
  CHECK(under(kutta::keep::binomial{2}) == expected);
  CHECK(under(kutta::keep::online{2}) == expected);
  CHECK(under(kutta::keep::disk{"/tmp", 2}) == expected);
}
