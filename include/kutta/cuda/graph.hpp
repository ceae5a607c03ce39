// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Work for the device that is recorded once and replayed: a CUDA graph.

#include <functional>
#include <utility>

#include <kutta/cuda/error.hpp>
#include <kutta/cuda/stream.hpp>

namespace kutta::cuda {

/// What `capture` has recorded.
///
/// Replaying it costs one call instead of one for each kernel. It reads and writes the memory that
/// was read and written where it was recorded, which must live as long.
class graph {
 public:
  graph(graph&& other) noexcept : recorded_(std::exchange(other.recorded_, {})) {}
  graph& operator=(graph&& other) noexcept {
    std::swap(recorded_, other.recorded_);
    return *this;
  }
  ~graph() {
#ifdef __CUDACC__
    if (recorded_) cudaGraphExecDestroy(recorded_);
#endif
  }

  /// Queues the work on the current stream.
  /// @throws cuda_error if it cannot be queued.
  void replay() const {
#ifdef __CUDACC__
    check(cudaGraphLaunch(recorded_, current_stream()), "cudaGraphLaunch");
#else
    recorded_();
#endif
  }

 private:
#ifdef __CUDACC__
  using record = cudaGraphExec_t;
#else
  using record = std::function<void()>;
#endif

  template <class F>
  friend graph capture(F work);

  explicit graph(record recorded) : recorded_(std::move(recorded)) {}

  record recorded_;
};

/// Records the device's work of `work()`, which is not done yet; `replay` does it, as often as
/// wanted.
///
///     const auto pass = cuda::capture([&] {
///       f.forward(theta, x0, ws);
///       f.backprop(theta, dx, dtheta, ws);
///     });
///     pass.replay();
///
/// What the host does in `work` is done once, at the recording; the numbers it computes (a step
/// size, a factor of a sum) stay those of the recording. It may neither wait for the device nor
/// take memory: no `sum`, no copy to the host, no adaptive steps. (On a host system `replay` calls
/// `work` again.)
/// @throws cuda_error naming the call that cannot be recorded; whatever `work` throws.
template <class F>
graph capture(F work) {
#ifdef __CUDACC__
  const stream recording;
  cudaGraph_t recorded = nullptr;
  check(cudaStreamBeginCapture(recording.handle(), cudaStreamCaptureModeThreadLocal),
        "cudaStreamBeginCapture");
  try {
    const on_stream here(recording);
    work();
  } catch (...) {
    cudaStreamEndCapture(recording.handle(), &recorded);
    if (recorded) cudaGraphDestroy(recorded);
    cudaGetLastError();
    throw;
  }
  check(cudaStreamEndCapture(recording.handle(), &recorded), "cudaStreamEndCapture");
  cudaGraphExec_t handle = nullptr;
  const cudaError_t status = cudaGraphInstantiate(&handle, recorded, 0);
  cudaGraphDestroy(recorded);
  check(status, "cudaGraphInstantiate");
  return graph(handle);
#else
  return graph(std::function<void()>(std::move(work)));
#endif
}

}  // namespace kutta::cuda
