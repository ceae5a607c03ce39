// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <iterator>
#include <string>

#include <doctest/doctest.h>

#include <kutta/ode/integrate.hpp>
#include <kutta/ode/status.hpp>

using namespace kutta;

namespace {

constexpr status all[] = {status::success,        status::event,      status::max_steps,
                          status::step_too_small, status::non_finite, status::not_converged};

}  // namespace

static_assert(explain(status::success)[0] == 's');

TEST_CASE("a status is explained in a sentence that begins with its name") {
  const std::string names[] = {"success",        "event",      "max_steps",
                               "step_too_small", "non_finite", "not_converged"};
  for (std::size_t i = 0; i < std::size(all); ++i) {
    const std::string text = explain(all[i]);
    CHECK(text.find(names[i] + ": ") == 0);
    CHECK(text.size() > names[i].size() + 20);
  }
  CHECK(explain(static_cast<status>(200)) == std::string("unknown status"));
}

TEST_CASE("success and an event are answers, nothing else is") {
  for (const status s : all) {
    const solution<double> end{0, 1, .5, s, {}};
    CHECK(end.ok() == (s == status::success || s == status::event));
    CHECK(static_cast<bool>(end) == end.ok());
  }
}

TEST_CASE("statistics begin at 0") {
  const statistics none;
  CHECK(none.evaluations + none.jacobians + none.factorizations == 0);
  CHECK(none.accepted + none.rejected == 0);
  CHECK(none.smallest_step == 0);
  CHECK(none.largest_step == 0);
}
