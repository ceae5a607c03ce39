// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cstddef>
#include <limits>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <kutta/tensor/product.hpp>

namespace {

using kutta::add;
using kutta::combine;
using kutta::scaled;

struct affine {
  std::vector<double> w;
  std::array<double, 2> b;

  static constexpr auto fields =
      std::tuple{kutta::field{"w", &affine::w}, kutta::field{"b", &affine::b}};
  bool operator==(const affine&) const = default;
};

struct model {
  affine first;
  double scale;
  std::vector<affine> rest;

  static constexpr auto fields =
      std::tuple{kutta::field{"first", &model::first}, kutta::field{"scale", &model::scale},
                 kutta::field{"rest", &model::rest}};
  bool operator==(const model&) const = default;
};

using pair = std::tuple<double, std::vector<double>>;
using nested = std::vector<std::vector<double>>;
using rows = std::array<std::vector<double>, 2>;

static_assert(kutta::has_fields<affine> && !kutta::has_fields<pair>);
static_assert(kutta::direct_sum<affine> && kutta::direct_sum<pair> && kutta::direct_sum<nested>);
static_assert(kutta::direct_sum<rows> && !kutta::direct_sum<std::vector<double>>);
static_assert(!kutta::direct_sum<double> && !kutta::direct_sum<std::array<double, 2>>);
static_assert(kutta::tensor<affine> && kutta::tensor<model> && kutta::tensor<pair>);
static_assert(kutta::tensor<nested> && kutta::tensor<rows>);
static_assert(!kutta::tensor<std::tuple<>> && !kutta::tensor<std::vector<std::string>>);

/// A tensor that can only be moved.
struct moved {
  std::vector<double> values;

  moved() = default;
  explicit moved(std::vector<double> v) : values(std::move(v)) {}
  moved(moved&&) = default;
  moved& operator=(moved&&) = default;

  const double* data() const { return values.data(); }
  double* data() { return values.data(); }
  std::size_t size() const { return values.size(); }
};

}  // namespace

template <>
struct kutta::tensor_traits<moved> : kutta::contiguous_traits<moved, double> {
  static moved zeros_like(const moved& x) { return moved(std::vector<double>(x.size())); }
};

namespace {

struct moved_pair {
  moved a, b;

  static constexpr auto fields =
      std::tuple{kutta::field{"a", &moved_pair::a}, kutta::field{"b", &moved_pair::b}};
};

constexpr double quiet_nan = std::numeric_limits<double>::quiet_NaN();

/// Every operation on T, against the values of x + 2 y and of the sums.
template <class T>
void check_operations(const T& x, const T& y, const T& x_plus_2y, const T& zero, double x_dot_y,
                      T nans) {
  T r = nans;
  add(r, x, scaled{2, y});
  CHECK(r == x_plus_2y);
  r = nans;
  combine(r, scaled{1, x}, scaled{2, y});
  CHECK(r == x_plus_2y);
  r = nans;
  add(r, x);
  CHECK(r == x);
  add(r, r, scaled{1, y}, scaled{1, y});
  CHECK(r == x_plus_2y);
  r = nans;
  kutta::set_zero(r);
  CHECK(r == zero);
  CHECK(kutta::zeros_like(nans) == zero);
  CHECK(kutta::inner_product(x, y) == x_dot_y);
}

}  // namespace

TEST_CASE("every field of a struct takes part in every operation") {
  check_operations<affine>({{1, 2, 3}, {4, 5}}, {{10, 20, 30}, {40, 50}}, {{21, 42, 63}, {84, 105}},
                           {{0, 0, 0}, {0, 0}}, 10 + 40 + 90 + 160 + 250,
                           {{quiet_nan, quiet_nan, quiet_nan}, {quiet_nan, quiet_nan}});
}

TEST_CASE("structs nest, through vectors and numbers") {
  const affine a{{1}, {2, 3}}, b{{10}, {20, 30}}, sum{{21}, {42, 63}}, zero{{0}, {0, 0}};
  const affine nans{{quiet_nan}, {quiet_nan, quiet_nan}};
  const double dot = 10 + 40 + 90;
  check_operations<model>({a, 4, {a, b}}, {b, 5, {b, a}}, {sum, 14, {sum, {{12}, {24, 36}}}},
                          {zero, 0, {zero, zero}}, dot + 20 + dot + dot,
                          {nans, quiet_nan, {nans, nans}});
}

TEST_CASE("tuples, vectors and arrays of tensors are tensors") {
  check_operations<pair>({1, {2, 3}}, {10, {20, 30}}, {21, {42, 63}}, {0, {0, 0}}, 140,
                         {quiet_nan, {quiet_nan, quiet_nan}});
  check_operations<nested>({{1}, {2, 3}}, {{10}, {20, 30}}, {{21}, {42, 63}}, {{0}, {0, 0}}, 140,
                           {{quiet_nan}, {quiet_nan, quiet_nan}});
  check_operations<rows>({{{1}, {2, 3}}}, {{{10}, {20, 30}}}, {{{21}, {42, 63}}}, {{{0}, {0, 0}}},
                         140, {{{quiet_nan}, {quiet_nan, quiet_nan}}});
}

TEST_CASE("leaves are walked in the order of the fields, several tensors at once") {
  model m{{{1, 2}, {3, 4}}, 5, {{{6}, {7, 8}}}};
  const model g{{{10, 20}, {30, 40}}, 50, {{{60}, {70, 80}}}};
  std::vector<double> firsts;
  kutta::for_each_leaf(
      [&]<class L>(L& leaf, const L& other) {
        if constexpr (std::is_same_v<L, double>)
          firsts.push_back(leaf), leaf += other;
        else
          firsts.push_back(leaf[0]), leaf[0] += other[0];
      },
      m, g);
  CHECK(firsts == std::vector<double>{1, 3, 5, 6, 7});
  CHECK(m == model{{{11, 2}, {33, 4}}, 55, {{{66}, {77, 8}}}});
}

TEST_CASE("a leaf is its own only leaf") {
  std::vector<double> x{1, 2};
  int visited = 0;
  kutta::for_each_leaf([&](const std::vector<double>& leaf) { visited += &leaf == &x; }, x);
  CHECK(visited == 1);
}

TEST_CASE("fields carry their names") {
  CHECK(std::get<0>(affine::fields).name == std::string("w"));
  CHECK(std::get<1>(affine::fields).name == std::string("b"));
  affine p{{1}, {2, 3}};
  CHECK(&(p.*std::get<1>(affine::fields).member) == &p.b);
}

TEST_CASE("an empty vector of tensors is the zero of dimension 0") {
  nested none;
  kutta::set_zero(none);
  CHECK(kutta::inner_product(none, none) == 0);
  CHECK(kutta::zeros_like(none).empty());
}

TEST_CASE("parts that can only be moved have zeros too") {
  std::vector<moved_pair> x;
  x.push_back({moved({1, 2}), moved({3})});
  x.push_back({moved({4}), moved({5, 6, 7})});
  const std::vector<moved_pair> zero = kutta::zeros_like(x);
  REQUIRE(zero.size() == 2);
  CHECK(zero[0].a.values == std::vector<double>(2));
  CHECK(zero[1].b.values == std::vector<double>(3));
  CHECK(x[1].b.values == std::vector<double>{5, 6, 7});
  const auto both = kutta::zeros_like(std::tuple{moved({1}), 2.});
  CHECK(std::get<0>(both).values == std::vector<double>(1));
  CHECK(std::get<1>(both) == 0);
}
