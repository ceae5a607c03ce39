// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The elements of any tensor as one host vector, leaf after leaf, and back.

#include <cstddef>
#include <stdexcept>
#include <string>
#include <vector>

#include <kutta/tensor/product.hpp>
#include <kutta/tensor/shape.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta {

/// The elements of x in memory order, leaf after leaf in the order of the fields.
template <tensor T>
std::vector<scalar_t<T>> copy_to_host(const T& x) {
  std::vector<scalar_t<T>> values(element_count(x));
  auto* to = values.data();
  for_each_leaf(
      [&]<class L>(const L& leaf) {
        tensor_traits<L>::store(leaf, to);
        to += element_count(leaf);
      },
      x);
  return values;
}

/// The transpose of `copy_to_host`: overwrites the elements of y, whose shape stays.
/// @throws std::invalid_argument if `values` does not hold element_count(y) scalars.
template <tensor T>
void copy_from_host(const std::vector<scalar_t<T>>& values, T& y) {
  if (values.size() != element_count(y))
    throw std::invalid_argument("copy_from_host: expected " + std::to_string(element_count(y)) +
                                " values, got " + std::to_string(values.size()));
  const auto* from = values.data();
  for_each_leaf(
      [&]<class L>(L& leaf) {
        tensor_traits<L>::load(leaf, from);
        from += element_count(leaf);
      },
      y);
}

}  // namespace kutta
