// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Schemes for q' = v(t, p), p' = a(t, q) that move q and p in turn, each with the other held: they
/// keep the symplectic form, and can be undone.

#include <concepts>
#include <cstddef>
#include <type_traits>

#include <kutta/schemes/butcher_tableau.hpp>
#include <kutta/schemes/rational.hpp>

namespace kutta {

/// S pairs of a drift and a kick; a zero at either end is none:
///
///     q ← q + c_i h v(t₀ + D_i h, p)        D_i = d_1 + … + d_{i−1}
///     p ← p + d_i h a(t₀ + C_i h, q)        C_i = c_1 + … + c_i          for i = 1..S
///
/// Time counts as a position where a reads it and as a momentum where v does, so that a scheme has
/// the same order with it as without.
/// Source: Hairer, Lubich & Wanner, Geometric Numerical Integration (2nd ed., 2006), § II.5.
template <std::size_t S, class T = rational>
struct symplectic_tableau {
  static_assert(S >= 1, "symplectic_tableau: at least 1 stage is expected");

  using value_type = T;
  static constexpr std::size_t stages = S;

  T c[S]{};
  T d[S]{};
  double tolerance = 0;
};

/// The highest order of a splitting that is checked.
inline constexpr int max_splitting_order = 6;

namespace detail {

/// A series in two operators that do not commute, 0 (drift) and 1 (kick), up to degree P: one
/// coefficient for each word. A word is its letters as binary digits, behind a leading 1.
template <int P, class T>
struct word_series {
  static constexpr std::size_t size = std::size_t{2} << P;

  T of[size];

  /// The series 1. Assigned, not `{}`: g++ 12 would let a constant expression change the zeros that
  /// every later series begins with.
  constexpr word_series() {
    for (T& coefficient : of) coefficient = T(0);
    of[1] = T(1);
  }

  /// Multiplies by exp(τ X) = Σ_k τ^k X^k/k! from the right. Longer words first: a word's new
  /// coefficient needs the old ones of its beginnings.
  constexpr void append(std::size_t letter, const T& tau) {
    for (std::size_t word = size; word-- > 2;) {
      T power(1);  // τ^k/k!
      int k = 0;
      for (std::size_t rest = word; rest > 1 && rest % 2 == letter;) {
        rest /= 2;
        power = power * tau / T(++k);
        of[word] = of[word] + power * of[rest];
      }
    }
  }
};

/// The order if it is P − 1 or more. Longer words are left alone until the shorter ones are right:
/// a rational has its limits.
template <int P, std::size_t S, class T>
constexpr int splitting_order(const symplectic_tableau<S, T>& scheme) {
  word_series<P, T> product;
  for (std::size_t i = 0; i < S; ++i) {
    product.append(0, scheme.c[i]);
    product.append(1, scheme.d[i]);
  }
  T factorial(1);
  for (int n = 2; n <= P; ++n) factorial = factorial * T(n);
  constexpr std::size_t first = std::size_t{1} << P;
  for (std::size_t word = first; word < 2 * first; ++word)
    if (!vanishes(factorial * product.of[word] - T(1), scheme.tolerance)) return P - 1;
  if constexpr (P < max_splitting_order)
    return splitting_order<P + 1>(scheme);
  else
    return P;
}

}  // namespace detail

/// The largest p for which the scheme is of order p, at most `max_splitting_order`.
///
/// e^{c₁A} e^{d₁B} e^{c₂A} … and e^{A+B} agree up to degree p: in both, each of the 2^n words of n
/// letters has the factor 1/n!. Holds for every v(t, p) and a(t, q), not only for v = p/m.
/// Source: Hairer, Lubich & Wanner, Geometric Numerical Integration (2006), §§ III.4, III.5.
template <std::size_t S, class T>
constexpr int order(const symplectic_tableau<S, T>& scheme) {
  return detail::splitting_order<1>(scheme);
}

namespace detail {

template <class T>
inline constexpr bool is_symplectic_tableau = false;
template <std::size_t S, class T>
inline constexpr bool is_symplectic_tableau<symplectic_tableau<S, T>> = true;

}  // namespace detail

/// A tag type that carries a `symplectic_tableau`, S::tableau.
template <class S>
concept partitioned_scheme =
    detail::is_symplectic_tableau<std::remove_cvref_t<decltype(S::tableau)>> &&
    requires { typename std::bool_constant<(S::tableau.tolerance >= 0)>; };

namespace detail {

template <std::size_t S, class T>
constexpr T partial_sum(const T (&weights)[S], std::size_t n) {
  T sum{};
  for (std::size_t i = 0; i < n; ++i) sum = sum + weights[i];
  return sum;
}

}  // namespace detail

/// c_i, the length of drift i. Indices count from 0.
template <partitioned_scheme S, std::size_t I, std::floating_point T = double>
inline constexpr T drift_v = to_real<T>(S::tableau.c[I]);

/// d_i, the length of kick i.
template <partitioned_scheme S, std::size_t I, std::floating_point T = double>
inline constexpr T kick_v = to_real<T>(S::tableau.d[I]);

/// D_i, where in the step drift i reads v.
template <partitioned_scheme S, std::size_t I, std::floating_point T = double>
inline constexpr T drift_time_v = to_real<T>(detail::partial_sum(S::tableau.d, I));

/// C_i, where in the step kick i reads a.
template <partitioned_scheme S, std::size_t I, std::floating_point T = double>
inline constexpr T kick_time_v = to_real<T>(detail::partial_sum(S::tableau.c, I + 1));

}  // namespace kutta

