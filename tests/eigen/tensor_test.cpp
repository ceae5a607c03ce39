// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <limits>
#include <stdexcept>
#include <tuple>
#include <vector>

#include <Eigen/Core>
#include <doctest/doctest.h>

#include <kutta/eigen/tensor.hpp>
#include <kutta/tensor/host_copy.hpp>
#include <kutta/tensor/product.hpp>
#include <kutta/tensor/shape.hpp>

#include "support/random.hpp"

namespace {

using kutta::add;
using kutta::combine;
using kutta::scaled;
using kutta::test::random_like;
using kutta::test::splitmix64;

template <class S>
using row_major = Eigen::Matrix<S, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

static_assert(kutta::tensor<Eigen::MatrixXd> && kutta::tensor<Eigen::VectorXf>);
static_assert(kutta::tensor<Eigen::Matrix3d> && kutta::tensor<Eigen::ArrayXXd>);
static_assert(kutta::tensor<row_major<double>> && kutta::tensor<Eigen::RowVectorXd>);
static_assert(!kutta::tensor<Eigen::MatrixXi> && !kutta::tensor<Eigen::MatrixXcd>);
static_assert(kutta::batch<Eigen::MatrixXd> && kutta::batch<row_major<float>>);
static_assert(kutta::batch<Eigen::Matrix<double, 3, Eigen::Dynamic>>);

/// Zeros of a kind, of 3 × 5 or, where the type fixes an extent, as close to it as that allows.
template <class T>
T zeros() {
  const auto extent = [](int fixed, int wanted) {
    return fixed == Eigen::Dynamic ? wanted : fixed;
  };
  return T::Zero(extent(T::RowsAtCompileTime, 3), extent(T::ColsAtCompileTime, 5));
}

using matrices = std::tuple<Eigen::MatrixXd, Eigen::MatrixXf, row_major<double>, Eigen::VectorXd,
                            Eigen::RowVectorXf, Eigen::ArrayXXd, Eigen::ArrayXd, Eigen::Matrix3d,
                            Eigen::Vector4f, Eigen::Array<float, 2, Eigen::Dynamic>,
                            Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, 0, 8, 8>>;

/// Whether y_i = f(i) for every coefficient, in memory order.
template <class T, class F>
bool is_each(const T& y, F&& f) {
  const auto values = kutta::copy_to_host(y);
  for (std::size_t i = 0; i < values.size(); ++i)
    if (!(values[i] == static_cast<typename T::Scalar>(f(i)))) return false;
  return true;
}

}  // namespace

TEST_CASE_TEMPLATE_DEFINE("Eigen's types have the operations of a tensor", T, eigen_operations) {
  using scalar = typename T::Scalar;
  splitmix64 random(1);
  const T x = random_like(zeros<T>(), random), k = random_like(x, random);
  T y = T::Constant(x.rows(), x.cols(), std::numeric_limits<scalar>::quiet_NaN());
  const T nans = y;

  combine(y, scaled{2, x}, scaled{-.5, k});
  CHECK(is_each(y, [&](std::size_t i) { return 2 * x.data()[i] + scalar(-.5) * k.data()[i]; }));
  add(y, x, scaled{4, k});
  CHECK(is_each(y, [&](std::size_t i) { return x.data()[i] + 4 * k.data()[i]; }));
  add(y, y, scaled{-4, k}, scaled{0, x});
  CHECK(is_each(y, [&](std::size_t i) { return x.data()[i] + 4 * k.data()[i] - 4 * k.data()[i]; }));
  y = nans;
  add(y, x);
  CHECK(is_each(y, [&](std::size_t i) { return x.data()[i]; }));
  y = nans;
  kutta::set_zero(y);
  CHECK(is_each(y, [](std::size_t) { return 0; }));

  const T zero = kutta::zeros_like(nans);
  CHECK(is_each(zero, [](std::size_t) { return 0; }));
  CHECK(kutta::same_shape(zero, x));

  double product = 0;
  for (Eigen::Index i = 0; i < x.size(); ++i)
    product += static_cast<double>(x.data()[i] * k.data()[i]);
  CHECK(kutta::inner_product(x, k) == doctest::Approx(product).epsilon(1e-13));
}
TEST_CASE_TEMPLATE_APPLY(eigen_operations, matrices);

TEST_CASE_TEMPLATE_DEFINE("Eigen's elements travel to the host and back", T, eigen_host_copy) {
  splitmix64 random(2);
  const T x = random_like(zeros<T>(), random);
  T y = kutta::zeros_like(x);
  kutta::copy_from_host(kutta::copy_to_host(x), y);
  CHECK((y == x).all());
}
TEST_CASE_TEMPLATE_APPLY(eigen_host_copy, std::tuple<Eigen::ArrayXXd, Eigen::ArrayXf>);

