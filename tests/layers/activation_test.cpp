// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstddef>
#include <initializer_list>
#include <limits>
#include <stdexcept>

#include <doctest/doctest.h>

#include <kutta/layers/activation.hpp>
#include <kutta/tensor/simd.hpp>

namespace {

using kutta::activations::elu;
using kutta::activations::identity;
using kutta::activations::relu;
using kutta::activations::sigmoid;

static_assert(identity{}(3.) == 3 && identity::derivative(3.) == 1);
static_assert(relu{}(3.f) == 3 && relu{}(-3.f) == 0 && relu{}(0.f) == 0);
static_assert(relu::derivative(3.) == 1 && relu::derivative(0.) == 0);

}  // namespace

TEST_CASE_TEMPLATE("the derivative is that of the value, as a function of the value", A, identity,
                   relu, sigmoid, elu, kutta::activations::tanh) {
  for (const double x : {-2.5, -0.75, -1e-3, 1e-3, 0.3, 1.7}) {
    const double h = 1e-4;
    const auto slope = [&](double step) { return (A{}(x + step) - A{}(x - step)) / (2 * step); };
    const double difference = (4 * slope(h / 2) - slope(h)) / 3;
    CHECK(std::abs(A{}.derivative(A{}(x)) - difference) <= 1e-11);
  }
}

TEST_CASE_TEMPLATE("NaN passes through, so that a failure shows", A, identity, relu, sigmoid, elu,
                   kutta::activations::tanh) {
  CHECK(std::isnan(A{}(std::numeric_limits<double>::quiet_NaN())));
  CHECK(std::isnan(A{}(std::numeric_limits<float>::quiet_NaN())));
}

TEST_CASE_TEMPLATE("every lane of a simd gets the value and derivative of a number", A, identity,
                   relu, sigmoid, elu, kutta::activations::tanh) {
  constexpr std::size_t lanes = kutta::register_lanes<double>;
  for (const double shift : {-1.25, 0., 0.5}) {
    double x[lanes], y[lanes], d[lanes];
    for (std::size_t l = 0; l < lanes; ++l) x[l] = shift + 0.75 * static_cast<double>(l);
    const auto value = A{}(kutta::simd<double, lanes>::load(x));
    value.store(y);
    A{}.derivative(value).store(d);
    for (std::size_t l = 0; l < lanes; ++l) {
      CHECK(std::abs(y[l] - A{}(x[l])) <= 4 * std::numeric_limits<double>::epsilon());
      CHECK(std::abs(d[l] - A{}.derivative(y[l])) <= std::numeric_limits<double>::epsilon());
    }
  }
}

TEST_CASE("relu is max(x, 0), tanh is tanh") {
  CHECK(relu{}(-1e300) == 0);
  CHECK(relu{}(1e300) == 1e300);
  CHECK(relu{}(std::numeric_limits<double>::infinity()) == std::numeric_limits<double>::infinity());
  const double y = kutta::activations::tanh{}(0.5);
  CHECK(std::abs(y - 0.46211715726000975850) <= 4e-16);
  CHECK(std::abs(kutta::activations::tanh::derivative(y) - 0.78644773296592741015) <= 4e-16);
}

TEST_CASE("elu is x above 0 and α (eˣ − 1) below, its slope 1 and α eˣ") {
  for (const double alpha : {1., 0.25, 3.}) {
    const elu f(alpha);
    CHECK(f.alpha() == alpha);
    for (const double x : {-60., -5., -1., -1e-3, -1e-9, 0., 1e-9, 0.5, 700.}) {
      const auto exact =
          static_cast<double>(x > 0 ? x : alpha * std::expm1(static_cast<long double>(x)));
      const double slope = x > 0 ? 1 : alpha * std::exp(x);
      CHECK(std::abs(f(x) - exact) <= 8e-16 * std::abs(exact));  // near 0 too
      CHECK(std::abs(f.derivative(f(x)) - slope) <= 8e-16 * alpha);
      CHECK(std::abs(f.slope(x) - slope) <= 8e-16 * alpha);
    }
  }
  CHECK(std::abs(elu{}(-1.f) + 0.63212056f) <= 1e-7f);
  CHECK(elu(2)(-std::numeric_limits<double>::infinity()) == -2);
}

TEST_CASE("an elu needs a positive alpha") {
  CHECK_THROWS_WITH_AS(elu(0), "elu: expected a positive, finite alpha, got 0",
                       std::invalid_argument);
  CHECK_THROWS_AS(elu(-1), std::invalid_argument);
  CHECK_THROWS_AS(elu{std::numeric_limits<double>::infinity()}, std::invalid_argument);
  CHECK_THROWS_AS(elu{std::numeric_limits<double>::quiet_NaN()}, std::invalid_argument);
}

TEST_CASE("sigmoid is 1/(1 + e⁻ˣ)") {
  for (const double x : {-40., -3., -1., 0., 0.5, 1., 40.})
    CHECK(std::abs(sigmoid{}(x)-1 / (1 + std::exp(-x))) <= 3e-16);
  CHECK(std::abs(sigmoid{}(1.) - 0.73105857863000487925) <= 2e-16);
  CHECK(sigmoid{}(0.) == 0.5);
}
