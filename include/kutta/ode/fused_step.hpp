// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Steps whose right-hand side is evaluated inside the stage sums, so that no rate is ever stored:
/// for long states, where memory is the limit, a little more than half of the traffic.
///
/// A stage depends on its rates, h k_j = h f(X_j), and each of these but the last can be had from
/// the points alone: the row that first used k_j,
///
///     X_{j+1} = Σ_l α_{j+1,l} X_l + h β_{j+1} f(X_j),      β_{j+1} = a_{j+1,j},
///
/// gives h k_j = (X_{j+1} − Σ_l α_{j+1,l} X_l)/β_{j+1}. Put into X_{i+1} = x0 + h Σ_{j≤i} a_ij k_j,
/// this is that row's α; the end of the step is one more row, with b for a. Classical scheme:
///
///     x1 = (−X_1 + X_2 + 2 X_3 + X_4)/3 + h/6 f(X_4).

#include <concepts>
#include <cstddef>
#include <type_traits>
#include <utility>

#include <kutta/ode/block_step.hpp>
#include <kutta/ode/end_rates.hpp>
#include <kutta/ode/step.hpp>
#include <kutta/schemes/coefficients.hpp>
#include <kutta/schemes/dense_output.hpp>
#include <kutta/schemes/rational.hpp>
#include <kutta/schemes/scheme.hpp>
#include <kutta/tensor/index.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta {

namespace detail {

/// α and β of the rows above, counted from 0: row i makes X_i from X_0 … X_{i−1}, row S makes x1.
template <std::size_t S>
struct fused_table {
  rational alpha[S + 1][S + 1];
  rational beta[S + 1];
};

/// The entries of A, and b below them.
template <std::size_t S>
constexpr rational row_entry(const butcher_tableau<S>& rk, std::size_t i, std::size_t j) {
  return i < S ? rk.a[i][j] : rk.b[j];
}

/// Needs a_{i+1,i} ≠ 0 and b_s ≠ 0.
template <std::size_t S>
constexpr fused_table<S> fused(const butcher_tableau<S>& rk) {
  fused_table<S> t;
  for (std::size_t i = 1; i <= S; ++i) {
    t.beta[i] = row_entry(rk, i, i - 1);
    t.alpha[i][0] = 1;
    for (std::size_t j = 0; j + 1 < i; ++j) {
      const rational weight = row_entry(rk, i, j) / t.beta[j + 1];  // of h k_j β_{j+1}
      t.alpha[i][j + 1] = t.alpha[i][j + 1] + weight;
      for (std::size_t l = 0; l <= j; ++l)
        t.alpha[i][l] = t.alpha[i][l] - weight * t.alpha[j + 1][l];
    }
  }
  return t;
}

/// Whether the rows are the scheme: with the rates put back, X_i = Σ_l α_il X_l + h β_i k_{i−1} has
/// the weights of the table, and the α sum to 1.
template <std::size_t S>
constexpr bool equals(const fused_table<S>& t, const butcher_tableau<S>& rk) {
  rational weights[S + 1][S];  // of h k_j in X_i
  for (std::size_t i = 1; i <= S; ++i) {
    rational sum;
    weights[i][i - 1] = t.beta[i];
    for (std::size_t l = 0; l < i; ++l) {
      sum = sum + t.alpha[i][l];
      for (std::size_t j = 0; j < l; ++j)
        weights[i][j] = weights[i][j] + t.alpha[i][l] * weights[l][j];
    }
    if (sum != 1) return false;
    for (std::size_t j = 0; j < S; ++j)
      if (weights[i][j] != row_entry(rk, i, j)) return false;
  }
  return true;
}

/// Whether the fused form is worth having: a rate is used as soon as it is known, and rounding
/// errors, which grow by up to Σ_l |α_il|, by no more than 10.
template <std::size_t S>
constexpr bool is_fusable(const butcher_tableau<S>& rk) {
  for (std::size_t i = 1; i <= S; ++i)
    if (row_entry(rk, i, i - 1) == 0) return false;
  const fused_table<S> t = fused(rk);
  for (const auto& row : t.alpha) {
    double sum = 0;
    for (const rational& a : row) sum += to_double(a) < 0 ? -to_double(a) : to_double(a);
    if (!(sum <= 10)) return false;
  }
  return S > 1 && equals(t, rk);
}

template <class S>
inline constexpr auto fused_table_v = fused(S::tableau);

template <class S, std::size_t I>
struct fused_entries {
  static constexpr bool is_nonzero(std::size_t l) { return fused_table_v<S>.alpha[I][l] != 0; }
};

/// { l : α_il ≠ 0 }.
template <class S, std::size_t I>
using fused_row_t = nonzeros_t<fused_entries<S, I>, stages_v<S> + 1>;

template <class S, std::size_t I, std::size_t L, class T>
inline constexpr T fused_alpha_v = to_real<T>(fused_table_v<S>.alpha[I][L]);
template <class S, std::size_t I, class T>
inline constexpr T fused_beta_v = to_real<T>(fused_table_v<S>.beta[I]);

}  // namespace detail

