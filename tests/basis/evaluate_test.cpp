// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include <kutta/basis/b_spline.hpp>
#include <kutta/basis/chebyshev.hpp>
#include <kutta/basis/discontinuous_linear.hpp>
#include <kutta/basis/evaluate.hpp>
#include <kutta/basis/fourier.hpp>
#include <kutta/basis/hat.hpp>
#include <kutta/basis/legendre.hpp>
#include <kutta/basis/monomial.hpp>
#include <kutta/basis/piecewise_constant.hpp>
#include <kutta/basis/piecewise_polynomial.hpp>
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

/// The same for members whose values are rounded, to rounding.
template <class B>
void check_transposes_to_rounding(const B& phi) {
  splitmix64 random(8);
  const auto v = kutta::test::random_like(std::vector<double>(phi.size()), random);
  for (std::int64_t i = 0; i <= 60; ++i)
    for (const auto from : {kutta::side::left, kutta::side::right}) {
      CAPTURE(i);
      const depth s{.num = i, .den = 60, .from = from};
      double room = quiet_nan, dtheta_at = quiet_nan;
      const double forward = 3 * kutta::evaluate(phi, s, v, room);
      std::vector<double> dtheta(phi.size());
      kutta::scatter(
          phi, s, [](double& d) { d += 3; }, dtheta, dtheta_at);
      const double reverse = kutta::inner_product(dtheta, v);
      CHECK(std::abs(forward - reverse) <= 1e-14);
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

TEST_CASE("evaluate and scatter are transposes in every family") {
  namespace bases = kutta::bases;
  using namespace kutta::literals;
  check_transposes_to_rounding(bases::discontinuous_linear(6));
  check_transposes_to_rounding(bases::hat({0, 1_r / 7, 1_r / 2, 1}));
  check_transposes_to_rounding(bases::continuous_polynomial<3>(10));
  check_transposes_to_rounding(bases::discontinuous_polynomial<4>({0, 1_r / 3, 1}));
  check_transposes_to_rounding(bases::b_spline<3>(9));
  check_transposes_to_rounding(bases::monomial(7));
  check_transposes_to_rounding(bases::legendre(9));
  check_transposes_to_rounding(bases::chebyshev(14));
  check_transposes_to_rounding(bases::fourier(11));
}

TEST_CASE("however many values there are at a depth, all of them are summed") {
  // Σ_k (k + 1) T_k(1) = K (K + 1)/2
  for (std::int64_t size = 1; size <= 11; ++size) {
    std::vector<double> theta;
    for (std::int64_t k = 0; k < size; ++k) theta.push_back(static_cast<double>(k + 1));
    double room = quiet_nan;
    CHECK(kutta::evaluate(kutta::bases::chebyshev(size), {.num = 1, .den = 1}, theta, room) ==
          static_cast<double>(size * (size + 1) / 2));
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
