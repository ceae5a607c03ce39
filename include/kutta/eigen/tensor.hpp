// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Eigen's dense matrices, vectors and arrays as tensors, of fixed or dynamic size.

#include <array>
#include <cstddef>
#include <stdexcept>
#include <string>

#include <Eigen/Core>

#include <kutta/tensor/contiguous.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta {

namespace detail {

/// A matrix is a batch: one sample a column (a row, if it is stored row by row), so that samples
/// are outermost in memory.
template <class T>
struct eigen_traits : contiguous_batch_traits<T, typename T::Scalar, eigen_traits<T>> {
  static T zeros_like(const T& x) { return T::Zero(x.rows(), x.cols()); }
  /// @throws std::invalid_argument if T fixes another number of samples.
  static T zeros_like(const T& x, std::size_t n) {
    constexpr Eigen::Index fixed = T::IsRowMajor ? T::RowsAtCompileTime : T::ColsAtCompileTime;
    const auto size = static_cast<Eigen::Index>(n);
    if (fixed != Eigen::Dynamic && fixed != size)
      throw std::invalid_argument("zeros_like: the type holds " + std::to_string(fixed) +
                                  " samples, got " + std::to_string(n));
    return T::IsRowMajor ? T::Zero(size, x.cols()) : T::Zero(x.rows(), size);
  }
  static std::size_t samples(const T& x) {
    return static_cast<std::size_t>(T::IsRowMajor ? x.rows() : x.cols());
  }
  static std::array<std::size_t, 2> shape(const T& x) {
    return {static_cast<std::size_t>(x.rows()), static_cast<std::size_t>(x.cols())};
  }
};

}  // namespace detail

template <std::floating_point S, int... N>
struct tensor_traits<Eigen::Matrix<S, N...>> : detail::eigen_traits<Eigen::Matrix<S, N...>> {};

template <std::floating_point S, int... N>
struct tensor_traits<Eigen::Array<S, N...>> : detail::eigen_traits<Eigen::Array<S, N...>> {};

}  // namespace kutta
