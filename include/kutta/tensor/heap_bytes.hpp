// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// How many bytes an object owns outside of itself.

#include <concepts>
#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <kutta/tensor/product.hpp>
#include <kutta/tensor/shape.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta {

namespace detail {

template <class T>
concept counts_itself = requires(const T& x) {
  { x.heap_bytes() } -> std::convertible_to<std::size_t>;
};

template <class T>
struct is_vector : std::false_type {};
template <class T, class A>
struct is_vector<std::vector<T, A>> : std::true_type {};

template <class T>
concept several_parts = indexed_parts<T> || has_fields<T> || tuple_parts<T>;

/// The elements of a leaf lie in the object itself, as those of `std::array` do.
template <class T>
bool holds_its_elements(const T& x) {
  if constexpr (requires {
                  { x.data() } -> std::convertible_to<const void*>;
                }) {
    const auto* object = reinterpret_cast<const char*>(&x);
    const auto* elements = reinterpret_cast<const char*>(x.data());
    return elements >= object && elements < object + sizeof(T);
  } else {
    return false;
  }
}

}  // namespace detail

/// The bytes that x owns on the heap (on the device, for its tensors), by its shape: without what
/// an allocator adds.
///
/// Tensors, structs that list their `fields`, tuples, vectors and arrays of such count themselves;
/// what is trivially copyable owns nothing. Any other type has a member:
///
///     std::size_t heap_bytes() const { return kutta::heap_bytes(mean, values, count); }
template <class T>
std::size_t heap_bytes(const T& x) {
  if constexpr (detail::counts_itself<T>) {
    return x.heap_bytes();
  } else if constexpr (std::is_trivially_copyable_v<T>) {
    return 0;
  } else if constexpr (detail::is_vector<T>::value) {
    std::size_t bytes = x.size() * sizeof(typename T::value_type);
    if constexpr (!std::is_trivially_copyable_v<typename T::value_type>)
      for (const auto& part : x) bytes += heap_bytes(part);
    return bytes;
  } else if constexpr (tensor<T> && !direct_sum<T>) {
    return detail::holds_its_elements(x) ? 0 : element_count(x) * sizeof(scalar_t<T>);
  } else {
    static_assert(
        detail::several_parts<T>,
        "heap_bytes: give this type `fields`, or a member std::size_t heap_bytes() const");
    std::size_t bytes = 0;
    detail::for_each_part([&](const auto& part) { bytes += heap_bytes(part); }, x);
    return bytes;
  }
}

/// Of all of them.
template <class X, class Y, class... Z>
std::size_t heap_bytes(const X& x, const Y& y, const Z&... z) {
  return heap_bytes(x) + heap_bytes(y) + (std::size_t{0} + ... + heap_bytes(z));
}

}  // namespace kutta
