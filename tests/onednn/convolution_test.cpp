// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <random>
#include <thread>
#include <type_traits>
#include <vector>

#include <Eigen/Core>
#include <doctest/doctest.h>

#include <kutta/basis/piecewise_constant.hpp>
#include <kutta/eigen/tensor.hpp>
#include <kutta/layers/call.hpp>
#include <kutta/layers/conv2d.hpp>
#include <kutta/ode/ode_block.hpp>
#include <kutta/onednn.hpp>
#include <kutta/schemes/fourth_order.hpp>
#include <kutta/tensor/heap_bytes.hpp>
#include <kutta/tensor/host_copy.hpp>

#include "support/random.hpp"

namespace {

namespace layers = kutta::layers;
using kutta::layers::image_shape;
using images = Eigen::MatrixXf;

images random_images(std::size_t rows, std::size_t columns, std::uint64_t seed) {
  kutta::test::splitmix64 random(seed);
  return kutta::test::random_like(
      images::Zero(static_cast<Eigen::Index>(rows), static_cast<Eigen::Index>(columns)).eval(),
      random);
}

/// Sums of k products of numbers in [−1, 1): Winograd's algorithm on tiles of 4 × 4 multiplies
/// rounding by up to some tens.
void check_near(const images& found, const images& expected, double k) {
  REQUIRE(found.rows() == expected.rows());
  REQUIRE(found.cols() == expected.cols());
  CHECK((found - expected).cwiseAbs().maxCoeff() <= 1e-6 * (30 + k));
}

/// y, dx, dw, db and vy, every gradient added to ones.
template <class L>
struct results {
  typename L::params theta, dtheta;
  images y, dx, vy;

  results(const L& layer, const images& x, const images& dy) {
    std::mt19937 generator(1);
    kutta::test::splitmix64 random(3);
    theta = kutta::test::random_like(layer.make_params(generator), random);
    const auto vtheta = kutta::test::random_like(theta, random);
    auto scratch = layer.make_scratch(theta, x);
    const kutta::context<L> at{0, 0, 0, scratch};
    typename L::tape saved;
    y = vy = layer.make_output(theta, x);
    layer.forward(theta, x, y, saved, at);
    dx = images::Ones(x.rows(), x.cols());
    dtheta = kutta::zeros_like(theta);
    layer.vjp(theta, x, saved, dy, dx, dtheta, at);
    layer.vjp(theta, x, saved, dy, dx, dtheta, at);
    layer.jvp(theta, x, saved, x, vtheta, vy, at);
  }
};

template <bool Bias>
void agrees(const image_shape& in, std::size_t channels, const layers::convolution_options& how,
            std::size_t n) {
  CAPTURE(kutta::shape_text(in));
  CAPTURE(channels);
  CAPTURE(how.kernel);
  CAPTURE(how.stride);
  CAPTURE(n);
  const layers::conv2d<images, Bias> ours(in, channels, how);
  const kutta::onednn::conv2d<images, Bias> theirs(in, channels, how);
  const images x = random_images(in.size(), n, 1),
               dy = random_images(ours.output_shape().size(), n, 2);
  const results expected(ours, x, dy);
  const results found(theirs, x, dy);
  const auto k = static_cast<double>(how.kernel * how.kernel * in.channels);
  const auto k_back = static_cast<double>(how.kernel * how.kernel * channels);
  const auto pixels = static_cast<double>(n * ours.output_shape().pixels());
  check_near(found.y, expected.y, k);
  check_near(found.vy, expected.vy, 2 * k);
  check_near(found.dx, expected.dx, 2 * k_back);
  check_near(found.dtheta.w, expected.dtheta.w, 2 * pixels);
  if constexpr (Bias) check_near(found.dtheta.b, expected.dtheta.b, 2 * pixels);
}

}  // namespace

TEST_CASE("oneDNN's convolutions, their gradients and tangents are ours") {
  for (const std::size_t n : {1U, 5U}) {
    agrees<false>({1, 1, 1}, 1, {}, n);
    agrees<false>({5, 7, 3}, 10, {}, n);
    agrees<true>({8, 8, 16}, 16, {}, n);
    agrees<false>({8, 8, 64}, 64, {}, n);
    agrees<true>({7, 9, 64}, 80, {}, n);
    agrees<false>({6, 5, 17}, 4, {.kernel = 1}, n);
    agrees<true>({6, 5, 17}, 4, {.kernel = 5}, n);
    for (const std::size_t height : {7U, 8U})
      for (const std::size_t kernel : {1U, 3U}) {
        agrees<false>({height, 6, 16}, 32, {.kernel = kernel, .stride = 2}, n);
        agrees<true>({height, 6, 3}, 5,
                     {.kernel = kernel, .stride = 2, .padding = layers::padding::flax}, n);
      }
  }
}

