// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstddef>
#include <type_traits>
#include <utility>

#include <doctest/doctest.h>

#include <kutta/schemes/coefficients.hpp>
#include <kutta/schemes/first_order.hpp>
#include <kutta/schemes/fourth_order.hpp>

#include "reference_tables.hpp"

using namespace kutta;
using namespace kutta::test;
using schemes::euler;
using schemes::rk4_38;
using schemes::rk4_classic;

namespace {

template <class T, std::size_t... I>
inline constexpr bool is_list = std::is_same_v<T, std::index_sequence<I...>>;

template <class S>
concept has_exact_nodes = requires { c_rational_v<S, 0>; };

/// The sum over j of a_ij by the list of non-zeros.
template <class S, std::size_t I, std::size_t... J>
constexpr double row_sum(std::index_sequence<J...>) {
  return (0. + ... + a_v<S, I, J>);
}

}  // namespace

static_assert(is_list<row_t<rk4_classic, 0>> && is_list<row_t<rk4_classic, 1>, 0>);
static_assert(is_list<row_t<rk4_classic, 2>, 1> && is_list<row_t<rk4_classic, 3>, 2>);
static_assert(is_list<column_t<rk4_classic, 0>, 1> && is_list<column_t<rk4_classic, 1>, 2>);
static_assert(is_list<column_t<rk4_classic, 2>, 3> && is_list<column_t<rk4_classic, 3>>);
static_assert(is_list<weights_t<rk4_classic>, 0, 1, 2, 3>);

static_assert(is_list<row_t<rk4_38, 3>, 0, 1, 2> && is_list<column_t<rk4_38, 0>, 1, 2, 3>);
static_assert(is_list<row_t<dormand_prince54, 6>, 0, 2, 3, 4, 5>);
static_assert(is_list<column_t<dormand_prince54, 1>, 2, 3, 4, 5>);
static_assert(is_list<weights_t<dormand_prince54>, 0, 2, 3, 4, 5>);
static_assert(is_list<weights_t<tsitouras54>, 0, 1, 2, 3, 4, 5>);

static_assert(is_list<row_t<euler, 0>>);
static_assert(is_list<column_t<euler, 0>>);
static_assert(is_list<weights_t<euler>, 0>);
static_assert(is_list<row_t<implicit_midpoint, 0>, 0>);
static_assert(is_list<column_t<gauss4, 1>, 0, 1>);

static_assert(c_rational_v<rk4_38, 1> == 1_r / 3);
static_assert(has_exact_nodes<rk4_38> && !has_exact_nodes<tsitouras54>);

TEST_CASE("coefficients are the doubles nearest to the entries of the table") {
  CHECK(a_v<rk4_38, 1, 0> == 1. / 3);
  CHECK(a_v<rk4_38, 2, 0> == -1. / 3);
  CHECK(a_v<rk4_38, 3, 1> == -1.);
  CHECK(a_v<rk4_38, 1, 3> == 0.);
  CHECK(b_v<rk4_38, 1> == 3. / 8);
  CHECK(c_v<rk4_38, 2> == 2. / 3);
  CHECK(b_hat_v<rk4_38, 2> == 0.);

  CHECK(a_v<dormand_prince54, 4, 1> == -25360. / 2187);
  CHECK(b_v<dormand_prince54, 4> == -2187. / 6784);
  CHECK(b_hat_v<dormand_prince54, 6> == 1. / 40);
  CHECK(c_v<dormand_prince54, 4> == 8. / 9);

  CHECK(a_v<tsitouras54, 3, 2> == 4.3622954328695815);
  CHECK(c_v<tsitouras54, 4> == 0.9800255409045097);
}

TEST_CASE("coefficients are rounded once, to the real type asked for") {
  CHECK(a_v<rk4_38, 2, 0, long double> == -1.L / 3);
  CHECK(b_v<rk4_classic, 0, long double> == 1.L / 6);
  CHECK(b_hat_v<dormand_prince54, 1, long double> == 0.L);
  CHECK(b_hat_v<dormand_prince54, 2, long double> == 7571.L / 16695);
  CHECK(c_v<rk4_38, 2, float> == 2.f / 3);
  CHECK(a_v<tsitouras54, 3, 2, float> == 4.3622954328695815f);
}

TEST_CASE_TEMPLATE("the listed entries of a row make up its sum", S, rk4_38, dormand_prince54,
                   tsitouras54, gauss4) {
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    const double sums[]{row_sum<S, I>(row_t<S, I>{})...};
    const double nodes[]{c_v<S, I>...};
    for (std::size_t i = 0; i < stages_v<S>; ++i) CHECK(std::abs(sums[i] - nodes[i]) <= 1e-14);
  }(std::make_index_sequence<stages_v<S>>{});
}
