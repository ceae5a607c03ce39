// SPDX-License-Identifier: Apache-2.0

/// @file
/// What the device does at most: multiply-adds in registers, and a copy from device memory to
/// device memory.
///
/// Names: ceilings/<scalar>/multiply_adds and ceilings/copy/n:<bytes>. A multiply-add is two
/// operations; a copy of n bytes reads n and writes n.

#include <cstddef>
#include <string>

#include <kutta/cuda/buffer.hpp>
#include <kutta/cuda/elementwise.hpp>
#include <kutta/tensor/host_device.hpp>

#include "device/copies.hpp"
#include "device/measure.hpp"

namespace {

/// x ← a x + b, `rounds` times, in chains that do not wait for each other.
template <class T>
struct multiply_adds {
  static constexpr std::size_t chains = 8;

  T a, b;
  std::size_t rounds;
  T* y;

  KUTTA_HD void operator()(std::size_t i) const {
    T x[chains];
    for (std::size_t c = 0; c < chains; ++c) x[c] = static_cast<T>(c);
    for (std::size_t r = 0; r < rounds; ++r)
      for (std::size_t c = 0; c < chains; ++c) x[c] = a * x[c] + b;
    T sum = 0;
    for (std::size_t c = 0; c < chains; ++c) sum += x[c];
    y[i] = sum;
  }
};

template <class T>
void add_peak(kutta::bench::records& all, const std::string& scalar) {
  all.add("ceilings/" + scalar + "/multiply_adds", [&](kutta::bench::record& r) {
    const std::size_t threads = all.smoke() ? 64 : std::size_t(1) << 20;
    const std::size_t rounds = all.smoke() ? 64 : 4096;
    const kutta::cuda::buffer<T> y(threads);
    const multiply_adds<T> work{T(.999), T(1e-3), rounds, y.data()};
    r.flops = 2 * static_cast<double>(multiply_adds<T>::chains * rounds * threads);
    r.time([&] { kutta::cuda::detail::for_each_index(threads, work); });
  });
}

}  // namespace

int main(int argc, char** argv) {
  kutta::bench::records all(argc, argv);
  add_peak<float>(all, "float");
  add_peak<double>(all, "double");
  const std::size_t bytes = all.smoke() ? 4096 : 1200000000;
  all.add("ceilings/copy/n:" + std::to_string(bytes), [&](kutta::bench::record& r) {
    kutta::bench::device_copy copy(bytes);
    r.bytes = 2 * static_cast<double>(bytes);
    r.time([&] { copy(); });
  });
  return all.status();
}
