// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <vector>

#include <doctest/doctest.h>

#include <kutta/basis/piecewise_constant.hpp>
#include <kutta/cuda/matrix_kernels.hpp>
#include <kutta/cuda/normalised_convolutions.hpp>
#include <kutta/cuda/tensor.hpp>
#include <kutta/layers/average_pool.hpp>
#include <kutta/layers/dense.hpp>
#include <kutta/layers/sequential.hpp>
#include <kutta/layers/stitch.hpp>
#include <kutta/ode/continuous.hpp>
#include <kutta/ode/ode_block.hpp>
#include <kutta/schemes/second_order.hpp>

#include "support/layer_results.hpp"

namespace {

/// The small model of `examples/cifar10`, with fewer pixels and channels.
template <class X>
auto shallow() {
  using namespace kutta::layers;
  using kutta::bases::piecewise_constant;
  const image_shape in{8, 8, 3}, first{8, 8, 4}, second{4, 4, 8};
  const auto block = [](const image_shape& s) {
    using residual = normalised_convolutions<X>;
    using block_type = kutta::ode_block<residual, kutta::schemes::midpoint, piecewise_constant>;
    return continuous(block_type(residual(s, s.channels), piecewise_constant(2), {.steps = 2}));
  };
  const average_pool<X> pool(second, {.height = 4, .width = 4, .stride = 4});
  return sequential{conv2d<X>(in, 4),
                    batch_norm<X, true>(4),
                    residual_unit<X>(first),
                    block(first),
                    stitch<X>(first, 8),
                    block(second),
                    batch_norm<X>(8),
                    pool,
                    dense<X>(pool.output_shape(), 10)};
}

}  // namespace

// y, all derivatives, what is observed and what is inferred, in units of the largest of each.
TEST_CASE("a whole model on a device is that of the host") {
  const kutta::cuda::tensor<double, 4> x({5, 8, 8, 3});
  const auto found = kutta::test::results_of(shallow<kutta::cuda::tensor<double, 4>>(), x);
  const auto expected =
      kutta::test::results_of(shallow<std::vector<double>>(), std::vector<double>(x.size()));
  CHECK(kutta::test::distance(found, expected) <= 1e-13);
}
