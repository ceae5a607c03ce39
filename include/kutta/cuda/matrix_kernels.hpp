// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Affine layers on device arrays: `layers::dense<cuda::tensor<float, 2>>`.

#include <cstddef>

#include <kutta/cuda/blas.hpp>
#include <kutta/cuda/sums.hpp>
#include <kutta/layers/matrix_kernels.hpp>
#include <kutta/tensor/array.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta {

namespace detail {

template <device_array X>
class matrix_kernels<X> {
  using scalar = scalar_t<X>;

 public:
  matrix_kernels() = default;
  /// @throws cuda_error if the device has no memory left.
  matrix_kernels(std::size_t samples, std::size_t out)
      : blas_(cuda::blas::usual_workspace), sums_(samples, out) {}

  void add_product(const row_major<scalar>& a, const row_major<scalar>& b, scalar* c) const {
    blas_.add(a, b, c);
  }

  void add_rows(std::size_t rows, std::size_t out, const scalar* a, scalar* sum) {
    sums_(rows, cuda::detail::number_at<scalar>{a, out}, cuda::detail::add_sum<scalar>{sum});
  }

  std::size_t heap_bytes() const { return blas_.heap_bytes() + sums_.heap_bytes(); }

 private:
  cuda::blas blas_;
  cuda::detail::column_sums<scalar, 1> sums_;
};

}  // namespace detail
}  // namespace kutta
