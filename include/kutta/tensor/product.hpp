// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Tensors made of tensors: structs that list their fields, tuples, arrays and vectors.
///
///     struct params {
///       Eigen::MatrixXd w;  Eigen::VectorXd b;
///       static constexpr auto fields = std::tuple{kutta::field{"w", &params::w},
///                                                 kutta::field{"b", &params::b}};
///     };
///
/// Everything that walks parameters (combination, optimisers, norms, files) walks this one list, so
/// a parameter that is listed cannot be lost.

#include <array>
#include <concepts>
#include <cstddef>
#include <tuple>
#include <utility>
#include <vector>

#include <kutta/tensor/contiguous.hpp>
#include <kutta/tensor/tensor.hpp>
#include <kutta/tensor/vec.hpp>

namespace kutta {

/// One tensor of a struct, by name.
template <class C, class M>
struct field {
  using member_pointer = M C::*;

  const char* name;
  member_pointer member;

  constexpr field(const char* n, M C::*m) : name(n), member(m) {}
};

/// T is a struct that lists its tensors in `T::fields`.
template <class T>
concept has_fields = requires { std::tuple_size_v<std::remove_cvref_t<decltype(T::fields)>>; };

/// T is a direct sum of tensors: it has parts, and no elements of its own.
template <class T>
concept direct_sum = requires { typename tensor_traits<T>::is_direct_sum; };

namespace detail {

/// f(part of y, same part of each x), for every part in order.
template <has_fields T, class F, class... X>
constexpr void for_each_part(F&& f, T& y, X&... x) {
  const auto visit = [&](auto member) { f(y.*member, x.*member...); };
  std::apply([&](const auto&... part) { (visit(part.member), ...); },
             std::remove_const_t<T>::fields);
}

template <class T>
concept indexed_parts = !has_fields<T> && requires(T& y, std::size_t i) {
  y[i];
  y.size();
};

template <indexed_parts T, class F, class... X>
constexpr void for_each_part(F&& f, T& y, X&... x) {
  for (std::size_t i = 0; i < y.size(); ++i) f(y[i], x[i]...);
}

template <class T>
concept tuple_parts =
    !has_fields<T> && !indexed_parts<T> && requires { std::tuple_size<T>::value; };

template <tuple_parts T, class F, class... X>
constexpr void for_each_part(F&& f, T& y, X&... x) {
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    const auto at = [&]<std::size_t J>(std::integral_constant<std::size_t, J>) {
      f(std::get<J>(y), std::get<J>(x)...);
    };
    (at(std::integral_constant<std::size_t, I>{}), ...);
  }(std::make_index_sequence<std::tuple_size_v<T>>{});
}

/// Whether a copy of a T can be made; a vector says so of whatever it holds.
template <class T>
inline constexpr bool can_copy = std::copy_constructible<T>;
template <class T, class A>
inline constexpr bool can_copy<std::vector<T, A>> = can_copy<T>;
template <has_fields T>
inline constexpr bool can_copy<T> =
    std::copy_constructible<T> &&
    std::apply([]<class... C, class... M>(const field<C, M>&...) { return (can_copy<M> && ...); },
               T::fields);

/// The traits of a direct sum: every operation goes part by part, in order.
template <class T, class S>
struct direct_sum_traits {
  using scalar = S;
  using is_direct_sum = void;

  static constexpr T zeros_like(const T& x) {
    if constexpr (can_copy<T>) {
      T y = x;
      for_each_part([]<class P>(P& part) { tensor_traits<P>::map(part, zero<scalar_t<P>>{}); }, y);
      return y;
    } else {
      T y;
      if constexpr (requires { y.resize(x.size()); }) y.resize(x.size());
      for_each_part(
          []<class P>(P& part, const P& like) { part = tensor_traits<P>::zeros_like(like); }, y, x);
      return y;
    }
  }

  template <class F, class... X>
  static constexpr void map(T& y, const F& f, const X&... x) {
    for_each_part(
        [&]<class P>(P& part, const auto&... of_x) { tensor_traits<P>::map(part, f, of_x...); }, y,
        x...);
  }

  template <class F, class... X>
  static constexpr accumulator_t<S> sum(const F& f, const T& x, const X&... more) {
    accumulator_t<S> total = 0;
    for_each_part(
        [&]<class P>(const P& part, const auto&... of_more) {
          total += tensor_traits<P>::sum(f, part, of_more...);
        },
        x, more...);
    return total;
  }

  template <class F, class... X>
  static constexpr accumulator_t<S> largest(const F& f, const T& x, const X&... more) {
    accumulator_t<S> most = 0;
    for_each_part(
        [&]<class P>(const P& part, const auto&... of_more) {
          most = larger{}(most, accumulator_t<S>(tensor_traits<P>::largest(f, part, of_more...)));
        },
        x, more...);
    return most;
  }
};

/// n of x, which need not be copyable.
template <tensor T>
std::vector<T> copies(std::size_t n, const T& x) {
  std::vector<T> all;
  all.reserve(n);
  for (std::size_t i = 0; i < n; ++i) {
    all.push_back(kutta::zeros_like(x));
    kutta::assign(all.back(), x);
  }
  return all;
}

template <has_fields T>
using first_field_t =
    std::remove_cvref_t<decltype(std::declval<T&>().*(std::get<0>(T::fields).member))>;

}  // namespace detail

template <has_fields T>
struct tensor_traits<T> : detail::direct_sum_traits<T, scalar_t<detail::first_field_t<T>>> {};

template <class T, class... U>
  requires has_scalar<T>
struct tensor_traits<std::tuple<T, U...>>
    : detail::direct_sum_traits<std::tuple<T, U...>, scalar_t<T>> {};

template <class T, class A>
  requires(has_scalar<T> && !std::floating_point<T>)
struct tensor_traits<std::vector<T, A>>
    : detail::direct_sum_traits<std::vector<T, A>, scalar_t<T>> {};

template <class T, std::size_t N>
  requires(has_scalar<T> && !std::floating_point<T>)
struct tensor_traits<std::array<T, N>> : detail::direct_sum_traits<std::array<T, N>, scalar_t<T>> {
};

/// f(leaf of y, same leaf of each x...) for every leaf tensor, in the order of the fields.
///
/// Walks several tensors of one type at once: parameters with their gradients and moments.
template <class F, class T, class... X>
constexpr void for_each_leaf(F&& f, T& y, X&... x) {
  if constexpr (direct_sum<std::remove_const_t<T>>)
    detail::for_each_part([&](auto& part, auto&... of_x) { for_each_leaf(f, part, of_x...); }, y,
                          x...);
  else
    f(y, x...);
}

}  // namespace kutta
