// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <type_traits>

#include <doctest/doctest.h>

#include <kutta/layers/normal.hpp>
#include <kutta/tensor/simd.hpp>

namespace {

constexpr long double sqrt_half = 0.707106781186547524400844362104849L;
constexpr long double one_over_root_two_pi = 0.398942280401432677939946059934382L;

/// |value − exact| in units in the last place of the exact number's neighbour.
template <class T>
double ulps(T value, long double exact) {
  const T near = static_cast<T>(exact);
  const T unit = std::nextafter(near, std::numeric_limits<T>::infinity()) - near;
  return static_cast<double>(std::abs(static_cast<long double>(value) - exact) / unit);
}

template <class T>
constexpr T last = std::is_same_v<T, float> ? T(12.75) : T(37.5);

}  // namespace

TEST_CASE_TEMPLATE("Φ and φ are right to a few units in the last place, tails included", T, float,
                   double) {
  for (const T reach : {T(1e-3), T(1), T(6), last<T>}) {
    double worst = 0, worst_density = 0;
    for (int i = -20'000; i <= 20'000; ++i) {
      const T x = reach * static_cast<T>(i) / 20'000;
      const auto values = kutta::normal(x);
      const auto a = static_cast<long double>(x);
      worst = std::max(worst, ulps(values.distribution, std::erfc(-a * sqrt_half) / 2));
      worst_density = std::max(worst_density,
                               ulps(values.density, std::exp(-a * a / 2) * one_over_root_two_pi));
    }
    CHECK(worst <= kutta::normal_ulps);
    CHECK(worst_density <= kutta::normal_ulps);
  }
}

TEST_CASE("values that are in tables") {
  CHECK(kutta::normal(0.).distribution == 0.5);
  CHECK(std::abs(kutta::normal(1.).distribution - 0.84134474606854294859) <= 1e-15);
  CHECK(std::abs(kutta::normal(1.).density - 0.2419707245191433498) <= 1e-15);
  CHECK(std::abs(kutta::normal(-2.5).distribution - 0.006209665325776135167) <= 1e-17);
  CHECK(std::abs(kutta::normal(-2.5).density - 0.017528300493568537362) <= 1e-17);
  CHECK(std::abs(kutta::normal(-2.5L).distribution - 0.006209665325776135167L) <= 1e-18L);
}

TEST_CASE_TEMPLATE("beyond the last argument the smaller tail is 0; NaN goes through a product", T,
                   float, double) {
  const T infinity = std::numeric_limits<T>::infinity();
  for (const T x : {std::nextafter(last<T>, infinity), T(1e30), infinity}) {
    CHECK(kutta::normal(x).distribution == 1);
    CHECK(kutta::normal(-x).distribution == 0);
    CHECK(kutta::normal(x).density == 0);
    CHECK(kutta::normal(-x).density == 0);
  }
  CHECK(kutta::normal(last<T>).density < (std::is_same_v<T, float> ? T(3e-36) : T(2e-306)));
  CHECK(kutta::normal(-last<T>).distribution >= std::numeric_limits<T>::min());
  const T nan = std::numeric_limits<T>::quiet_NaN();
  CHECK(std::isnan(nan * kutta::normal(nan).distribution));
}

TEST_CASE_TEMPLATE("every lane of a simd gets what a number gets", T, float, double) {
  constexpr std::size_t lanes = 2 * kutta::register_lanes<T>;
  T x[lanes], distribution[lanes], density[lanes];
  for (std::size_t l = 0; l < lanes; ++l) x[l] = T(0.7) * static_cast<T>(l) - T(4);
  const auto values = kutta::normal(kutta::simd<T, lanes>::load(x));
  values.distribution.store(distribution);
  values.density.store(density);
  for (std::size_t l = 0; l < lanes; ++l) {
    const auto one = kutta::normal(x[l]);
    const T epsilon = std::numeric_limits<T>::epsilon();
    CHECK(std::abs(distribution[l] - one.distribution) <= 8 * epsilon * one.distribution);
    CHECK(std::abs(density[l] - one.density) <= 8 * epsilon * one.density);
  }
}
