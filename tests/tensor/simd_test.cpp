// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cstddef>
#include <limits>

#include <doctest/doctest.h>

#include <kutta/tensor/simd.hpp>

namespace {

template <class T>
constexpr std::size_t width = 4 * kutta::register_lanes<T>;
template <class T>
using pack = kutta::simd<T, width<T>>;
template <class T>
using lanes = std::array<T, width<T>>;

static_assert(sizeof(pack<float>) == 4 * kutta::register_bytes);
static_assert(pack<double>::registers == 4 && pack<double>::lanes == width<double>);

template <class T>
lanes<T> lanes_of(const pack<T>& x) {
  lanes<T> values;
  x.store(values.data());
  return values;
}

/// Lane l holds f(l).
template <class T, class F>
lanes<T> each(F&& f) {
  lanes<T> values;
  for (std::size_t l = 0; l < values.size(); ++l) values[l] = static_cast<T>(f(static_cast<T>(l)));
  return values;
}

}  // namespace

TEST_CASE_TEMPLATE("what is loaded is stored, at any address", T, float, double) {
  std::array<T, width<T> + 1> memory;
  for (std::size_t i = 0; i < memory.size(); ++i) memory[i] = static_cast<T>(i * i);
  const auto x = pack<T>::load(memory.data() + 1);
  CHECK(lanes_of<T>(x) == each<T>([](T l) { return (l + 1) * (l + 1); }));
  CHECK(lanes_of<T>(pack<T>(3)) == each<T>([](T) { return 3; }));
}

TEST_CASE_TEMPLATE("arithmetic goes lane by lane", T, float, double) {
  const auto a = each<T>([](T l) { return l + 1; }), b = each<T>([](T l) { return 8 - l; });
  const auto x = pack<T>::load(a.data()), y = pack<T>::load(b.data());
  CHECK(lanes_of<T>(x + y) == each<T>([](T) { return 9; }));
  CHECK(lanes_of<T>(x - y) == each<T>([](T l) { return 2 * l - 7; }));
  CHECK(lanes_of<T>(x * y) == each<T>([](T l) { return (l + 1) * (8 - l); }));
  CHECK(lanes_of<T>(y / x) == each<T>([](T l) { return (8 - l) / (l + 1); }));
  CHECK(lanes_of<T>(x.plus_product(2, y)) == each<T>([](T l) { return 17 - l; }));
  CHECK(lanes_of<T>(x.plus_product(y, y)) ==
        each<T>([](T l) { return l + 1 + (8 - l) * (8 - l); }));
}

TEST_CASE_TEMPLATE("where_less chooses lane by lane, and NaN is not less", T, float, double) {
  const auto a = each<T>([](T l) { return l; });
  const auto x = pack<T>::load(a.data());
  CHECK(lanes_of<T>(where_less(x, pack<T>(3), pack<T>(1), x)) ==
        each<T>([](T l) { return l < 3 ? 1 : l; }));
  const pack<T> nan(std::numeric_limits<T>::quiet_NaN());
  CHECK(lanes_of<T>(where_less(nan, pack<T>(3), pack<T>(1), x)) == a);
  CHECK(kutta::where_less(T(2), T(3), T(4), T(5)) == 4);
  CHECK(kutta::where_less(T(3), T(3), T(4), T(5)) == 5);
}

TEST_CASE_TEMPLATE("the lanes are summed by halves", T, float, double) {
  const auto a = each<T>([](T l) { return l + 1; });
  CHECK(pack<T>::load(a.data()).sum() == static_cast<T>(width<T> * (width<T> + 1) / 2));

  // One unit at the size where a single addition loses it: adding by halves meets 1 + 1 first.
  const T big = 2 / std::numeric_limits<T>::epsilon();
  lanes<T> values{};
  values[0] = big, values[1] = 1, values[1 + width<T> / 2] = 1;
  CHECK(pack<T>::load(values.data()).sum() == big + 2);
}

TEST_CASE_TEMPLATE("the lanes of many registers are summed onto their numbers", T, float, double) {
  constexpr std::size_t w = kutta::register_lanes<T>;
  constexpr std::size_t n = 2 * w + 3;  // two blocks by shuffles, the rest one by one
  std::array<kutta::simd<T, w>, n> x;
  std::array<T, n> y, expected;
  for (std::size_t i = 0; i < n; ++i) {
    std::array<T, w> values;
    T sum = 0;
    for (std::size_t l = 0; l < w; ++l) sum += values[l] = static_cast<T>((i + 1) * (l + 2) % 17);
    x[i] = kutta::simd<T, w>::load(values.data());
    y[i] = static_cast<T>(i);
    expected[i] = static_cast<T>(i) + sum;
  }
  kutta::add_lane_sums<T>(x.data(), n, y.data());
  CHECK(y == expected);
}
