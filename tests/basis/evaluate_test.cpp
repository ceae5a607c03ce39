// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include <kutta/basis/evaluate.hpp>
#include <kutta/basis/hat.hpp>
#include <kutta/basis/piecewise_constant.hpp>
#include <kutta/tensor/product.hpp>

#include "support/random.hpp"

namespace {

using kutta::depth;
using kutta::bases::hat;
using kutta::bases::piecewise_constant;
using kutta::test::splitmix64;

constexpr double quiet_nan = std::numeric_limits<double>::quiet_NaN();

/// The parabolas through 0, 1/2 and 1: three values at every depth.
struct parabolas {
  static constexpr std::size_t support = 3;
  std::size_t size() const { return 3; }
  kutta::basis_values<3> operator()(const depth& d) const {
    const double s = d.value();
    return {{{0, (1 - s) * (1 - 2 * s)}, {1, 4 * s * (1 - s)}, {2, s * (2 * s - 1)}}, 3};
  }
};
static_assert(kutta::basis<parabolas>);

using matrix_rows = std::vector<double>;

/// Integers, so that sums of products with dyadic weights are exact.
std::vector<matrix_rows> integers(std::size_t k, splitmix64& random) {
  std::vector<matrix_rows> values(k, matrix_rows(5));
  for (auto& row : values)
    for (auto& v : row) v = static_cast<double>(random() % 201) - 100;
  return values;
}

/// ⟨g, Σ φ_k v_k⟩ = Σ ⟨φ_k g, v_k⟩, exactly, at every 64th of depth and from both sides.
template <class B>
void check_transposes(const B& phi) {
  splitmix64 random(7);
  for (std::int64_t i = 0; i <= 64; ++i)
    for (const auto from : {kutta::side::left, kutta::side::right}) {
      CAPTURE(i);
      const depth s{.num = i, .den = 64, .from = from};
      const auto v = integers(phi.size(), random);
      const matrix_rows g = integers(1, random)[0];
      matrix_rows room(5, quiet_nan), dtheta_at(5, quiet_nan);
      const double forward = kutta::inner_product(g, kutta::evaluate(phi, s, v, room));

      const auto before = integers(phi.size(), random);
      auto dtheta = before;
      const auto add_g = [&](matrix_rows& d) { kutta::add(d, d, kutta::scaled{1, g}); };
      kutta::scatter(phi, s, add_g, dtheta, dtheta_at);
      const double reverse = kutta::inner_product(dtheta, v) - kutta::inner_product(before, v);
      CHECK(forward == reverse);
    }
}

}  // namespace

TEST_CASE("evaluate and scatter are transposes, and scatter accumulates") {
  SUBCASE("piecewise constant") {
    for (const std::int64_t k : {1, 2, 8}) check_transposes(piecewise_constant(k));
  }
  SUBCASE("hat") {
    for (const std::int64_t k : {1, 2, 3, 9}) check_transposes(hat(k));
  }
  SUBCASE("three values at a depth") {
    check_transposes(parabolas{});
  }
}

TEST_CASE("scatter adds phi_k g to coefficient k and leaves the others alone") {
  std::vector<double> dtheta{10, 20, 30};
  double room = quiet_nan;
  kutta::scatter(
      hat(3), {.num = 5, .den = 8}, [](double& d) { d += 8; }, dtheta, room);
  CHECK(dtheta == std::vector<double>{10, 26, 32});
}

TEST_CASE("three values at a depth are all summed") {
  double room = quiet_nan;
  const std::vector<double> theta{1, 0, 5};  // 1 − 8 s + 12 s²
  CHECK(kutta::evaluate(parabolas{}, {.num = 1, .den = 4}, theta, room) == 1 - 2 + .75);
}

TEST_CASE("where one coefficient is all of theta(s), it is handed out and not copied") {
  std::vector<matrix_rows> theta{{1, 2}, {3, 4}}, dtheta{{0, 0}, {0, 0}};
  matrix_rows room{quiet_nan, quiet_nan};
  const depth late{.num = 3, .den = 4};
  const auto refers_to = [&](const auto& phi, auto& values, std::size_t k) {
    bool direct = false;
    kutta::scatter(
        phi, late, [&](matrix_rows& d) { direct = &d == &values[k]; }, values, room);
    return direct && &kutta::evaluate(phi, late, values, room) == &values[k];
  };
  CHECK(refers_to(piecewise_constant(2), theta, 1));
  std::vector<matrix_rows> single{{1, 2}};
  CHECK(refers_to(hat(1), single, 0));
  CHECK(room[0] != room[0]);  // the room was not used

  CHECK(&kutta::evaluate(hat(2), late, theta, room) == &room);
}
