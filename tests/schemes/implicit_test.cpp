// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <complex>
#include <cstddef>
#include <limits>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <kutta/schemes/order.hpp>
#include <kutta/schemes/scheme.hpp>
#include <kutta/schemes/stage_structure.hpp>

#include "reference_tables.hpp"
#include "support/implicit_schemes.hpp"

using kutta::is_diagonally_implicit;
using kutta::is_explicit_stage;
using kutta::is_stiffly_accurate;
using kutta::order;
using kutta::test::implicit_schemes;
using namespace kutta::schemes;

namespace {

using complex = std::complex<double>;

/// R(z) = 1 + z bᵀ (I − z A)⁻¹ 1, by elimination with pivots. Multiplied out for |z| > 1, so that
/// z may be as large as it likes: z bᵀ (I − z A)⁻¹ 1 = bᵀ (I/z − A)⁻¹ 1.
template <std::size_t S, class T>
complex growth(const kutta::butcher_tableau<S, T>& rk, const T (&b)[S], complex z) {
  complex m[S][S + 1];
  for (std::size_t i = 0; i < S; ++i) {
    for (std::size_t j = 0; j < S; ++j) m[i][j] = -kutta::to_double(rk.a[i][j]);
    m[i][i] += 1. / z;
    m[i][S] = 1;
  }
  for (std::size_t k = 0; k < S; ++k) {
    std::size_t pivot = k;
    for (std::size_t i = k + 1; i < S; ++i)
      if (std::abs(m[i][k]) > std::abs(m[pivot][k])) pivot = i;
    for (std::size_t j = 0; j <= S; ++j) std::swap(m[k][j], m[pivot][j]);
    for (std::size_t i = 0; i < S; ++i) {
      if (i == k) continue;
      const complex factor = m[i][k] / m[k][k];
      for (std::size_t j = k; j <= S; ++j) m[i][j] -= factor * m[k][j];
    }
  }
  complex r = 1;
  for (std::size_t i = 0; i < S; ++i) r += kutta::to_double(b[i]) * m[i][S] / m[i][i];
  return r;
}

template <class S>
complex growth(complex z) {
  return growth(S::tableau, S::tableau.b, z);
}

complex evaluate(const std::vector<double>& p, complex z) {
  complex sum = 0;
  for (std::size_t k = p.size(); k-- > 0;) sum = sum * z + p[k];
  return sum;
}

/// A rational function that is known to be R.
struct fraction {
  std::vector<double> numerator, denominator;
};

/// (1 − γ z)^m below, and above it what agrees with exp(z) (1 − γ z)^m up to z^degree: the only R
/// of that denominator and order `degree`. Source: Hairer & Wanner, Solving ODEs II (1996), § IV.6.
fraction restricted_pade(double gamma, std::size_t m, std::size_t degree) {
  std::vector<double> below{1};
  for (std::size_t n = 0; n < m; ++n) {
    below.push_back(0);
    for (std::size_t k = below.size() - 1; k > 0; --k) below[k] -= gamma * below[k - 1];
  }
  std::vector<double> above(degree + 1);
  for (std::size_t k = 0; k <= degree; ++k) {
    double factorial = 1;
    for (std::size_t l = 0; l <= k; ++l) {
      if (l > 0) factorial *= static_cast<double>(l);
      if (k - l < below.size()) above[k] += below[k - l] / factorial;
    }
  }
  return {above, below};
}

/// What the literature prints: Padé's table of exp (Hairer & Wanner II, Table IV.3.1).
template <class S>
struct expected;
template <>
struct expected<backward_euler> {
  static constexpr int order = 1;
  static constexpr bool l_stable = true, diagonal = true;
  static fraction r() { return {{1}, {1, -1}}; }
};
template <>
struct expected<implicit_midpoint> {
  static constexpr int order = 2;
  static constexpr bool l_stable = false, diagonal = true;
  static fraction r() { return {{1, .5}, {1, -.5}}; }
};
template <>
struct expected<crank_nicolson> : expected<implicit_midpoint> {};
template <>
struct expected<sdirk2> {
  static constexpr int order = 2;
  static constexpr bool l_stable = true, diagonal = true;
  static fraction r() { return restricted_pade(1 - std::sqrt(.5), 2, 1); }
};
template <>
struct expected<gauss4> {
  static constexpr int order = 4;
  static constexpr bool l_stable = false, diagonal = false;
  static fraction r() { return {{1, 1. / 2, 1. / 12}, {1, -1. / 2, 1. / 12}}; }
};
template <>
struct expected<radau_iia3> {
  static constexpr int order = 3;
  static constexpr bool l_stable = true, diagonal = false;
  static fraction r() { return {{1, 1. / 3}, {1, -2. / 3, 1. / 6}}; }
};
template <>
struct expected<radau_iia5> {
  static constexpr int order = 5;
  static constexpr bool l_stable = true, diagonal = false;
  static fraction r() { return {{1, 2. / 5, 1. / 20}, {1, -3. / 5, 3. / 20, -1. / 60}}; }
};
template <>
struct expected<tr_bdf2> : expected<sdirk2> {};
template <>
struct expected<kvaerno32> {
  static constexpr int order = 3;
  static constexpr bool l_stable = true, diagonal = true;
  static fraction r() { return restricted_pade(kvaerno32::g, 3, 2); }
};
template <>
struct expected<kennedy_carpenter43> {
  static constexpr int order = 4;
  static constexpr bool l_stable = true, diagonal = true;
  static fraction r() { return restricted_pade(.25, 5, 4); }
};

bool close(double x, double value) {
  return std::abs(x - value) <= 1e-12;
}

}  // namespace

