// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What is computed from the table of a scheme.

#include <cmath>
#include <complex>
#include <concepts>
#include <cstddef>
#include <limits>
#include <numbers>
#include <source_location>
#include <string>
#include <utility>

#include <kutta/schemes/butcher_tableau.hpp>
#include <kutta/schemes/dense_output.hpp>
#include <kutta/schemes/order.hpp>
#include <kutta/schemes/rational.hpp>
#include <kutta/schemes/rkc.hpp>
#include <kutta/schemes/scheme.hpp>
#include <kutta/schemes/shu_osher_tableau.hpp>
#include <kutta/schemes/stability.hpp>
#include <kutta/schemes/stage_structure.hpp>
#include <kutta/schemes/symplectic.hpp>

namespace docs {

inline constexpr double none = std::numeric_limits<double>::quiet_NaN();

/// A scheme and its figures; 0 or NaN where it has none.
struct entry {
  std::string name;
  std::string header;   ///< in kutta/schemes/
  std::string purpose;  ///< a phrase
  std::string source;   ///< author and year; the header has the rest
  bool recommended = false;

  int order = 0;
  int embedded_order = 0;
  std::size_t stages = 0;
  std::size_t evaluations = 0;  ///< new rates in each step but the first, if explicit
  double error = none;          ///< principal errors
  double embedded_error = none;
  double real = none;  ///< stability intervals
  double imaginary = none;
  bool exact = true;  ///< rational coefficients
  bool fsal = false;
  int dense_order = 0;
  double ssp = none;
  std::size_t registers = 0;      ///< vectors of the 2N form
  std::size_t solved_stages = 0;  ///< those that need a solver
  bool coupled = false;           ///< all solved at once
  double phase_error = none;      ///< of a symplectic scheme
  bool l_stable = false;          ///< A-stable, and R(−∞) = 0
  bool a_stable = false;
};

/// `euler` for kutta::schemes::euler.
template <class S>
std::string name_of() {
  const std::string text = std::source_location::current().function_name();
  const std::size_t begin = text.rfind("schemes::") + 9;
  return text.substr(begin, text.find_first_of(";]", begin) - begin);
}

/// R(z) = 1 + z bᵀ (I − z A)⁻¹ 1, by elimination with row exchanges.
template <std::size_t S, class T>
std::complex<double> growth(const kutta::butcher_tableau<S, T>& rk, std::complex<double> z) {
  std::complex<double> m[S][S + 1];
  for (std::size_t i = 0; i < S; ++i) {
    for (std::size_t j = 0; j < S; ++j)
      m[i][j] = (i == j ? 1. : 0.) - z * kutta::to_double(rk.a[i][j]);
    m[i][S] = 1;
  }
  for (std::size_t k = 0; k < S; ++k) {
    std::size_t pivot = k;
    for (std::size_t i = k + 1; i < S; ++i)
      if (std::abs(m[i][k]) > std::abs(m[pivot][k])) pivot = i;
    std::swap(m[k], m[pivot]);
    for (std::size_t i = k + 1; i < S; ++i) {
      const std::complex<double> factor = m[i][k] / m[k][k];
      for (std::size_t j = k; j <= S; ++j) m[i][j] -= factor * m[k][j];
    }
  }
  std::complex<double> r = 1;
  for (std::size_t i = S; i-- > 0;) {
    for (std::size_t j = i + 1; j < S; ++j) m[i][S] -= m[i][j] * m[j][S];
    m[i][S] /= m[i][i];
    r += z * kutta::to_double(rk.b[i]) * m[i][S];
  }
  return r;
}

/// |R| ≤ 1 on 181 rays of the left half-plane, 10⁻³ ≤ |z| ≤ 10⁶, the imaginary axis among them.
template <std::size_t S, class T>
bool is_a_stable(const kutta::butcher_tableau<S, T>& rk) {
  for (int ray = 0; ray <= 180; ++ray)
    for (int n = -60; n <= 120; ++n) {
      const double angle = std::numbers::pi * (0.5 + ray / 360.);
      const double x = ray == 0 ? 0 : std::cos(angle);
      const std::complex<double> z = std::pow(10., n / 20.) * std::complex(x, std::sin(angle));
      if (!(std::abs(growth(rk, z)) <= 1 + 1e-9)) return false;
    }
  return true;
}

template <class Table>
constexpr bool has_fractions(const Table&) {
  return std::same_as<typename Table::value_type, kutta::rational>;
}

/// What differs between explicit and implicit schemes.
template <kutta::scheme S>
void add_stages(entry& e) {
  constexpr const auto& rk = S::tableau;
  if constexpr (kutta::explicit_scheme<S>) {
    e.evaluations = e.fsal ? e.stages - 1 : e.stages;
    e.real = kutta::real_stability_interval(rk);
    e.imaginary = kutta::imaginary_stability_interval(rk);
  } else {
    for (std::size_t i = 0; i < rk.stages; ++i)
      if (!kutta::is_explicit_stage(rk, i)) ++e.solved_stages;
    e.coupled = !kutta::is_diagonally_implicit(rk);
    e.a_stable = is_a_stable(rk);
    e.l_stable = e.a_stable && std::abs(growth(rk, -1e9)) <= 1e-6;
    if (e.a_stable) e.real = e.imaginary = std::numeric_limits<double>::infinity();
  }
}

template <kutta::scheme S>
entry entry_of(const std::string& header, const std::string& purpose, const std::string& source) {
  constexpr const auto& rk = S::tableau;
  entry e{.name = name_of<S>(), .header = header, .purpose = purpose, .source = source};
  e.order = kutta::order(rk);
  e.stages = rk.stages;
  e.fsal = kutta::is_fsal(rk);
  e.error = kutta::principal_error(rk);
  e.exact = has_fractions(rk);
  if constexpr (kutta::has_embedding(rk)) {
    e.embedded_order = kutta::embedded_order(rk);
    e.embedded_error = kutta::embedded_principal_error(rk);
  }
  if constexpr (kutta::has_dense_output<S>) e.dense_order = kutta::dense_order(rk, S::dense);
  if constexpr (requires { S::shu_osher; }) e.ssp = kutta::ssp_coefficient(S::shu_osher);
  if constexpr (requires { S::low_storage; }) e.registers = 2;
  add_stages<S>(e);
  return e;
}

/// tr M/2 for one step of q' = p, p' = −q, x = h: cos φ if the step turns (q, p) by φ.
template <std::size_t S, class T>
long double half_trace(const kutta::symplectic_tableau<S, T>& scheme, long double x) {
  long double sum = 0;
  for (const int column : {0, 1}) {
    long double q = 1 - column, p = column;
    for (std::size_t i = 0; i < S; ++i) {
      q += kutta::to_real<long double>(scheme.c[i]) * x * p;
      p -= kutta::to_real<long double>(scheme.d[i]) * x * q;
    }
    sum += column == 0 ? q : p;
  }
  return sum / 2;
}

/// The first x at which |tr M/2| exceeds 1, among the multiples of 10⁻⁴.
template <std::size_t S, class T>
double oscillation_interval(const kutta::symplectic_tableau<S, T>& scheme) {
  int n = 1;
  while (std::abs(half_trace(scheme, n * 1e-4L)) <= 1 + 1e-15L) ++n;
  return (n - 1) * 1e-4;
}

/// The e in φ = x + e x^q + …, q the least odd number above the order.
template <std::size_t S, class T>
double phase_error(const kutta::symplectic_tableau<S, T>& scheme, int order) {
  const int q = order + 1 + order % 2;
  const long double x = 0.01L;
  const long double turned = std::acos(half_trace(scheme, x)) - x;
  return static_cast<double>(std::abs(turned) / std::pow(x, q));
}

template <kutta::partitioned_scheme S>
entry entry_of(const std::string& header, const std::string& purpose, const std::string& source) {
  constexpr const auto& scheme = S::tableau;
  entry e{.name = name_of<S>(), .header = header, .purpose = purpose, .source = source};
  e.order = kutta::order(scheme);
  e.exact = has_fractions(scheme);
  for (const auto& drift : scheme.c) e.stages += kutta::to_double(drift) != 0 ? 1 : 0;
  for (const auto& kick : scheme.d) e.evaluations += kutta::to_double(kick) != 0 ? 1 : 0;
  e.imaginary = oscillation_interval(scheme);
  e.phase_error = phase_error(scheme, e.order);
  return e;
}

/// Runge–Kutta–Chebyshev with s stages.
inline entry entry_of_rkc2(int s, const std::string& purpose, const std::string& source) {
  const auto stages = static_cast<std::size_t>(s);
  return {.name = "rkc2{" + std::to_string(s) + "}",
          .header = "rkc",
          .purpose = purpose,
          .source = source,
          .order = 2,
          .stages = stages,
          .evaluations = stages,
          .real = kutta::schemes::rkc2(s).real_stability(),
          .exact = false};
}

/// One of those named in the README.
inline entry recommended(entry e) {
  e.recommended = true;
  return e;
}

}  // namespace docs
