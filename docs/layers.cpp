// SPDX-License-Identifier: Apache-2.0
#include <iostream>
#include <random>
#include <type_traits>
#include <vector>

#include <kutta/basis/hat.hpp>
#include <kutta/eigen.hpp>
#include <kutta/layers/average_pool.hpp>
#include <kutta/layers/conv2d.hpp>
#include <kutta/layers/dense.hpp>
#include <kutta/layers/dropout.hpp>
#include <kutta/layers/elementwise.hpp>
#include <kutta/layers/layer_pass.hpp>
#include <kutta/layers/sequential.hpp>
#include <kutta/layers/skip.hpp>
#include <kutta/layers/stitch.hpp>
#include <kutta/ode/continuous.hpp>
#include <kutta/train/losses.hpp>
#include <kutta/train/sgd.hpp>

int main() {
  using images = Eigen::MatrixXf;  // an image a column: channels, then pixels, then rows
  namespace layers = kutta::layers;

  // dx/dt = s R(theta, x) on images of 8 x 8 pixels and 6 channels; s begins as 0.
  const auto residual = layers::skip(layers::normalised_convolutions<images>({8, 8, 6}, 6));
  using block = kutta::ode_block<std::remove_const_t<decltype(residual)>,
                                 kutta::schemes::rk4_classic, kutta::bases::hat>;

  const layers::sequential model{
      layers::conv2d<images>({8, 8, 3}, 6),
      layers::continuous(block{residual, kutta::bases::hat(3), {.steps = 4}}),
      layers::gelu<images>{},
      layers::global_average_pool<images>({8, 8, 6}),
      layers::dropout<images>({.rate = .1, .seed = 1}),
      layers::dense<images>({1, 1, 6}, 2)};

  // Are the three colours of a pixel alike?
  std::mt19937 generator(1);
  images x = images::Random(8 * 8 * 3, 32);
  std::vector<int> labels;
  for (int n = 0; n < 32; ++n) {
    labels.push_back(n % 2);
    if (n % 2 == 1)
      for (int pixel = 0; pixel < 64; ++pixel)
        x.block(3 * pixel, n, 3, 1).setConstant(x(3 * pixel, n));
  }

  auto theta = model.make_params(generator);
  auto stats = model.make_statistics(theta, x);
  kutta::layer_pass pass(model, theta, x);
  kutta::sgd optimiser(theta, {.rate = .1, .momentum = .9});
  const kutta::cross_entropy loss(labels);
  for (int step = 0; step < 60; ++step) {
    auto dtheta = kutta::zeros_like(theta);
    pass.gradient(theta, x, loss, dtheta);
    pass.update_statistics(stats, .1);
    optimiser.step(theta, dtheta);
  }
  const images& scores = pass.infer(theta, stats, x);  // nothing is dropped
  int right = 0;
  for (int n = 0; n < 32; ++n) right += (scores(1, n) > scores(0, n)) == (n % 2 == 1);
  std::cout << right << " of 32 are right\n";
  return right >= 28 ? 0 : 1;
}
