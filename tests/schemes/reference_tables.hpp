// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Tables from the literature that test what is computed from a table, and ways to spoil one.

#include <cstddef>

#include <kutta/schemes/butcher_tableau.hpp>

namespace kutta::test {

// clang-format off

/// Heun's scheme with Euler's embedded: order 2(1), not FSAL.
struct heun_euler21 {
  static constexpr butcher_tableau<2> tableau{
      .c     = {0,     1},
      .a     = {{},
                {1}},
      .b     = {1_r/2, 1_r/2},
      .b_hat = {1,     0}};
};

/// Fehlberg's pair of orders 1 and 2, advanced with the higher one. The last row of A is b̂, so only
/// the pair with b and b̂ exchanged is FSAL. Source: Fehlberg, NASA TR R-315 (1969).
struct fehlberg21 {
  static constexpr butcher_tableau<3> tableau{
      .c     = {0,       1_r/2,     1},
      .a     = {{},
                {1_r/2},
                {1_r/256, 255_r/256}},
      .b     = {1_r/512, 255_r/256, 1_r/512},
      .b_hat = {1_r/256, 255_r/256}};
};

/// Order 3(2), FSAL. Source: Bogacki & Shampine, Appl. Math. Lett. 2 (1989).
struct bogacki_shampine32 {
  static constexpr butcher_tableau<4> tableau{
      .c     = {0,      1_r/2, 3_r/4, 1},
      .a     = {{},
                {1_r/2},
                {0,     3_r/4},
                {2_r/9, 1_r/3, 4_r/9}},
      .b     = {2_r/9,  1_r/3, 4_r/9, 0},
      .b_hat = {7_r/24, 1_r/4, 1_r/3, 1_r/8}};
};

/// Order 5(4), FSAL. Source: Dormand & Prince, J. Comp. Appl. Math. 6 (1980), RK5(4)7M.
struct dormand_prince54 {
  static constexpr butcher_tableau<7> tableau{
      .c     = {0, 1_r/5, 3_r/10, 4_r/5, 8_r/9, 1, 1},
      .a     = {{},
                {1_r/5},
                {3_r/40,       9_r/40},
                {44_r/45,      -56_r/15,      32_r/9},
                {19372_r/6561, -25360_r/2187, 64448_r/6561, -212_r/729},
                {9017_r/3168,  -355_r/33,     46732_r/5247, 49_r/176,  -5103_r/18656},
                {35_r/384,     0,             500_r/1113,   125_r/192, -2187_r/6784,    11_r/84}},
      .b     = {35_r/384,      0,             500_r/1113,   125_r/192, -2187_r/6784,    11_r/84,    0},
      .b_hat = {5179_r/57600,  0,             7571_r/16695, 393_r/640, -92097_r/339200, 187_r/2100, 1_r/40}};
};

/// Order 5(4), FSAL, irrational. Source: Tsitouras, Comput. Math. Appl. 62 (2011).
struct tsitouras54 {
  static constexpr butcher_tableau<7, double> tableau{
      .c = {0, 0.161, 0.327, 0.9, 0.9800255409045097, 1, 1},
      .a = {{},
            {0.161},
            {-0.008480655492356989, 0.335480655492357},
            {2.8971530571054935,  -6.359448489975075,  4.3622954328695815},
            {5.325864828439257,   -11.748883564062828, 7.4955393428898365, -0.09249506636175525},
            {5.86145544294642,    -12.92096931784711,  8.159367898576159,  -0.071584973281401, -0.028269050394068383},
            {0.09646076681806523, 0.01,                0.4798896504144996, 1.379008574103742,  -3.290069515436081,   2.324710524099774}},
      .b =  {0.09646076681806523, 0.01,                0.4798896504144996, 1.379008574103742,  -3.290069515436081,   2.324710524099774, 0},
      .b_hat = {0.09646076681806523 - 0.00178001105222577714,
                0.01                - 0.0008164344596567469,
                0.4798896504144996  + 0.007880878010261995,
                1.379008574103742   - 0.1447110071732629,
                -3.290069515436081  + 0.5823571654525552,
                2.324710524099774   - 0.45808210592918697,
                1./66},
      .tolerance = 1e-12};
};

/// Order 2, one implicit stage.
struct implicit_midpoint {
  static constexpr butcher_tableau<1> tableau{
      .c = {1_r/2},
      .a = {{1_r/2}},
      .b = {1}};
};

/// Gauss's two-stage scheme of order 4. Source: Hairer, Nørsett & Wanner, Solving ODEs I, Table II.7.3.
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