namespace kutta::schemes {

// clang-format off

/// Order 1: a drift, then a kick from where it ends.
/// Source: de Vogelaere, Methods of integration which preserve the contact transformation property
/// of the Hamiltonian equations, University of Notre Dame, report 4 (1956).
struct symplectic_euler {
  static constexpr symplectic_tableau<1> tableau{.c = {1}, .d = {1}};
};
static_assert(order(symplectic_euler::tableau) == 1);

/// Order 2, one kick a step: leapfrog, with the positions half a step off.
/// Source: Verlet, Computer "experiments" on classical fluids I, Phys. Rev. 159 (1967).
struct stoermer_verlet {
  static constexpr symplectic_tableau<2> tableau{
      .c = {1_r/2, 1_r/2},
      .d = {1,     0}};
};
static_assert(order(stoermer_verlet::tableau) == 2);

/// Order 4, three kicks a step: three leapfrogs, the middle one backwards.
/// Source: Forest & Ruth, Fourth-order symplectic integration, Physica D 43 (1990).
struct forest_ruth4 {
  static constexpr double theta = 1.351207191959657634;  // 1/(2 − ∛2)
  static constexpr symplectic_tableau<4, double> tableau{
      .c = {theta/2, (1 - theta)/2, (1 - theta)/2, theta/2},
      .d = {theta,   1 - 2*theta,   theta,         0},
      .tolerance = 1e-13};
};
static_assert(order(forest_ruth4::tableau) == 4);

/// Order 4, four kicks a step, made for a small error: "position extended Forest–Ruth like".
/// Source: Omelyan, Mryglod & Folk, Optimized Forest–Ruth- and Suzuki-like algorithms for
/// integration of motion in many-body systems, Comput. Phys. Commun. 146 (2002).
struct pefrl4 {
  static constexpr double xi     =  0.1786178958448091;
  static constexpr double lambda = -0.2123418310626054;
  static constexpr double chi    = -0.06626458266981849;
  static constexpr symplectic_tableau<5, double> tableau{
      .c = {xi,             chi,    1 - 2*(chi + xi), chi,            xi},
      .d = {0.5 - lambda,   lambda, lambda,           0.5 - lambda,   0},
      .tolerance = 1e-13};
};
static_assert(order(pefrl4::tableau) == 4);

// clang-format on

}  // namespace kutta::schemes
