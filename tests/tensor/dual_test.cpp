// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstddef>
#include <numbers>

#include <doctest/doctest.h>

#include <kutta/tensor/dual.hpp>
#include <kutta/tensor/vec.hpp>

namespace {

using kutta::dual;
using kutta::vec;
using D = dual<double>;

struct lorenz {
  template <class T>
  void operator()(const T&, const vec<T, 3>& x, vec<T, 3>& dx) const {
    dx[0] = 10.0 * (x[1] - x[0]);
    dx[1] = x[0] * (28.0 - x[2]) - x[1];
    dx[2] = x[0] * x[1] - 8. / 3 * x[2];
  }
};

/// f'(x) by dual numbers against central differences in long double.
template <class F>
void check(const char* name, const F& f, double x) {
  CAPTURE(name);
  CAPTURE(x);
  using L = long double;
  const L h = 1e-4L, at = x;
  const auto slope = [&](L step) { return (f(at + step) - f(at - step)) / (2 * step); };
  const L expected = (4 * slope(h / 2) - slope(h)) / 3;
  const D y = f(D(x, 1));
  CHECK(y.value == f(x));
  CHECK(std::abs(y.tangent - static_cast<double>(expected)) <= 1e-13 * (1 + std::abs(y.tangent)));
  CHECK(f(D(x, -2)).tangent == doctest::Approx(-2 * y.tangent).epsilon(1e-15));
}

}  // namespace

TEST_CASE("each function has its derivative") {
  using std::abs, std::cos, std::exp, std::log, std::pow, std::sin, std::sqrt, std::tan, std::tanh;
  for (const double x : {.3, 1.7, -.8}) {
    check(
        "sin", [](auto v) { return sin(v); }, x);
    check(
        "cos", [](auto v) { return cos(v); }, x);
    check(
        "tan", [](auto v) { return tan(v); }, x);
    check(
        "exp", [](auto v) { return exp(v); }, x);
    check(
        "tanh", [](auto v) { return tanh(v); }, x);
    check(
        "abs", [](auto v) { return abs(v); }, x);
    check(
        "minus", [](auto v) { return -v; }, x);
  }
  for (const double x : {.3, 1.7}) {
    check(
        "log", [](auto v) { return log(v); }, x);
    check(
        "sqrt", [](auto v) { return sqrt(v); }, x);
  }
  CHECK(pow(D(2, 1), 3.5).tangent == doctest::Approx(3.5 * std::pow(2, 2.5)));
  CHECK(abs(D(0, 1)).tangent == 0);
}

TEST_CASE("arithmetic, with numbers on either side") {
  const auto f = [](auto x) {
    auto y = 2 * x;
    y += x * x;
    y -= 1 / x;
    y *= x - 3;
    y /= x + 1.5;
    return 1 - y;
  };
  for (const double x : {.3, 1.7, -.8})
    check(
        "all", [&]<class T>(T v) { return f(v); }, x);
}

TEST_CASE("comparisons see the value alone") {
  CHECK(D(1, 5) < D(2, -5));
  CHECK(D(1, 5) == D(1, 0));
  CHECK(where_less(D(1, 0), D(2, 0), D(3, 4), D(5, 6)).tangent == 4);
  CHECK(where_less(D(2, 0), D(2, 0), D(3, 4), D(5, 6)).tangent == 6);
  CHECK(D(1, 0) <= 1.);
  CHECK(D(1, 0) >= 1.);
  CHECK(D(2, 0) > 1.);
}

TEST_CASE("the derivative of a right-hand side for any scalar") {
  const vec<double, 3> x{{1, 2, 3}}, v{{.5, -1, .25}};
  vec<double, 3> vdx;
  kutta::dual_jvp{lorenz{}}(0., x, v, vdx);
  // The Jacobian by hand.
  CHECK(vdx[0] == 10 * (v[1] - v[0]));
  CHECK(vdx[1] == v[0] * (28 - x[2]) - x[0] * v[2] - v[1]);
  CHECK(vdx[2] == doctest::Approx(v[0] * x[1] + x[0] * v[1] - 8. / 3 * v[2]).epsilon(1e-15));
}
