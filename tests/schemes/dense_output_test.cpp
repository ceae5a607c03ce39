// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstddef>

#include <doctest/doctest.h>

#include <kutta/schemes/dense_output.hpp>
#include <kutta/schemes/embedded_fifth_order.hpp>
#include <kutta/schemes/embedded_third_order.hpp>
#include <kutta/schemes/fourth_order.hpp>
#include <kutta/schemes/scheme.hpp>

#include "one_step.hpp"
#include "reference_tables.hpp"

using namespace kutta;
using namespace kutta::test;

namespace {

/// The weights b(θ).
template <std::size_t S>
struct weights {
  long double b[S]{};
};

template <std::size_t S, std::size_t D, class T>
weights<S> at(const dense_output<S, D, T>& dense, double theta) {
  weights<S> w;
  for (std::size_t i = 0; i < S; ++i)
    for (std::size_t d = D; d-- > 0;)
      w.b[i] = theta * (w.b[i] + to_real<long double>(dense.b[i][d]));
  return w;
}

/// The quartic through both ends with their rates and through x₀ + h Σ m_i k_i in the middle, for
/// an FSAL table: the cubic of both ends and 16 θ² (1−θ)² times what the middle differs from it.
template <std::size_t S>
constexpr dense_output<S, 4> through_middle(const butcher_tableau<S>& rk, const rational (&m)[S]) {
  dense_output<S, 4> dense;
  for (std::size_t i = 0; i < S; ++i) {
    const rational first = i == 0 ? 1 : 0;
    const rational last = i == S - 1 ? 1 : 0;
    const rational square = 3 * rk.b[i] - 2 * first - last;
    const rational cube = first + last - 2 * rk.b[i];
    const rational bump = 16 * (m[i] - first / 2 - square / 4 - cube / 8);
    dense.b[i][0] = first;
    dense.b[i][1] = square + bump;
    dense.b[i][2] = cube - 2 * bump;
    dense.b[i][3] = bump;
  }
  return dense;
}

template <std::size_t S, std::size_t D, class T>
constexpr dense_output<S, D, T> with_coefficient(dense_output<S, D, T> dense, std::size_t i,
                                                 std::size_t d, T value) {
  dense.b[i][d] = value;
  return dense;
}

}  // namespace

static_assert(has_dense_output<schemes::bogacki_shampine32>);
static_assert(has_dense_output<schemes::dormand_prince54>);
static_assert(has_dense_output<schemes::tsitouras54>);
static_assert(!has_dense_output<schemes::rk4_classic> && !has_dense_output<schemes::cash_karp54>);

TEST_CASE("the dense output of Bogacki and Shampine is the cubic of both ends") {
  constexpr const auto& rk = schemes::bogacki_shampine32::tableau;
  constexpr const auto& dense = schemes::bogacki_shampine32::dense;
  for (std::size_t i = 0; i < 4; ++i) {
    const rational first = i == 0 ? 1 : 0;
    const rational last = i == 3 ? 1 : 0;
    CHECK(dense.b[i][0] == first);
    CHECK(dense.b[i][1] == 3 * rk.b[i] - 2 * first - last);
    CHECK(dense.b[i][2] == first + last - 2 * rk.b[i]);
  }
}

// The weights by which Shampine (1986), Math. Comp. 46, prints the same curve: of half a step, h/2.
TEST_CASE("the dense output of Dormand and Prince passes through Shampine's middle") {
  constexpr rational middle[7]{6025192743_r / 30085553152,     0,
                               51252292925_r / 65400821598,    -2691868925_r / 45128329728,
                               187940372067_r / 1594534317056, -1776094331_r / 19743644256,
                               11237099_r / 235043384};
  rational half[7];
  for (std::size_t i = 0; i < 7; ++i) half[i] = middle[i] / 2;
  const auto dense = through_middle(schemes::dormand_prince54::tableau, half);
  for (std::size_t i = 0; i < 7; ++i)
    for (std::size_t d = 0; d < 4; ++d)
      CHECK(dense.b[i][d] == schemes::dormand_prince54::dense.b[i][d]);
}

// The factored form in which Tsitouras prints the same polynomials.
TEST_CASE("the dense output of Tsitouras is the printed one") {
  for (const double t : {0.1, 0.25, 0.5, 0.75, 0.9}) {
    const auto w = at(schemes::tsitouras54::dense, t);
    const double printed[7]{
        -1.0530884977290216 * t * (t - 1.3299890189751412) *
            (t * t - 1.4364028541716351 * t + 0.7139816917074209),
        0.1017 * t * t * (t * t - 2.1966568338249754 * t + 1.2949852507374631),
        2.490627285651252793 * t * t * (t * t - 2.38535645472061657 * t + 1.57803468208092486),
        -16.54810288924490272 * (t - 1.21712927295533244) * (t - 0.61620406037800089) * t * t,
        47.37952196281928122 * (t - 1.203071208372362603) * (t - 0.658047292653547382) * t * t,
        -34.87065786149660974 * (t - 1.2) * (t - 0.666666666666666667) * t * t,
        2.5 * (t - 1) * (t - 0.6) * t * t};
    for (std::size_t i = 0; i < 7; ++i)
      CHECK(std::abs(static_cast<double>(w.b[i]) - printed[i]) <= 1e-13);
  }
}

