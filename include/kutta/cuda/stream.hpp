// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Streams: queues of work for the device, run in order each, at the same time as others.

#include <cstddef>

#include <kutta/cuda/error.hpp>

namespace kutta::cuda {

#ifdef __CUDACC__
using stream_handle = cudaStream_t;
#else
/// On a host system all work is done when the call that asks for it returns.
using stream_handle = std::nullptr_t;
#endif

namespace detail {

inline stream_handle& current() {
  thread_local stream_handle handle = nullptr;  // the default stream
  return handle;
}

}  // namespace detail

/// The stream that takes the work of this thread.
inline stream_handle current_stream() {
  return detail::current();
}

/// Waits until the work of the current stream has been done.
/// @throws cuda_error if any of it has failed.
inline void wait() {
#ifdef __CUDACC__
  check(cudaStreamSynchronize(current_stream()), "cudaStreamSynchronize");
#endif
}

/// A queue of its own, which does not wait for the default stream.
///
///     cuda::stream other;
///     {
///       cuda::on_stream here(other);
///       f.forward(theta, x, ws);  // queued on `other`
///     }
///     other.wait();
///
/// What was queued elsewhere before, such as the making of x, is to be waited for first. Must
/// outlive the tensors that were made on it.
class stream {
 public:
  /// @throws cuda_error if there is no device, or no memory for a stream.
  stream() {
#ifdef __CUDACC__
    check(cudaStreamCreateWithFlags(&handle_, cudaStreamNonBlocking), "cudaStreamCreateWithFlags");
#endif
  }
  stream(const stream&) = delete;
  stream& operator=(const stream&) = delete;
  ~stream() {
#ifdef __CUDACC__
    cudaStreamDestroy(handle_);
#endif
  }

  stream_handle handle() const { return handle_; }

  /// Waits until the work queued so far has been done.
  /// @throws cuda_error if any of it has failed.
  void wait() const {
#ifdef __CUDACC__
    check(cudaStreamSynchronize(handle_), "cudaStreamSynchronize");
#endif
  }

 private:
  stream_handle handle_ = nullptr;
};

/// While it lives, the work of this thread goes to a stream.
class on_stream {
 public:
  explicit on_stream(const stream& s) : before_(current_stream()) {
    detail::current() = s.handle();
  }
  on_stream(const on_stream&) = delete;
  on_stream& operator=(const on_stream&) = delete;
  ~on_stream() { detail::current() = before_; }

 private:
  stream_handle before_;
};

}  // namespace kutta::cuda
