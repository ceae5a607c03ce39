// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <tuple>
#include <vector>

#include <doctest/doctest.h>

#include <kutta/basis/hat.hpp>
#include <kutta/basis/legendre.hpp>
#include <kutta/basis/mixed.hpp>
#include <kutta/basis/piecewise_constant.hpp>
#include <kutta/ode/accepted_grid.hpp>

using kutta::accepted_grid;
using kutta::depth;
using kutta::rational;
using kutta::side;
namespace bases = kutta::bases;

TEST_CASE("the breakpoints are those of the family, and of a mixed one all of them") {
  using kutta::detail::breakpoints_of;
  using list = std::vector<rational>;
  CHECK(breakpoints_of(bases::hat(3)) == list{0, rational(1, 2), 1});
  CHECK(breakpoints_of(bases::hat(1)) == list{0, 1});
  CHECK(breakpoints_of(bases::legendre(4)) == list{0, 1});
  CHECK(breakpoints_of(bases::mixed(bases::hat(3), bases::piecewise_constant(3))) ==
        list{0, rational(1, 3), rational(1, 2), rational(2, 3), 1});
}

TEST_CASE("steps follow each other, and end on the breakpoints exactly") {
  accepted_grid grid({0, rational(1, 3), 1}, 4);
  grid.set_length(-6);
  CHECK(grid.count() == 0);
  CHECK(grid.cell_width() == 1. / 3);

  CHECK(grid.propose(.25) == .25 / 3);
  CHECK(grid.at(0, rational(0)) == depth{.num = 0, .den = 3});
  CHECK(grid.at(0, rational(1, 2)).value() == .125 / 3);
  CHECK(grid.step_size(0) == -.5);
  CHECK(grid.count() == 0);
  grid.accept();
  CHECK(grid.count() == 1);
  CHECK(grid.position() == .25);

  grid.propose(1);
  CHECK(grid.at(1, 0.).value() == .25 / 3);
  const depth end = grid.at(1, rational(1));
  CHECK(end == depth{.num = 1, .den = 3, .offset = 0, .from = side::left});
  grid.accept();
  CHECK(grid.position() == 0);
  CHECK(grid.cell_width() == 2. / 3);
  CHECK(grid.start(2) == 1. / 3);

  grid.propose(1);
  CHECK(grid.at(2, 0.) == depth{.num = 1, .den = 3});
  CHECK(grid.at(2, 1.) == depth{.num = 3, .den = 3, .offset = 0, .from = side::left});
  CHECK(grid.step_size(2) == -4);
  CHECK(!grid.complete());
  grid.accept();
  CHECK(grid.complete());
  CHECK(grid.start(3) == 1);

  grid.clear();
  CHECK(grid.count() == 0);
  CHECK(!grid.complete());
}

TEST_CASE("a stage stays in its cell, whatever its fraction is rounded to") {
  accepted_grid grid({0, rational(1, 7), 1}, 3);
  grid.propose(.9);
  grid.accept();
  grid.propose(1);
  const bases::piecewise_constant phi({0, rational(1, 7), 1});
  for (const double c : {0., .5, .98002554, 1 - 1e-16, 1., 1 + 1e-9}) {
    CAPTURE(c);
    CHECK(phi(grid.at(1, c))[0].k == 0);
  }
}
