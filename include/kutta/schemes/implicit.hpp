// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Implicit schemes: for stiff problems, or for what they conserve.

#include <kutta/schemes/butcher_tableau.hpp>
#include <kutta/schemes/order.hpp>
#include <kutta/schemes/stage_structure.hpp>

namespace kutta::schemes {

// clang-format off

/// x₁ = x₀ + h f(t₁, x₁), L-stable.
/// Source: Hairer & Wanner, Solving ODEs II (2nd ed., 1996), § IV.3.
struct backward_euler {
  static constexpr butcher_tableau<1> tableau{
      .c = {1},
      .a = {{1}},
      .b = {1}};
};
static_assert(order(backward_euler::tableau) == 1);
static_assert(row_sums_hold(backward_euler::tableau) && !is_explicit(backward_euler::tableau));
static_assert(is_diagonally_implicit(backward_euler::tableau));
static_assert(is_stiffly_accurate(backward_euler::tableau));

/// Gauss's scheme of one stage: A-stable, symmetric, symplectic; conserves quadratic invariants.
/// Source: Hairer, Nørsett & Wanner, Solving ODEs I (2nd ed., 1993), § II.7.
struct implicit_midpoint {
  static constexpr butcher_tableau<1> tableau{
      .c = {1_r/2},
      .a = {{1_r/2}},
      .b = {1}};
};
static_assert(order(implicit_midpoint::tableau) == 2);
static_assert(row_sums_hold(implicit_midpoint::tableau) && !is_explicit(implicit_midpoint::tableau));
static_assert(is_diagonally_implicit(implicit_midpoint::tableau));
static_assert(!is_stiffly_accurate(implicit_midpoint::tableau));

/// The trapezoidal rule: A-stable, symmetric; does not damp what is infinitely stiff.
/// Source: Crank & Nicolson, A practical method for numerical evaluation of solutions of partial
/// differential equations of the heat-conduction type, Proc. Camb. Phil. Soc. 43 (1947).
struct crank_nicolson {
  static constexpr butcher_tableau<2> tableau{
      .c = {0,     1},
      .a = {{},
            {1_r/2, 1_r/2}},
      .b = {1_r/2, 1_r/2}};
};
static_assert(order(crank_nicolson::tableau) == 2 && is_fsal(crank_nicolson::tableau));
static_assert(row_sums_hold(crank_nicolson::tableau) && !is_explicit(crank_nicolson::tableau));
static_assert(is_diagonally_implicit(crank_nicolson::tableau));
static_assert(is_stiffly_accurate(crank_nicolson::tableau));

/// Two stages of equal diagonal γ = 1 − 1/√2, of order 2, L-stable.
/// Source: Alexander, Diagonally implicit Runge–Kutta methods for stiff O.D.E.'s, SIAM J. Numer.
/// Anal. 14 (1977).
struct sdirk2 {
  static constexpr double g = 1 - 0.7071067811865475244;  // γ
  static constexpr butcher_tableau<2, double> tableau{
      .c = {g,     1},
      .a = {{g},
            {1 - g, g}},
      .b = {1 - g, g},
      .tolerance = 1e-15};
};
static_assert(order(sdirk2::tableau) == 2);
static_assert(row_sums_hold(sdirk2::tableau) && !is_explicit(sdirk2::tableau));
static_assert(is_diagonally_implicit(sdirk2::tableau) && is_stiffly_accurate(sdirk2::tableau));

/// Gauss's scheme of two stages, of order 4: A-stable, symmetric, symplectic; conserves quadratic
/// invariants.
/// Source: Hairer, Nørsett & Wanner, Solving ODEs I (1993), Table II.7.3.
struct gauss4 {
  static constexpr double r = 0.28867513459481288225;  // √3/6
  static constexpr butcher_tableau<2, double> tableau{
      .c = {0.5 - r,  0.5 + r},
      .a = {{0.25,     0.25 - r},
            {0.25 + r, 0.25}},
      .b = {0.5,      0.5},
      .tolerance = 1e-15};
};
static_assert(order(gauss4::tableau) == 4);
static_assert(row_sums_hold(gauss4::tableau) && !is_explicit(gauss4::tableau));
static_assert(!is_diagonally_implicit(gauss4::tableau) && !is_stiffly_accurate(gauss4::tableau));

/// Two stages, of order 3, L-stable.
/// Source: Ehle, On Padé approximations to the exponential function and A-stable methods for the
/// numerical solution of initial value problems (1969); Hairer & Wanner, Solving ODEs II (1996),
/// Table IV.5.5.
struct radau_iia3 {
  static constexpr butcher_tableau<2> tableau{
      .c = {1_r/3,  1},
      .a = {{5_r/12, -1_r/12},
            {3_r/4,  1_r/4}},
      .b = {3_r/4,  1_r/4}};
};
static_assert(order(radau_iia3::tableau) == 3);
static_assert(row_sums_hold(radau_iia3::tableau) && !is_explicit(radau_iia3::tableau));
static_assert(!is_diagonally_implicit(radau_iia3::tableau));
static_assert(is_stiffly_accurate(radau_iia3::tableau));

/// Three stages, of order 5, L-stable: the scheme of the program RADAU5.
/// Source: Ehle (1969), as above; Hairer & Wanner, Solving ODEs II (1996), Table IV.5.6.
struct radau_iia5 {
  static constexpr double r = 2.4494897427831780982;  // √6
  static constexpr butcher_tableau<3, double> tableau{
      .c = {(4 - r)/10,           (4 + r)/10,           1},
      .a = {{(88 - 7*r)/360,      (296 - 169*r)/1800,   (-2 + 3*r)/225},
            {(296 + 169*r)/1800,  (88 + 7*r)/360,       (-2 - 3*r)/225},
            {(16 - r)/36,         (16 + r)/36,          1./9}},
      .b = {(16 - r)/36,          (16 + r)/36,          1./9},
      .tolerance = 1e-14};
};
static_assert(order(radau_iia5::tableau) == 5);
static_assert(row_sums_hold(radau_iia5::tableau) && !is_explicit(radau_iia5::tableau));
static_assert(!is_diagonally_implicit(radau_iia5::tableau));
static_assert(is_stiffly_accurate(radau_iia5::tableau));

// clang-format on

}  // namespace kutta::schemes
