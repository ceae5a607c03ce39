// SPDX-License-Identifier: Apache-2.0
#include <stdexcept>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <kutta/basis/piecewise_constant.hpp>
#include <kutta/cuda.hpp>
#include <kutta/schemes/fourth_order.hpp>
#include <kutta/tensor/host_copy.hpp>

#include "typed/elementwise_logistic.hpp"

using vector = kutta::cuda::tensor<double, 1>;

TEST_CASE("a replayed pass and its gradient equal the plain ones, whatever the numbers") {
  using residual = kutta::test::elementwise_logistic<vector>;
  using kutta::test::logistic_params;
  const kutta::ode_block<residual, kutta::schemes::rk4_classic, kutta::bases::piecewise_constant> f(
      {}, kutta::bases::piecewise_constant(2), {.steps = 5});
  const auto made_of = [](double r, double b) {
    std::vector<logistic_params<vector>> theta;
    for (int k = 0; k < 2; ++k)
      theta.push_back({vector({3}, {r, r + k, r / 2}), vector({3}, {b, b, b + k})});
    return theta;
  };
  auto theta = made_of(1, .5);
  vector x({3}, {.1, .5, .9}), dx = kutta::zeros_like(x), x1 = kutta::zeros_like(x);
  auto dtheta = kutta::zeros_like(theta);
  auto ws = f.make_workspace(theta, x);

  const auto pass = kutta::cuda::capture([&] {
    kutta::set_zero(dtheta);
    kutta::assign(x1, f.forward(theta, x, ws));
    kutta::assign(dx, x1);  // of the loss ⟨x₁, x₁⟩/2
    f.backprop(theta, dx, dtheta, ws);
  });
  CHECK(kutta::copy_to_host(x1) == std::vector<double>(3));  // recorded, not done

  for (const double r : {1., 2.}) {
    kutta::assign(theta, made_of(r, .25));
    kutta::copy_from_host({r / 3, .5, .75}, x);
    pass.replay();
    kutta::cuda::wait();
    auto other = f.make_workspace(theta, x);
    const vector plain = f.forward(theta, x, other).copy();
    vector plain_dx = plain.copy();
    auto plain_dtheta = kutta::zeros_like(theta);
    f.backprop(theta, plain_dx, plain_dtheta, other);
    CHECK(kutta::copy_to_host(x1) == kutta::copy_to_host(plain));
    CHECK(kutta::copy_to_host(dx) == kutta::copy_to_host(plain_dx));
    CHECK(kutta::copy_to_host(dtheta) == kutta::copy_to_host(plain_dtheta));
  }
}

TEST_CASE("work that throws is not recorded, and leaves the stream as it was") {
  vector x({2}, {1, 2});
  const auto failing = [&] {
    const auto g = kutta::cuda::capture([&] {
      kutta::set_zero(x);
      throw std::runtime_error("no");
    });
    g.replay();
  };
  CHECK_THROWS_WITH_AS(failing(), "no", std::runtime_error);
  CHECK(kutta::cuda::current_stream() == kutta::cuda::stream_handle{});
}
