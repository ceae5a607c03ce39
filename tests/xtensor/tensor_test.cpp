// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <limits>
#include <stdexcept>
#include <vector>

#include <doctest/doctest.h>
#include <xtensor/xoptional_assembly.hpp>

#include <kutta/tensor/host_copy.hpp>
#include <kutta/tensor/shape.hpp>
#include <kutta/xtensor.hpp>

static_assert(kutta::batch<xt::xtensor<double, 1>>);
static_assert(kutta::batch<xt::xtensor<float, 4>>);
static_assert(kutta::batch<xt::xarray<double>>);
static_assert(kutta::tensor<xt::xtensor<double, 0>> && !kutta::batch<xt::xtensor<double, 0>>);

// The sample would not be outermost in memory, or the elements are no numbers to compute with.
static_assert(!kutta::tensor<xt::xtensor<double, 2, xt::layout_type::column_major>>);
static_assert(!kutta::tensor<xt::xarray<double, xt::layout_type::column_major>>);
static_assert(!kutta::tensor<xt::xarray<double, xt::layout_type::dynamic>>);
static_assert(!kutta::tensor<xt::xtensor<int, 2>>);
static_assert(!kutta::tensor<xt::xarray_optional<double>>);

TEST_CASE("an xtensor is combined element by element, whatever its rank") {
  const xt::xtensor<double, 2> x{{1, 2, 3}, {4, 5, 6}}, k{{10, 20, 30}, {40, 50, 60}};
  xt::xtensor<double, 2> y = kutta::zeros_like(x);
  CHECK(kutta::same_shape(x, y));
  kutta::add(y, x, kutta::scaled{.1, k}, kutta::scaled{-1, x});
  CHECK(kutta::copy_to_host(y) == std::vector<double>{1, 2, 3, 4, 5, 6});
  kutta::combine(y, kutta::scaled{2, y}, kutta::scaled{1, k});  // y is one of the terms
  CHECK(kutta::copy_to_host(y) == std::vector<double>{12, 24, 36, 48, 60, 72});
  CHECK(kutta::inner_product(x, k) == 910);
  y(1, 1) = std::numeric_limits<double>::quiet_NaN();
  kutta::set_zero(y);
  CHECK(kutta::copy_to_host(y) == std::vector<double>(6));

  const xt::xtensor<double, 0> point(2.5);
  CHECK(kutta::inner_product(point, point) == 6.25);
}

TEST_CASE("shapes are told apart by rank and by extent") {
  const auto shaped = [](const std::vector<std::size_t>& shape) {
    return xt::xarray<float>::from_shape(shape);
  };
  CHECK(kutta::shape_text(shaped({2, 3, 4})) == "(2, 3, 4)");
  CHECK(kutta::shape_text(shaped({})) == "()");
  CHECK(kutta::element_count(shaped({2, 3, 4})) == 24);
  CHECK(kutta::element_count(shaped({})) == 1);
  CHECK(kutta::same_shape(shaped({2, 3}), shaped({2, 3})));
  CHECK_FALSE(kutta::same_shape(shaped({2, 3}), shaped({3, 2})));
  CHECK_FALSE(kutta::same_shape(shaped({2, 3}), shaped({2, 3, 1})));
  CHECK_FALSE(kutta::same_shape(shaped({}), shaped({1})));
}

TEST_CASE_TEMPLATE("a batch is cut along its first axis", T, xt::xtensor<float, 3>,
                   xt::xarray<float>) {
  T x = T::from_shape({5, 2, 3});
  for (std::size_t i = 0; i < x.size(); ++i) x.data()[i] = static_cast<float>(i);
  CHECK(kutta::samples(x) == 5);

  T tile = kutta::zeros_like(x, 2);
  CHECK(kutta::shape_text(tile) == "(2, 2, 3)");
  CHECK(kutta::inner_product(tile, tile) == 0);
  kutta::copy_samples(x, 3, 2, tile, 0);
  CHECK(tile(0, 0, 0) == x(3, 0, 0));
  CHECK(tile(1, 1, 2) == x(4, 1, 2));

  T y = x;
  kutta::copy_samples(tile, 1, 1, y, 2);  // sample 4 of x onto sample 2, and nothing else
  for (std::size_t n = 0; n < 5; ++n)
    for (std::size_t i = 0; i < 6; ++i)
      CHECK(y.data()[n * 6 + i] == x.data()[(n == 2 ? 4 : n) * 6 + i]);

  const auto last = kutta::window(x, 3, 2);
  kutta::map(tile, kutta::detail::multiply{}, last, last);
  CHECK(tile(1, 0, 1) == x(4, 0, 1) * x(4, 0, 1));

  CHECK(kutta::samples(kutta::zeros_like(x, 0)) == 0);
}

TEST_CASE("an xarray without axes is no batch") {
  const xt::xarray<double> point(1.);
  const auto* message = "xtensor: a batch needs at least 1 axis, got 0";
  CHECK_THROWS_WITH_AS(kutta::samples(point), message, std::invalid_argument);
  CHECK_THROWS_WITH_AS(kutta::zeros_like(point, 3), message, std::invalid_argument);
}
