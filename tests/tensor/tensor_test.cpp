// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cmath>
#include <limits>
#include <string>
#include <tuple>
#include <type_traits>
#include <vector>

#include <doctest/doctest.h>

#include <kutta/tensor/contiguous.hpp>
#include <kutta/tensor/tensor.hpp>
#include <kutta/tensor/vec.hpp>

namespace {

using kutta::add;
using kutta::combine;
using kutta::scaled;

static_assert(kutta::tensor<float> && kutta::tensor<double> && kutta::tensor<long double>);
static_assert(kutta::tensor<std::vector<float>> && kutta::tensor<std::array<double, 3>>);
static_assert(kutta::tensor<kutta::vec<double, 3>>);
static_assert(!kutta::tensor<int> && !kutta::tensor<std::vector<int>>);
static_assert(!kutta::tensor<std::string> && !kutta::tensor<const double*>);
static_assert(!kutta::batch<std::vector<double>> && !kutta::batch<double>);
static_assert(std::is_same_v<kutta::scalar_t<std::vector<float>>, float>);
static_assert(std::is_same_v<decltype(kutta::inner_product(1.f, 1.f)), double>);
static_assert(std::is_same_v<decltype(kutta::inner_product(1.L, 1.L)), long double>);

/// Five numbers as a T.
template <class T>
T of(const std::array<double, 5>& values) {
  T x{};
  if constexpr (requires { x.resize(5); }) x.resize(5);
  for (std::size_t i = 0; i < 5; ++i) x[i] = static_cast<kutta::scalar_t<T>>(values[i]);
  return x;
}

using five_numbers = std::tuple<std::vector<float>, std::vector<double>, std::vector<long double>,
                                std::array<float, 5>, std::array<double, 5>, kutta::vec<float, 5>,
                                kutta::vec<double, 5>>;

constexpr double quiet_nan = std::numeric_limits<double>::quiet_NaN();

struct sum_of_three {
  template <class V>
  V operator()(const V& a, const V& b, const V& c) const {
    return a + 10 * b + 100 * c;
  }
};

}  // namespace

TEST_CASE_TEMPLATE_DEFINE("combine is the sum of its terms, element by element", T, combining) {
  const T x = of<T>({1, 2, 3, 4, 5}), y = of<T>({-1, 0, 1, 0, 2}), z = of<T>({8, 8, 8, 16, 32});
  T r = of<T>({7, 7, 7, 7, 7});
  combine(r, scaled{3, x});
  CHECK(r == of<T>({3, 6, 9, 12, 15}));
  combine(r, scaled{2, x}, scaled{-1, y});
  CHECK(r == of<T>({3, 4, 5, 8, 8}));
  combine(r, scaled{2, x}, scaled{-1, y}, scaled{.25, z});
  CHECK(r == of<T>({5, 6, 7, 12, 16}));
  combine(r, scaled{1, x}, scaled{10, y}, scaled{1, z}, scaled{1, x}, scaled{1, y});
  CHECK(r == of<T>({-1, 12, 25, 24, 64}));
}
TEST_CASE_TEMPLATE_APPLY(combining, five_numbers);

TEST_CASE_TEMPLATE_DEFINE("add is its first argument plus the terms", T, adding) {
  const T x = of<T>({1, 2, 3, 4, 5}), k = of<T>({-1, 0, 1, 0, 2}), l = of<T>({8, 8, 8, 16, 32});
  T r = of<T>({7, 7, 7, 7, 7});
  add(r, x, scaled{3, k});
  CHECK(r == of<T>({-2, 2, 6, 4, 11}));
  add(r, x, scaled{3, k}, scaled{-.5, l});
  CHECK(r == of<T>({-6, -2, 2, -4, -5}));
}
TEST_CASE_TEMPLATE_APPLY(adding, five_numbers);

TEST_CASE_TEMPLATE_DEFINE("add without terms copies", T, copying) {
  const T x = of<T>({-0., 1. / 3, 1e30, -7, quiet_nan});
  T r = of<T>({7, 7, 7, 7, 7});
  add(r, x);
  for (std::size_t i = 0; i < 4; ++i) CHECK(r[i] == x[i]);
  CHECK(std::signbit(r[0]));
  CHECK(std::isnan(r[4]));
}
TEST_CASE_TEMPLATE_APPLY(copying, five_numbers);

