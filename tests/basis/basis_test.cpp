// SPDX-License-Identifier: Apache-2.0
#include <stdexcept>
#include <vector>

#include <doctest/doctest.h>

#include <kutta/basis/basis.hpp>
#include <kutta/basis/hat.hpp>
#include <kutta/basis/piecewise_constant.hpp>

namespace {

/// A basis without control points: φ_k = 1 where k is the cell of two.
struct halves {
  static constexpr std::size_t support = 1;
  std::size_t size() const { return 2; }
  kutta::basis_values<1> operator()(const kutta::depth& s) const {
    return {{{static_cast<std::size_t>(kutta::locate(s, 2).cell), 1.}}, 1};
  }
};
static_assert(kutta::basis<halves> && !kutta::nodal_basis<halves>);

struct without_support {
  std::size_t size() const { return 1; }
};
static_assert(!kutta::basis<without_support> && !kutta::basis<double>);

}  // namespace

TEST_CASE("a walk over basis values visits the non-zero ones only") {
  const kutta::basis_values<3> values{{{4, .25}, {5, .75}, {0, 0.}}, 2};
  std::size_t visited = 0;
  for (const auto& [k, phi] : values) {
    CHECK(k == 4 + visited);
    CHECK(phi == .25 + .5 * static_cast<double>(visited));
    ++visited;
  }
  CHECK(visited == 2);
  CHECK(values[1].k == 5);
}

TEST_CASE("there is one coefficient for each member of a family") {
  const std::vector<double> theta{1, 2, 3};
  CHECK_NOTHROW(kutta::detail::require_coefficients("theta", kutta::bases::hat(3), theta));
  CHECK_THROWS_WITH_AS(kutta::detail::require_coefficients("theta", kutta::bases::hat(4), theta),
                       "theta: expected K = 4 coefficients, got 3", std::invalid_argument);
}
