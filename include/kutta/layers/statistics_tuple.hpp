// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The statistics of a layer that is made of layers: a tuple of those that its parts have.

#include <cstddef>
#include <tuple>
#include <utility>

#include <kutta/layers/call.hpp>
#include <kutta/layers/layer.hpp>
#include <kutta/layers/update_statistics.hpp>
#include <kutta/tensor/index.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta::detail {

/// L's statistics in a tuple, which is empty if it has none.
template <class L>
struct statistics_part {
  using type = std::tuple<>;
};
template <stateful L>
struct statistics_part<L> {
  using type = std::tuple<typename L::statistics>;
};

/// What a layer made of L… does with statistics, of which it has those of the stateful L, in their
/// order. Layer I is given as r, next to what is its own of the rest.
template <class... L>
struct statistics_tuple {
  using type = decltype(std::tuple_cat(std::declval<typename statistics_part<L>::type>()...));

  template <std::size_t I>
  static constexpr bool has = stateful<std::tuple_element_t<I, std::tuple<L...>>>;

  /// How many layers before layer I have some.
  template <std::size_t I>
  static constexpr std::size_t count_before() {
    if constexpr (I == 0)
      return 0;
    else
      return count_before<I - 1>() + (has<I - 1> ? 1 : 0);
  }
  /// Where layer I's are.
  template <std::size_t I>
  static constexpr std::size_t place = count_before<I>();

  /// Those that make(I) gives, for every stateful layer.
  template <class F>
  static type collect(const F& make) {
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      return std::tuple_cat([&] {  // a tuple of one, or of none
        if constexpr (has<I>)
          return std::tuple<statistics_t<L>>{make(index_constant<I>{})};
        else
          return std::tuple<>{};
      }()...);
    }(std::index_sequence_for<L...>{});
  }

  /// Takes note of what layer I observed.
  template <std::size_t I, class R>
  static void observe(const R& r, const typename R::tape& saved, type& observed) {
    if constexpr (has<I>) kutta::assign(std::get<place<I>>(observed), r.observed(saved));
  }

  /// y by layer I's map of inference; of training, if it has no statistics.
  template <std::size_t I, class R>
  static void infer(const R& r, const typename R::params& theta, const type& stats,
                    const input_t<R>& x, output_t<R>& y, typename R::tape& saved,
                    const context<R>& at) {
    if constexpr (has<I>)
      detail::infer(r, theta, std::get<place<I>>(stats), x, y, saved, at);
    else
      detail::forward(r, theta, x, y, saved, at);
  }

  /// Updates layer I's by its pass.
  template <std::size_t I, class R>
  static void update(const R& r, type& stats, typename R::tape& saved, double momentum) {
    if constexpr (has<I>) kutta::update_statistics(r, std::get<place<I>>(stats), saved, momentum);
  }
};

}  // namespace kutta::detail
