// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What a layer computes on xtensor's arrays is what it computes on Eigen's, bit for bit.

#include <cstddef>
#include <random>
#include <string>

#include <Eigen/Core>
#include <doctest/doctest.h>
#include <xtensor/xtensor.hpp>

#include <kutta/eigen/tensor.hpp>
#include <kutta/layers/call.hpp>
#include <kutta/layers/image_shape.hpp>
#include <kutta/layers/layer.hpp>
#include <kutta/tensor/host_copy.hpp>
#include <kutta/tensor/shape.hpp>
#include <kutta/xtensor/tensor.hpp>

#include "support/layer_results.hpp"

namespace kutta::test {

template <class S>
using eigen_images = Eigen::Matrix<S, Eigen::Dynamic, Eigen::Dynamic>;

/// Two layers begin with the same weights and compute the same. `shapes` are those of y and theta.
template <layer L, layer M>
void check_same_layer(const L& eigen, const input_t<L>& x, const M& other, const input_t<M>& z,
                      const std::string& shapes) {
  std::mt19937 generator(1), again(1);
  const auto theta = other.make_params(again);
  CHECK(copy_to_host(theta) == copy_to_host(eigen.make_params(generator)));
  CHECK(shape_text(detail::make_output(other, theta, z)) + " " + shape_text(theta) == shapes);
  const auto expected = results_of(eigen, x), results = results_of(other, z);
  REQUIRE(expected.arrays.size() == results.arrays.size());
  CHECK(expected.arrays[0].values.size() > 0);
  for (std::size_t i = 0; i < expected.arrays.size(); ++i) {
    CAPTURE(expected.arrays[i].name);
    CHECK(results.arrays[i].values == expected.arrays[i].values);
  }
}

/// The layer on an `Array` and that on Eigen's matrices, `make.template operator()<X>()`, on 3
/// images.
template <class Array, class F>
void check_layer(const F& make, const layers::image_shape& in, const std::string& shapes) {
  using eigen = eigen_images<scalar_t<Array>>;
  check_same_layer(make.template operator()<eigen>(), detail::zero_images<eigen>(3, in),
                   make.template operator()<Array>(), detail::zero_images<Array>(3, in), shapes);
}

}  // namespace kutta::test