TEST_CASE("a sum has the same bits in every type that holds the elements in the same order") {
  splitmix64 random(3);
  const Eigen::MatrixXd x = random_like(Eigen::MatrixXd(7, 43), random, -1e6, 1e6);
  const double sum = kutta::sum(kutta::detail::copy{}, x);
  const row_major<double> as_rows = x.transpose();
  CHECK(kutta::sum(kutta::detail::copy{}, as_rows) == sum);
  CHECK(kutta::sum(kutta::detail::copy{}, kutta::copy_to_host(x)) == sum);
}

TEST_CASE("the extents are rows and columns") {
  CHECK(kutta::shape_text(Eigen::MatrixXd(2, 3)) == "(2, 3)");
  CHECK(kutta::shape_text(row_major<float>(2, 3)) == "(2, 3)");
  CHECK(kutta::shape_text(Eigen::Vector3d()) == "(3, 1)");
  CHECK(kutta::shape_text(Eigen::ArrayXXd(0, 4)) == "(0, 4)");
  CHECK_FALSE(kutta::same_shape(Eigen::MatrixXd(2, 3), Eigen::MatrixXd(3, 2)));
  CHECK(kutta::element_count(Eigen::MatrixXd(2, 3)) == 6);
}

TEST_CASE("empty matrices are tensors") {
  Eigen::MatrixXd x(3, 0), y(3, 0);
  add(y, x, scaled{2, x});
  kutta::set_zero(y);
  CHECK(kutta::inner_product(x, y) == 0);
  CHECK(kutta::samples(x) == 0);
}

TEST_CASE("matrices in a struct, in a tuple and in a vector") {
  using pair = std::tuple<Eigen::Matrix2d, Eigen::VectorXd>;
  const pair x{Eigen::Matrix2d::Constant(1), Eigen::VectorXd::Constant(3, 2)};
  auto y = kutta::zeros_like(std::vector{x, x});
  add(y, y, scaled{2, std::vector{x, x}});
  CHECK(kutta::inner_product(y, y) == 2 * (4 * 4 + 3 * 16));
  CHECK(kutta::shape_text(y) == "{{(2, 2), (3, 1)}, {(2, 2), (3, 1)}}");
}

TEST_CASE("a sample is a column, or a row of what is stored row by row") {
  const Eigen::MatrixXd columns{{0, 1, 2, 3}, {10, 11, 12, 13}};
  const row_major<double> rows = columns.transpose();
  CHECK(kutta::samples(columns) == 4);
  CHECK(kutta::samples(rows) == 4);
  CHECK(kutta::shape_text(kutta::zeros_like(columns, 7)) == "(2, 7)");
  CHECK(kutta::shape_text(kutta::zeros_like(rows, 7)) == "(7, 2)");

  const auto check = [](const auto& x) {
    auto y = kutta::zeros_like(x, 5);
    kutta::copy_samples(x, 1, 2, y, 3);
    CHECK(kutta::copy_to_host(y) == std::vector<double>{0, 0, 0, 0, 0, 0, 1, 11, 2, 12});
    kutta::copy_samples(x, 3, 1, y, 0);
    CHECK(kutta::copy_to_host(y) == std::vector<double>{3, 13, 0, 0, 0, 0, 1, 11, 2, 12});
    kutta::copy_samples(x, 3, 0, y, 0);
    CHECK(kutta::copy_to_host(y) == std::vector<double>{3, 13, 0, 0, 0, 0, 1, 11, 2, 12});
  };
  check(columns);
  check(rows);
}

TEST_CASE("a window is read where a tensor is, and copies nothing") {
  const Eigen::MatrixXd x{{0, 1, 2, 3}, {10, 11, 12, 13}};
  const auto middle = kutta::window(x, 1, 2);
  CHECK(middle.data() == x.col(1).data());
  Eigen::MatrixXd y = Eigen::MatrixXd::Constant(2, 2, 100);
  kutta::map(y, kutta::detail::increment<double, 1>{{-1}}, y, middle);
  CHECK((y.array() == Eigen::ArrayXXd{{99, 98}, {89, 88}}).all());
  CHECK(kutta::sum(kutta::detail::multiply{}, y, middle) == 99 + 89 * 11 + 98 * 2 + 88 * 12);
}

TEST_CASE("a batch whose type fixes the number of samples is refused another one") {
  const Eigen::Matrix<double, 2, 4> x = Eigen::Matrix<double, 2, 4>::Zero();
  CHECK(kutta::samples(kutta::zeros_like(x, 4)) == 4);
  CHECK_THROWS_WITH_AS(kutta::zeros_like(x, 3), "zeros_like: the type holds 4 samples, got 3",
                       std::invalid_argument);
}