TEST_CASE_TEMPLATE_DEFINE("an increment of zero leaves the bits of the first argument", T,
                          zero_increment) {
  const T x = of<T>({1. / 3, 0x1p-149, -7e30, 1, 0}), k = of<T>({1, 2, 3, 4, 5});
  T r = of<T>({7, 7, 7, 7, 7});
  add(r, x, scaled{0, k}, scaled{0, k});
  CHECK(r == x);
}
TEST_CASE_TEMPLATE_APPLY(zero_increment, five_numbers);

TEST_CASE_TEMPLATE_DEFINE("the result may be one of the arguments", T, in_place) {
  const T x = of<T>({1, 2, 3, 4, 5});
  T y = of<T>({10, 20, 30, 40, 50});
  combine(y, scaled{2, y}, scaled{1, x});
  CHECK(y == of<T>({21, 42, 63, 84, 105}));
  combine(y, scaled{1, x}, scaled{-1, y});
  CHECK(y == of<T>({-20, -40, -60, -80, -100}));
  add(y, y, scaled{1, y}, scaled{1, x});
  CHECK(y == of<T>({-39, -78, -117, -156, -195}));
  add(y, x, scaled{2, y});
  CHECK(y == of<T>({-77, -154, -231, -308, -385}));
  kutta::map(y, sum_of_three{}, x, y, y);
  CHECK(y == of<T>({-8469, -16938, -25407, -33876, -42345}));
}
TEST_CASE_TEMPLATE_APPLY(in_place, five_numbers);

TEST_CASE_TEMPLATE_DEFINE("set_zero clears whatever there was, and zeros_like is zero", T,
                          clearing) {
  constexpr double inf = std::numeric_limits<double>::infinity();
  T x = of<T>({quiet_nan, inf, -inf, 1, -0.});
  const T zero = kutta::zeros_like(x);
  kutta::set_zero(x);
  for (std::size_t i = 0; i < 5; ++i) {
    CHECK((x[i] == 0 && !std::signbit(x[i])));
    CHECK((zero[i] == 0 && !std::signbit(zero[i])));
  }
  CHECK(x.size() == 5);
  CHECK(zero.size() == 5);
}
TEST_CASE_TEMPLATE_APPLY(clearing, five_numbers);

TEST_CASE_TEMPLATE_DEFINE("sum and inner_product add over the elements", T, summing) {
  const T x = of<T>({1, 2, 3, 4, 5}), y = of<T>({-1, 0, 1, 0, 2});
  CHECK(kutta::sum(kutta::detail::copy{}, x) == 15);
  CHECK(kutta::inner_product(x, y) == 12);
  CHECK(kutta::sum(sum_of_three{}, x, y, y) == 15 + 20 + 200);
}
TEST_CASE_TEMPLATE_APPLY(summing, five_numbers);

TEST_CASE_TEMPLATE("a number is a tensor", T, float, double, long double) {
  T y = std::numeric_limits<T>::quiet_NaN();
  kutta::set_zero(y);
  CHECK(y == 0);
  combine(y, scaled{3, T(2)}, scaled{.5, T(8)});
  CHECK(y == 10);
  add(y, T(1), scaled{2, y});
  CHECK(y == 21);
  add(y, T(4));
  CHECK(y == 4);
  kutta::map(y, sum_of_three{}, T(1), T(2), y);
  CHECK(y == 421);
  CHECK(kutta::inner_product(T(3), T(4)) == 12);
  CHECK(kutta::sum(kutta::detail::copy{}, T(3)) == 3);
  CHECK(kutta::zeros_like(T(3)) == 0);
}

TEST_CASE("a factor is rounded to the tensor's scalar, once") {
  float y = 0;
  combine(y, scaled{1. / 3, 1.f});
  CHECK(y == 1.f / 3);
  long double z = 0;
  combine(z, scaled{1 / 3.L, 1.L});
  CHECK(z == 1 / 3.L);
}

TEST_CASE("linear combinations are constant expressions") {
  constexpr auto y = [] {
    kutta::vec<double, 2> r{};
    add(r, kutta::vec<double, 2>{{1, 2}}, scaled{2., kutta::vec<double, 2>{{3, 4}}});
    return r;
  }();
  static_assert(y == kutta::vec<double, 2>{{7, 10}});
  CHECK(kutta::inner_product(y, y) == 149);
}
