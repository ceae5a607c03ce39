// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cmath>
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

TEST_CASE_TEMPLATE("a number counts as that number in every lane", T, float, double) {
  const auto a = each<T>([](T l) { return l + 1; });
  const auto x = pack<T>::load(a.data());
  CHECK(lanes_of<T>(2 + x) == each<T>([](T l) { return l + 3; }));
  CHECK(lanes_of<T>(2 - x) == each<T>([](T l) { return 1 - l; }));
  CHECK(lanes_of<T>(2 * x) == each<T>([](T l) { return 2 * l + 2; }));
  CHECK(lanes_of<T>(2 / x) == each<T>([](T l) { return 2 / (l + 1); }));
  CHECK(lanes_of<T>(x + 2) == each<T>([](T l) { return l + 3; }));
  CHECK(lanes_of<T>(x - 2) == each<T>([](T l) { return l - 1; }));
  CHECK(lanes_of<T>(x * 2) == each<T>([](T l) { return 2 * l + 2; }));
  CHECK(lanes_of<T>(x / 2) == each<T>([](T l) { return (l + 1) / 2; }));
}

TEST_CASE_TEMPLATE("assignments do what their operators do", T, float, double) {
  const auto a = each<T>([](T l) { return l + 1; });
  const auto x = pack<T>::load(a.data());
  auto y = x;
  y += x, y *= x, y -= x, y /= x;  // (2 x x − x)/x = 2 x − 1
  CHECK(lanes_of<T>(y) == each<T>([](T l) { return 2 * l + 1; }));
  y += 3, y *= 2, y -= 4, y /= 4;  // (2 (2 l + 4) − 4)/4
  CHECK(lanes_of<T>(y) == each<T>([](T l) { return l + 1; }));
  CHECK(lanes_of<T>(-x) == each<T>([](T l) { return -l - 1; }));
  CHECK(std::signbit((-pack<T>(0))[0]));
}

TEST_CASE_TEMPLATE("a lane can be read and written", T, float, double) {
  pack<T> x(1);
  x.set(width<T> - 1, 5);
  CHECK(x[0] == 1);
  CHECK(x[width<T> - 1] == 5);
  CHECK(x.sum() == static_cast<T>(width<T> + 4));
}

TEST_CASE_TEMPLATE("the functions of <cmath> give what they give a number", T, float, double) {
  volatile T seven = 7;  // a compiler would compute constants to other last bits than the library
  const auto a = each<T>([&](T l) { return (l + 1) / seven; });
  const auto x = pack<T>::load(a.data());
  const auto of = [&](auto f) { return each<T>([&](T l) { return f((l + 1) / seven); }); };
  CHECK(lanes_of<T>(abs(-x)) == a);
  CHECK(lanes_of<T>(sqrt(x)) == of([](T v) { return std::sqrt(v); }));
  CHECK(lanes_of<T>(exp(x)) == of([](T v) { return std::exp(v); }));
  CHECK(lanes_of<T>(log(x)) == of([](T v) { return std::log(v); }));
  CHECK(lanes_of<T>(sin(x)) == of([](T v) { return std::sin(v); }));
  CHECK(lanes_of<T>(cos(x)) == of([](T v) { return std::cos(v); }));
  CHECK(lanes_of<T>(tan(x)) == of([](T v) { return std::tan(v); }));
  CHECK(lanes_of<T>(tanh(x)) == of([](T v) { return std::tanh(v); }));
  CHECK(lanes_of<T>(pow(x, 3)) == of([](T v) { return std::pow(v, T(3)); }));
  CHECK(lanes_of<T>(each_lane(x, [](T v) { return v < 1 ? v : T(1); })) ==
        of([](T v) { return v < 1 ? v : T(1); }));
  CHECK(kutta::each_lane(T(3), [](T v) { return v * v; }) == 9);
}

TEST_CASE("lanes are rounded to another type one by one") {
  constexpr std::size_t w = width<float>;
  std::array<double, w> from;
  for (std::size_t l = 0; l < w; ++l) from[l] = static_cast<double>(l) + .1;
  const kutta::simd<float, w> narrow(kutta::simd<double, w>::load(from.data()));
  const kutta::simd<double, w> wide(narrow);
  for (std::size_t l = 0; l < w; ++l) {
    CHECK(narrow[l] == static_cast<float>(from[l]));
    CHECK(wide[l] == static_cast<double>(static_cast<float>(from[l])));
  }
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
