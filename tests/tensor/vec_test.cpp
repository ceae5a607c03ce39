// SPDX-License-Identifier: Apache-2.0
#include <limits>
#include <type_traits>

#include <doctest/doctest.h>

#include <kutta/tensor/product.hpp>
#include <kutta/tensor/vec.hpp>

namespace {

using kutta::vec;

static_assert(std::is_trivially_copyable_v<vec<double, 3>> && std::is_aggregate_v<vec<double, 3>>);
static_assert(sizeof(vec<float, 3>) == 3 * sizeof(float));
static_assert(vec<double, 3>::size() == 3 && vec<double, 0>::size() == 0);
static_assert(vec<double, 2>{{1, 2}} == vec<double, 2>{{1, 2}});
static_assert(!(vec<double, 2>{{1, 2}} == vec<double, 2>{{1, 3}}));
static_assert(vec<double, 0>{} == vec<double, 0>{});
static_assert(kutta::tensor<vec<float, 2>> && !kutta::tensor<vec<int, 2>>);

constexpr double sum(vec<double, 3> x) {
  double total = 0;
  for (const double v : x) total += v;
  return total;
}
static_assert(sum({{1, 2, 3}}) == 6);

}  // namespace

TEST_CASE("values are reached by index, by pointer and in order") {
  vec<double, 3> x{{1, 2, 3}};
  x[1] = 5;
  for (double& v : x) v *= 2;
  CHECK(x == vec<double, 3>{{2, 10, 6}});
  CHECK(x.data() == &x[0]);
  CHECK(x.end() - x.begin() == 3);
}

TEST_CASE("a vec of nothing has nothing to walk") {
  vec<double, 0> none;
  CHECK(none.begin() == none.end());
  CHECK(none.data() == nullptr);
}

TEST_CASE("a NaN is not equal to itself") {
  const vec<double, 2> x{{1, std::numeric_limits<double>::quiet_NaN()}};
  CHECK_FALSE(x == x);
}
