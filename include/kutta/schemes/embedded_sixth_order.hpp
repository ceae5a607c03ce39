// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The pair that advances with order 6.
///
/// Its order conditions are asserted in a test of kutta, not in every program that includes it.

#include <kutta/schemes/butcher_tableau.hpp>

namespace kutta::schemes {

// clang-format off

/// Order 6(5), eight stages; b̂ needs only the first six.
/// Source: Verner, Explicit Runge–Kutta methods with estimates of the local truncation error, SIAM
/// J. Numer. Anal. 15 (1978); the pair of the program DVERK (Hull, Enright & Jackson, 1976).
struct verner65 {
  static constexpr butcher_tableau<8> tableau{
      .c     = {0, 1_r/6, 4_r/15, 2_r/3, 5_r/6, 1, 1_r/15, 1},
      .a     = {{},
                {1_r/6},
                {4_r/75,         16_r/75},
                {5_r/6,          -8_r/3,   5_r/2},
                {-165_r/64,      55_r/6,   -425_r/64,      85_r/96},
                {12_r/5,         -8,       4015_r/612,     -11_r/36,   88_r/255},
                {-8263_r/15000,  124_r/75, -643_r/680,     -81_r/250,  2484_r/10625},
                {3501_r/1720,    -300_r/43, 297275_r/52632, -319_r/2322, 24068_r/84065, 0,
                 3850_r/26703}},
      .b     = {3_r/40,   0, 875_r/2244,  23_r/72, 264_r/1955, 0, 125_r/11592, 43_r/616},
      .b_hat = {13_r/160, 0, 2375_r/5984, 5_r/16,  12_r/85,    3_r/44}};
};

// clang-format on

}  // namespace kutta::schemes
