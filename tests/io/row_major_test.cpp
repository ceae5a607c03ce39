// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <vector>

#include <doctest/doctest.h>

#include <kutta/eigen/tensor.hpp>
#include <kutta/io/row_major.hpp>
#include <kutta/tensor/vec.hpp>

namespace {

using namespace kutta::detail;
using extents = std::vector<std::uint64_t>;

const Eigen::MatrixXd w{{1, 2, 3}, {4, 5, 6}};

}  // namespace

TEST_CASE("a matrix goes out row by row, whichever way it lies in memory") {
  using list = std::vector<double>;
  using row_matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  CHECK(to_row_major(w) == list{1, 2, 3, 4, 5, 6});
  CHECK(to_row_major(row_matrix(w)) == list{1, 2, 3, 4, 5, 6});
  CHECK(to_row_major(Eigen::Matrix<double, 2, 3>(w)) == list{1, 2, 3, 4, 5, 6});
  CHECK(to_row_major(Eigen::ArrayXXd(w)) == list{1, 2, 3, 4, 5, 6});
  CHECK(to_row_major(Eigen::VectorXd{{1, 2}}) == list{1, 2});
  CHECK(to_row_major(Eigen::RowVectorXd{{1, 2}}) == list{1, 2});
  CHECK(to_row_major(Eigen::MatrixXd(0, 3)).empty());
  CHECK(to_row_major(list{1, 2}) == list{1, 2});
  CHECK(to_row_major(2.5) == list{2.5});
}

TEST_CASE("a vector has one extent, a matrix that happens to have one column two") {
  CHECK(file_shape(w) == extents{2, 3});
  CHECK(file_shape(Eigen::VectorXf(4)) == extents{4});
  CHECK(file_shape(Eigen::RowVector3d(1, 2, 3)) == extents{3});
  CHECK(file_shape(Eigen::MatrixXd(4, 1)) == extents{4, 1});
  CHECK(file_shape(Eigen::MatrixXd(0, 3)) == extents{0, 3});
  CHECK(file_shape(std::vector<double>(5)) == extents{5});
  CHECK(file_shape(kutta::vec<float, 2>{}) == extents{2});
  CHECK(file_shape(1.) == extents{});
}

TEST_CASE("what comes back in is the same matrix") {
  Eigen::MatrixXd y(2, 3);
  from_row_major({1, 2, 3, 4, 5, 6}, y);
  CHECK(y == w);
  Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> z(2, 3);
  from_row_major({1, 2, 3, 4, 5, 6}, z);
  CHECK(z == w);
  Eigen::Vector2d v;
  from_row_major({7, 8}, v);
  CHECK(v == Eigen::Vector2d(7, 8));
}
