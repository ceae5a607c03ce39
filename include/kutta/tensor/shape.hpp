// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Shapes: comparing them, and printing them in an error message.

#include <cstddef>
#include <stdexcept>
#include <string>

#include <kutta/tensor/product.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta {

/// Whether a and b have the same parts and the same extents, so that `map` may walk both.
template <tensor T>
constexpr bool same_shape(const T& a, const T& b) {
  if constexpr (direct_sum<T>) {
    if constexpr (detail::indexed_parts<T>)
      if (a.size() != b.size()) return false;
    bool same = true;
    detail::for_each_part([&](const auto& p, const auto& q) { same = same && same_shape(p, q); }, a,
                          b);
    return same;
  } else {
    const auto s = tensor_traits<T>::shape(a), t = tensor_traits<T>::shape(b);
    if (s.size() != t.size()) return false;
    auto other = t.begin();
    for (const auto extent : s)
      if (extent != *other++) return false;
    return true;
  }
}

/// The extents as text: "(50, 2)" for a leaf, "{(50, 2), (50)}" for a struct of two.
template <tensor T>
std::string shape_text(const T& x) {
  std::string text;
  const auto append = [&](const std::string& item) {
    if (!text.empty()) text.append(", ");
    text.append(item);
  };
  if constexpr (direct_sum<T>) {
    detail::for_each_part([&](const auto& part) { append(shape_text(part)); }, x);
    return "{" + text + "}";
  } else {
    for (const auto extent : tensor_traits<T>::shape(x)) append(std::to_string(extent));
    return "(" + text + ")";
  }
}

/// The number of scalars in x.
template <tensor T>
constexpr std::size_t element_count(const T& x) {
  std::size_t count = 0;
  for_each_leaf(
      [&]<class L>(const L& leaf) {
        std::size_t n = 1;
        for (const auto extent : tensor_traits<L>::shape(leaf))
          n *= static_cast<std::size_t>(extent);
        count += n;
      },
      x);
  return count;
}

namespace detail {

/// @throws std::invalid_argument "<what>: expected shape …, got …" if the shapes differ.
template <tensor T>
void require_same_shape(const char* what, const T& expected, const T& given) {
  if (!same_shape(expected, given))
    throw std::invalid_argument(std::string(what) + ": expected shape " + shape_text(expected) +
                                ", got " + shape_text(given));
}

}  // namespace detail
}  // namespace kutta
