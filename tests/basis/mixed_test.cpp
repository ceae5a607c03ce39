// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

#include <doctest/doctest.h>

#include <kutta/basis/b_spline.hpp>
#include <kutta/basis/hat.hpp>
#include <kutta/basis/legendre.hpp>
#include <kutta/basis/mixed.hpp>
#include <kutta/basis/monomial.hpp>
#include <kutta/basis/piecewise_constant.hpp>
#include <kutta/tensor/named_leaves.hpp>
#include <kutta/tensor/product.hpp>
#include <kutta/tensor/shape.hpp>

#include "support/random.hpp"

namespace {

using kutta::depth;
using kutta::field;
using kutta::mixed_coefficients;
using kutta::side;
using kutta::bases::b_spline;
using kutta::bases::hat;
using kutta::bases::legendre;
using kutta::bases::mixed;
using kutta::bases::monomial;
using kutta::bases::piecewise_constant;

using numbers = std::vector<double>;
constexpr double quiet_nan = std::numeric_limits<double>::quiet_NaN();

/// sigma(W x + b), W (3 × 3).
struct layer {
  std::array<double, 9> w;
  std::array<double, 3> b;
  static constexpr auto fields = std::tuple{field{"w", &layer::w}, field{"b", &layer::b}};
};

using layer_coefficients = mixed_coefficients<layer>;
static_assert(kutta::tensor<layer_coefficients> && kutta::has_fields<layer_coefficients>);

using constant_and_line = mixed<piecewise_constant, monomial>;
static_assert(kutta::mixed_basis<constant_and_line> && !kutta::basis<constant_and_line>);
static_assert(kutta::weight_basis<constant_and_line>);
static_assert(std::same_as<kutta::coefficients_t<constant_and_line, layer>, layer_coefficients>);
static_assert(std::same_as<kutta::coefficients_t<mixed<hat, hat>, std::tuple<double, numbers>>,
                           std::tuple<numbers, std::vector<numbers>>>);

/// ⟨g, θ(s)⟩ = ⟨scatter of g, θ⟩ − ⟨before, θ⟩.
template <class B, class P>
void check_transposes(const B& phi, const P& like) {
  kutta::test::splitmix64 random(5);
  const auto theta = kutta::test::random_like(kutta::zero_coefficients(phi, like), random);
  const auto before = kutta::test::random_like(theta, random);
  const P g = kutta::test::random_like(like, random);
  for (std::int64_t i = 0; i <= 24; ++i)
    for (const side from : {side::left, side::right}) {
      const depth s{.num = i, .den = 24, .from = from};
      P at = kutta::test::random_like(like, random), dtheta_at = at;
      const double forward = kutta::inner_product(g, kutta::evaluate(phi, s, theta, at));
      auto dtheta = before;
      const auto add_g = [&](P& d) { kutta::add(d, d, kutta::scaled{1, g}); };
      kutta::scatter(phi, s, add_g, dtheta, dtheta_at);
      const double reverse =
          kutta::inner_product(dtheta, theta) - kutta::inner_product(before, theta);
      CAPTURE(i);
      CHECK(std::abs(forward - reverse) <= 1e-13);
    }
}

/// z², whose values are exact for small integers.
constexpr double square(double z) {
  return z * z;
}

}  // namespace

TEST_CASE("every field is evaluated in its own family") {
  const mixed phi(piecewise_constant(2), hat(3));
  auto theta = kutta::zero_coefficients(phi, layer{});
  theta.of<&layer::w>()[0].fill(10);
  theta.of<&layer::w>()[1].fill(20);
  theta.of<&layer::b>() = {{1, 2, 3}, {5, 6, 7}, {1, 0, -1}};
  layer at;
  kutta::set_zero(at);
  const layer& early = kutta::evaluate(phi, {.num = 1, .den = 4}, theta, at);
  CHECK(&early == &at);
  CHECK(early.w[8] == 10);
  CHECK(early.b == std::array<double, 3>{3, 4, 5});
  // At the jump of the first family each side has its own limit; the second does not jump.
  CHECK(kutta::evaluate(phi, {.num = 1, .den = 2, .from = side::left}, theta, at).w[0] == 10);
  CHECK(kutta::evaluate(phi, {.num = 1, .den = 2}, theta, at).w[0] == 20);
  CHECK(at.b == std::array<double, 3>{5, 6, 7});
}

TEST_CASE("what lies in the room of theta(s) does not show") {
  const mixed phi(piecewise_constant(2), hat(3));
  const auto theta = kutta::zero_coefficients(phi, layer{});
  layer at;
  at.w.fill(quiet_nan);
  at.b.fill(quiet_nan);
  for (std::int64_t i = 0; i <= 4; ++i)
    CHECK(kutta::inner_product(at, kutta::evaluate(phi, {.num = i, .den = 4}, theta, at)) == 0);
  layer g;
  g.w.fill(quiet_nan);
  g.b.fill(quiet_nan);
  auto dtheta = theta;
  kutta::scatter(
      phi, {.num = 1, .den = 3}, [](layer& d) { d.b[0] += 6; }, dtheta, g);
  CHECK(dtheta.of<&layer::w>() == theta.of<&layer::w>());
  CHECK(std::abs(dtheta.of<&layer::b>()[0][0] - 2) <= 1e-15);
  CHECK(std::abs(dtheta.of<&layer::b>()[1][0] - 4) <= 1e-15);
}

