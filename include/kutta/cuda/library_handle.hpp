// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Handles of libraries that compute on a device: one for each thread and device, made where it is
/// first asked for.

#ifdef __CUDACC__

#  include <cstddef>
#  include <vector>

#  include <kutta/cuda/error.hpp>

namespace kutta::cuda::detail {

/// Library: a type `handle`, a pointer, with `create()` and `destroy(handle)`.
template <class Library>
class library_handles {
  using handle = typename Library::handle;

 public:
  library_handles() = default;
  library_handles(const library_handles&) = delete;
  library_handles& operator=(const library_handles&) = delete;
  ~library_handles() {
    for (const handle h : of_device_)
      if (h) Library::destroy(h);
  }

  /// For the current device.
  handle current() {
    int device = 0;
    check(cudaGetDevice(&device), "cudaGetDevice");
    const auto d = static_cast<std::size_t>(device);
    if (of_device_.size() <= d) of_device_.resize(d + 1);
    if (!of_device_[d]) of_device_[d] = Library::create();
    return of_device_[d];
  }

 private:
  std::vector<handle> of_device_;
};

/// Of this thread, for the current device.
template <class Library>
typename Library::handle library_handle() {
  thread_local library_handles<Library> handles;
  return handles.current();
}

}  // namespace kutta::cuda::detail

#endif
