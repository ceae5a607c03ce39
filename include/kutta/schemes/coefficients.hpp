// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The coefficients of a scheme as constants, in host and in device code.
///
/// A constexpr array cannot be read in device code; a variable template can. Indices count from 0
/// and are constants; one out of range does not compile. T is the real type to compute in.

#include <concepts>
#include <cstddef>
#include <utility>

#include <kutta/schemes/rational.hpp>
#include <kutta/schemes/scheme.hpp>

namespace kutta {

/// a_ij, the weight of k_j in stage i.
template <scheme S, std::size_t I, std::size_t J, std::floating_point T = double>
inline constexpr T a_v = to_real<T>(S::tableau.a[I][J]);

/// b_i, the weight of k_i in x₁.
template <scheme S, std::size_t I, std::floating_point T = double>
inline constexpr T b_v = to_real<T>(S::tableau.b[I]);

/// b̂_i, the weight of k_i in x̂₁.
template <scheme S, std::size_t I, std::floating_point T = double>
inline constexpr T b_hat_v = to_real<T>(S::tableau.b_hat[I]);

/// c_i, where in the step stage i lies.
template <scheme S, std::size_t I, std::floating_point T = double>
inline constexpr T c_v = to_real<T>(S::tableau.c[I]);

/// c_i, exactly.
template <scheme S, std::size_t I>
  requires std::same_as<typename decltype(S::tableau)::value_type, rational>
inline constexpr rational c_rational_v = S::tableau.c[I];

namespace detail {

template <class S, std::size_t I>
struct row_entries {
  static constexpr bool is_nonzero(std::size_t j) { return to_double(S::tableau.a[I][j]) != 0; }
};

template <class S, std::size_t I>
struct column_entries {
  static constexpr bool is_nonzero(std::size_t j) { return to_double(S::tableau.a[j][I]) != 0; }
};

template <class S>
struct weight_entries {
  static constexpr bool is_nonzero(std::size_t i) { return to_double(S::tableau.b[i]) != 0; }
};

/// The indices below `size` at which E is not zero: the first `count` of `index`.
template <class E, std::size_t Size>
struct nonzero_list {
  std::size_t index[Size]{};
  std::size_t count = 0;

  constexpr nonzero_list() {
    for (std::size_t i = 0; i < Size; ++i)
      if (E::is_nonzero(i)) index[count++] = i;
  }
};

template <class E, std::size_t Size>
inline constexpr nonzero_list<E, Size> nonzero_list_v{};

template <class E, std::size_t Size, std::size_t... N>
std::index_sequence<nonzero_list_v<E, Size>.index[N]...> nonzeros(std::index_sequence<N...>);

template <class E, std::size_t Size>
using nonzeros_t =
    decltype(detail::nonzeros<E, Size>(std::make_index_sequence<nonzero_list_v<E, Size>.count>{}));

}  // namespace detail

/// { j : a_ij ≠ 0 }: the rates that stage i sums.
template <scheme S, std::size_t I>
using row_t = detail::nonzeros_t<detail::row_entries<S, I>, stages_v<S>>;

/// { j : a_ji ≠ 0 }: the stages that rate i feeds.
template <scheme S, std::size_t I>
using column_t = detail::nonzeros_t<detail::column_entries<S, I>, stages_v<S>>;

/// { i : b_i ≠ 0 }: the rates that x₁ sums.
template <scheme S>
using weights_t = detail::nonzeros_t<detail::weight_entries<S>, stages_v<S>>;

}  // namespace kutta
