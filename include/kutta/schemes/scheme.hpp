// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What a type must have to be used as a scheme.

#include <cstddef>
#include <type_traits>

#include <kutta/schemes/butcher_tableau.hpp>
#include <kutta/schemes/low_storage_tableau.hpp>
#include <kutta/schemes/shu_osher_tableau.hpp>

namespace kutta {

namespace detail {

template <class T>
inline constexpr bool is_butcher_tableau = false;
template <std::size_t S, class T>
inline constexpr bool is_butcher_tableau<butcher_tableau<S, T>> = true;

template <class T>
inline constexpr bool is_low_storage_tableau = false;
template <std::size_t S, class T>
inline constexpr bool is_low_storage_tableau<low_storage_tableau<S, T>> = true;

template <class T>
inline constexpr bool is_shu_osher_tableau = false;
template <std::size_t S, class T>
inline constexpr bool is_shu_osher_tableau<shu_osher_tableau<S, T>> = true;

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

/// A scheme with a stage that is given by an equation: it needs a solver.
template <class S>
concept implicit_scheme = scheme<S> && !is_explicit(S::tableau);

/// A scheme that has its 2N form too, in S::low_storage.
template <class S>
concept low_storage_scheme =
    explicit_scheme<S> &&
    detail::is_low_storage_tableau<std::remove_cvref_t<decltype(S::low_storage)>> &&
    S::low_storage.stages == S::tableau.stages;

/// A scheme that has its Shu–Osher form too, in S::shu_osher.
template <class S>
concept shu_osher_scheme =
    explicit_scheme<S> &&
    detail::is_shu_osher_tableau<std::remove_cvref_t<decltype(S::shu_osher)>> &&
    S::shu_osher.stages == S::tableau.stages;

/// The stages of a scheme.
template <scheme S>
inline constexpr std::size_t stages_v = S::tableau.stages;

}  // namespace kutta
