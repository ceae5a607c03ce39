// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What becomes a tensor of a safetensors file, and under which name.

#include <concepts>
#include <cstdint>
#include <string>
#include <type_traits>

#include <kutta/tensor/named_leaves.hpp>

namespace kutta::detail {

/// f(name, leaf) for every leaf of x, with the names of Torch: "theta.0.w" for theta[0].w.
template <class F, class T>
void for_each_file_leaf(F&& f, const std::string& name, T& x) {
  const auto visit = [&](const std::string& below, auto& leaf) {
    std::string path = name;
    for (const char c : below)
      if (c != ']') path += c == '[' ? '.' : c;
    f(path, leaf);
  };
  for_each_named_leaf(visit, "", x);
}

/// What is written as a number of 64 bits.
template <class I>
concept counter = std::integral<I> && !std::same_as<I, bool>;

template <counter I>
using stored_counter = std::conditional_t<std::signed_integral<I>, std::int64_t, std::uint64_t>;

}  // namespace kutta::detail
