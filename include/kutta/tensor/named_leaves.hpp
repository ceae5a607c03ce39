// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The leaves of a tensor with their names.

#include <cstddef>
#include <string>
#include <tuple>
#include <type_traits>

#include <kutta/tensor/product.hpp>

namespace kutta {

/// f(name, leaf) for every leaf of x, in the order of `for_each_leaf`.
///
/// A leaf's name is its path from `name`, the name of x: "theta.w", "theta[2].b", "theta".
template <class F, class T>
void for_each_named_leaf(F&& f, const std::string& name, T& x) {
  using type = std::remove_const_t<T>;
  if constexpr (!direct_sum<type>) {
    f(name, x);
  } else if constexpr (has_fields<type>) {
    const auto visit = [&](const auto& part) {
      for_each_named_leaf(f, name + "." + part.name, x.*part.member);
    };
    std::apply([&](const auto&... part) { (visit(part), ...); }, type::fields);
  } else {
    std::size_t i = 0;
    detail::for_each_part(
        [&](auto& part) { for_each_named_leaf(f, name + "[" + std::to_string(i++) + "]", part); },
        x);
  }
}

}  // namespace kutta