/// A scheme with an exact fused form, and without dense output of its own, which sums the rates.
/// (One whose fractions overflow has none.)
template <class S>
concept fusable_scheme =
    explicit_scheme<S> && !low_storage_scheme<S> && !shu_osher_scheme<S> && !has_dense_output<S> &&
    std::same_as<typename decltype(S::tableau)::value_type, rational> &&
    requires { requires std::bool_constant<detail::is_fusable(S::tableau)>::value; };

/// A right-hand side that can be evaluated inside of a sum:
///
///     f.fused(t, x, y, beta, scaled{a, v}...)        y ← Σ a v + beta f(t, x),
///
/// for any number of terms, in one pass over memory. y is none of the tensors that are read, but
/// for the last sum of a step, where it may be one of the v, not x.
template <class F, class X>
concept fused_rate = requires(F& f, detail::step_real_t<X> t, const X& x, X& y) {
  f.fused(t, x, y, t, scaled<X>{t, x});
  f.fused(t, x, y, t, scaled<X>{t, x}, scaled<X>{t, x});
};

/// x1 ← the step of `step`, by s sums with the rate inside:
/// `sum(i, X_i, y, beta, terms...)` makes y ← Σ terms + beta f_i(X_i); i is a constant.
///
/// Leaves X_2 … X_s in `points`. `x1` may be `x0`. Reads and writes 13 states for the classical
/// scheme, where `step` takes 23.
template <fusable_scheme S, tensor X, class F>
constexpr void fused_step(const F& sum, detail::step_real_t<X> h, const X& x0, X& x1,
                          stage_points<S, X>& points) {
  using real = detail::step_real_t<X>;
  const auto point = [&](auto i) -> const X& {
    constexpr std::size_t I = decltype(i)::value;
    if constexpr (I == 0)
      return x0;
    else
      return points[I - 1];
  };
  const auto row = [&]<std::size_t I, std::size_t... L>(detail::index_constant<I> from, X& y,
                                                        std::index_sequence<L...>) {
    sum(from, point(from), y, h * detail::fused_beta_v<S, I + 1, real>,
        scaled<X>{detail::fused_alpha_v<S, I + 1, L, real>, point(detail::index_constant<L>{})}...);
  };
  detail::for_each_index<stages_v<S>>([&](auto i) {
    constexpr std::size_t I = decltype(i)::value;
    using terms = detail::fused_row_t<S, I + 1>;
    if constexpr (I + 1 < stages_v<S>)
      row(i, points[I], terms{});
    else
      row(i, x1, terms{});
  });
}

/// Steps of a fusable scheme with a right-hand side that has `fused`: what `integrate` takes for
/// fixed steps. Holds s − 1 points.
template <fusable_scheme S, tensor X>
class fused_stepper : public detail::end_rates<X> {
 public:
  using state = X;
  using real = detail::step_real_t<X>;
  static constexpr bool has_error_estimate = false;

  explicit fused_stepper(const X& x)
      : points_(detail::repeat<stages_v<S> - 1>([&] { return kutta::zeros_like(x); })) {}

  template <class F>
  [[gnu::always_inline]] bool attempt(F& f, real t, real h, const X& x0, X& x1, statistics& stats) {
    detail::end_rates<X>::attempt();
    stats.evaluations += stages_v<S>;
    fused_step<S>(
        [&](auto i, const X& x, X& y, real beta, const auto&... terms) {
          f.fused(t + h * c_v<S, decltype(i)::value, real>, x, y, beta, terms...);
        },
        h, x0, x1, points_);
    return true;
  }

 private:
  stage_points<S, X> points_;
};

}  // namespace kutta
