// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include <Eigen/Core>
#include <doctest/doctest.h>

#include <kutta/eigen/tensor.hpp>
#include <kutta/layers/check_residual.hpp>
#include <kutta/layers/elementwise.hpp>
#include <kutta/tensor/host_copy.hpp>
#include <kutta/tensor/shape.hpp>
#include <kutta/xtensor/tensor.hpp>

#include "support/random.hpp"

namespace {

using Eigen::MatrixXd;
using Eigen::MatrixXf;
using kutta::test::random_like;
using image = xt::xtensor<double, 4>;

namespace layers = kutta::layers;

static_assert(kutta::residual<layers::gelu<MatrixXf>> && kutta::has_jvp<layers::gelu<MatrixXf>>);
static_assert(kutta::samples_independent<layers::elu<MatrixXf>>);
static_assert(kutta::residual<layers::tanh<image>>);

template <class X>
X make(std::size_t n);
template <>
MatrixXd make(std::size_t n) {
  return MatrixXd(static_cast<Eigen::Index>(n), 3);
}
template <>
MatrixXf make(std::size_t n) {
  return MatrixXf(static_cast<Eigen::Index>(n), 3);
}
template <>
image make(std::size_t n) {
  return image(std::array<std::size_t, 4>{2, 1, 3, n});
}
template <>
std::vector<double> make(std::size_t n) {
  return std::vector<double>(n);
}

template <class L>
void check_layer(const L& layer, std::size_t n) {
  using X = typename L::state;
  using S = kutta::scalar_t<X>;
  CAPTURE(n);
  kutta::test::splitmix64 random(n);
  const X x = random_like(make<X>(n), random, -3, 3);
  X y = kutta::zeros_like(x);
  kutta::nothing tape;
  layer.forward({}, x, y, tape);
  const auto from = kutta::copy_to_host(x), to = kutta::copy_to_host(y);
  for (std::size_t i = 0; i < from.size(); ++i) {
    const S expected = layer.function()(from[i]);  // compilers may contract the two differently
    CHECK(std::abs(to[i] - expected) <= 16 * std::numeric_limits<S>::epsilon());
  }
  const auto report = kutta::check_residual(layer, {}, x);
  CHECK_MESSAGE(report.ok(), report.text());
}

}  // namespace

TEST_CASE_TEMPLATE("an activation of each element, its vjp and jvp", X, MatrixXd, MatrixXf, image,
                   std::vector<double>) {
  for (const std::size_t n : {1u, 5u, 17u}) {
    check_layer(layers::tanh<X>{}, n);
    check_layer(layers::sigmoid<X>{}, n);
    check_layer(layers::elu<X>{}, n);
    check_layer(layers::elu<X>{kutta::activations::elu(0.5)}, n);
    check_layer(layers::gelu<X>{}, n);
    check_layer(layers::gelu_tanh<X>{}, n);
    check_layer(layers::silu<X>{}, n);
  }
}

TEST_CASE("⟨w, J v⟩ = ⟨Jᵀ w, v⟩, and vjp adds") {
  kutta::test::splitmix64 random(4);
  const layers::gelu<MatrixXd> layer;
  const MatrixXd like(7, 9), x = random_like(like, random), v = random_like(like, random),
                             w = random_like(like, random), start = random_like(like, random);
  MatrixXd jv = like, dx = start;
  std::array<double, 0> none{};
  layer.jvp(none, x, {}, v, none, jv);
  layer.vjp(none, x, {}, w, dx, none);
  const double one = w.cwiseProduct(jv).sum(), other = (dx - start).cwiseProduct(v).sum();
  CHECK(std::abs(one - other) <= 1e-13);
}

TEST_CASE("gelu and elu of hand-computed numbers") {
  using three = std::array<double, 3>;
  const three x{1, 0, -1};
  three y;
  kutta::nothing tape;
  layers::gelu<three>{}.forward({}, x, y, tape);
  CHECK(std::abs(y[0] - 0.841344746068543) <= 1e-15);
  CHECK(y[1] == 0);
  CHECK(std::abs(y[2] + 0.158655253931457) <= 1e-15);
  layers::elu<three>{kutta::activations::elu(2)}.forward({}, x, y, tape);
  CHECK(y[0] == 1);
  CHECK(y[1] == 0);
  CHECK(std::abs(y[2] + 1.264241117657115) <= 1e-15);
}
