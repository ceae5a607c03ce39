// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

#include <doctest/doctest.h>

#include <kutta/layers/tanh.hpp>
#include <kutta/tensor/simd.hpp>

#include "support/random.hpp"

namespace {

/// |y − exact| in units in the last place of T at exact.
template <class T>
double ulps(T y, long double exact) {
  const int exponent = std::max(std::ilogb(exact) + 1, std::numeric_limits<T>::min_exponent);
  const long double unit = std::ldexp(1.0L, exponent - std::numeric_limits<T>::digits);
  return static_cast<double>(std::abs(static_cast<long double>(y) - exact) / unit);
}

/// The smallest T from which on tanh rounds to 1: e^−2x = ε/8.
template <class T>
T rounds_to_one() {
  return static_cast<T>(-0.5L * std::log(std::numeric_limits<T>::epsilon() / 8.0L));
}

}  // namespace

TEST_CASE_TEMPLATE("tanh keeps its error bound from the smallest denormal to saturation", T, float,
                   double) {
  kutta::test::splitmix64 random(1);
  const double smallest = std::log(static_cast<double>(std::numeric_limits<T>::denorm_min()));
  double worst = 0;
  bool odd = true;
  const auto sample = [&](T x) {
    const T y = kutta::tanh(x);
    const double error = ulps(y, std::tanh(static_cast<long double>(x)));
    if (!(error <= worst)) worst = error;
    odd = odd && kutta::tanh(-x) == -y;
  };
  for (int n = 0; n < 400'000; ++n) {
    sample(static_cast<T>(std::exp(random.between(smallest, std::log(30.)))));
    sample(static_cast<T>(random.between(0, 30)));
    sample(static_cast<T>(random.between(0.03, 1)));  // where the error is largest
  }
  CHECK(worst <= kutta::tanh_ulps);
  CHECK(worst >= kutta::tanh_ulps / 2);  // the bound is not slack
  CHECK(odd);
}

TEST_CASE_TEMPLATE("tanh of zeros, infinities and NaN", T, float, double) {
  constexpr T infinity = std::numeric_limits<T>::infinity();
  CHECK(kutta::tanh(T(0)) == 0);
  CHECK(!std::signbit(kutta::tanh(T(0))));
  CHECK(kutta::tanh(T(-0.)) == 0);
  CHECK(std::signbit(kutta::tanh(T(-0.))));
  CHECK(kutta::tanh(infinity) == 1);
  CHECK(kutta::tanh(-infinity) == -1);
  CHECK(kutta::tanh(std::numeric_limits<T>::max()) == 1);
  CHECK(std::isnan(kutta::tanh(std::numeric_limits<T>::quiet_NaN())));
  CHECK(std::isnan(kutta::tanh(-std::numeric_limits<T>::quiet_NaN())));
  constexpr T denormal = std::numeric_limits<T>::denorm_min();
  CHECK(kutta::tanh(denormal) == denormal);
  CHECK(kutta::tanh(-denormal) == -denormal);
}

TEST_CASE_TEMPLATE("tanh saturates at 1, never above, and rises to within its error", T, float,
                   double) {
  T highest = 0;
  bool bounded = true, rising = true, one = true;
  const T step = T(30) / 1'000'000;
  for (int n = 0; n <= 1'000'000; ++n) {
    const T x = static_cast<T>(n) * step, y = kutta::tanh(x);
    bounded = bounded && y <= 1;
    // Below x both values are off by tanh_ulps at most.
    rising = rising &&
             highest - y <= 2 * T(kutta::tanh_ulps) * std::numeric_limits<T>::epsilon() / 2 * y;
    one = one && (x < rounds_to_one<T>() + 1 || y == 1);
    highest = std::max(highest, y);
  }
  CHECK(bounded);
  CHECK(rising);
  CHECK(one);
  CHECK(highest == 1);
}

TEST_CASE_TEMPLATE("tanh of simd keeps the bound and the special values in every lane", T, float,
                   double) {
  constexpr std::size_t lanes = 2 * kutta::register_lanes<T>;
  kutta::test::splitmix64 random(2);
  double worst = 0;
  T x[lanes], y[lanes];
  for (int n = 0; n < 10'000; ++n) {
    for (auto& v : x) v = static_cast<T>(random.between(-12, 12));
    kutta::tanh(kutta::simd<T, lanes>::load(x)).store(y);
    for (std::size_t l = 0; l < lanes; ++l)
      worst = std::max(worst, ulps(y[l], std::tanh(static_cast<long double>(x[l]))));
  }
  CHECK(worst > 0);
  CHECK(worst <= kutta::tanh_ulps);

  std::fill_n(x, lanes, T(0));
  x[0] = T(-0.);
  x[1] = std::numeric_limits<T>::quiet_NaN();
  x[2] = -std::numeric_limits<T>::infinity();
  kutta::tanh(kutta::simd<T, lanes>::load(x)).store(y);
  CHECK(y[0] == 0);
  CHECK(std::signbit(y[0]));
  CHECK(std::isnan(y[1]));
  CHECK(y[2] == -1);
  for (std::size_t l = 3; l < lanes; ++l) CHECK(y[l] == 0);
}

TEST_CASE("tanh of long double is the standard's") {
  CHECK(kutta::tanh(0.5L) == std::tanh(0.5L));
}
