// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Convolutions of device arrays: `layers::conv2d<cuda::tensor<float, 4>>`.
///
/// By cuDNN where KUTTA_CUDNN is defined (CMake does where it finds one), else by kernels of our
/// own; on a host system by those of the host.

#include <type_traits>

#include <kutta/cuda/cudnn_convolution.hpp>
#include <kutta/cuda/direct_convolution.hpp>
#include <kutta/layers/convolution.hpp>
#include <kutta/tensor/array.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta::detail {

template <device_array X>
struct convolution_of<X> {
#if defined(__CUDACC__) && defined(KUTTA_CUDNN)
  using type =
      std::conditional_t<std::is_same_v<scalar_t<X>, float>, cuda::detail::cudnn_convolution,
                         cuda::detail::direct_convolution<scalar_t<X>>>;
#elif defined(__CUDACC__)
  using type = cuda::detail::direct_convolution<scalar_t<X>>;
#else
  using type = convolution<scalar_t<X>>;
#endif
};

}  // namespace kutta::detail
