// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <stdexcept>
#include <vector>

#include <Eigen/Core>
#include <doctest/doctest.h>

#include <kutta/eigen/tensor.hpp>
#include <kutta/ode/integrate.hpp>
#include <kutta/ode/per_sample.hpp>
#include <kutta/schemes/embedded_fifth_order.hpp>

#include "support/problems.hpp"
#include "support/random.hpp"

using namespace kutta;
using schemes::cash_karp54;
using schemes::dormand_prince54;

namespace {

/// Lorenz's equations with a driving force, in every column.
template <class T>
struct driven_lorenz {
  using state = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic>;

  void operator()(std::span<const double> t, const state& x, state& dx) const {
    for (Eigen::Index s = 0; s < x.cols(); ++s) {
      const T force = static_cast<T>(std::sin(t[static_cast<std::size_t>(s)]));
      dx(0, s) = 10 * (x(1, s) - x(0, s));
      dx(1, s) = x(0, s) * (28 - x(2, s)) - x(1, s) + force;
      dx(2, s) = x(0, s) * x(1, s) - x(2, s) * 8 / 3;
    }
  }
};

/// A batch of samples with one element.
using scalars = Eigen::MatrixXd;

/// dx/dt = x², sample by sample; notes the batches it saw.
struct square {
  std::vector<Eigen::Index> batches;

  void operator()(std::span<const double> t, const scalars& x, scalars& dx) {
    CHECK(static_cast<Eigen::Index>(t.size()) == x.cols());
    if (batches.empty() || batches.back() != x.cols()) batches.push_back(x.cols());
    dx = x.array().square().matrix();
  }
};

/// How many samples do not end as they do alone.
template <class S, class T>
int differences(const adaptive& how) {
  using state = typename driven_lorenz<T>::state;
  constexpr Eigen::Index n = 23;
  test::splitmix64 random(3);
  const state x0 = test::random_like(state(3, n), random, -9, 9);
  std::vector<time_span<double>> spans;
  for (Eigen::Index s = 0; s < n; ++s)
    spans.push_back({random.between(0, 1), random.between(1, 3)});
  spans[4].t1 = spans[4].t0 - .1;  // backwards
  spans[7].t1 = spans[7].t0;       // nowhere

  const auto all = integrate_samples<S>(driven_lorenz<T>{}, x0, spans, how);
  int count = 0;
  for (Eigen::Index s = 0; s < n; ++s) {
    const auto i = static_cast<std::size_t>(s);
    const auto alone =
        integrate<S>([](double t, const state& x,
                        state& dx) { driven_lorenz<T>{}(std::span<const double>(&t, 1), x, dx); },
                     state(x0.col(s)), spans[i], how);
    const sample_end& end = all.samples[i];
    count += !(alone.x == all.x.col(s) && alone.t == end.t && alone.h == end.h &&
               alone.status == end.status && alone.stats.evaluations == end.stats.evaluations &&
               alone.stats.accepted == end.stats.accepted &&
               alone.stats.rejected == end.stats.rejected &&
               alone.stats.smallest_step == end.stats.smallest_step &&
               alone.stats.largest_step == end.stats.largest_step);
  }
  return count;
}

}  // namespace

TEST_CASE_TEMPLATE("a sample ends as it does alone, bit for bit", T, float, double) {
  adaptive how{.rtol = 1e-4, .atol = 1e-6};
  CHECK(differences<dormand_prince54, T>(how) == 0);
  CHECK(differences<cash_karp54, T>(how) == 0);  // not FSAL
  how.filter = step_filter::h211();
  CHECK(differences<dormand_prince54, T>(how) == 0);
  how.norm = error_norm::max, how.filter = step_filter::pid();
  CHECK(differences<dormand_prince54, T>(how) == 0);
  how.first_step = .5, how.largest_step = .05;
  CHECK(differences<dormand_prince54, T>(how) == 0);
  CHECK(differences<cash_karp54, T>(how) == 0);
  for (const std::int64_t attempts : {0, 1, 20}) {
    how.max_steps = attempts;
    CHECK(differences<dormand_prince54, T>(how) == 0);
    CHECK(differences<cash_karp54, T>(how) == 0);
  }
}

