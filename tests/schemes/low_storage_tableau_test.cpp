// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstddef>

#include <doctest/doctest.h>

#include <kutta/schemes/low_storage.hpp>
#include <kutta/schemes/order.hpp>
#include <kutta/schemes/scheme.hpp>

#include "one_step.hpp"

using namespace kutta;
using namespace kutta::test;
using schemes::carpenter_kennedy4;
using schemes::williamson3;

namespace {

/// One step of the two vectors themselves.
template <std::size_t S, class T>
double step(const low_storage_tableau<S, T>& form, const double (&c)[S], double t0, double x,
            double h) {
  double d = 0;
  for (std::size_t i = 0; i < S; ++i) {
    d = to_double(form.a[i]) * d + h * driven_logistic<double>::rate(t0 + c[i] * h, x);
    x += to_double(form.b[i]) * d;
  }
  return x;
}

}  // namespace

static_assert(explicit_scheme<williamson3> && explicit_scheme<carpenter_kennedy4>);
static_assert(order(williamson3::tableau) == 3 && order(carpenter_kennedy4::tableau) == 4);

// Williamson (1980), case 7, as a Butcher tableau.
TEST_CASE("Williamson's scheme has its known table") {
  constexpr const auto& rk = williamson3::tableau;
  CHECK(rk.a[1][0] == 1_r / 3);
  CHECK(rk.a[2][0] == -3_r / 16);
  CHECK(rk.a[2][1] == 15_r / 16);
  CHECK(rk.b[0] == 1_r / 6);
  CHECK(rk.b[1] == 3_r / 10);
  CHECK(rk.b[2] == 8_r / 15);
  CHECK(rk.c[1] == 1_r / 3);
  CHECK(rk.c[2] == 3_r / 4);
}

// The nodes that Carpenter & Kennedy (1994) print beside A and B.
TEST_CASE("the row sums of Carpenter and Kennedy's scheme are its printed nodes") {
  constexpr double c[5]{0, 1432997174477. / 9575080441755, 2526269341429. / 6820363962896,
                        2006345519317. / 3224310063776, 2802321613138. / 2924317926251};
  for (std::size_t i = 0; i < 5; ++i)
    CHECK(std::abs(carpenter_kennedy4::tableau.c[i] - c[i]) <= 1e-15);
}

TEST_CASE("the principal errors are those of another enumeration of the trees") {
  CHECK(std::abs(principal_error(williamson3::tableau) - 19. / 432) <= 1e-16);
  CHECK(std::abs(principal_error(carpenter_kennedy4::tableau) - 0.005733372953704239) <= 1e-14);
}

TEST_CASE_TEMPLATE("a step in two vectors is a step of the Butcher form", S, williamson3,
                   carpenter_kennedy4) {
  constexpr const auto& rk = S::tableau;
  double c[rk.stages];
  for (std::size_t i = 0; i < rk.stages; ++i) c[i] = to_double(rk.c[i]);
  for (const double h : {0.5, 0.125, -0.25}) {
    const double x0 = driven_logistic<double>::exact(0.5, 1);
    const double x1 = step(S::low_storage, c, 0.5, x0, h);
    const long double defect = defect_of_step(rk, rk.b, 0.5L, 1, h, 1);
    const double expected = static_cast<double>(
        driven_logistic<long double>::exact(0.5L + static_cast<long double>(h), 1) + defect);
    CHECK(std::abs(x1 - expected) <= 1e-15);
  }
}

TEST_CASE_TEMPLATE("one step errs as h^(p+1)", S, williamson3, carpenter_kennedy4) {
  constexpr const auto& rk = S::tableau;
  const auto error = [&](double h) { return error_of_step(rk, rk.b, h); };
  CHECK(std::abs(extrapolated_slope(error, 1. / 256) - (order(rk) + 1)) <= 0.15);
}

TEST_CASE("a change of any one coefficient lowers the order, but for A_1, which is not read") {
  for (std::size_t i = 0; i < 3; ++i) {
    auto changed = williamson3::low_storage;
    changed.b[i] = changed.b[i] + 1_r / 64;
    CHECK(order(butcher_form(changed)) < 3);
    changed = williamson3::low_storage;
    changed.a[i] = changed.a[i] + 1_r / 64;
    CHECK(order(butcher_form(changed)) == (i == 0 ? 3 : 0));
  }
  for (std::size_t i = 0; i < 5; ++i) {
    auto changed = carpenter_kennedy4::low_storage;
    changed.b[i] += 1e-12;
    CHECK(order(butcher_form(changed)) < 4);
  }
}