static_assert(kutta::implicit_scheme<gauss4> && kutta::implicit_scheme<tr_bdf2>);
static_assert(!kutta::implicit_scheme<kutta::test::bogacki_shampine32>);
static_assert(!kutta::implicit_scheme<int>);

TEST_CASE_TEMPLATE_DEFINE("a table has its order, its kind and its stability function", S,
                          implicit_tables) {
  CHECK(order(S::tableau) == expected<S>::order);
  CHECK(kutta::implicit_scheme<S>);
  CHECK(is_diagonally_implicit(S::tableau) == expected<S>::diagonal);

  const fraction r = expected<S>::r();
  for (const double modulus : {.01, .7, 5., 40.})
    for (const double angle : {.3, 1.5, 2., 3.1, -2.4}) {
      const complex z = std::polar(modulus, angle);
      const complex below = evaluate(r.denominator, z);
      const complex value = evaluate(r.numerator, z) / below;
      // What cancels in the denominator is lost.
      const double size = std::abs(evaluate(r.denominator, -modulus)) / std::abs(below);
      CHECK(std::abs(growth<S>(z) - value) <= 1e-13 * size * (1 + std::abs(value)) * (1 + modulus));
    }
}
TEST_CASE_TEMPLATE_APPLY(implicit_tables, implicit_schemes);

TEST_CASE_TEMPLATE_DEFINE("an oscillation never grows, and an L-stable scheme kills stiff decay", S,
                          implicit_stability) {
  for (double y = 1e-3; y < 1e8; y *= 1.1) {
    CAPTURE(y);
    CHECK(std::abs(growth<S>({0, y})) <= 1 + 1e-12);
    CHECK(std::abs(growth<S>({-y, y})) < 1);
  }
  const double far = std::abs(growth<S>(-1e7));
  CHECK(std::abs(far - (expected<S>::l_stable ? 0 : 1)) <= 1e-5);
}
TEST_CASE_TEMPLATE_APPLY(implicit_stability, implicit_schemes);

TEST_CASE("what an embedding makes of stiff decay") {
  const auto far = [](const auto& rk) { return std::abs(growth(rk, rk.b_hat, -1e7)); };
  // An R of order 2 over (1 − γ z)²: its ratio of leading coefficients.
  const double g = kvaerno32::g;
  CHECK(std::abs(far(kvaerno32::tableau) - std::abs((.5 - 2 * g + g * g) / (g * g))) <= 1e-5);
  CHECK(far(kennedy_carpenter43::tableau) < .2);
  // One degree more above than below: the estimate of TR-BDF2 must be filtered.
  CHECK(far(tr_bdf2::tableau) > 1e6);
}

