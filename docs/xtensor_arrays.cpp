// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <iostream>
#include <random>
#include <type_traits>
#include <vector>

#include <xtensor/xrandom.hpp>
#include <xtensor/xview.hpp>

#include <kutta/basis/hat.hpp>
#include <kutta/layers/conv2d.hpp>
#include <kutta/layers/relu.hpp>
#include <kutta/layers/sequential.hpp>
#include <kutta/xtensor.hpp>
#include <kutta/xtensor/npy.hpp>

int main() {
  using images = kutta::borrowed<float, 4>;  // {n, height, width, channels}
  namespace layers = kutta::layers;

  // dx/dt = max(w(t) * x + b(t), 0)
  const layers::sequential residual{layers::conv2d<images, true>({8, 8, 3}, 3),
                                    layers::relu<images>{}};
  using block = kutta::ode_block<std::remove_const_t<decltype(residual)>,
                                 kutta::schemes::rk4_classic, kutta::bases::hat>;
  const block f{residual, kutta::bases::hat(3), {.steps = 4}};
  std::mt19937 generator(1);
  block::coefficients theta;
  for (int k = 0; k < 3; ++k) theta.push_back(residual.make_params(generator));

  kutta::save_npy("images.npy", xt::random::randn<float>({6, 8, 8, 3}));  // numpy.load reads it
  const auto data = kutta::load_npy<xt::xtensor<float, 4>>("images.npy");

  double batches = 0;
  for (std::size_t n = 0; n < 6; n += 2) {
    const images x0 = kutta::borrow(xt::view(data, xt::range(n, n + 2)));  // no copy
    const images x1 = f(theta, x0);
    batches += kutta::inner_product(x1, x1);
  }
  const images all = f(theta, data);  // a copy: data is no `images`
  const double whole = kutta::inner_product(all, all);
  std::cout << batches << " in three batches, " << whole << " in one\n";
  return std::remove("images.npy") == 0 && batches > 0 && std::abs(batches - whole) <= 1e-12 * whole
             ? 0
             : 1;
}
