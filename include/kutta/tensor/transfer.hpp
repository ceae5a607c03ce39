// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// A tensor's elements into one of another type: a model from host memory to a device, and back.

#include <cstddef>
#include <stdexcept>
#include <string>
#include <vector>

#include <kutta/tensor/host_copy.hpp>
#include <kutta/tensor/named_leaves.hpp>
#include <kutta/tensor/shape.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta {

namespace detail {

struct leaf_place {
  std::string name, shape;
  std::size_t size;
};

template <tensor T>
std::vector<leaf_place> leaf_places(const T& x) {
  std::vector<leaf_place> places;
  for_each_named_leaf(
      [&](const std::string& name, const auto& leaf) {
        places.push_back({name, shape_text(leaf), element_count(leaf)});
      },
      "", x);
  return places;
}

inline std::string place_text(const leaf_place& p) {
  return (p.name.empty() ? "" : p.name + " ") + "of shape " + p.shape;
}

}  // namespace detail

/// y ← x, leaf by leaf, in the order of memory; numbers are converted to y's.
///
///     layers::conv2d<Eigen::MatrixXf> host({32, 32, 16}, 16);
///     layers::conv2d<cuda::tensor<float, 4>> device({32, 32, 16}, 16);
///     kutta::transfer(host_theta, device_theta);
///
/// The leaves have the same names and numbers of elements; their shapes may differ, for a layer's
/// arrays hold the same bytes whatever their type.
/// @throws std::invalid_argument if they do not; y is then as it was.
template <tensor T, tensor U>
void transfer(const T& x, U& y) {
  const auto from = detail::leaf_places(x), to = detail::leaf_places(y);
  if (from.size() != to.size())
    throw std::invalid_argument("transfer: expected " + std::to_string(to.size()) +
                                " arrays, got " + std::to_string(from.size()));
  for (std::size_t i = 0; i < to.size(); ++i)
    if (from[i].name != to[i].name || from[i].size != to[i].size)
      throw std::invalid_argument("transfer: expected " + detail::place_text(to[i]) + ", got " +
                                  detail::place_text(from[i]));
  const auto values = kutta::copy_to_host(x);
  kutta::copy_from_host(std::vector<scalar_t<U>>(values.begin(), values.end()), y);
}

}  // namespace kutta
