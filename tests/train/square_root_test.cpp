// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <limits>

#include <doctest/doctest.h>

#include <kutta/train/square_root.hpp>

#include "support/random.hpp"

TEST_CASE_TEMPLATE("the square root is good to epsilon over all normal numbers", T, float, double) {
  using limits = std::numeric_limits<T>;
  kutta::test::splitmix64 random(1);
  const double low = std::log(static_cast<double>(limits::min()));
  const double high = std::log(static_cast<double>(limits::max()));
  double worst = 0;
  for (int n = 0; n < 400'000; ++n) {
    const T v = static_cast<T>(std::exp(random.between(low, high)));
    const long double exact = std::sqrt(static_cast<long double>(v));
    const double error =
        static_cast<double>(std::abs(kutta::detail::square_root(v) - exact) / exact);
    if (!(error <= worst)) worst = error;
  }
  CHECK(worst > 0);
  CHECK(worst <= static_cast<double>(limits::epsilon()));
  for (const T v : {limits::min(), limits::max()}) {
    const T exact = std::sqrt(v);
    CHECK(std::abs(kutta::detail::square_root(v) - exact) <= limits::epsilon() * exact);
  }
}

TEST_CASE_TEMPLATE("zero, denormals, infinity and NaN", T, float, double) {
  using limits = std::numeric_limits<T>;
  CHECK(kutta::detail::square_root(T(0)) == 0);
  for (const T v : {limits::denorm_min(), limits::min() / 8}) {
    CHECK(kutta::detail::square_root(v) >= 0);
    CHECK(kutta::detail::square_root(v) <= 2 * std::sqrt(v));
  }
  CHECK(std::isnan(kutta::detail::square_root(limits::infinity())));
  CHECK(std::isnan(kutta::detail::square_root(limits::quiet_NaN())));
  CHECK(kutta::detail::square_root(2.L) == std::sqrt(2.L));
}
