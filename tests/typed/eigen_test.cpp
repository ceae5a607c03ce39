// SPDX-License-Identifier: Apache-2.0
#include <vector>

#include <kutta/eigen/tensor.hpp>

#include "typed/block_properties.hpp"

namespace kutta::test {

template <class T>
struct samples_of {
  static std::vector<T> all() {
    if constexpr (T::SizeAtCompileTime != Eigen::Dynamic)
      return {T::Zero()};
    else if constexpr (T::ColsAtCompileTime == 1)
      return {T::Zero(1), T::Zero(11)};
    else
      return {T::Zero(1, 1), T::Zero(3, 5), T::Zero(7, 1)};
  }
};

using row_major_matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

TEST_CASE_TEMPLATE_INVOKE(block_properties, Eigen::MatrixXd, row_major_matrix, Eigen::MatrixXf,
                          Eigen::Vector3d, Eigen::ArrayXd);
TEST_CASE_TEMPLATE_INVOKE(block_limits, Eigen::MatrixXd, Eigen::Vector3d, Eigen::ArrayXd);

}  // namespace kutta::test
