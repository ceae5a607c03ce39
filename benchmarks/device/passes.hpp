// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// A pass forward and back: by one call after the other, and as a graph that is replayed.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <random>
#include <string>
#include <vector>

#include <kutta/cuda/error.hpp>
#include <kutta/cuda/graph.hpp>
#include <kutta/cuda/stream.hpp>
#include <kutta/tensor/host_copy.hpp>
#include <kutta/tensor/tensor.hpp>

#include "device/measure.hpp"

namespace kutta::bench {

#ifdef __CUDACC__
/// Counts what a call of `pass` queues: "kernels", "copies" (and fills), "allocations". That it can
/// be recorded at all proves that it waits for the device nowhere.
/// @throws cuda_error naming the call that waits.
template <class F>
void count_queued(const F& pass, record& r) {
  const cuda::stream recording;
  cudaGraph_t recorded = nullptr;
  cuda::check(cudaStreamBeginCapture(recording.handle(), cudaStreamCaptureModeThreadLocal),
              "cudaStreamBeginCapture");
  try {
    const cuda::on_stream here(recording);
    pass();
  } catch (...) {
    cudaStreamEndCapture(recording.handle(), &recorded);
    if (recorded) cudaGraphDestroy(recorded);
    cudaGetLastError();
    throw;
  }
  cuda::check(cudaStreamEndCapture(recording.handle(), &recorded), "cudaStreamEndCapture");
  std::size_t n = 0;
  cuda::check(cudaGraphGetNodes(recorded, nullptr, &n), "cudaGraphGetNodes");
  std::vector<cudaGraphNode_t> nodes(n);
  cuda::check(cudaGraphGetNodes(recorded, nodes.data(), &n), "cudaGraphGetNodes");
  double kernels = 0, copies = 0, allocations = 0;
  for (const cudaGraphNode_t node : nodes) {
    cudaGraphNodeType type{};
    cuda::check(cudaGraphNodeGetType(node, &type), "cudaGraphNodeGetType");
    kernels += type == cudaGraphNodeTypeKernel;
    copies += type == cudaGraphNodeTypeMemcpy || type == cudaGraphNodeTypeMemset;
    allocations += type == cudaGraphNodeTypeMemAlloc;
  }
  cudaGraphDestroy(recorded);
  r.counts = {{"synchronisations", 0},
              {"kernels", kernels},
              {"copies", copies},
              {"allocations", allocations}};
}
#else
template <class F>
void count_queued(const F&, record&) {}
#endif

/// What a pass gives: arrays of host numbers.
using results = std::vector<std::vector<double>>;

template <class X>
std::vector<double> doubles_of(const X& x) {
  const auto values = kutta::copy_to_host(x);
  return {values.begin(), values.end()};
}

/// y ← these numbers, rounded to its type.
template <class X>
void set_numbers(const std::vector<double>& values, X& y) {
  kutta::copy_from_host(std::vector<scalar_t<X>>(values.begin(), values.end()), y);
}

/// n multiples of 1/1024 between -1 and 1, which float and double hold.
inline std::vector<double> short_numbers(std::size_t n, unsigned seed) {
  std::mt19937 generator(seed);
  std::vector<double> values(n);
  for (double& v : values) v = static_cast<double>(generator() % 2049) / 1024 - 1;
  return values;
}

/// Whether each array is the expected one up to `tolerance` times its largest number.
inline bool near(const results& found, const results& expected, double tolerance) {
  if (found.size() != expected.size()) return false;
  for (std::size_t j = 0; j < found.size(); ++j) {
    double largest = 0;
    for (const double x : expected[j]) largest = std::max(largest, std::abs(x));
    if (found[j].size() != expected[j].size()) return false;
    for (std::size_t i = 0; i < found[j].size(); ++i)
      if (!(std::abs(found[j][i] - expected[j][i]) <= tolerance * largest)) return false;
  }
  return true;
}

/// The records `name`kutta and `name`kutta_graph of problems: P has `pass()`, which queues a pass,
/// `result()`, which are the same after every one, and `clear()`, which makes some of them zero.
/// `make()` makes one, `expected()` tells its results up to `tolerance` times the largest number of
/// an array.
template <class Make, class Expected>
void add_pass(records& all, const std::string& name, double flops, const Make& make,
              const Expected& expected, double tolerance) {
  results right;
  const auto checked = [&](const auto& p) {
    if (right.empty()) right = expected();
    record::require(near(p.result(), right, tolerance));
  };
  all.add(name + "kutta", [&](record& r) {
    auto p = make();
    r.flops = flops;
    p.pass();
    checked(p);
    r.time([&] { p.pass(); });
  });
  all.add(name + "kutta_graph", [&](record& r) {
    auto p = make();
    r.flops = flops;
    p.pass();  // libraries set themselves up in the first
    cuda::wait();
    count_queued([&] { p.pass(); }, r);
    const cuda::graph recorded = cuda::capture([&] { p.pass(); });
    p.clear();
    recorded.replay();
    checked(p);
    r.time([&] { recorded.replay(); });
  });
}

}  // namespace kutta::bench
