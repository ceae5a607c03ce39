// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <vector>

#include <doctest/doctest.h>

#include <kutta/layers/activation.hpp>
#include <kutta/layers/affine_strips.hpp>

#include "support/random.hpp"

namespace {

namespace detail = kutta::detail;

/// Integers from −4 to 4, so that sums of their products are exact.
template <class T>
std::vector<T> integers(std::size_t n, unsigned seed) {
  kutta::test::splitmix64 random(seed);
  std::vector<T> x(n);
  for (T& value : x) value = static_cast<T>(random() % 9) - 4;
  return x;
}

}  // namespace

TEST_CASE_TEMPLATE("a strip holds feature after feature, and gives back what it was given", T,
                   float, double) {
  constexpr std::size_t w = detail::strip<T>;
  for (const std::size_t width : {1u, 2u, 3u, 4u, 5u})
    for (const std::size_t n : {std::size_t{1}, w - 1, w}) {
      CAPTURE(width);
      CAPTURE(n);
      const auto x = integers<T>(n * width, 1);
      std::vector<T> on_strip(width * w, T(7)), back(n * width, T(1));
      detail::to_strip(x.data(), width, n, on_strip.data());
      for (std::size_t d = 0; d < width; ++d)
        for (std::size_t l = 0; l < w; ++l)
          REQUIRE(on_strip[d * w + l] == (l < n ? x[l * width + d] : T(0)));
      detail::from_strip(on_strip.data(), width, n, back.data(), [](T& to, T v) { to += v; });
      for (std::size_t i = 0; i < back.size(); ++i) REQUIRE(back[i] == x[i] + 1);
    }
}

TEST_CASE_TEMPLATE("an affine map on a strip and its transpose are the plain loops", T, float,
                   double) {
  using kutta::activations::identity;
  using kutta::activations::relu;
  using partial = kutta::simd<T, kutta::register_lanes<T>>;
  constexpr std::size_t w = detail::strip<T>;
  for (std::size_t out = 1; out <= 9; ++out)
    for (std::size_t in = 1; in <= 9; ++in) {
      CAPTURE(out);
      CAPTURE(in);
      const detail::affine_strip<T, 0, 0> map(out, in);
      const auto weight = integers<T>(out * in, 1), bias = integers<T>(out, 2);
      const auto h = integers<T>(in * w, 3), g = integers<T>(out * w, 4);
      std::vector<T> z(out * w), dh(in * w);
      std::vector<partial> dw(out * in, partial(T(0))), db(out, partial(T(0)));
      map.forward(weight.data(), bias.data(), h.data(), z.data(), relu{});
      map.vjp(weight.data(), h.data(), g.data(), dh.data(), dw.data(), db.data(), relu{});

      for (std::size_t j = 0; j < out; ++j) {
        T sum_g = 0;
        for (std::size_t l = 0; l < w; ++l) {
          T sum = bias[j];
          for (std::size_t d = 0; d < in; ++d) sum += weight[d * out + j] * h[d * w + l];
          REQUIRE(z[j * w + l] == (sum > 0 ? sum : T(0)));
          sum_g += g[j * w + l];
        }
        REQUIRE(db[j].sum() == sum_g);
      }
      for (std::size_t d = 0; d < in; ++d) {
        for (std::size_t l = 0; l < w; ++l) {
          T sum = 0;
          for (std::size_t j = 0; j < out; ++j) sum += weight[d * out + j] * g[j * w + l];
          REQUIRE(dh[d * w + l] == (h[d * w + l] > 0 ? sum : T(0)));
        }
        for (std::size_t j = 0; j < out; ++j) {
          T sum = 0;
          for (std::size_t l = 0; l < w; ++l) sum += g[j * w + l] * h[d * w + l];
          REQUIRE(dw[d * out + j].sum() == sum);
        }
      }

      map.forward(weight.data(), bias.data(), h.data(), z.data(), identity{});
      for (std::size_t j = 0; j < out; ++j) {
        T sum = bias[j];
        for (std::size_t d = 0; d < in; ++d) sum += weight[d * out + j] * h[d * w];
        REQUIRE(z[j * w] == sum);
      }
    }
}
