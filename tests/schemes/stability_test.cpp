// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <complex>
#include <cstddef>
#include <limits>
#include <stdexcept>

#include <doctest/doctest.h>

#include <kutta/schemes/embedded_eighth_order.hpp>
#include <kutta/schemes/embedded_fifth_order.hpp>
#include <kutta/schemes/embedded_fourth_order.hpp>
#include <kutta/schemes/embedded_sixth_order.hpp>
#include <kutta/schemes/embedded_third_order.hpp>
#include <kutta/schemes/fifth_order.hpp>
#include <kutta/schemes/first_order.hpp>
#include <kutta/schemes/fourth_order.hpp>
#include <kutta/schemes/low_storage.hpp>
#include <kutta/schemes/scheme.hpp>
#include <kutta/schemes/second_order.hpp>
#include <kutta/schemes/sixth_order.hpp>
#include <kutta/schemes/stability.hpp>
#include <kutta/schemes/strong_stability.hpp>
#include <kutta/schemes/third_order.hpp>

#include "reference_tables.hpp"

using namespace kutta;
using namespace kutta::test;

namespace {

bool close(double x, double expected) {
  return std::abs(x - expected) <= 1e-10 * expected;
}

/// |x₁/x₀| of one step on x' = λ x by the stages themselves, z = h λ.
template <std::size_t S, class T>
double growth(const butcher_tableau<S, T>& rk, std::complex<double> z) {
  std::complex<double> k[S];
  std::complex<double> x1 = 1;
  for (std::size_t i = 0; i < S; ++i) {
    std::complex<double> x = 1;
    for (std::size_t j = 0; j < i; ++j) x += to_double(rk.a[i][j]) * k[j];
    k[i] = z * x;
    x1 += to_double(rk.b[i]) * k[i];
  }
  return std::abs(x1);
}

/// Order 1, two stages, R(−x) = T₂(1 − x/4): touches −1 at x = 4 and stays within ±1 up to x = 8.
struct chebyshev2 {
  static constexpr butcher_tableau<2> tableau{
      .c = {0, 1_r / 4}, .a = {{}, {1_r / 4}}, .b = {1_r / 2, 1_r / 2}};
};

/// Weights that add to nothing: R = 1.
struct at_rest {
  static constexpr butcher_tableau<1> tableau{.c = {0}, .a = {{}}, .b = {0}};
};

}  // namespace

TEST_CASE("the stability polynomial of a rational table is exact") {
  constexpr auto r = stability_polynomial(schemes::rk4_classic::tableau);
  static_assert(r.size() == 5);
  static_assert(r[0] == 1 && r[1] == 1 && r[2] == 1_r / 2 && r[3] == 1_r / 6 && r[4] == 1_r / 24);

  constexpr auto dp = stability_polynomial(schemes::dormand_prince54::tableau);
  static_assert(dp[5] == 1_r / 120 && dp[6] == 1_r / 600 && dp[7] == 0);
  static_assert(stability_polynomial(schemes::cash_karp54::tableau)[6] == 1_r / 800);
  static_assert(stability_polynomial(schemes::fehlberg45::tableau)[5] == 1_r / 104);
  static_assert(stability_polynomial(schemes::butcher6::tableau)[7] == -1_r / 2160);
  static_assert(stability_polynomial(schemes::verner65::tableau)[7] == 1_r / 5400);
}

TEST_CASE("the intervals of the schemes with as many stages as orders are the known ones") {
  CHECK(real_stability_interval(schemes::euler::tableau) == 2);
  CHECK(close(real_stability_interval(schemes::heun2::tableau), 2));
  CHECK(close(real_stability_interval(schemes::kutta3::tableau), 2.512745326618));
  CHECK(close(real_stability_interval(schemes::rk4_classic::tableau), 2.785293563405));

  CHECK(imaginary_stability_interval(schemes::euler::tableau) == 0);
  CHECK(imaginary_stability_interval(schemes::heun2::tableau) == 0);
  CHECK(close(imaginary_stability_interval(schemes::kutta3::tableau), std::sqrt(3.)));
  CHECK(close(imaginary_stability_interval(schemes::rk4_classic::tableau), std::sqrt(8.)));
}

