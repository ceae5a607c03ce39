// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Tables from the literature that test what is computed from a table, and ways to spoil one.

#include <cstddef>

#include <kutta/schemes/butcher_tableau.hpp>
#include <kutta/schemes/embedded_fifth_order.hpp>
#include <kutta/schemes/embedded_second_order.hpp>
#include <kutta/schemes/embedded_third_order.hpp>

namespace kutta::test {

using schemes::bogacki_shampine32;
using schemes::dormand_prince54;
using schemes::fehlberg21;
using schemes::heun_euler21;
using schemes::tsitouras54;

// clang-format off

/// Order 2, one implicit stage.
struct implicit_midpoint {
  static constexpr butcher_tableau<1> tableau{
      .c = {1_r/2},
      .a = {{1_r/2}},
      .b = {1}};
};

/// Gauss's two-stage scheme of order 4.
/// Source: Hairer, Nørsett & Wanner, Solving ODEs I (1993), Table II.7.3.
struct gauss4 {
  static constexpr double r = 0.28867513459481288225;  // √3/6
  static constexpr butcher_tableau<2, double> tableau{
      .c = {0.5 - r,  0.5 + r},
      .a = {{0.25,     0.25 - r},
            {0.25 + r, 0.25}},
      .b = {0.5, 0.5},
      .tolerance = 1e-15};
};

// clang-format on

template <std::size_t S, class T>
constexpr butcher_tableau<S, T> with_b(butcher_tableau<S, T> rk, std::size_t i, T value) {
  rk.b[i] = value;
  return rk;
}

template <std::size_t S, class T>
constexpr butcher_tableau<S, T> with_b_hat(butcher_tableau<S, T> rk, std::size_t i, T value) {
  rk.b_hat[i] = value;
  return rk;
}

template <std::size_t S, class T>
constexpr butcher_tableau<S, T> with_c(butcher_tableau<S, T> rk, std::size_t i, T value) {
  rk.c[i] = value;
  return rk;
}

/// Another a_ij, and the c_i that keeps the row sum.
template <std::size_t S, class T>
constexpr butcher_tableau<S, T> with_a(butcher_tableau<S, T> rk, std::size_t i, std::size_t j,
                                       T value) {
  rk.c[i] = rk.c[i] + (value - rk.a[i][j]);
  rk.a[i][j] = value;
  return rk;
}

template <std::size_t S, class T>
constexpr butcher_tableau<S, T> with_weights_swapped(butcher_tableau<S, T> rk, std::size_t i,
                                                     std::size_t j) {
  const T weight = rk.b[i];
  rk.b[i] = rk.b[j];
  rk.b[j] = weight;
  return rk;
}

/// b for b̂, and b̂ for b.
template <std::size_t S, class T>
constexpr butcher_tableau<S, T> with_embedding_swapped(butcher_tableau<S, T> rk) {
  for (std::size_t i = 0; i < S; ++i) {
    const T weight = rk.b[i];
    rk.b[i] = rk.b_hat[i];
    rk.b_hat[i] = weight;
  }
  return rk;
}

}  // namespace kutta::test
