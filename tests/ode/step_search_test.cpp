// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <limits>
#include <string>

#include <doctest/doctest.h>

#include <kutta/ode/accepted_grid.hpp>
#include <kutta/ode/backward_grid.hpp>
#include <kutta/ode/step_search.hpp>

namespace {

using kutta::accepted_grid;
using kutta::adaptive;
using kutta::rational;
using kutta::status;
using kutta::detail::step_search;

constexpr double tiny = 1e-12;

template <class Grid>
bool judge(step_search& search, Grid& grid, double squared_error) {
  if (!search.judge(squared_error)) return false;
  grid.accept();
  return true;
}

}  // namespace

TEST_CASE("a step that a breakpoint cuts does not shorten those behind it") {
  accepted_grid grid({0, rational(1, 64), 1}, 10);
  step_search search({.first_step = .25, .grow = 2}, 5, 1);
  REQUIRE(search.propose(grid));
  CHECK(grid.width_of(0) == 1. / 64);
  REQUIRE(judge(search, grid, tiny));
  REQUIRE(search.propose(grid));
  CHECK(grid.width_of(1) == doctest::Approx(.25));
  CHECK(search.stats.smallest_step == 1. / 64);
}

TEST_CASE("back from 1 to 0 the steps are those of the mirrored cells") {
  accepted_grid grid({0, rational(1, 64), rational(1, 2), 1}, 99);
  kutta::detail::backward_grid back({0, rational(1, 2), rational(63, 64), 1});
  back.begin();
  const adaptive how{.first_step = .125, .grow = 2};
  step_search search(how, 5, 1), behind(how, 5, 1);
  const double errors[] = {.5, .01, 2, .3, 9, .7, .2};  // 2 and 9 are rejected
  for (std::size_t i = 0; search.propose(grid); ++i) {
    REQUIRE(behind.propose(back));
    CHECK(behind.tried() == doctest::Approx(search.tried()).epsilon(1e-14));
    const bool taken = judge(search, grid, errors[i % 7]);
    CHECK(judge(behind, back, errors[i % 7]) == taken);
    CHECK(back.complete() == grid.complete());
    if (grid.complete()) break;
  }
  CHECK(grid.complete());
  CHECK(behind.stats.rejected > 1);
  CHECK(behind.stats.rejected == search.stats.rejected);
}

TEST_CASE("behind a breakpoint the controller knows nothing of the errors before it") {
  // The PI filter remembers the last error: with it, the next step would be another one.
  const auto next_after = [](double error_before) {
    accepted_grid grid({0, rational(1, 4), 1}, 10);
    step_search search({.first_step = .25, .grow = 2}, 5, 1);
    CHECK(search.propose(grid));
    CHECK(judge(search, grid, error_before));
    CHECK(search.propose(grid));
    CHECK(judge(search, grid, .5));
    CHECK(search.propose(grid));
    return grid.width_of(2) / grid.width_of(1);
  };
  CHECK(next_after(.5) == doctest::Approx(next_after(.01)).epsilon(1e-14));
}

TEST_CASE("the last step of a cell is no sliver, and ends it") {
  accepted_grid grid({0, 1}, 10);
  step_search search({.first_step = .4975}, 5, 1);
  REQUIRE(search.propose(grid));
  REQUIRE(judge(search, grid, .59));  // the next step is about as long
  REQUIRE(search.propose(grid));
  if (grid.start(1) + grid.width_of(1) != 1) {
    REQUIRE(judge(search, grid, tiny));
    REQUIRE(search.propose(grid));
  }
  CHECK(judge(search, grid, tiny));
  CHECK(grid.complete());
  CHECK(grid.width_of(grid.count() - 1) > .005);
}

TEST_CASE("a rejected step is tried shorter, until it cannot be") {
  accepted_grid grid({0, 1}, 10);
  step_search search({.first_step = .5}, 5, 2);
  REQUIRE(search.propose(grid));
  CHECK(grid.width_of(0) == .25);  // a time, with T = 2
  CHECK(!judge(search, grid, 4));
  REQUIRE(search.propose(grid));
  CHECK(grid.width_of(0) < .25);
  CHECK(grid.count() == 0);
  REQUIRE(judge(search, grid, tiny));
  CHECK(search.stats.rejected == 1);

  const auto ends_by = [&](double error) {
    while (search.propose(grid)) CHECK(!judge(search, grid, error));
    return search.end(0).status;
  };
  CHECK(ends_by(std::numeric_limits<double>::quiet_NaN()) == status::non_finite);
}

TEST_CASE("the obstacle of the last attempt is the reason") {
  accepted_grid grid({0, 1}, 10);
  step_search search({.first_step = .25}, 5, 1);
  REQUIRE(search.propose(grid));
  REQUIRE(judge(search, grid, tiny));
  while (search.propose(grid)) CHECK(!judge(search, grid, 4));
  const auto end = search.end(.25);
  CHECK(end.status == status::step_too_small);
  CHECK(!end);
  CHECK(end.text().starts_with("step_too_small: "));
  CHECK(end.text().find("(t = 0.25, h = ") != std::string::npos);
  CHECK(end.text().ends_with(", after 1 steps)"));
}

TEST_CASE("so many attempts, and no more") {
  accepted_grid grid({0, 1}, 10);
  step_search search({.first_step = .01, .max_steps = 3}, 5, 1);
  for (int i = 0; i < 3; ++i) {
    REQUIRE(search.propose(grid));
    judge(search, grid, i == 1 ? 4 : .5);
  }
  CHECK(!search.propose(grid));
  CHECK(search.end(0).status == status::max_steps);
  CHECK(search.stats.accepted == 2);
}
