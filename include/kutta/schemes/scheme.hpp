// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What a type must have to be used as a scheme.

#include <cstddef>
#include <type_traits>

#include <kutta/schemes/butcher_tableau.hpp>

namespace kutta {

namespace detail {

template <class T>
inline constexpr bool is_butcher_tableau = false;
template <std::size_t S, class T>
inline constexpr bool is_butcher_tableau<butcher_tableau<S, T>> = true;

}  // namespace detail

/// S::tableau is a `butcher_tableau`.
template <class S>
concept has_tableau = detail::is_butcher_tableau<std::remove_cvref_t<decltype(S::tableau)>>;

/// S::tableau can be read at compile time: it is `static constexpr`.
template <class S>
concept has_constant_tableau = requires { typename std::bool_constant<is_explicit(S::tableau)>; };

/// A tag type that carries the table of a Runge–Kutta method.
template <class S>
concept scheme = has_tableau<S> && has_constant_tableau<S>;

/// A scheme whose stages are computed one after the other, without a solver.
template <class S>
concept explicit_scheme = scheme<S> && is_explicit(S::tableau);

/// The stages of a scheme.
template <scheme S>
inline constexpr std::size_t stages_v = S::tableau.stages;

}  // namespace kutta
