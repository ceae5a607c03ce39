// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// cuDNN, where KUTTA_CUDNN is defined: checked calls, its handle and its descriptions of arrays.
/// Of its two interfaces the older one, whose calls take addresses and add to what is there.

#if defined(__CUDACC__) && defined(KUTTA_CUDNN)

#  include <utility>

#  include <cudnn.h>

#  include <kutta/cuda/error.hpp>
#  include <kutta/cuda/library_handle.hpp>
#  include <kutta/cuda/stream.hpp>

namespace kutta::cuda {

/// @throws cuda_error unless `status`, the result of `call`, is success.
inline void check(cudnnStatus_t status, const char* call) {
  if (status == CUDNN_STATUS_SUCCESS) return;
  cudaGetLastError();
  throw cuda_error(call, cudnnGetErrorString(status), static_cast<int>(status));
}

namespace detail {

struct cudnn_library {
  using handle = cudnnHandle_t;

  static handle create() {
    handle h = nullptr;
    check(cudnnCreate(&h), "cudnnCreate");
    return h;
  }
  static void destroy(handle h) { cudnnDestroy(h); }
};

/// For calls whose work goes to the current stream.
inline cudnnHandle_t cudnn_handle() {
  const cudnnHandle_t handle = library_handle<cudnn_library>();
  check(cudnnSetStream(handle, current_stream()), "cudnnSetStream");
  return handle;
}

/// One of cuDNN's descriptions, which describes nothing yet.
template <class D, cudnnStatus_t (*Create)(D*), cudnnStatus_t (*Destroy)(D)>
class cudnn_descriptor {
 public:
  cudnn_descriptor() { check(Create(&descriptor_), "cudnnCreate…Descriptor"); }
  cudnn_descriptor(cudnn_descriptor&& other) noexcept
      : descriptor_(std::exchange(other.descriptor_, nullptr)) {}
  cudnn_descriptor& operator=(cudnn_descriptor&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~cudnn_descriptor() {
    if (descriptor_) Destroy(descriptor_);
  }

  D get() const { return descriptor_; }

 private:
  D descriptor_ = nullptr;
};

using cudnn_tensor = cudnn_descriptor<cudnnTensorDescriptor_t, cudnnCreateTensorDescriptor,
                                      cudnnDestroyTensorDescriptor>;
using cudnn_filter = cudnn_descriptor<cudnnFilterDescriptor_t, cudnnCreateFilterDescriptor,
                                      cudnnDestroyFilterDescriptor>;
using cudnn_correlation =
    cudnn_descriptor<cudnnConvolutionDescriptor_t, cudnnCreateConvolutionDescriptor,
                     cudnnDestroyConvolutionDescriptor>;

}  // namespace detail
}  // namespace kutta::cuda

#endif
