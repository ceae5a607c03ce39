// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cstddef>
#include <random>
#include <stdexcept>
#include <vector>

#include <doctest/doctest.h>

#include <kutta/cuda/matrix_kernels.hpp>
#include <kutta/cuda/tensor.hpp>
#include <kutta/layers/dense.hpp>
#include <kutta/tensor/contiguous.hpp>

#include "cuda/device_layer.hpp"

namespace {

using sizes = std::array<std::size_t, 3>;
using kutta::layers::dense;

template <class T>
using matrix = kutta::cuda::tensor<T, 2>;

static_assert(kutta::layer<dense<matrix<float>>> && kutta::has_jvp<dense<matrix<float>>>);

}  // namespace

TEST_CASE_TEMPLATE("dense on the device is dense on the host", T, float, double) {
  std::mt19937 generator(1);
  for (const auto& [in, out, n] :
       {sizes{1, 1, 1}, sizes{12, 5, 7}, sizes{90, 10, 33}, sizes{3, 17, 1}, sizes{64, 200, 5}}) {
    CAPTURE(in);
    const dense<std::vector<T>> host({1, 1, in}, out);
    const dense<matrix<T>> device({1, 1, in}, out);
    kutta::test::splitmix64 random(3);
    const auto x = kutta::test::random_like(std::vector<T>(n * in), random);
    const auto theta = device.make_params(generator);
    CHECK(theta.w.shape() == std::array<std::size_t, 2>{in, out});
    // Each number is a sum of up to max(in, out, n) + 2 products of numbers below 1.
    const double units = 2 * static_cast<double>(std::max({in, out, n}) + 2);
    kutta::test::check_on_device(host, host.make_params(generator), x, device, theta,
                                 matrix<T>({n, in}, x), units);
    const auto report =
        kutta::check_residual(device, device.make_params(generator), matrix<T>({n, in}, x));
    CHECK_MESSAGE(report.ok(), report.text());
  }
}

TEST_CASE("weights of a device are those of the host, for a generator in the same state") {
  std::mt19937 one(5), other(5);
  CHECK(kutta::copy_to_host(dense<matrix<float>>({2, 2, 3}, 5).make_params(one)) ==
        kutta::copy_to_host(dense<std::vector<float>>({2, 2, 3}, 5).make_params(other)));
}

TEST_CASE("images of any shape are samples, others are named") {
  const dense<kutta::cuda::tensor<float, 4>> layer({2, 3, 2}, 4);
  std::mt19937 generator(1);
  const auto theta = layer.make_params(generator);
  const kutta::cuda::tensor<float, 4> x({5, 2, 3, 2});
  CHECK(layer.make_output(theta, x).shape() == std::array<std::size_t, 4>{5, 1, 1, 4});
  CHECK_THROWS_WITH_AS(layer.make_output(theta, kutta::cuda::tensor<float, 4>({5, 2, 3, 1})),
                       "dense: expected images of shape (2, 3, 2), got shape (5, 2, 3, 1)",
                       std::invalid_argument);
}