// From a scan of |R| in 30 digits.
TEST_CASE("the intervals of the other schemes are those of a scan") {
  CHECK(close(real_stability_interval(schemes::ssprk54::tableau), 5.33147264042));
  CHECK(close(imaginary_stability_interval(schemes::ssprk54::tableau), 3.27835559764));
  CHECK(close(real_stability_interval(schemes::carpenter_kennedy4::tableau), 4.65675706628));
  CHECK(close(imaginary_stability_interval(schemes::carpenter_kennedy4::tableau), 3.34071798638));
  CHECK(close(real_stability_interval(schemes::nystrom5::tableau), 3.21704786664));
  CHECK(close(real_stability_interval(schemes::fehlberg45::tableau), 3.02001754397));
  CHECK(close(real_stability_interval(schemes::cash_karp54::tableau), 3.73435960723));
  CHECK(close(real_stability_interval(schemes::dormand_prince54::tableau), 3.30656789263));
  CHECK(close(imaginary_stability_interval(schemes::dormand_prince54::tableau), 0.997189008633));
  CHECK(close(real_stability_interval(schemes::tsitouras54::tableau), 3.5068469938));
  CHECK(close(imaginary_stability_interval(schemes::tsitouras54::tableau), 0.477978868883));
  CHECK(close(real_stability_interval(schemes::butcher6::tableau), 2.85610897867));
  CHECK(close(real_stability_interval(schemes::verner65::tableau), 4.06477744124));
  CHECK(close(imaginary_stability_interval(schemes::verner65::tableau), 1.30676546908));
  CHECK(close(real_stability_interval(schemes::dormand_prince87::tableau), 5.16663361997));
}

// The excess is of order y^6 or higher: a scan in double does not see it near 0.
TEST_CASE("a modulus that exceeds 1 by very little at once leaves no interval") {
  CHECK(imaginary_stability_interval(schemes::nystrom5::tableau) == 0);
  CHECK(imaginary_stability_interval(schemes::fehlberg45::tableau) == 0);
  CHECK(imaginary_stability_interval(schemes::cash_karp54::tableau) == 0);
  CHECK(imaginary_stability_interval(schemes::butcher6::tableau) == 0);
  CHECK(imaginary_stability_interval(schemes::dormand_prince87::tableau) == 0);
}

TEST_CASE_TEMPLATE("a step decays up to the end of the interval and grows beyond it", S,
                   schemes::euler, schemes::kutta3, schemes::rk4_classic, schemes::ssprk54,
                   schemes::bogacki_shampine32, schemes::dormand_prince54, schemes::tsitouras54,
                   schemes::verner65, schemes::dormand_prince87) {
  constexpr const auto& rk = S::tableau;
  const double real = real_stability_interval(rk);
  const double imaginary = imaginary_stability_interval(rk);
  for (int n = 1; n < 100; ++n) {
    CHECK(growth(rk, -real * n / 100) <= 1);
    if (imaginary > 0) CHECK(growth(rk, {0, imaginary * n / 100}) <= 1 + 1e-14);
  }
  CHECK(growth(rk, -real * 1.001) > 1);
  if (imaginary > 0) CHECK(growth(rk, {0, imaginary * 1.01}) > 1);
}

TEST_CASE("a modulus that only touches 1 does not end the interval") {
  static_assert(order(chebyshev2::tableau) == 1);
  CHECK(close(real_stability_interval(chebyshev2::tableau), 8));

  auto over = chebyshev2::tableau;  // and one that crosses does
  over.a[1][0] = over.c[1] = 251_r / 1000;
  CHECK(real_stability_interval(over) > 8 * 0.99);
  auto under = chebyshev2::tableau;
  under.a[1][0] = under.c[1] = 249_r / 1000;
  CHECK(real_stability_interval(under) < 4);
}

TEST_CASE("a scheme that does nothing is stable at any step") {
  CHECK(real_stability_interval(at_rest::tableau) == std::numeric_limits<double>::infinity());
  CHECK(imaginary_stability_interval(at_rest::tableau) == std::numeric_limits<double>::infinity());
}

TEST_CASE("an implicit table has no stability polynomial") {
  CHECK_THROWS_WITH_AS(stability_polynomial(implicit_midpoint::tableau),
                       "stability_polynomial: an explicit table is expected",
                       std::invalid_argument);
  CHECK_THROWS_AS(real_stability_interval(gauss4::tableau), std::invalid_argument);
  CHECK_THROWS_AS(imaginary_stability_interval(gauss4::tableau), std::invalid_argument);
}

TEST_CASE("the intervals are constants of the language") {
  static_assert(real_stability_interval(schemes::euler::tableau) == 2);
  static_assert(imaginary_stability_interval(schemes::rk4_classic::tableau) > 2.82842712);
}
