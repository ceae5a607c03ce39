// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstddef>
#include <limits>
#include <stdexcept>
#include <vector>

#include <doctest/doctest.h>

#include <kutta/cuda/integrate_ensemble.hpp>
#include <kutta/integrate.hpp>
#include <kutta/schemes/embedded_fifth_order.hpp>
#include <kutta/schemes/embedded_third_order.hpp>
#include <kutta/schemes/fourth_order.hpp>

namespace {

/// x' = ω y, y' = −ω x + t/10: a turning vector that is pushed.
struct turning {
  template <class T>
  KUTTA_HD void operator()(const T& t, const kutta::vec<T, 2>& x, const kutta::vec<T, 1>& p,
                           kutta::vec<T, 2>& dx) const {
    dx[0] = p[0] * x[1];
    dx[1] = t / 10 - p[0] * x[0];
  }
};

/// x' = x²: infinite at t = 1/x(0).
struct blowing_up {
  template <class T>
  KUTTA_HD void operator()(const T&, const kutta::vec<T, 1>& x, kutta::vec<T, 1>& dx) const {
    dx[0] = x[0] * x[0];
  }
};

template <class T>
std::vector<kutta::vec<T, 2>> starts(std::size_t n) {
  std::vector<kutta::vec<T, 2>> x0;
  for (std::size_t i = 0; i < n; ++i)
    x0.push_back({static_cast<T>(1 + .01 * static_cast<double>(i)), static_cast<T>(-.5)});
  return x0;
}
template <class T>
std::vector<kutta::vec<T, 1>> frequencies(std::size_t n) {
  std::vector<kutta::vec<T, 1>> p;
  for (std::size_t i = 0; i < n; ++i)
    p.push_back(
        {static_cast<T>(.5 + static_cast<double>(i * 37 % n) * 5. / static_cast<double>(n))});
  return p;
}

#ifdef __CUDACC__
constexpr bool same_rounding = false;
#else
constexpr bool same_rounding = true;  // compiled without contraction
#endif

}  // namespace

TEST_CASE_TEMPLATE("each end is that of integrate, steps and counts included", T, float, double) {
  using namespace kutta::schemes;
  const std::size_t n = 203;
  const auto x0 = starts<T>(n);
  const auto p = frequencies<T>(n);
  const auto compare = [&]<class S>(const kutta::time_span<double>& span, const auto& how,
                                    double tolerance) {
    const auto ends = kutta::cuda::integrate_ensemble<S>(turning{}, x0, p, span, how);
    REQUIRE(ends.size() == n);
    for (std::size_t i = 0; i < n; ++i) {
      const auto f = [&](double t, const kutta::vec<T, 2>& x, kutta::vec<T, 2>& dx) {
        turning{}(static_cast<T>(t), x, p[i], dx);
      };
      const auto one = kutta::integrate<S>(f, x0[i], span, how);
      CAPTURE(i);
      CHECK(ends[i].status == one.status);
      CHECK(ends[i].t == one.t);
      if (same_rounding) {
        CHECK(ends[i].x[0] == one.x[0]);
        CHECK(ends[i].x[1] == one.x[1]);
        CHECK(ends[i].h == one.h);
        CHECK(ends[i].stats.accepted == one.stats.accepted);
        CHECK(ends[i].stats.rejected == one.stats.rejected);
        CHECK(ends[i].stats.evaluations == one.stats.evaluations);
        CHECK(ends[i].stats.smallest_step == one.stats.smallest_step);
        CHECK(ends[i].stats.largest_step == one.stats.largest_step);
      } else {
        CHECK(std::abs(double(ends[i].x[0] - one.x[0])) <= tolerance);
        CHECK(std::abs(double(ends[i].x[1] - one.x[1])) <= tolerance);
        CHECK(std::abs(double(ends[i].stats.accepted - one.stats.accepted)) <= 2);
      }
    }
  };
  const double close = 1e4 * double(std::numeric_limits<T>::epsilon());
  compare.template operator()<rk4_classic>({0, 3}, kutta::fixed{.steps = 40}, close);
  compare.template operator()<rk4_classic>({3, -1}, kutta::fixed{.steps = 7}, close);
  const kutta::adaptive loose{.rtol = 1e-3, .atol = 1e-4};
  compare.template operator()<dormand_prince54>({0, 3}, loose, 1e-2);
  compare.template operator()<dormand_prince54>(
      {3, 0}, kutta::adaptive{.rtol = 1e-4, .atol = 1e-4, .norm = kutta::error_norm::max}, 1e-2);
  compare.template operator()<bogacki_shampine32>(
      {1, 2}, kutta::adaptive{.rtol = 1e-3, .first_step = .3, .filter = kutta::step_filter::h211()},
      1e-2);
}

TEST_CASE("what stops a trajectory stops it alone") {
  using namespace kutta::schemes;
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const std::vector<kutta::vec<double, 1>> x0{{.5}, {2.}, {nan}, {.25}};
  const auto ends = kutta::cuda::integrate_ensemble<dormand_prince54>(
      blowing_up{}, x0, {0., 1.}, kutta::adaptive{.rtol = 1e-8, .atol = 1e-8});
  CHECK(ends[0].status == kutta::status::success);
  CHECK(std::abs(ends[0].x[0] - 1) <= 1e-6);
  CHECK(ends[1].status != kutta::status::success);  // x = 1/(1/2 − t) has no value at t = 1
  CHECK(std::abs(ends[1].t - .5) <= 1e-6);
  CHECK(ends[2].status == kutta::status::non_finite);
  CHECK(ends[3].status == kutta::status::success);
  CHECK(std::abs(ends[3].x[0] - 1. / 3) <= 1e-6);

  const auto stopped = kutta::cuda::integrate_ensemble<dormand_prince54>(
      blowing_up{}, x0, {0., 1.}, kutta::adaptive{.rtol = 1e-8, .atol = 1e-8, .max_steps = 3});
  CHECK(stopped[0].status == kutta::status::max_steps);
  CHECK(stopped[0].stats.accepted + stopped[0].stats.rejected == 3);

  const auto nowhere = kutta::cuda::integrate_ensemble<dormand_prince54>(blowing_up{}, x0, {1., 1.},
                                                                         kutta::adaptive{});
  CHECK(nowhere[0].status == kutta::status::success);
  CHECK(nowhere[0].x[0] == .5);
  CHECK(nowhere[0].stats.evaluations == 0);

  const auto fixed = kutta::cuda::integrate_ensemble<rk4_classic>(
      blowing_up{}, x0, {0., 1.}, kutta::fixed{.steps = 100, .check_finite = true});
  CHECK(fixed[1].status == kutta::status::non_finite);
  CHECK(fixed[1].t < 1);
  CHECK(fixed[0].status == kutta::status::success);
}

TEST_CASE("what does not fit is named") {
  const std::vector<kutta::vec<double, 2>> x0(3);
  CHECK_THROWS_WITH_AS((kutta::cuda::ensemble<double, 2, 1>(x0, {{1.}})),
                       "integrate_ensemble: expected the parameters of 3 trajectories, got 1",
                       std::invalid_argument);
  const std::vector<kutta::vec<double, 1>> p(3);
  CHECK_THROWS_WITH_AS(kutta::cuda::integrate_ensemble<kutta::schemes::rk4_classic>(
                           turning{}, x0, p, {0., 1.}, kutta::fixed{.steps = 0}),
                       "fixed: steps must be at least 1, got 0", std::invalid_argument);
}
