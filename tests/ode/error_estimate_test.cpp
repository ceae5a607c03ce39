// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

#include <Eigen/Core>
#include <doctest/doctest.h>

#include <kutta/eigen/tensor.hpp>
#include <kutta/ode/error_estimate.hpp>
#include <kutta/ode/integrate.hpp>
#include <kutta/schemes/embedded_fifth_order.hpp>
#include <kutta/tensor/product.hpp>

using namespace kutta;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double quiet_nan = std::numeric_limits<double>::quiet_NaN();

/// A tensor of two numbers that has what is required and no more: no `largest`, no samples.
struct plain {
  double a, b;
};

}  // namespace

template <>
struct kutta::tensor_traits<plain> {
  using scalar = double;
  static plain zeros_like(const plain&) { return {0, 0}; }
  template <class F, class... X>
  static void map(plain& y, const F& f, const X&... x) {
    y = {f(x.a...), f(x.b...)};
  }
  template <class F, class... X>
  static double sum(const F& f, const plain& x, const X&... more) {
    return f(x.a, more.a...) + f(x.b, more.b...);
  }
  static std::array<std::size_t, 1> shape(const plain&) { return {{2}}; }
  static void store(const plain& x, double* to) { to[0] = x.a, to[1] = x.b; }
  static void load(plain& y, const double* from) { y = {from[0], from[1]}; }
};

namespace {

template <class X>
double norm(const adaptive& how, const X& x0, const X& x1, const X& e) {
  return std::sqrt(static_cast<double>(
      error_scale<X>(how, x0).squared(x0, x1, scaled<X>{2, e}, scaled<X>{-1, e})));
}

template <class X>
std::string refusal(error_norm which, const X& x) {
  try {
    static_cast<void>(error_scale<X>(adaptive{.norm = which}, x));
  } catch (const std::invalid_argument& e) {
    return e.what();
  }
  return "nothing was thrown";
}

/// dx/dt = a x, with a different for one of a thousand samples.
struct times {
  double fast;
  void operator()(double t, const Eigen::MatrixXd& x, Eigen::MatrixXd& dx) const {
    dx.setZero(x.rows(), x.cols());
    dx.col(371).setConstant(fast * std::cos(fast * t));
  }
};

}  // namespace

TEST_CASE("the norms are those worked out by hand") {
  using state = std::array<double, 3>;
  const state x0{1, -4, 0}, x1{-3, 2, 0}, e{.006, .02, -.0005};
  // Scales 0.001 + 0.01 max(|x0|, |x1|) = 0.031, 0.041, 0.001.
  const double r0 = .006 / .031, r1 = .02 / .041, r2 = .5;
  const adaptive rms{.rtol = .01, .atol = .001};
  const adaptive max{.rtol = .01, .atol = .001, .norm = error_norm::max};
  CHECK(std::abs(norm(rms, x0, x1, e) - std::sqrt((r0 * r0 + r1 * r1 + r2 * r2) / 3)) <= 1e-15);
  CHECK(std::abs(norm(max, x0, x1, e) - r2) <= 1e-15);
  CHECK(std::abs(norm(rms, x1, x0, e) - norm(rms, x0, x1, e)) <= 1e-16);  // ends are alike
  // The larger magnitude counts, not the larger number.
  CHECK(std::abs(norm(max, state{-10, 0, 0}, state{1, 0, 0}, state{.101, 0, 0}) - 1) <= 1e-14);
}

TEST_CASE("the error is that of all terms, with their signs") {
  const double x = 1, a = 3, b = 5;
  const error_scale<double> scale(adaptive{.rtol = 0, .atol = 1}, x);
  CHECK(std::abs(scale.squared(x, x, scaled<double>{2, a}, scaled<double>{-1, b}) - 1) <= 1e-15);
  CHECK(scale.squared(x, x, scaled<double>{0, a}) == 0);
}

TEST_CASE("an error of the size of the tolerance has norm 1 in any number of elements") {
  const adaptive how{.rtol = 1e-3, .atol = 1e-3};
  for (const std::size_t n : {1UL, 2UL, 17UL, 1000UL}) {
    CAPTURE(n);
    const std::vector<double> x(n, 1.), e(n, 2e-3);
    CHECK(std::abs(norm(how, x, x, e) - 1) <= 1e-13);
  }
  const std::tuple x{std::vector<double>(3, 1.), 1.}, e{std::vector<double>(3, 2e-3), 2e-3};
  CHECK(std::abs(norm(how, x, x, e) - 1) <= 1e-13);
  const adaptive max{.rtol = 1e-3, .atol = 1e-3, .norm = error_norm::max};
  CHECK(std::abs(norm(max, x, x, e) - 1) <= 1e-13);
}

TEST_CASE("one bad sample of a thousand is seen by max and per_sample, not by rms") {
  Eigen::MatrixXd x = Eigen::MatrixXd::Ones(4, 1000), e = Eigen::MatrixXd::Zero(4, 1000);
  e.col(371).setConstant(10);
  const auto in = [&](error_norm which) {
    return norm(adaptive{.rtol = 0, .atol = 1, .norm = which}, x, x, e);
  };
  CHECK(std::abs(in(error_norm::rms)-10 / std::sqrt(1000.)) <= 1e-13);
  CHECK(std::abs(in(error_norm::max)-10) <= 1e-13);
  CHECK(std::abs(in(error_norm::per_sample)-10) <= 1e-13);
  e.setZero();
  e(2, 999) = 10;  // one of the four elements of the last sample
  CHECK(std::abs(in(error_norm::per_sample)-5) <= 1e-13);
  CHECK(std::abs(in(error_norm::max)-10) <= 1e-13);

  // A sample is a row where the matrix is stored row by row.
  using rows = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  rows y = rows::Ones(3, 4), d = rows::Zero(3, 4);
  d.row(1).setConstant(6);
  CHECK(std::abs(norm(adaptive{.rtol = 0, .atol = 2, .norm = error_norm::per_sample}, y, y, d) -
                 3) <= 1e-14);
}

