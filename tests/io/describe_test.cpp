// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <kutta/basis/b_spline.hpp>
#include <kutta/basis/hat.hpp>
#include <kutta/basis/legendre.hpp>
#include <kutta/basis/mixed.hpp>
#include <kutta/basis/piecewise_polynomial.hpp>
#include <kutta/io/describe.hpp>
#include <kutta/schemes/fourth_order.hpp>

namespace {

using kutta::describe;
using kutta::file_metadata;
using namespace kutta::literals;

struct growth {
  using state = double;
  using params = double;
  struct tape {};
  void forward(double theta, double x, double& y, tape&) const { y = theta * x; }
  void vjp(double theta, double x, const tape&, double dy, double& dx, double& dtheta) const {
    dx += theta * dy;
    dtheta += x * dy;
  }
};

/// A family of one's own.
struct constant {
  static constexpr std::size_t support = 1;
  constexpr std::size_t size() const { return 1; }
  constexpr kutta::basis_values<1> operator()(const kutta::depth&) const { return {{{0, 1.}}, 1}; }
};

}  // namespace

TEST_CASE("a family is its name, K, and where its cells and control points are") {
  CHECK(describe(kutta::bases::hat(3)) ==
        file_metadata{
            {"basis", "hat"}, {"K", "3"}, {"breakpoints", "0 1/2 1"}, {"nodes", "0 0.5 1"}});
  CHECK(describe(kutta::bases::hat({0, 1_r / 3, 1})) ==
        file_metadata{
            {"basis", "hat"}, {"K", "3"}, {"breakpoints", "0 1/3 1"}, {"nodes", "0 0.333333 1"}});
  CHECK(describe(kutta::bases::b_spline<3>(5)) ==
        file_metadata{{"basis", "b_spline<3>"}, {"K", "5"}, {"breakpoints", "0 1/2 1"}});
  CHECK(describe(kutta::bases::legendre(4)) ==
        file_metadata{{"basis", "legendre"}, {"K", "4"}, {"breakpoints", "0 1"}});
  CHECK(describe(constant{}) == file_metadata{{"basis", "constant"}, {"K", "1"}});
}

TEST_CASE("families that differ in their control points alone are told apart") {
  using family = kutta::bases::continuous_polynomial<3>;
  CHECK(describe(family(4)) != describe(family(4, kutta::bases::node_spacing::equal)));
  CHECK(describe(family(4)) == describe(family(4)));
}

TEST_CASE("a family for each field is described field by field") {
  const kutta::bases::mixed phi{kutta::bases::legendre(4), kutta::bases::b_spline<2>(3)};
  CHECK(describe(phi) == file_metadata{{"basis.0", "legendre"},
                                       {"K.0", "4"},
                                       {"breakpoints.0", "0 1"},
                                       {"basis.1", "b_spline<2>"},
                                       {"K.1", "3"},
                                       {"breakpoints.1", "0 1"}});
}

TEST_CASE("a block is its family, scheme, steps, horizon and rate") {
  const kutta::ode_block<growth, kutta::schemes::rk4_classic, kutta::bases::legendre> f{
      growth{}, kutta::bases::legendre{2}, {.steps = 20, .horizon = 0.1, .rate = -2}};
  CHECK(describe(f) == file_metadata{{"basis", "legendre"},
                                     {"K", "2"},
                                     {"breakpoints", "0 1"},
                                     {"scheme", "rk4_classic"},
                                     {"steps", "20"},
                                     {"horizon", "0.1"},
                                     {"rate", "-2"}});
}
