// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include <kutta/basis/hat.hpp>
#include <kutta/basis/merged_cells.hpp>
#include <kutta/basis/piecewise_constant.hpp>

using kutta::rational;
using kutta::bases::hat;
using kutta::bases::piecewise_constant;
using namespace kutta::literals;

TEST_CASE("merged breakpoints ascend, each once") {
  const std::vector<rational> expected{0, 1_r / 4, 1_r / 3, 1_r / 2, 2_r / 3, 3_r / 4, 1};
  CHECK(kutta::detail::merged({0, 1_r / 3, 2_r / 3, 1}, {0, 1_r / 4, 1_r / 2, 3_r / 4, 1}) ==
        expected);
}

TEST_CASE("products of members are integrated exactly") {
  // ∫ φ_1 of three hats over the second of three cells: of 2s below 1/2 and 2 − 2s above, 5/18.
  double integral = 0;
  const hat hats(3);
  const piecewise_constant thirds(3);
  kutta::detail::for_each_quadrature_point(hats, thirds, [&](const kutta::depth& s, double weight) {
    for (const auto& [k, phi] : hats(s))
      if (k == 1 && thirds(s)[0].k == 1) integral += weight * phi;
  });
  CHECK(std::abs(integral - 5. / 18) <= std::numeric_limits<double>::epsilon());
}
