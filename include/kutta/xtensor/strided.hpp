// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Views and adaptors of xtensor, where their elements lie in one piece.

#include <concepts>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <type_traits>

#include <kutta/tensor/contiguous.hpp>

namespace kutta::detail {

/// An array, or a view of one, whose elements lie at fixed distances in memory. Sums and other
/// expressions are none, and neither are views by lists of indices.
template <class E>
concept strided = std::floating_point<typename E::value_type> && requires(const E& e) {
  { e.data() + e.data_offset() } -> std::convertible_to<const typename E::value_type*>;
  e.shape();
  e.strides();
};

/// "(3, 2)".
template <class R>
std::string extents_text(const R& extents) {
  std::string text;
  for (const auto n : extents) text += (text.empty() ? "" : ", ") + std::to_string(n);
  return "(" + text + ")";
}

/// The first element, where the others follow side by side, row by row.
/// @throws std::invalid_argument naming shape and strides where they do not.
template <strided E>
const typename E::value_type* first_element(const E& e) {
  std::ptrdiff_t distance = 1;
  bool side_by_side = true;
  for (std::size_t i = e.dimension(); i-- > 0;) {
    const auto extent = static_cast<std::ptrdiff_t>(e.shape()[i]);
    if (extent != 1) side_by_side = side_by_side && e.strides()[i] == distance;
    distance *= extent;
  }
  if (!side_by_side && distance != 0)
    throw std::invalid_argument("xtensor: expected elements side by side, row by row, got shape " +
                                extents_text(e.shape()) + " with strides " +
                                extents_text(e.strides()));
  return e.data() + e.data_offset();
}

/// x for `map` and `sum` with a T: itself, or the window that it is.
template <class T, class X>
decltype(auto) readable(const X& x) {
  if constexpr (strided<X> && !std::same_as<X, T>)
    return window_of<typename X::value_type>{first_element(x), x.size()};
  else
    return (x);
}

}  // namespace kutta::detail
