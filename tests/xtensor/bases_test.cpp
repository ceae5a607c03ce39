// SPDX-License-Identifier: Apache-2.0
// Compiled with -ffp-contract=off: see resnet_test.cpp.
#include <cstddef>
#include <cstdint>
#include <tuple>
#include <vector>

#include <doctest/doctest.h>
#include <xtensor/xtensor.hpp>

#include <kutta/basis/b_spline.hpp>
#include <kutta/basis/chebyshev.hpp>
#include <kutta/basis/discontinuous_linear.hpp>
#include <kutta/basis/evaluate.hpp>
#include <kutta/basis/fourier.hpp>
#include <kutta/basis/hat.hpp>
#include <kutta/basis/legendre.hpp>
#include <kutta/basis/mixed.hpp>
#include <kutta/basis/mixed_operator.hpp>
#include <kutta/basis/monomial.hpp>
#include <kutta/basis/piecewise_constant.hpp>
#include <kutta/basis/piecewise_polynomial.hpp>
#include <kutta/basis/project.hpp>
#include <kutta/basis/refine.hpp>
#include <kutta/tensor/host_copy.hpp>
#include <kutta/tensor/product.hpp>
#include <kutta/xtensor/tensor.hpp>

#include "support/random.hpp"

namespace {

using kutta::copy_to_host;
using kutta::test::random_like;
template <class S>
using numbers = std::vector<std::vector<S>>;
namespace bases = kutta::bases;

template <class W, class B>
struct affine {
  W w;
  B b;
  static constexpr auto fields =
      std::tuple{kutta::field{"w", &affine::w}, kutta::field{"b", &affine::b}};
};

template <class S>
using vectors = affine<std::vector<S>, std::vector<S>>;
template <class S>
using arrays = affine<xt::xtensor<S, 3>, xt::xtensor<S, 1>>;

/// 3 × 5 × 2 numbers, and 3: the values do not matter.
template <class P>
P shaped() {
  if constexpr (requires(P p) { p.w.shape(); })
    return {decltype(P::w)::from_shape({3, 5, 2}), decltype(P::b)::from_shape({3})};
  else
    return {decltype(P::w)(30), decltype(P::b)(3)};
}

template <class P, kutta::basis B>
std::vector<P> random_coefficients(const B& phi) {
  kutta::test::splitmix64 random(1);
  return random_like(std::vector<P>(phi.size(), shaped<P>()), random);
}
template <class P, kutta::mixed_basis B>
auto random_coefficients(const B& phi) {
  const bases::hat lines(5);
  return kutta::project(random_coefficients<P>(lines), lines, phi);
}

/// What the parts of depth have in common: θ(s), its transpose, θ refined and projected.
template <class P, class B, class C>
numbers<kutta::scalar_t<P>> numbers_of(const B& phi, const C& other) {
  kutta::test::splitmix64 random(2);
  const auto theta = random_coefficients<P>(phi);
  numbers<kutta::scalar_t<P>> results;
  for (const kutta::depth s :
       {kutta::depth{0, 1}, kutta::depth{1, 7}, kutta::depth{1, 2}, kutta::depth{1, 1}}) {
    P at = shaped<P>(), g = shaped<P>();
    const P d = random_like(at, random);
    auto dtheta = kutta::zeros_like(theta);
    results.push_back(copy_to_host(kutta::evaluate(phi, s, theta, at)));
    kutta::scatter(
        phi, s,
        [&](P& to) {
          kutta::add(to, to, kutta::scaled{1, d});
        },
        dtheta, g);
    results.push_back(copy_to_host(dtheta));
  }
  if constexpr (requires { kutta::refine(theta, phi); })
    results.push_back(copy_to_host(kutta::refine(theta, phi)));
  if constexpr (requires { kutta::project(theta, phi, other); })
    results.push_back(copy_to_host(kutta::project(theta, phi, other)));
  return results;
}

/// Whether arrays have the numbers of vectors; how many results those are.
template <class S, class B, class C>
std::size_t check(const B& phi, const C& other) {
  const auto expected = numbers_of<vectors<S>>(phi, other);
  CHECK(numbers_of<arrays<S>>(phi, other) == expected);
  return expected.size();
}

}  // namespace

TEST_CASE_TEMPLATE("coefficients of every family: θ(s), its transpose, refinement, projection", S,
                   float, double) {
  const bases::piecewise_constant two(2);
  const bases::hat lines(4);
  CHECK(check<S>(bases::piecewise_constant(3), lines) == 10);
  CHECK(check<S>(bases::hat(4), two) == 10);
  CHECK(check<S>(bases::discontinuous_linear(6), lines) == 10);
  CHECK(check<S>(bases::b_spline<2>(5), lines) == 10);
  CHECK(check<S>(bases::b_spline<3>(7), lines) == 10);
  CHECK(check<S>(bases::continuous_polynomial<2>(5), lines) == 10);
  CHECK(check<S>(bases::discontinuous_polynomial<3>(8), lines) == 10);
  CHECK(check<S>(bases::legendre(4), lines) == 10);
  CHECK(check<S>(bases::monomial(4), lines) == 10);
  CHECK(check<S>(bases::chebyshev(4), lines) == 10);
  CHECK(check<S>(bases::fourier(5), lines) == 10);
  CHECK(check<S>(bases::mixed(lines, two),
                 bases::mixed(bases::hat(3), bases::piecewise_constant(5))) == 10);
}
