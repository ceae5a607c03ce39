// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// All that a layer computes at one point, as host numbers: to compare layers on several kinds of
/// arrays. The arguments are multiples of 1/1024, the same for float and double.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <random>
#include <string>
#include <vector>

#include <kutta/layers/call.hpp>
#include <kutta/layers/layer.hpp>
#include <kutta/tensor/host_copy.hpp>
#include <kutta/tensor/tensor.hpp>

#include "support/random.hpp"

namespace kutta::test {

/// Of the kind of `like`, its elements in mean ± 1.
template <tensor T>
T numbers_like(const T& like, splitmix64& random, double mean = 0) {
  std::vector<scalar_t<T>> values(element_count(like));
  for (auto& v : values)
    v = static_cast<scalar_t<T>>(mean + std::floor(random.between(-1024, 1024)) / 1024);
  T x = kutta::zeros_like(like);
  copy_from_host(values, x);
  return x;
}

template <tensor T>
std::vector<double> doubles_of(const T& x) {
  const auto values = kutta::copy_to_host(x);
  return {values.begin(), values.end()};
}

struct layer_results {
  struct array {
    std::string name;
    std::vector<double> values;
  };
  std::vector<array> arrays;

  template <tensor T>
  void keep(const char* name, const T& x) {
    arrays.push_back({name, doubles_of(x)});
  }
};

/// y, dx and dtheta from starts that are not 0, vy, and what a stateful layer observes and infers.
template <layer L>
layer_results results_of(const L& r, const input_t<L>& like, double mean = 0) {
  splitmix64 random(4);
  std::mt19937 generator(1);
  const auto theta = numbers_like(r.make_params(generator), random);
  const auto vtheta = numbers_like(theta, random);
  const auto x = numbers_like(like, random, mean), vx = numbers_like(like, random);
  auto y = detail::make_output(r, theta, x), vy = kutta::zeros_like(y);
  const auto dy = numbers_like(y, random);
  auto dx = kutta::zeros_like(vx);
  kutta::assign(dx, vx);
  auto dtheta = kutta::zeros_like(vtheta);
  kutta::assign(dtheta, vtheta);
  auto saved = detail::make_tape(r, theta, x);
  auto scratch = detail::make_scratch(r, theta, x);
  const context<L> at{0, 0, 0, scratch};

  layer_results all;
  detail::forward(r, theta, x, y, saved, at);
  all.keep("y", y);
  if constexpr (has_jvp<L>) {
    detail::jvp(r, theta, x, saved, vx, vtheta, vy, at);
    all.keep("vy", vy);
  }
  detail::vjp(r, theta, x, saved, dy, dx, dtheta, at);
  all.keep("dx", dx);
  all.keep("dtheta", dtheta);
  if constexpr (stateful<L>) {
    all.keep("observed", r.observed(saved));
    auto stats = r.make_statistics(theta, x);
    kutta::assign(stats, r.observed(saved));
    detail::infer(r, theta, stats, x, y, saved, at);
    all.keep("inferred", y);
  }
  return all;
}

/// The largest difference of two results, in units of the largest number of its array; NaN if one
/// is NaN, or they are not of the same arrays.
inline double distance(const layer_results& a, const layer_results& b) {
  double largest = 0;
  if (a.arrays.size() != b.arrays.size()) return std::nan("");
  for (std::size_t j = 0; j < a.arrays.size(); ++j) {
    const auto &p = a.arrays[j].values, &q = b.arrays[j].values;
    if (p.size() != q.size()) return std::nan("");
    double size = 0, difference = 0;
    for (std::size_t i = 0; i < p.size(); ++i) {
      const double d = std::abs(p[i] - q[i]);
      if (std::isnan(d)) return d;
      size = std::max(size, std::abs(q[i]));
      difference = std::max(difference, d);
    }
    if (difference > 0) largest = std::max(largest, difference / size);
  }
  return largest;
}

}  // namespace kutta::test
