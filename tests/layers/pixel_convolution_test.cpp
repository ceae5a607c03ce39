// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <kutta/layers/image_shape.hpp>
#include <kutta/layers/pixel_convolution.hpp>
#include <kutta/layers/pixel_planes.hpp>
#include <kutta/tensor/simd.hpp>

#include "support/random.hpp"

namespace {

using kutta::detail::pixel_convolution;
using kutta::detail::strided_axis;
using kutta::layers::image_shape;
using kutta::test::random_like;

/// n pixels, so many taps, and as many zeros in front and behind as are asked for.
strided_axis axis(std::size_t n, std::size_t k, std::size_t front, std::size_t behind) {
  return {n, n + front + behind + 1 - k, k, 1, front};
}

/// max |x − expected| ≤ 2 ε times the number of addends, which are of size 1.
template <class T>
bool agree(const std::vector<T>& x, const std::vector<long double>& expected, std::size_t addends) {
  const long double most =
      2 * std::numeric_limits<T>::epsilon() * static_cast<long double>(addends);
  for (std::size_t i = 0; i < x.size(); ++i)
    if (!(std::abs(static_cast<long double>(x[i]) - expected[i]) <= most)) return false;
  return true;
}

/// Two images by pixels in lanes, and by plain loops in long double.
template <class T>
void check_pixels(const strided_axis& y_axis, const strided_axis& x_axis, std::size_t in,
                  std::size_t out) {
  CAPTURE(y_axis.n);
  CAPTURE(x_axis.n);
  CAPTURE(x_axis.kernel);
  CAPTURE(x_axis.front);
  CAPTURE(in);
  CAPTURE(out);
  constexpr std::size_t images = 2;
  const pixel_convolution<T> ours(y_axis, x_axis, in, out);
  const std::size_t x_size = y_axis.n * x_axis.n * in, y_size = y_axis.out * x_axis.out * out;
  const std::size_t taps = y_axis.kernel * x_axis.kernel;

  kutta::test::splitmix64 random(3);
  const auto make = [&](std::size_t n) { return random_like(std::vector<T>(n), random); };
  const auto x = make(images * x_size), dy = make(images * y_size), w = make(taps * in * out);
  kutta::detail::register_array<T> start(out + 1, T(2));
  auto y = make(dy.size()), dx = make(x.size()), dw = make(w.size());
  std::vector<long double> y_exact(y.size(), 2), dx_exact(dx.begin(), dx.end()),
      dw_exact(dw.begin(), dw.end()), db_exact(out);
  for (std::size_t i = 0; i < images; ++i)
    for (std::size_t oy = 0; oy < y_axis.out; ++oy)
      for (std::size_t ox = 0; ox < x_axis.out; ++ox)
        for (std::size_t c = 0; c < out; ++c) {
          const std::size_t p = i * y_size + (oy * x_axis.out + ox) * out + c;
          db_exact[c] += dy[p];
          for (std::size_t k = 0; k < taps; ++k) {
            const std::size_t iy = oy + k / x_axis.kernel - y_axis.front;
            const std::size_t ix = ox + k % x_axis.kernel - x_axis.front;
            if (iy >= y_axis.n || ix >= x_axis.n) continue;  // those before 0 wrap
            for (std::size_t a = 0; a < in; ++a) {
              const std::size_t q = i * x_size + (iy * x_axis.n + ix) * in + a;
              const std::size_t v = (k * in + a) * out + c;
              y_exact[p] += static_cast<long double>(w[v]) * x[q];
              dx_exact[q] += static_cast<long double>(w[v]) * dy[p];
              dw_exact[v] += static_cast<long double>(x[q]) * dy[p];
            }
          }
        }

  auto weights = ours.make_weights();
  auto work = ours.make_images();
  kutta::detail::register_array<T> dw_sums(ours.gradient_size()), db(out);
  ours.read_forward(w.data(), weights);
  ours.read_transposed(w.data(), weights);
  const auto no_fetch = [](std::size_t, std::size_t) {};
  for (std::size_t i = 0; i < images; ++i) {
    const T *const xi = x.data() + i * x_size, *const dyi = dy.data() + i * y_size;
    ours.forward(weights, work, xi, start.data(), y.data() + i * y_size, no_fetch);
    ours.transpose(weights, work, 0, dyi, nullptr, dx.data() + i * x_size, no_fetch);
    ours.keep(work, 0, xi, dyi, i == 0);
    ours.add_weight_gradient(work, 1, dw_sums);
    ours.add_bias_gradient(work, 1, db);
  }
  ours.unpack_weight_gradient(dw_sums, dw.data());
  CHECK(agree(y, y_exact, taps * in + 1));
  CHECK(agree(dx, dx_exact, taps * out + 1));
  CHECK(agree(dw, dw_exact, images * y_axis.out * x_axis.out + 1));
  CHECK(
      agree(std::vector<T>(db.begin(), db.end()), db_exact, images * y_axis.out * x_axis.out + 1));
}

}  // namespace

TEST_CASE_TEMPLATE("pixels in lanes: every number of channels, alone and in tiles", T, float,
                   double) {
  for (std::size_t c = 1; c <= 18; ++c) {
    check_pixels<T>(axis(3, 3, 1, 1), axis(9, 3, 1, 1), c, 19 - c);
    check_pixels<T>(axis(5, 3, 1, 1), axis(4, 3, 1, 1), c, c);
  }
  for (const std::size_t c : {25u, 31u, 33u, 40u})
    check_pixels<T>(axis(2, 3, 1, 1), axis(17, 3, 1, 1), c, c + 1);
}

TEST_CASE_TEMPLATE(
    "pixels in lanes: rows of all widths, kernels of all sizes, zeros where they are", T, float,
    double) {
  for (const std::size_t n : {1u, 2u, 7u, 15u, 16u, 17u, 28u, 35u})
    for (const std::size_t k : {1u, 2u, 3u, 5u})
      check_pixels<T>(axis(6, k, k / 2, k / 2), axis(n, k, k / 2, k / 2), 3, 10);
  check_pixels<T>(axis(8, 3, 0, 1), axis(9, 3, 0, 0), 10, 5);
  check_pixels<T>(axis(7, 5, 4, 0), axis(6, 3, 2, 2), 5, 3);
  check_pixels<T>(axis(6, 2, 0, 3), axis(5, 4, 3, 5), 2, 6);
}

TEST_CASE_TEMPLATE("planes hold an image and give it back", T, float, double) {
  for (const std::size_t width : {1u, 3u, 16u, 21u})
    for (std::size_t channels = 1; channels <= 20; ++channels) {
      CAPTURE(width);
      CAPTURE(channels);
      const image_shape shape{3, width, channels};
      kutta::detail::pixel_planes<T> planes(shape, width + 1, 0, 0, 4 * width + 40, 0, 1);
      kutta::test::splitmix64 random(1);
      const auto x = random_like(std::vector<T>(shape.size()), random);
      auto y = random_like(x, random);
      auto sum = y;
      for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += x[i];
      planes.read(0, x.data());
      for (std::size_t c = 0; c < channels; ++c) {
        CHECK(planes.at(c)[2 * (width + 1)] == x[2 * width * channels + c]);
        CHECK(planes.at(c)[width] == 0);
      }
      planes.write(y.data(), true);
      CHECK(y == sum);
      planes.write(y.data(), false);
      CHECK(y == x);
    }
}