TEST_CASE_TEMPLATE("the curve errs as h^(q+1) and meets both ends with their slopes", S,
                   schemes::bogacki_shampine32, schemes::dormand_prince54, schemes::tsitouras54) {
  constexpr const auto& rk = S::tableau;
  const int q = dense_order(rk, S::dense);
  for (const double theta : {0.2, 0.4, 0.6, 0.8}) {
    const auto w = at(S::dense, theta);
    const auto error = [&](double h) { return error_of_step(rk, w.b, h, theta); };
    CHECK(std::abs(extrapolated_slope(error, 1. / 128) - (q + 1)) <= 0.15);
  }
  const auto end = at(S::dense, 1);
  for (std::size_t i = 0; i < stages_v<S>; ++i) {
    CHECK(std::abs(end.b[i] - to_real<long double>(rk.b[i])) <= 1e-13L);
    CHECK(to_double(S::dense.b[i][0]) == (i == 0 ? 1 : 0));  // the slope at θ = 0 is k_1
    double slope = 0;                                        // at θ = 1 it is k_S
    for (std::size_t d = 0; d < S::dense.degree; ++d)
      slope += static_cast<double>(d + 1) * to_double(S::dense.b[i][d]);
    CHECK(std::abs(slope - (i == stages_v<S> - 1 ? 1 : 0)) <= 1e-12);
  }
}

// A published mistake: the middle of a Bogacki–Shampine step from the second rate alone.
// k_2 is right for the middle of the step's rate, not of its own half: Σ m_i c_i = 1/4, not 1/8.
TEST_CASE("a curve through a middle of order 1 is of order 1") {
  constexpr const auto& rk = schemes::bogacki_shampine32::tableau;
  constexpr auto wrong = through_middle(rk, {0, 1_r / 2, 0, 0});
  static_assert(dense_order(rk, wrong) == 1 && ends_in_step(rk, wrong));

  const auto w = at(wrong, 0.5);
  const auto error = [&](double h) { return error_of_step(rk, w.b, h, 0.5); };
  CHECK(std::abs(extrapolated_slope(error, 1. / 128) - 2) <= 0.15);

  constexpr auto right =  // the middle of the cubic of both ends
      through_middle(
          rk, {1_r / 2 - 1_r / 3 + 5_r / 72, 1_r / 4 - 1_r / 12, 1_r / 3 - 1_r / 9, -1_r / 8});
  static_assert(dense_order(rk, right) == 3);
}

TEST_CASE("a change of any one coefficient of the curve is noticed") {
  using S = schemes::dormand_prince54;
  for (std::size_t i = 0; i < 7; ++i)
    for (std::size_t d = 0; d < 4; ++d) {
      const auto wrong = with_coefficient(S::dense, i, d, S::dense.b[i][d] + 1_r / 64);
      CHECK(dense_order(S::tableau, wrong) == 0);
      CHECK_FALSE(ends_in_step(S::tableau, wrong));
    }
  using I = schemes::tsitouras54;
  for (std::size_t i = 0; i < 7; ++i)
    for (std::size_t d = 0; d < 4; ++d) {
      const auto wrong = with_coefficient(I::dense, i, d, I::dense.b[i][d] + 1e-11);
      CHECK(dense_order(I::tableau, wrong) == 0);
      CHECK_FALSE(ends_in_step(I::tableau, wrong));
    }
}

TEST_CASE("a curve that ends elsewhere may still be of its order") {
  // The cubic of the classical scheme's own stages.
  constexpr const auto& rk = schemes::rk4_classic::tableau;
  constexpr dense_output<4, 3> cubic{
      .b = {{1, -3_r / 2, 2_r / 3}, {0, 1, -2_r / 3}, {0, 1, -2_r / 3}, {0, -1_r / 2, 2_r / 3}}};
  static_assert(dense_order(rk, cubic) == 3 && ends_in_step(rk, cubic));
  constexpr dense_output<4, 1> straight{.b = {{1}, {}, {}, {}}};
  static_assert(dense_order(rk, straight) == 1 && !ends_in_step(rk, straight));
}

TEST_CASE("a curve on a table whose nodes are not its row sums has order 0") {
  using S = schemes::dormand_prince54;
  CHECK(dense_order(with_c(S::tableau, 3, 1_r / 3), S::dense) == 0);
}
