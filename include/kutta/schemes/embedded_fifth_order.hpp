// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Pairs that advance with order 5 and carry an embedded order 4.

#include <kutta/schemes/butcher_tableau.hpp>
#include <kutta/schemes/dense_output.hpp>
#include <kutta/schemes/order.hpp>

namespace kutta::schemes {

// clang-format off

/// Six stages. Weights of orders 1, 2 and 3 are in the same stages, but not in this table.
/// Source: Cash & Karp, A variable order Runge–Kutta method for initial value problems with rapidly
/// varying right-hand sides, ACM Trans. Math. Softw. 16 (1990).
struct cash_karp54 {
  static constexpr butcher_tableau<6> tableau{
      .c     = {0,            1_r/5,     3_r/10,        3_r/5,          1,           7_r/8},
      .a     = {{},
                {1_r/5},
                {3_r/40,       9_r/40},
                {3_r/10,       -9_r/10,   6_r/5},
                {-11_r/54,     5_r/2,     -70_r/27,      35_r/27},
                {1631_r/55296, 175_r/512, 575_r/13824,   44275_r/110592, 253_r/4096}},
      .b     = {37_r/378,      0,         250_r/621,     125_r/594,      0,           512_r/1771},
      .b_hat = {2825_r/27648,  0,         18575_r/48384, 13525_r/55296,  277_r/14336, 1_r/4}};
};
static_assert(order(cash_karp54::tableau) == 5 && embedded_order(cash_karp54::tableau) == 4);
static_assert(row_sums_hold(cash_karp54::tableau) && is_explicit(cash_karp54::tableau));
static_assert(!is_fsal(cash_karp54::tableau));

/// Seven stages, six new rates a step.
///
/// Source: Dormand & Prince, A family of embedded Runge–Kutta formulae, J. Comput. Appl. Math. 6
/// (1980), RK5(4)7M. Dense output of order 4: Shampine, Some practical Runge–Kutta formulas, Math.
/// Comp. 46 (1986); in the form of Hairer, Nørsett & Wanner, Solving ODEs I (1993), § II.6.
struct dormand_prince54 {
  static constexpr butcher_tableau<7> tableau{
      .c     = {0, 1_r/5, 3_r/10, 4_r/5, 8_r/9, 1, 1},
      .a     = {{},
                {1_r/5},
                {3_r/40,       9_r/40},
                {44_r/45,      -56_r/15,      32_r/9},
                {19372_r/6561, -25360_r/2187, 64448_r/6561, -212_r/729},
                {9017_r/3168,  -355_r/33,     46732_r/5247, 49_r/176,  -5103_r/18656},
                {35_r/384,     0,             500_r/1113,   125_r/192, -2187_r/6784, 11_r/84}},
      .b     = {35_r/384,      0,             500_r/1113,   125_r/192, -2187_r/6784, 11_r/84,
                0},
      .b_hat = {5179_r/57600,  0,             7571_r/16695, 393_r/640, -92097_r/339200, 187_r/2100,
                1_r/40}};

  static constexpr dense_output<7, 4> dense{
      .b = {{1, -8048581381_r/2820520608,   8663915743_r/2820520608,    -12715105075_r/11282082432},
            {},
            {0, 131558114200_r/32700410799, -68118460800_r/10900136933, 87487479700_r/32700410799},
            {0, -1754552775_r/470086768,    14199869525_r/1410260304,   -10690763975_r/1880347072},
            {0, 127303824393_r/49829197408, -318862633887_r/49829197408,
             701980252875_r/199316789632},
            {0, -282668133_r/205662961,     2019193451_r/616988883,     -1453857185_r/822651844},
            {0, 40617522_r/29380423,        -110615467_r/29380423,      69997945_r/29380423}}};
};
static_assert(order(dormand_prince54::tableau) == 5);
static_assert(embedded_order(dormand_prince54::tableau) == 4);
static_assert(row_sums_hold(dormand_prince54::tableau));
static_assert(is_explicit(dormand_prince54::tableau) && is_fsal(dormand_prince54::tableau));
static_assert(dense_order(dormand_prince54::tableau, dormand_prince54::dense) == 4);
static_assert(ends_in_step(dormand_prince54::tableau, dormand_prince54::dense));

/// Seven stages, six new rates a step; a third of the principal error of `dormand_prince54`.
///
/// b̂ is printed as b̂ − b, the weights of the error estimate. Dense output of order 4.
/// Source: Tsitouras, Runge–Kutta pairs of order 5(4) satisfying only the first column simplifying
/// assumption, Comput. Math. Appl. 62 (2011).
struct tsitouras54 {
  static constexpr butcher_tableau<7, double> tableau{
      .c = {0, 0.161, 0.327, 0.9, 0.9800255409045097, 1, 1},
      .a = {{},
            {0.161},
            {-0.008480655492356989, 0.335480655492357},
            {2.8971530571054935,  -6.359448489975075,  4.3622954328695815},
            {5.325864828439257,   -11.748883564062828, 7.4955393428898365, -0.09249506636175525},
            {5.86145544294642,    -12.92096931784711,  8.159367898576159,  -0.071584973281401,
             -0.028269050394068383},
            {0.09646076681806523, 0.01,                0.4798896504144996, 1.379008574103742,
             -3.290069515436081,  2.324710524099774}},
      .b = {0.09646076681806523, 0.01,               0.4798896504144996, 1.379008574103742,
            -3.290069515436081,  2.324710524099774,  0},
      .b_hat = {0.09646076681806523 - 0.00178001105222577714,
                0.01                - 0.0008164344596567469,
                0.4798896504144996  + 0.007880878010261995,
                1.379008574103742   - 0.1447110071732629,
                -3.290069515436081  + 0.5823571654525552,
                2.324710524099774   - 0.45808210592918697,
                1./66},
      .tolerance = 1e-12};

  static constexpr dense_output<7, 4, double> dense{
      .b = {{1, -2.763706197274826,  2.9132554618219126, -1.0530884977290216},
            {0, 0.1317,              -0.2234,            0.1017},
            {0, 3.9302962368947516,  -5.941033872131505, 2.490627285651253},
            {0, -12.411077166933676, 30.33818863028232,  -16.548102889244902},
            {0, 37.50931341651104,   -88.1789048947664,  47.37952196281928},
            {0, -27.896526289197286, 65.09189467479366,  -34.87065786149661},
            {0, 1.5,                 -4,                 2.5}}};
};
static_assert(order(tsitouras54::tableau) == 5 && embedded_order(tsitouras54::tableau) == 4);
static_assert(row_sums_hold(tsitouras54::tableau));
static_assert(is_explicit(tsitouras54::tableau) && is_fsal(tsitouras54::tableau));
static_assert(dense_order(tsitouras54::tableau, tsitouras54::dense) == 4);
static_assert(ends_in_step(tsitouras54::tableau, tsitouras54::dense));

// clang-format on

}  // namespace kutta::schemes