TEST_CASE("every sample keeps the tolerance on a span of its own") {
  constexpr Eigen::Index n = 40;
  using problem = test::driven_logistic<double>;
  scalars x0(1, n);
  std::vector<time_span<double>> spans;
  for (Eigen::Index s = 0; s < n; ++s) {
    x0(0, s) = .05 * static_cast<double>(s);
    spans.push_back({0, .2 * static_cast<double>(s)});
  }
  const auto f = [](std::span<const double> t, const scalars& x, scalars& dx) {
    for (Eigen::Index s = 0; s < x.cols(); ++s)
      dx(0, s) = problem::rate(t[static_cast<std::size_t>(s)], x(0, s));
  };
  const auto end = integrate_samples<dormand_prince54>(f, x0, spans, {.rtol = 1e-9, .atol = 1e-9});
  CHECK(end);
  double worst = 0;
  for (Eigen::Index s = 0; s < n; ++s) {
    const auto i = static_cast<std::size_t>(s);
    CHECK(end.samples[i].t == spans[i].t1);
    worst = std::max(worst, std::abs(end.x(0, s) - problem::exact(spans[i].t1, x0(0, s))));
  }
  CHECK(worst < 1e-8);
}

TEST_CASE("a sample that fails ends alone; the others leave it behind") {
  // x(t) = 1/(1/x0 − t): to infinity at t = 1/2 from x0 = 2, 1/3 at t = 1 from x0 = 1/4.
  scalars x0 = scalars::Constant(1, 12, .25);
  x0(0, 0) = x0(0, 3) = x0(0, 4) = 2;
  x0(0, 5) = std::numeric_limits<double>::quiet_NaN();
  square f;
  const auto end = integrate_samples<dormand_prince54>(f, x0, {0, 1}, adaptive{});
  CHECK(!end);
  for (Eigen::Index s = 0; s < x0.cols(); ++s) {
    const sample_end& sample = end.samples[static_cast<std::size_t>(s)];
    CAPTURE(s);
    if (s == 5) {
      CHECK(sample.status == status::non_finite);
      CHECK(sample.stats.evaluations == 0);
    } else if (x0(0, s) == 2) {
      CHECK(sample.status != status::success);
      CHECK(sample.t == doctest::Approx(.5).epsilon(1e-6));
    } else {
      CHECK(sample.status == status::success);
      CHECK(end.x(0, s) == doctest::Approx(1. / 3).epsilon(1e-6));
    }
  }
  // The NaN never starts; the eight end first, and the three that are left go on alone.
  CHECK(f.batches == std::vector<Eigen::Index>{11, 3});
}

TEST_CASE("there may be no samples, or none with anywhere to go") {
  square f;
  CHECK(integrate_samples<dormand_prince54>(f, scalars(1, 0), {0, 1}, adaptive{}));
  const scalars x0 = scalars::Constant(1, 3, 2);
  const auto end = integrate_samples<dormand_prince54>(f, x0, {1, 1}, adaptive{});
  CHECK(end);
  CHECK(end.x == x0);
  CHECK(f.batches.empty());
}

TEST_CASE("what cannot be integrated is refused by name") {
  square f;
  const scalars x0 = scalars::Constant(1, 3, 1);
  const std::vector<time_span<double>> two(2, {0, 1});
  CHECK_THROWS_WITH_AS((void)integrate_samples<dormand_prince54>(f, x0, two, adaptive{}),
                       "integrate_samples: expected a span for each of 3 samples, got 2",
                       std::invalid_argument);
  CHECK_THROWS_AS((void)integrate_samples<dormand_prince54>(f, x0, {0, INFINITY}, adaptive{}),
                  std::invalid_argument);
  CHECK_THROWS_AS((void)integrate_samples<dormand_prince54>(f, x0, {0, 1}, adaptive{.rtol = -1}),
                  std::invalid_argument);
}
