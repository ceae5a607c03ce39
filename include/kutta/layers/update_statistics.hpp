// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The running statistics of a whole model, behind a forward pass of training.
///
///     auto stats = model.make_statistics(theta, x);
///     …                                                    // forward, loss, vjp
///     kutta::update_statistics(model, stats, tape, 0.1);

#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>

#include <kutta/layers/layer.hpp>
#include <kutta/layers/sequential.hpp>
#include <kutta/tensor/index.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta {

namespace detail {

/// L has a rule of its own: it did not observe all that its statistics describe, or is made of
/// layers that have one.
template <class L>
concept updates_statistics =
    requires(const L r, typename L::statistics& stats, typename L::tape& saved, double momentum) {
      r.update_statistics(stats, saved, momentum);
    };

template <class L>
inline constexpr bool is_sequential = false;
template <class... L>
inline constexpr bool is_sequential<layers::sequential<L...>> = true;

/// Whether layer I of L is stateful, and where its statistics are among those of L.
template <class L, std::size_t I>
inline constexpr bool has_statistics =
    stateful<std::remove_cvref_t<decltype(std::declval<const L&>().template get<I>())>>;
template <class L, std::size_t I>
inline constexpr std::size_t statistics_place =
    statistics_place<L, I - 1> + std::size_t{has_statistics<L, I - 1>};
template <class L>
inline constexpr std::size_t statistics_place<L, 0> = 0;

}  // namespace detail

/// stats ← (1 − m) stats + m observed, by the pass that wrote `saved`; layer by layer, and in a
/// continuous one at the depths that the pass has visited.
template <stateful L>
void update_statistics(const L& r, typename L::statistics& stats, typename L::tape& saved,
                       double momentum) {
  if constexpr (detail::updates_statistics<L>) {
    r.update_statistics(stats, saved, momentum);
  } else if constexpr (detail::is_sequential<L>) {
    detail::for_each_index<std::tuple_size_v<typename L::params>>([&](auto i) {
      if constexpr (constexpr std::size_t at = decltype(i)::value; detail::has_statistics<L, at>)
        update_statistics(r.template get<at>(), std::get<detail::statistics_place<L, at>>(stats),
                          std::get<at>(saved.layers), momentum);
    });
  } else {
    kutta::combine(stats, scaled{1 - momentum, stats}, scaled{momentum, r.observed(saved)});
  }
}

}  // namespace kutta
