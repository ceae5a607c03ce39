// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <kutta/schemes/fourth_order.hpp>
#include <kutta/schemes/scheme.hpp>

#include "reference_tables.hpp"

using namespace kutta;
using namespace kutta::test;

namespace {

struct without_table {};

struct with_another_table {
  static constexpr int tableau = 4;
};

struct with_variable_table {
  static inline butcher_tableau<4> tableau = schemes::rk4_classic::tableau;
};

struct with_table_in_object {
  butcher_tableau<4> tableau = schemes::rk4_classic::tableau;
};

}  // namespace

static_assert(explicit_scheme<schemes::rk4_classic> && explicit_scheme<tsitouras54>);
static_assert(scheme<implicit_midpoint> && !explicit_scheme<implicit_midpoint>);
static_assert(scheme<gauss4> && !explicit_scheme<gauss4>);

static_assert(!scheme<without_table> && !scheme<with_another_table> && !scheme<int>);
static_assert(has_tableau<with_variable_table> && !scheme<with_variable_table>);
static_assert(!scheme<with_table_in_object>);

TEST_CASE("a scheme knows its number of stages") {
  CHECK(stages_v<implicit_midpoint> == 1);
  CHECK(stages_v<schemes::rk4_classic> == 4);
  CHECK(stages_v<dormand_prince54> == 7);
}
