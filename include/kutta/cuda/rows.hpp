// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Maps over matrices in device memory by functors that know the place of an element.

#include <cstddef>
#include <utility>

#include <kutta/cuda/elementwise.hpp>
#include <kutta/tensor/host_device.hpp>

namespace kutta::cuda::detail {

/// `map_rows` for pack p.
template <class F, class S, std::size_t N>
struct map_of_places {
  F f;
  S* y;
  const S* x[N];
  std::size_t size, columns;
  bool aligned;

  KUTTA_HD void operator()(std::size_t p) const { at(p, std::make_index_sequence<N>{}); }

 private:
  template <std::size_t... J>
  KUTTA_HD void at(std::size_t p, std::index_sequence<J...>) const {
    constexpr std::size_t lanes = pack<S>::lanes;
    const std::size_t first = p * lanes;
    place here = place_of(first, columns);
    if (aligned && first + lanes <= size) {
      const pack<S> in[N] = {*reinterpret_cast<const pack<S>*>(x[J] + first)...};
      pack<S> out;
      for (std::size_t l = 0; l < lanes; ++l, advance(here))
        out.lane[l] = f(here.row, here.column, in[J].lane[l]...);
      *reinterpret_cast<pack<S>*>(y + first) = out;
    } else {
      const std::size_t end = first + lanes < size ? first + lanes : size;
      for (std::size_t i = first; i < end; ++i, advance(here))
        y[i] = f(here.row, here.column, x[J][i]...);
    }
  }
  KUTTA_HD void advance(place& here) const {
    if (++here.column == columns) here = {here.row + 1, 0};
  }
};

/// y(row, column) ← f(row, column, x₁(row, column), …), 16 bytes at a time whatever the number of
/// columns. y may be one of the x.
template <class S, class F, class... X>
void map_rows(S* y, std::size_t rows, std::size_t columns, const F& f, const X*... x) {
  constexpr std::size_t lanes = pack<S>::lanes;
  const std::size_t size = rows * columns;
  const bool aligned = (starts_a_pack(y) && ... && starts_a_pack(x));
  for_each_index((size + lanes - 1) / lanes,
                 map_of_places<F, S, sizeof...(X)>{f, y, {x...}, size, columns, aligned});
}

}  // namespace kutta::cuda::detail
