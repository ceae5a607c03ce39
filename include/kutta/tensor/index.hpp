// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Loops whose index is a constant.

#include <cstddef>
#include <utility>

#include <kutta/tensor/host_device.hpp>

KUTTA_HD_BEGIN

namespace kutta::detail {

/// An index that is a type: read it as `decltype(i)::value`, in device code too; on the host it
/// is itself a constant, as in `std::get<i>(t)`.
template <std::size_t I>
struct index_constant {
  static constexpr std::size_t value = I;
  constexpr operator std::size_t() const { return I; }  // on the host
};

template <class F, std::size_t... I>
KUTTA_HD constexpr void for_each_index(std::index_sequence<I...>, F&& f) {
  (f(index_constant<I>{}), ...);
}

/// f(0), f(1), …, f(N − 1), each index an `index_constant`.
template <std::size_t N, class F>
KUTTA_HD constexpr void for_each_index(F&& f) {
  for_each_index(std::make_index_sequence<N>{}, f);
}

template <std::size_t N, class F, std::size_t... I>
KUTTA_HD constexpr void for_each_index_reversed(std::index_sequence<I...>, F&& f) {
  (f(index_constant<N - 1 - I>{}), ...);
}

/// f(N − 1), …, f(1), f(0).
template <std::size_t N, class F>
KUTTA_HD constexpr void for_each_index_reversed(F&& f) {
  for_each_index_reversed<N>(std::make_index_sequence<N>{}, f);
}

}  // namespace kutta::detail

KUTTA_HD_END
