// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The schemes that are compared, by number: Euler, midpoint, RK4.

#include <array>
#include <cstddef>
#include <utility>

#include <kutta/eigen.hpp>

namespace pendulum {

inline constexpr std::size_t euler = 0, midpoint = 1, rk4 = 2, scheme_count = 3;

inline constexpr std::array<const char*, scheme_count> scheme_names{"Euler", "midpoint", "RK4"};

/// f.operator()<S>() for the scheme S of that number.
template <class F>
decltype(auto) with_scheme(std::size_t number, F&& f) {
  switch (number) {
    case euler:
      return f.template operator()<kutta::schemes::euler>();
    case midpoint:
      return f.template operator()<kutta::schemes::midpoint>();
    default:
      return f.template operator()<kutta::schemes::rk4_classic>();
  }
}

/// One T for each scheme.
template <class T>
using each_scheme = std::array<T, scheme_count>;

}  // namespace pendulum
