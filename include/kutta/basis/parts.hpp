// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The same part, or the same leaf, of several parameter structs side by side.

#include <concepts>
#include <cstddef>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <kutta/basis/basis.hpp>
#include <kutta/tensor/contiguous.hpp>
#include <kutta/tensor/product.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta::detail {

template <class T>
struct part_count : std::tuple_size<T> {};
template <has_fields T>
struct part_count<T> : std::tuple_size<std::remove_cvref_t<decltype(T::fields)>> {};
template <mixed_basis T>
struct part_count<T> : std::tuple_size<typename T::families> {};

/// Field I of a struct, element I of a tuple, family I of a mixed basis.
template <std::size_t I, class T>
constexpr auto& part(T& x) {
  if constexpr (has_fields<T>)
    return x.*(std::get<I>(T::fields).member);
  else if constexpr (mixed_basis<std::remove_const_t<T>>)
    return x.template family<I>();
  else
    return std::get<I>(x);
}

template <std::size_t I, class T>
using part_t = std::remove_cvref_t<decltype(part<I>(std::declval<T&>()))>;

/// f(I) for every part of a T, I a constant.
template <class T, class F>
constexpr void for_each_part_index(F&& f) {
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    (f(std::integral_constant<std::size_t, I>{}), ...);
  }(std::make_index_sequence<part_count<std::remove_const_t<T>>::value>{});
}

/// f(part I of each x) for every I.
template <class F, class T, class... X>
constexpr void zip_parts(F&& f, T& x, X&... more) {
  for_each_part_index<T>([&](auto i) {
    constexpr std::size_t I = decltype(i)::value;
    f(part<I>(x), part<I>(more)...);
  });
}

/// What the parts of a T are called behind its own name: ".w", and "[0]" in a tuple.
template <class T>
std::vector<std::string> part_names() {
  std::vector<std::string> names;
  if constexpr (has_fields<T>)
    std::apply([&](const auto&... of) { (names.push_back(std::string(".") + of.name), ...); },
               T::fields);
  else
    for (std::size_t i = 0; i < part_count<T>::value; ++i)
      names.push_back("[" + std::to_string(i) + "]");
  return names;
}

template <class T>
std::vector<const T*> addresses(const std::vector<T>& all) {
  std::vector<const T*> x;
  for (const T& value : all) x.push_back(&value);
  return x;
}
template <class T>
std::vector<T*> addresses(std::vector<T>& all) {
  std::vector<T*> x;
  for (T& value : all) x.push_back(&value);
  return x;
}

/// Part `of` of each x.
template <class T, class Of>
auto parts(const std::vector<T*>& x, const Of& of) {
  std::vector<std::remove_reference_t<decltype(of(*x.front()))>*> result;
  for (T* value : x) result.push_back(&of(*value));
  return result;
}

/// f(name, addresses of one leaf in every x...) for every leaf, in the order and under the names of
/// `for_each_named_leaf`. Each vector holds tensors of one shape, and at least one.
template <class F, class T, class... X>
void for_each_common_leaf(F&& f, const std::string& name, const std::vector<T*>& x,
                          const std::vector<X*>&... more) {
  using type = std::remove_const_t<T>;
  const auto descend = [&](const std::string& part_name, const auto& of) {
    for_each_common_leaf(f, name + part_name, parts(x, of), parts(more, of)...);
  };
  if constexpr (!direct_sum<type>) {
    f(name, x, more...);
  } else if constexpr (indexed_parts<type>) {
    for (std::size_t i = 0; i < x.front()->size(); ++i)
      descend("[" + std::to_string(i) + "]", [i](auto& y) -> auto& { return y[i]; });
  } else {
    const auto names = part_names<type>();
    for_each_part_index<type>([&](auto i) {
      constexpr std::size_t I = decltype(i)::value;
      descend(names[I], [](auto& y) -> auto& { return part<I>(y); });
    });
  }
}

/// A leaf that lies in one piece of host memory.
template <class L>
concept contiguous_leaf = std::derived_from<tensor_traits<L>, contiguous_traits<L, scalar_t<L>>>;

/// f(first, n) for runs of elements so short that those of all `arrays` stay in a second-level
/// cache.
template <class S, class F>
void for_each_run(std::size_t size, std::size_t arrays, F&& f) {
  constexpr std::size_t cache = 131072 / sizeof(S), least = 64;
  const std::size_t longest = cache / arrays > least ? cache / arrays / least * least : least;
  for (std::size_t first = 0; first < size; first += longest)
    f(first, size - first < longest ? size - first : longest);
}

}  // namespace kutta::detail
