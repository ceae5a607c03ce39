// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

#include <doctest/doctest.h>

#include <kutta/layers/gelu.hpp>
#include <kutta/tensor/simd.hpp>

namespace {

using kutta::activations::gelu;
using kutta::activations::gelu_tanh;
using kutta::activations::silu;

constexpr long double pi = 3.141592653589793238462643383279503L;

/// The formulas as printed, in long double.
long double printed(gelu, long double x) {
  return x / 2 * (1 + std::erf(x / std::sqrt(2.L)));
}
long double printed(gelu_tanh, long double x) {
  return x / 2 * (1 + std::tanh(std::sqrt(2 / pi) * (x + 0.044715L * x * x * x)));
}
long double printed(silu, long double x) {
  return x / (1 + std::exp(-x));
}

}  // namespace

TEST_CASE_TEMPLATE("the value is that of the printed formula, the slope its derivative", A, gelu,
                   gelu_tanh, silu) {
  for (int i = -400; i <= 400; ++i) {
    const double x = i / 50. + 1e-3;
    const long double exact = printed(A{}, x);
    CHECK(std::abs(A{}(x) - static_cast<double>(exact)) <= 4e-16 * (1 + std::abs(x)));
    CHECK(std::abs(A{}(static_cast<float>(x)) - static_cast<float>(exact)) <=
          3e-7f * (1 + std::abs(static_cast<float>(x))));

    const auto slope = [x](long double h) {
      return (printed(A{}, x + h) - printed(A{}, x - h)) / (2 * h);
    };
    const auto difference = static_cast<double>((4 * slope(2e-4L) - slope(4e-4L)) / 3);
    CHECK(std::abs(A::slope(x) - difference) <= 1e-14);
  }
}

TEST_CASE("values from the definitions, to all digits") {
  CHECK(std::abs(gelu{}(1.) - 0.84134474606854294859) <= 4e-16);
  CHECK(std::abs(gelu{}(-1.) + 0.15865525393145705141) <= 2e-16);
  CHECK(std::abs(gelu::slope(-3.) + 0.011945647204183927) <= 2e-17);
  CHECK(std::abs(gelu_tanh{}(2.) - 1.9545976940877750188) <= 5e-16);
  CHECK(std::abs(silu{}(-1.) + 0.26894142136999512075) <= 2e-16);
  CHECK(gelu{}(0.) == 0);
  CHECK(gelu_tanh{}(0.) == 0);
  CHECK(silu{}(0.) == 0);
  // Far out gelu keeps its digits: x Φ(x), not x (1 + erf)/2.
  CHECK(std::abs(gelu{}(-10.) / -7.6198530241605260660e-23 - 1) <= 1e-14);
}

TEST_CASE("how far the approximation is off") {
  double worst = 0;
  for (int i = -8000; i <= 8000; ++i)
    worst = std::max(worst, std::abs(gelu{}(i / 1000.) - gelu_tanh{}(i / 1000.)));
  CHECK(std::abs(worst - 4.7323463e-4) <= 1e-9);
}

TEST_CASE_TEMPLATE("NaN passes through, so that a failure shows", A, gelu, gelu_tanh, silu) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK(std::isnan(A{}(nan)));
  CHECK(std::isnan(A::slope(nan)));
}

TEST_CASE_TEMPLATE("every lane of a simd gets the value and slope of a number", A, gelu, gelu_tanh,
                   silu) {
  constexpr std::size_t lanes = kutta::register_lanes<float>;
  float x[lanes], y[lanes], d[lanes];
  for (std::size_t l = 0; l < lanes; ++l) x[l] = 0.75f * static_cast<float>(l) - 3;
  const auto at = kutta::simd<float, lanes>::load(x);
  A{}(at).store(y);
  A::slope(at).store(d);
  for (std::size_t l = 0; l < lanes; ++l) {
    CHECK(std::abs(y[l] - A{}(x[l])) <= 2e-6f);
    CHECK(std::abs(d[l] - A::slope(x[l])) <= 2e-6f);
  }
}
