// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The order of a table and the size of its error, computed from the table.
///
/// A method has order p if Σ_i b_i Φ_i(t) = 1/γ(t) for every rooted tree t of at most p vertices,
/// with Φ_i = 1 for the single vertex and Φ_i(l ∘ r) = Φ_i(l) Σ_j a_ij Φ_j(r).
/// Source: Hairer, Nørsett & Wanner, Solving ODEs I (2nd ed., 1993), § II.2, Theorem 2.13.

#include <cstddef>
#include <cstdint>

#include <kutta/schemes/butcher_tableau.hpp>
#include <kutta/schemes/rooted_trees.hpp>

namespace kutta {

/// The highest order that is checked. A table reported at `max_order` may have a higher one.
inline constexpr int max_order = 8;

namespace detail {

constexpr int at_most_max_order(std::size_t p) {
  return p < std::size_t{max_order} ? static_cast<int>(p) : max_order;
}

/// No method of S stages exceeds order 2S, and no explicit one order S.
template <std::size_t S>
inline constexpr int explicit_bound = at_most_max_order(S);
template <std::size_t S>
inline constexpr int implicit_bound = at_most_max_order(2 * S);

/// visit(t, Σ_i b_i Φ_i(t)) for the trees of at most P vertices, until it returns false.
template <int P, std::size_t S, class T, class F>
constexpr void for_each_tree(const butcher_tableau<S, T>& rk, const T (&b)[S], F visit) {
  constexpr const rooted_trees<P>& trees = rooted_trees_v<P>;
  T phi[rooted_trees<P>::size][S]{};

  for (std::size_t n = 0; n < rooted_trees<P>::size; ++n) {
    const rooted_tree& t = trees.tree[n];
    T weight{};
    for (std::size_t i = 0; i < S; ++i) {
      T sum = n == 0 ? T(1) : T{};
      if (n != 0) {
        for (std::size_t j = 0; j < S; ++j)
          if (rk.a[i][j] != T{}) sum = sum + rk.a[i][j] * phi[t.right][j];
        sum = phi[t.left][i] * sum;
      }
      phi[n][i] = sum;
      weight = weight + b[i] * sum;
    }
    if (!visit(t, weight)) return;
  }
}

template <int P, std::size_t S, class T>
constexpr int order_up_to(const butcher_tableau<S, T>& rk, const T (&b)[S]) {
  int p = P;
  for_each_tree<P>(rk, b, [&](const rooted_tree& t, const T& weight) {
    const bool holds = vanishes(T(t.gamma) * weight - T(1), rk.tolerance);
    if (!holds) p = t.order - 1;
    return holds;
  });
  return p;
}

template <std::size_t S, class T>
constexpr int order_of(const butcher_tableau<S, T>& rk, const T (&b)[S]) {
  if (!row_sums_hold(rk)) return 0;
  return is_explicit(rk) ? order_up_to<explicit_bound<S>>(rk, b)
                         : order_up_to<implicit_bound<S>>(rk, b);
}

/// √x by Newton's method from above: the iterates fall until rounding stops them.
constexpr double constant_square_root(double x) {
  if (x == 0) return 0;
  double root = x < 1 ? 1 : x;
  while (true) {
    const double next = (root + x / root) / 2;
    if (!(next < root)) return root;
    root = next;
  }
}

template <int P, std::size_t S, class T>
constexpr double error_norm(const butcher_tableau<S, T>& rk, const T (&b)[S], int p) {
  double squares = 0;
  for_each_tree<P>(rk, b, [&](const rooted_tree& t, const T& weight) {
    if (t.order == p) {
      const double defect = to_double((weight - T(1) / T(t.gamma)) / T(t.sigma));
      squares += defect * defect;
    }
    return t.order <= p;
  });
  return constant_square_root(squares);
}

template <std::size_t S, class T>
constexpr double principal_error_of(const butcher_tableau<S, T>& rk, const T (&b)[S]) {
  const int p = order_of(rk, b) + 1;
  return is_explicit(rk) ? error_norm<explicit_bound<S> + 1>(rk, b, p)
                         : error_norm<implicit_bound<S> + 1>(rk, b, p);
}

}  // namespace detail

/// The largest p for which every order condition up to p holds, at most `max_order`.
///
/// 0 unless c = A 1 (`row_sums_hold`): the conditions describe the method on f(t, x) only then.
/// A table in doubles passes where |γ Σ_i b_i Φ_i − 1| ≤ tolerance.
template <std::size_t S, class T>
constexpr int order(const butcher_tableau<S, T>& rk) {
  return detail::order_of(rk, rk.b);
}

/// The order of x̂₁, from the weights b̂; 0 without them.
template <std::size_t S, class T>
constexpr int embedded_order(const butcher_tableau<S, T>& rk) {
  return detail::order_of(rk, rk.b_hat);
}

/// The norm of the leading error term of a method of order p,
///
///     √ Σ_{|t| = p+1} ( (Σ_i b_i Φ_i(t) − 1/γ(t)) / σ(t) )²:
///
/// what h^{p+1} is multiplied by in the local error, if every elementary differential were 1.
/// Source: Prince & Dormand, High order embedded Runge–Kutta formulae (1981), § 2.
template <std::size_t S, class T>
constexpr double principal_error(const butcher_tableau<S, T>& rk) {
  return detail::principal_error_of(rk, rk.b);
}

/// The same for x̂₁ and its own order.
template <std::size_t S, class T>
constexpr double embedded_principal_error(const butcher_tableau<S, T>& rk) {
  return detail::principal_error_of(rk, rk.b_hat);
}

}  // namespace kutta