TEST_CASE("an integration holds its tolerance in the norm that was asked for") {
  const times f{40};
  const auto worst = [&](error_norm which) {
    double most = 0;
    const auto watch = [&](const auto& step) {
      most = std::fmax(most, std::abs(step.end()(1, 371) - std::sin(40 * step.t1)));
    };
    const auto end = integrate<schemes::dormand_prince54>(
        f, Eigen::MatrixXd(Eigen::MatrixXd::Zero(2, 1000)), {0, 1},
        adaptive{.rtol = 0, .atol = 1e-5, .norm = which}, watch);
    CHECK(end.status == status::success);
    return most;
  };
  const double per_sample = worst(error_norm::per_sample);
  CHECK(per_sample <= 5e-5);
  CHECK(worst(error_norm::max) <= 5e-5);
  CHECK(worst(error_norm::rms) > 3 * per_sample);
}

TEST_CASE("no norm lets NaN through, wherever it is, nor an end that is not finite") {
  for (const error_norm which : {error_norm::rms, error_norm::max, error_norm::per_sample}) {
    const adaptive how{.norm = which};
    for (Eigen::Index i = 0; i < 6; ++i)
      for (const double bad : {quiet_nan, infinity, -infinity}) {
        Eigen::MatrixXd x = Eigen::MatrixXd::Ones(2, 3), x1 = x, e = 1e-12 * x;
        CHECK(norm(how, x, x1, e) <= 1);
        x1(i) = bad;
        CHECK(std::isnan(norm(how, x, x1, e)));
        x1(i) = 1;
        e(i) = bad;
        CHECK_FALSE(norm(how, x, x1, e) <= 1);
      }
  }
}

TEST_CASE("a tolerance of 0 asks for an error of 0, and 0/0 is none") {
  const adaptive exact{.rtol = 0, .atol = 0};
  CHECK(norm(exact, 1., 1., 0.) == 0);
  CHECK(norm(exact, 0., 0., 0.) == 0);
  CHECK(norm(exact, 1., 1., 1e-16) > 1);
  CHECK(norm(exact, 1.f, 1.f, 0.f) == 0);
  CHECK(norm(exact, 1.f, 1.f, 1e-7f) > 1);
  CHECK(norm(exact, 1.L, 1.L, 0.L) == 0);
  const adaptive relative{.rtol = 1e-6, .atol = 0};
  CHECK(norm(relative, 0., 0., 0.) == 0);  // an element that stays 0
  CHECK(std::abs(norm(relative, 2., 1., 2e-6) - 1) <= 1e-12);
}

TEST_CASE("a norm that a state does not have is refused") {
  CHECK(refusal(error_norm::per_sample, 1.) ==
        "adaptive: norm per_sample expects a batch, got a state without samples");
  CHECK(refusal(error_norm::per_sample, std::vector<double>(3)) ==
        "adaptive: norm per_sample expects a batch, got a state without samples");
  CHECK(refusal(error_norm::max, plain{}) ==
        "adaptive: norm max expects a tensor with `largest`, got one without");
  CHECK(refusal(error_norm::rms, plain{}) == "nothing was thrown");
  CHECK(refusal(error_norm::max, std::vector<float>(3)) == "nothing was thrown");
  CHECK(refusal(error_norm::per_sample, Eigen::MatrixXd(3, 2)) == "nothing was thrown");
}

TEST_CASE("no elements have no error") {
  for (const error_norm which : {error_norm::rms, error_norm::max, error_norm::per_sample}) {
    const Eigen::MatrixXd none(3, 0), empty(0, 3);
    CHECK(norm(adaptive{.norm = which}, none, none, none) == 0);
    CHECK(norm(adaptive{.norm = which}, empty, empty, empty) == 0);
  }
}

TEST_CASE("the largest element is found in every kind of tensor") {
  struct magnitude {
    double operator()(double x) const { return std::abs(x); }
  };
  const auto of = [](const auto& x) { return kutta::largest(magnitude{}, x); };
  CHECK(of(-3.) == 3);
  CHECK(of(std::array<double, 3>{1, -4, 2}) == 4);
  for (std::size_t n = 1; n <= 40; ++n)
    for (std::size_t at = 0; at < n; ++at) {
      std::vector<double> x(n, 1.);
      x[at] = -2;
      CHECK(of(x) == 2);
      x[at] = quiet_nan;
      CHECK(std::isnan(of(x)));
      x[at] = infinity;
      CHECK(of(x) == infinity);
    }
  CHECK(of(std::tuple{std::vector<double>{1, 2}, -7.}) == 7);
  CHECK(of(std::tuple{std::vector<double>{1, quiet_nan}, -7.}) != 7);
  CHECK(of(std::vector<double>{}) == 0);
}