TEST_CASE("the principal errors worked out by hand") {
  // Trees of order 3: (Σ b c² − 1/3)/2 and Σ b a c − 1/6.
  CHECK(close(principal_error(backward_euler::tableau), 1. / 2));
  CHECK(close(principal_error(implicit_midpoint::tableau), std::sqrt(5.) / 24));
  CHECK(close(principal_error(crank_nicolson::tableau), std::sqrt(2.) / 12));
  // Of order 4: 1/216, 1/72, −1/72, −1/72.
  CHECK(close(principal_error(radau_iia3::tableau), std::sqrt(28.) / 216));
}

// From another enumeration of the trees, to 40 digits.
TEST_CASE("the principal errors of the irrational tables") {
  CHECK(close(principal_error(sdirk2::tableau), 0.04168471591938580055));
  CHECK(close(principal_error(gauss4::tableau), 0.00433062197543280253));
  CHECK(close(principal_error(radau_iia5::tableau), 0.00098952850725315977));
  CHECK(close(principal_error(tr_bdf2::tableau), 0.05719095841793663413));
  CHECK(close(embedded_principal_error(tr_bdf2::tableau), 0.01996238224058029115));
  CHECK(close(principal_error(kvaerno32::tableau), 0.04906693167139450260));
  CHECK(close(embedded_principal_error(kvaerno32::tableau), 0.11203432406202402887));
  CHECK(close(principal_error(kennedy_carpenter43::tableau), 0.00340145025338053714));
  CHECK(close(embedded_principal_error(kennedy_carpenter43::tableau), 0.00082431566665912728));
}

TEST_CASE("a pair has its orders and is FSAL") {
  CHECK(kutta::embedded_order(tr_bdf2::tableau) == 3);
  CHECK(kutta::embedded_order(kvaerno32::tableau) == 2);
  CHECK(kutta::embedded_order(kennedy_carpenter43::tableau) == 3);
  CHECK(is_fsal(tr_bdf2::tableau));
  CHECK(is_fsal(kvaerno32::tableau));
  CHECK(is_fsal(kennedy_carpenter43::tableau));
  const double g = kvaerno32::g;
  CHECK(std::abs(g * g * g - 3 * g * g + 1.5 * g - 1. / 6) <=
        2 * std::numeric_limits<double>::epsilon());
}

TEST_CASE("the stages that need no solver") {
  CHECK(is_explicit_stage(tr_bdf2::tableau, 0));
  CHECK_FALSE(is_explicit_stage(tr_bdf2::tableau, 1));
  CHECK_FALSE(is_explicit_stage(tr_bdf2::tableau, 2));
  CHECK_FALSE(is_explicit_stage(gauss4::tableau, 0));
  CHECK(is_explicit_stage(kutta::test::bogacki_shampine32::tableau, 3));
  CHECK(is_diagonally_implicit(kutta::test::bogacki_shampine32::tableau));
  CHECK(is_stiffly_accurate(kutta::test::bogacki_shampine32::tableau));
  CHECK_FALSE(is_stiffly_accurate(gauss4::tableau));
  // A stage that depends on a later one needs a solver, whatever its own a_ii.
  constexpr kutta::butcher_tableau<2, double> later{
      .c = {1, 1}, .a = {{0, 1}, {0, 1}}, .b = {0, 1}};
  CHECK_FALSE(is_explicit_stage(later, 0));
  CHECK_FALSE(is_diagonally_implicit(later));
}

TEST_CASE_TEMPLATE_DEFINE("a change of any one coefficient is noticed", S, implicit_changes) {
  using T = typename decltype(S::tableau)::value_type;
  constexpr const auto& rk = S::tableau;
  const T change = T(1) / T(64);
  for (std::size_t i = 0; i < rk.stages; ++i) {
    CHECK(order(kutta::test::with_b(rk, i, rk.b[i] + change)) == 0);
    CHECK(order(kutta::test::with_c(rk, i, rk.c[i] + change)) == 0);
    for (std::size_t j = 0; j < rk.stages; ++j) {
      const auto changed = kutta::test::with_a(rk, i, j, rk.a[i][j] + change);
      const bool noticed = order(changed) < expected<S>::order || !is_stiffly_accurate(changed) ||
                           is_diagonally_implicit(changed) != expected<S>::diagonal;
      CHECK(noticed);
    }
  }
}
TEST_CASE_TEMPLATE_APPLY(implicit_changes, implicit_schemes);
