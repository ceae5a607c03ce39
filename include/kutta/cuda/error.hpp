// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What a failed call of CUDA, or of a library on it, is reported as.

#include <stdexcept>
#include <string>

#ifdef __CUDACC__
#  include <cuda_runtime_api.h>
#endif

namespace kutta {

/// A call failed, or work that was queued before it: "cudaMallocAsync: out of memory (error 2)".
///
/// Kernels run after the call that queues them has returned. What goes wrong in one is reported by
/// the next call that looks: another of ours, at the latest `stream::wait`.
class cuda_error : public std::runtime_error {
 public:
  cuda_error(const std::string& call, const std::string& message, int code)
      : std::runtime_error(call + ": " + message + " (error " + std::to_string(code) + ")"),
        code_(code) {}

  /// The number of the error, of the library whose call failed.
  int code() const { return code_; }

 private:
  int code_;
};

namespace cuda {

#ifdef __CUDACC__
/// @throws cuda_error unless `status`, the result of `call`, is success. What the runtime can
/// forget is forgotten, so that the next call finds it usable.
inline void check(cudaError_t status, const char* call) {
  if (status == cudaSuccess) return;
  cudaGetLastError();
  throw cuda_error(call, cudaGetErrorString(status), static_cast<int>(status));
}
#endif

}  // namespace cuda
}  // namespace kutta