TEST_CASE("evaluate and scatter are transposes, and scatter accumulates") {
  check_transposes(mixed(piecewise_constant(4), hat(3)), layer{});
  check_transposes(mixed(b_spline<3>(7), legendre(5)), layer{});
  check_transposes(mixed(hat(1), piecewise_constant(1)), layer{});
  check_transposes(mixed(hat(4), piecewise_constant(3), monomial(2)),
                   std::tuple<double, numbers, double>{0, numbers(4), 0});
  check_transposes(mixed(legendre(3)), std::tuple<double>{});
}

TEST_CASE("W constant and b linear in t is a layer that is given t as another input") {
  // sigma(W x + b + t c) = sigma([W c] [x; t] + b): values and gradients, in integers and eighths.
  const std::array<double, 9> w{1, -2, 3, 0, 4, -1, 2, 2, -3};
  const std::array<double, 3> b{3, -1, 2}, c{-4, 8, 16}, x{2, -3, 1};
  const mixed phi(piecewise_constant(1), hat(2));
  layer_coefficients theta = kutta::zero_coefficients(phi, layer{});
  theta.of<&layer::w>()[0] = w;
  for (std::size_t i = 0; i < 3; ++i) {
    theta.of<&layer::b>()[0][i] = b[i];
    theta.of<&layer::b>()[1][i] = b[i] + c[i];
  }
  auto dtheta = kutta::zeros_like(theta);
  std::array<double, 9> dw{};
  std::array<double, 3> db{}, dc{};
  layer at{}, dtheta_at{};
  for (std::int64_t step = 0; step < 4; ++step)
    for (const kutta::rational& stage :
         {kutta::rational(0), kutta::rational(1, 2), kutta::rational(1)}) {  // those of RK4
      const depth s = kutta::stage_depth(step, 4, stage);
      const layer& theta_s = kutta::evaluate(phi, s, theta, at);
      const double t = s.value();
      std::array<double, 3> dz;
      for (std::size_t i = 0; i < 3; ++i) {
        double z = theta_s.b[i], with_t = b[i] + c[i] * t;
        for (std::size_t j = 0; j < 3; ++j) {
          z += theta_s.w[3 * i + j] * x[j];
          with_t += w[3 * i + j] * x[j];
        }
        CHECK(square(z) == square(with_t));
        dz[i] = 2 * with_t;
        for (std::size_t j = 0; j < 3; ++j) dw[3 * i + j] += dz[i] * x[j];
        db[i] += dz[i];
        dc[i] += dz[i] * t;
      }
      const auto vjp = [&](layer& d) {
        for (std::size_t i = 0; i < 3; ++i) {
          for (std::size_t j = 0; j < 3; ++j) d.w[3 * i + j] += dz[i] * x[j];
          d.b[i] += dz[i];
        }
      };
      kutta::scatter(phi, s, vjp, dtheta, dtheta_at);
    }
  CHECK(dtheta.of<&layer::w>()[0] == dw);
  const auto& dends = dtheta.of<&layer::b>();  // of b and b + c
  CHECK(dends[1] == dc);
  for (std::size_t i = 0; i < 3; ++i) CHECK(dends[0][i] + dends[1][i] == db[i]);
}

TEST_CASE("the coefficients are one tensor, and their leaves have the names of the fields") {
  const mixed phi(piecewise_constant(2), hat(1));
  layer like{};
  like.w.fill(4);
  auto theta = kutta::zero_coefficients(phi, like);
  CHECK(kutta::element_count(theta) == 21);
  CHECK(kutta::inner_product(theta, theta) == 0);
  std::string names;
  kutta::for_each_named_leaf([&](const std::string& name, const auto&) { names += name + " "; },
                             "theta", theta);
  CHECK(names == "theta.w[0] theta.w[1] theta.b[0] ");
}

TEST_CASE("refining refines every family") {
  const auto finer = mixed(piecewise_constant(3), hat(3), legendre(2)).refined();
  CHECK(finer.family<0>().size() == 6);
  CHECK(finer.family<1>().size() == 5);
  CHECK(finer.family<2>().size() == 4);
}

TEST_CASE("a struct like theta(s) is made from any coefficients") {
  const mixed phi(piecewise_constant(2), hat(3));
  const std::tuple<double, numbers> like{0, numbers(5)};
  const auto theta = kutta::zero_coefficients(phi, like);
  CHECK(kutta::same_shape(kutta::detail::value_like(phi, theta), like));
}

TEST_CASE("coefficients that do not fit are refused, and the message names the field") {
  const mixed phi(piecewise_constant(2), hat(3));
  auto theta = kutta::zero_coefficients(phi, layer{});
  CHECK_NOTHROW(kutta::detail::require_coefficients("theta", phi, theta));
  theta.of<&layer::b>().pop_back();
  CHECK_THROWS_WITH_AS(kutta::detail::require_coefficients("theta", phi, theta),
                       "theta.b: expected K = 3 coefficients, got 2", std::invalid_argument);

  using pair = std::tuple<double, numbers>;
  const pair like{0, numbers(5)};
  auto uneven = kutta::zero_coefficients(phi, like);
  CHECK_NOTHROW(kutta::detail::require_coefficients_like("theta", phi, uneven, like));
  std::get<1>(uneven)[2].pop_back();
  CHECK_THROWS_WITH_AS(kutta::detail::require_coefficients_like("theta", phi, uneven, like),
                       "theta[1]: expected shape (5), got (4)", std::invalid_argument);
}