TEST_CASE("another number of samples, and none") {
  using conv = kutta::onednn::conv2d<images>;
  const conv layer({8, 8, 16}, 16);
  const layers::conv2d<images> ours({8, 8, 16}, 16);
  std::mt19937 generator(2);
  const auto theta = layer.make_params(generator);
  const images x = random_images(1024, 4, 1);
  auto scratch = layer.make_scratch(theta, x);
  auto our_scratch = ours.make_scratch(theta, x);
  for (const Eigen::Index n : {4, 2, 0, 4}) {
    const images some = x.leftCols(n);
    images y = images::Zero(1024, n), expected = y;
    kutta::nothing saved;
    layer.forward(theta, some, y, saved, {0, 0, 0, scratch});
    ours.forward(theta, some, expected, saved, {0, 0, 0, our_scratch});
    if (n > 0) check_near(y, expected, 144);
  }
  CHECK(kutta::heap_bytes(scratch) > 4 * 1024 * sizeof(float));
}

TEST_CASE("a block of oneDNN's convolutions has the gradient of ours") {
  const auto gradient = [](const auto& layer) {
    using residual = std::remove_cvref_t<decltype(layer)>;
    const kutta::ode_block<residual, kutta::schemes::rk4_classic, kutta::bases::piecewise_constant>
        f(layer, kutta::bases::piecewise_constant(2), {.steps = 4});
    std::mt19937 generator(5);
    std::vector<typename residual::params> theta;
    for (int k = 0; k < 2; ++k) theta.push_back(layer.make_params(generator));
    const images x0 = random_images(8 * 8 * 32, 6, 4);
    images dx = images::Zero(x0.rows(), x0.cols());
    auto dtheta = kutta::zeros_like(theta);
    auto ws = f.make_workspace(theta, x0, kutta::execution{.tile = 4});
    const auto loss = [](const auto& x1, std::size_t, auto& dx1) {
      kutta::add(dx1, dx1, kutta::scaled{1, x1});
      return kutta::inner_product(x1, x1) / 2;
    };
    f.gradient(theta, x0, loss, dx, dtheta, ws);
    const auto values = kutta::copy_to_host(dtheta);
    Eigen::VectorXf all(dx.size() + static_cast<Eigen::Index>(values.size()));
    all << dx.reshaped(),
        Eigen::Map<const Eigen::VectorXf>(values.data(), static_cast<Eigen::Index>(values.size()));
    return all;
  };
  const Eigen::VectorXf expected = gradient(layers::conv2d<images>({8, 8, 32}, 32));
  const Eigen::VectorXf found = gradient(kutta::onednn::conv2d<images>({8, 8, 32}, 32));
  CHECK((found - expected).norm() <= 1e-5f * expected.norm());
}

TEST_CASE("memory for what is added stays when another result has gone to its array at once") {
  using dnnl::memory;
  const memory::desc nhwc({2, 4, 5, 5}, memory::data_type::f32, memory::format_tag::nhwc);
  kutta::onednn::output y(nhwc, nhwc);
  const auto numbers = [&] { return static_cast<float*>(y.memory().get_data_handle()); };
  float* const own = numbers();
  std::fill_n(own, 200, 3.f);
  std::vector<float> first(200, 1.f), second(200, 2.f);
  y.begin(first.data(), false);
  CHECK(numbers() == first.data());
  y.begin(second.data(), true);
  REQUIRE(numbers() == own);
  dnnl::stream stream(kutta::onednn::processor());
  y.end(true, stream);
  stream.wait();
  CHECK(second == std::vector<float>(200, 5.f));
}

TEST_CASE("scratch made here serves another thread, for every algorithm") {
  const kutta::onednn::conv2d<images> layer({8, 8, 64}, 64);
  std::mt19937 generator(3);
  const auto theta = layer.make_params(generator);
  for (const std::size_t n : {4U, 32U}) {  // the direct algorithm, and Winograd's
    const images x = random_images(4096, n, 1);
    const auto forward = [&](auto& scratch, images& y) {
      kutta::nothing saved;
      layer.forward(theta, x, y, saved, {0, 0, 0, scratch});
    };
    auto first = layer.make_scratch(theta, x), second = layer.make_scratch(theta, x);
    images expected = 0 * x, y1 = expected, y2 = expected;
    forward(first, expected);
    std::thread one([&] { forward(first, y1); }), other([&] { forward(second, y2); });
    one.join();
    other.join();
    CHECK(y1 == expected);
    CHECK(y2 == expected);
  }
}
