// SPDX-License-Identifier: Apache-2.0
#include <cstddef>

#include <doctest/doctest.h>

#include <kutta/schemes/first_order.hpp>
#include <kutta/schemes/scheme.hpp>
#include <kutta/schemes/symplectic.hpp>

using namespace kutta;
using schemes::forest_ruth4;
using schemes::pefrl4;
using schemes::stoermer_verlet;
using schemes::symplectic_euler;

namespace {

/// Source: Ruth, A canonical integration technique, IEEE Trans. Nucl. Sci. 30 (1983).
constexpr symplectic_tableau<3> ruth3{.c = {7_r / 24, 3_r / 4, -1_r / 24},
                                      .d = {2_r / 3, -2_r / 3, 1}};

/// Seven leapfrogs of these lengths: order 6, solution A.
/// Source: Yoshida, Construction of higher order symplectic integrators, Phys. Lett. A 150 (1990).
constexpr symplectic_tableau<8, double> yoshida6() {
  constexpr double w1 = -0.117767998417887e1, w2 = 0.235573213359357e0, w3 = 0.784513610477560e0;
  constexpr double w[7]{w3, w2, w1, 1 - 2 * (w1 + w2 + w3), w1, w2, w3};
  symplectic_tableau<8, double> scheme{.tolerance = 1e-12};
  for (std::size_t i = 0; i < 7; ++i) {
    scheme.c[i] += w[i] / 2;
    scheme.d[i] = w[i];
    scheme.c[i + 1] += w[i] / 2;
  }
  return scheme;
}

}  // namespace

static_assert(partitioned_scheme<stoermer_verlet> && partitioned_scheme<pefrl4>);
static_assert(!partitioned_scheme<schemes::euler> && !scheme<stoermer_verlet>);

static_assert(order(ruth3) == 3);
static_assert(order(yoshida6()) == 6);

// e^{A/2} e^B e^{A/2}: the words of three letters that have two As or two Bs, worked out by hand.
TEST_CASE("the words of leapfrog have the factors of its product") {
  detail::word_series<3, rational> product;
  product.append(0, 1_r / 2);
  product.append(1, 1);
  product.append(0, 1_r / 2);
  CHECK(product.of[0b1] == 1);
  CHECK(product.of[0b10] == 1);
  CHECK(product.of[0b11] == 1);
  for (const std::size_t two : {0b100u, 0b101u, 0b110u, 0b111u}) CHECK(product.of[two] == 1_r / 2);
  CHECK(product.of[0b1000] == 1_r / 6);  // AAA
  CHECK(product.of[0b1001] == 1_r / 8);  // AAB
  CHECK(product.of[0b1010] == 1_r / 4);  // ABA
  CHECK(product.of[0b1100] == 1_r / 8);  // BAA
  CHECK(product.of[0b1011] == 1_r / 4);  // ABB
  CHECK(product.of[0b1101] == 0);        // BAB
  CHECK(product.of[0b1110] == 1_r / 4);  // BBA
  CHECK(product.of[0b1111] == 1_r / 6);  // BBB
}

TEST_CASE("the orders are the published ones") {
  CHECK(order(symplectic_euler::tableau) == 1);
  CHECK(order(stoermer_verlet::tableau) == 2);
  CHECK(order(ruth3) == 3);
  CHECK(order(forest_ruth4::tableau) == 4);
  CHECK(order(pefrl4::tableau) == 4);
  CHECK(order(yoshida6()) == 6);
}

TEST_CASE("the order does not depend on which of the two moves first") {
  constexpr symplectic_tableau<2> velocity_verlet{.c = {0, 1}, .d = {1_r / 2, 1_r / 2}};
  CHECK(order(velocity_verlet) == 2);
  symplectic_tableau<4, double> kicks{.tolerance = 1e-13};  // Forest and Ruth's, a kick first
  for (std::size_t i = 0; i < 4; ++i) kicks.d[i] = forest_ruth4::tableau.c[i];
  for (std::size_t i = 0; i < 3; ++i) kicks.c[i + 1] = forest_ruth4::tableau.d[i];
  CHECK(order(kicks) == 4);
}

TEST_CASE("a change of any one coefficient lowers the order") {
  for (std::size_t i = 0; i < 3; ++i) {
    auto changed = ruth3;
    changed.c[i] = changed.c[i] + 1_r / 64;
    CHECK(order(changed) == 0);
    changed = ruth3;
    changed.d[i] = changed.d[i] + 1_r / 64;
    CHECK(order(changed) == 0);
    changed = ruth3;  // the sum of the lengths is kept
    changed.c[i] = changed.c[i] + 1_r / 64;
    changed.c[(i + 1) % 3] = changed.c[(i + 1) % 3] - 1_r / 64;
    CHECK(order(changed) < 3);
  }
  for (std::size_t i = 0; i < 5; ++i) {
    auto changed = pefrl4::tableau;
    changed.c[i] += 1e-12;
    CHECK(order(changed) == 0);
    changed = pefrl4::tableau;
    changed.c[i] += 1e-12;
    changed.c[(i + 1) % 5] -= 1e-12;
    CHECK(order(changed) < 4);
  }
}

TEST_CASE("drifts read the time that the kicks have come to, and kicks that of the drifts") {
  CHECK(drift_time_v<stoermer_verlet, 0> == 0);
  CHECK(drift_time_v<stoermer_verlet, 1> == 1);
  CHECK(kick_time_v<stoermer_verlet, 0> == .5);
  CHECK(kick_time_v<symplectic_euler, 0> == 1);
  constexpr double theta = forest_ruth4::theta;
  CHECK(drift_time_v<forest_ruth4, 1> == theta);
  CHECK(drift_time_v<forest_ruth4, 2> == doctest::Approx(1 - theta).epsilon(1e-15));
  CHECK(kick_time_v<forest_ruth4, 1> == .5);
  CHECK(kick_time_v<forest_ruth4, 2> == doctest::Approx(1 - theta / 2).epsilon(1e-15));
}
