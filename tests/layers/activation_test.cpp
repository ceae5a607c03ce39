// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstddef>
#include <initializer_list>
#include <limits>

#include <doctest/doctest.h>

#include <kutta/layers/activation.hpp>
#include <kutta/tensor/simd.hpp>

namespace {

using kutta::activations::identity;
using kutta::activations::relu;

static_assert(identity{}(3.) == 3 && identity::derivative(3.) == 1);
static_assert(relu{}(3.f) == 3 && relu{}(-3.f) == 0 && relu{}(0.f) == 0);
static_assert(relu::derivative(3.) == 1 && relu::derivative(0.) == 0);

}  // namespace

TEST_CASE_TEMPLATE("the derivative is that of the value, as a function of the value", A, identity,
                   relu, kutta::activations::tanh) {
  for (const double x : {-2.5, -0.75, -1e-3, 1e-3, 0.3, 1.7}) {
    const double h = 1e-4;
    const auto slope = [&](double step) { return (A{}(x + step) - A{}(x - step)) / (2 * step); };
    const double difference = (4 * slope(h / 2) - slope(h)) / 3;
    CHECK(std::abs(A::derivative(A{}(x)) - difference) <= 1e-11);
  }
}

TEST_CASE_TEMPLATE("NaN passes through, so that a failure shows", A, identity, relu,
                   kutta::activations::tanh) {
  CHECK(std::isnan(A{}(std::numeric_limits<double>::quiet_NaN())));
  CHECK(std::isnan(A{}(std::numeric_limits<float>::quiet_NaN())));
}

TEST_CASE_TEMPLATE("every lane of a simd gets the value and derivative of a number", A, identity,
                   relu, kutta::activations::tanh) {
  constexpr std::size_t lanes = kutta::register_lanes<double>;
  for (const double shift : {-1.25, 0., 0.5}) {
    double x[lanes], y[lanes], d[lanes];
    for (std::size_t l = 0; l < lanes; ++l) x[l] = shift + 0.75 * static_cast<double>(l);
    const auto value = A{}(kutta::simd<double, lanes>::load(x));
    value.store(y);
    A::derivative(value).store(d);
    for (std::size_t l = 0; l < lanes; ++l) {
      CHECK(std::abs(y[l] - A{}(x[l])) <= 4 * std::numeric_limits<double>::epsilon());
      CHECK(std::abs(d[l] - A::derivative(y[l])) <= std::numeric_limits<double>::epsilon());
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
