// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <kutta/layers/convolution.hpp>
#include <kutta/layers/image_shape.hpp>
#include <kutta/tensor/simd.hpp>
#include <kutta/tensor/worker_pool.hpp>

#include "support/random.hpp"

namespace {

using kutta::detail::convolution;
using kutta::detail::strided_axis;
using kutta::layers::image_shape;
using kutta::test::random_like;

/// k/2 zeros on either side, or the axis given by hand.
strided_axis centred(std::size_t n, std::size_t k, std::size_t s) {
  return {n, (n + k / 2 * 2 - k) / s + 1, k, s, k / 2};
}

/// What the kernels compute, by loops over numbers in long double.
template <class T>
struct by_loops {
  strided_axis y, x;
  image_shape in, out;

  by_loops(const strided_axis& along_y, const strided_axis& along_x, std::size_t from,
           std::size_t to)
      : y(along_y), x(along_x), in{along_y.n, along_x.n, from}, out{along_y.out, along_x.out, to} {}

  /// f(number of y, number of x, weight) for every product of sample i.
  template <class F>
  void for_each_product(std::size_t i, const F& f) const {
    for (std::size_t oy = 0; oy < out.height; ++oy)
      for (std::size_t ox = 0; ox < out.width; ++ox)
        for (std::size_t ky = 0; ky < y.kernel; ++ky)
          for (std::size_t kx = 0; kx < x.kernel; ++kx) {
            const std::size_t iy = oy * y.stride + ky - y.front, ix = ox * x.stride + kx - x.front;
            if (iy >= in.height || ix >= in.width) continue;  // those before 0 wrap
            const std::size_t to = i * out.size() + (oy * out.width + ox) * out.channels;
            const std::size_t from = i * in.size() + (iy * in.width + ix) * in.channels;
            for (std::size_t a = 0; a < in.channels; ++a)
              for (std::size_t c = 0; c < out.channels; ++c)
                f(to + c, from + a, ((ky * x.kernel + kx) * in.channels + a) * out.channels + c);
          }
  }
};

using exact = std::vector<long double>;

template <class T>
exact widen(const std::vector<T>& x) {
  return {x.begin(), x.end()};
}

/// max |x − expected| in units of ε times the number of addends, which are of size 1.
template <class T>
double error(const std::vector<T>& x, const exact& expected, std::size_t addends) {
  long double largest = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const long double e = std::abs(static_cast<long double>(x[i]) - expected[i]);
    if (!(e <= largest)) largest = e;
  }
  return static_cast<double>(largest / std::numeric_limits<T>::epsilon()) /
         static_cast<double>(addends);
}

template <class T>
void check(const strided_axis& along_y, const strided_axis& along_x, std::size_t from,
           std::size_t to, std::size_t samples) {
  CAPTURE(along_y.n);
  CAPTURE(along_x.n);
  CAPTURE(along_y.kernel);
  CAPTURE(along_y.stride);
  CAPTURE(along_y.front);
  CAPTURE(from);
  CAPTURE(to);
  CAPTURE(samples);
  const by_loops<T> loops(along_y, along_x, from, to);
  const convolution<T> ours(along_y, along_x, from, to);
  REQUIRE(ours.in() == loops.in);
  REQUIRE(ours.out() == loops.out);

  kutta::test::splitmix64 random(1);
  const auto make = [&](std::size_t n) { return random_like(std::vector<T>(n), random); };
  const auto x = make(samples * loops.in.size()), dy = make(samples * loops.out.size());
  const auto w = make(ours.weights()), b = make(to);
  auto y = make(dy.size()), dx = make(x.size()), dw = make(w.size()), db = make(to);
  exact y_exact(y.size()), dx_exact = widen(dx), dw_exact = widen(dw), db_exact = widen(db);
  for (std::size_t i = 0; i < y.size(); ++i) {
    y_exact[i] = b[i % to];
    db_exact[i % to] += dy[i];
  }
  for (std::size_t i = 0; i < samples; ++i)
    loops.for_each_product(i, [&](std::size_t p, std::size_t q, std::size_t k) {
      y_exact[p] += static_cast<long double>(w[k]) * x[q];
      dx_exact[q] += static_cast<long double>(w[k]) * dy[p];
      dw_exact[k] += static_cast<long double>(x[q]) * dy[p];
    });

  auto scratch = ours.make_scratch(samples);
  ours.forward(w.data(), b.data(), x.data(), y.data(), samples, scratch);
  ours.vjp(w.data(), x.data(), dy.data(), dx.data(), dw.data(), db.data(), samples, scratch);
  const std::size_t taps = along_y.kernel * along_x.kernel, pixels = samples * loops.out.pixels();
  CHECK(error(y, y_exact, taps * from + 1) <= 2);
  CHECK(error(dx, dx_exact, taps * to + 1) <= 2);
  CHECK(error(dw, dw_exact, pixels + 1) <= 2);
  CHECK(error(db, db_exact, pixels + 1) <= 2);
}

}  // namespace

TEST_CASE_TEMPLATE("a convolution and its transposes are those of the plain loops", T, float,
                   double) {
  const std::pair<std::size_t, std::size_t> sizes[] = {{1, 1}, {2, 3}, {5, 4}, {8, 17}, {20, 35}};
  const std::pair<std::size_t, std::size_t> channels[] = {{1, 1},   {3, 10},  {10, 3}, {17, 16},
                                                          {16, 17}, {16, 32}, {33, 48}};
  for (const std::size_t k : {1u, 2u, 3u, 5u})
    for (const std::size_t s : {1u, 2u})
      for (const auto& [h, w] : sizes)
        for (const auto& [from, to] : channels)
          if (h < 20 || k == 3) check<T>(centred(h, k, s), centred(w, k, s), from, to, 1);
  for (const std::size_t s : {1u, 2u}) check<T>(centred(8, 3, s), centred(8, 3, s), 16, 32, 7);
  for (const std::size_t s : {1u, 2u})  // several images of a shard at once
    for (const auto& [from, to] : {channels[1], channels[5]})
      check<T>(centred(4, 3, s), centred(5, 3, s), from, to, 27);
  check<T>(centred(3, 7, 1), centred(9, 7, 1), 3, 5, 2);
}

TEST_CASE_TEMPLATE("zeros may be fewer in front than behind, and unlike along the axes", T, float,
                   double) {
  check<T>({8, 4, 3, 2, 0}, {9, 5, 3, 2, 1}, 16, 17, 2);
  check<T>({7, 4, 5, 2, 2}, {6, 3, 5, 2, 1}, 3, 16, 2);
  check<T>({6, 6, 2, 1, 0}, {5, 5, 4, 1, 1}, 10, 10, 2);
  check<T>({4, 2, 2, 2, 0}, {5, 3, 1, 2, 0}, 16, 16, 2);
}

TEST_CASE("an image is convolved as if alone, and sums do not depend on the number of threads") {
  const strided_axis axis = centred(12, 3, 1);
  const convolution<float> ours(axis, axis, 16, 10);
  kutta::test::splitmix64 random(2);
  const auto make = [&](std::size_t n) { return random_like(std::vector<float>(n), random); };
  for (const std::size_t samples : {5u, 19u}) {
    const auto w = make(ours.weights()), b = make(10), x = make(samples * ours.in().size()),
               dy = make(samples * ours.out().size());
    auto scratch = ours.make_scratch(samples);
    std::vector<float> y(dy.size()), parts(dy.size());
    ours.forward(w.data(), b.data(), x.data(), y.data(), samples, scratch);
    for (std::size_t i = samples; i-- > 0;)
      ours.forward(w.data(), b.data(), x.data() + i * ours.in().size(),
                   parts.data() + i * ours.out().size(), 1, scratch);
    CHECK(parts == y);

    std::vector<float> dx(x.size()), dw(w.size()), db(10);
    ours.vjp(w.data(), x.data(), dy.data(), dx.data(), dw.data(), db.data(), samples, scratch);
    for (const std::size_t threads : {1u, 2u, 3u}) {
      kutta::worker_pool workers(threads);
      auto fresh = ours.make_scratch(samples);
      std::vector<float> y1(dy.size()), dx1(x.size()), dw1(w.size()), db1(10);
      ours.forward(w.data(), b.data(), x.data(), y1.data(), samples, fresh, &workers);
      ours.vjp(w.data(), x.data(), dy.data(), dx1.data(), dw1.data(), db1.data(), samples, fresh,
               &workers);
      CHECK(y1 == y);
      CHECK(dx1 == dx);
      CHECK(dw1 == dw);
      CHECK(db1 == db);
    }
  }
}

TEST_CASE("images that are computed when they are read, and what is done behind them") {
  for (const std::size_t k : {1u, 3u})
    for (const std::size_t s : {1u, 2u}) {
      const strided_axis axis = centred(7, k, s);
      const convolution<double> ours(axis, axis, 3, 10);
      kutta::test::splitmix64 random(4);
      const auto make = [&](std::size_t n) { return random_like(std::vector<double>(n), random); };
      constexpr std::size_t samples = 9;
      const std::size_t in = ours.in().size(), out = ours.out().size();
      const auto w = make(ours.weights()), x = make(samples * in), dy = make(samples * out);
      auto twice_x = x, twice_dy = dy;
      for (auto* twice : {&twice_x, &twice_dy})
        for (double& number : *twice) number *= 2;
      auto scratch = ours.make_scratch(samples);
      std::vector<double> y(dy.size()), dx(x.size()), dw(w.size()), b(10);
      ours.forward(w.data(), b.data(), twice_x.data(), y.data(), samples, scratch);
      ours.vjp(w.data(), twice_x.data(), twice_dy.data(), dx.data(), dw.data(), nullptr, samples,
               scratch);

      std::vector<double> doubled(std::max(in, out) * samples);
      const auto doubling = [&](const double* images, std::size_t size) {
        return kutta::detail::mapped_images(
            images, size, [&, size](const auto& shard, std::size_t i, const double* image) {
              CHECK(shard.place == 0);
              CHECK(i - shard.first < shard.count);
              double* const to = doubled.data() + i * size;
              for (std::size_t j = 0; j < size; ++j) to[j] = 2 * image[j];
              return to;
            });
      };
      auto mapped_y = make(y.size()), mapped_dx = make(dx.size());  // to be overwritten
      std::vector<double> mapped_dw(w.size());
      std::vector<std::size_t> order;
      const auto behind = [&](const auto&, std::size_t i) { order.push_back(i); };
      ours.forward(w.data(), nullptr, doubling(x.data(), in), mapped_y.data(), samples, scratch,
                   nullptr, behind);
      ours.vjp(w.data(), kutta::detail::plain_images(twice_x.data(), in), doubling(dy.data(), out),
               mapped_dx.data(), mapped_dw.data(), samples, scratch, nullptr, behind);
      CHECK(mapped_y == y);
      CHECK(mapped_dx == dx);
      CHECK(mapped_dw == dw);
      CHECK(order ==
            std::vector<std::size_t>{0, 1, 2, 3, 4, 5, 6, 7, 8, 0, 1, 2, 3, 4, 5, 6, 7, 8});
    }
}

TEST_CASE("what is not asked for is not computed, and changes nothing else") {
  const strided_axis axis = centred(6, 3, 2);
  const convolution<double> ours(axis, axis, 3, 10);
  kutta::test::splitmix64 random(3);
  const auto make = [&](std::size_t n) { return random_like(std::vector<double>(n), random); };
  const auto w = make(ours.weights()), x = make(2 * ours.in().size()),
             dy = make(2 * ours.out().size());
  auto scratch = ours.make_scratch(2);
  const auto run = [&](double* dx, double* dw, double* db) {
    ours.vjp(w.data(), x.data(), dy.data(), dx, dw, db, 2, scratch);
  };
  std::vector<double> dx(x.size()), dw(w.size()), db(10), dx1(x.size()), dw1(w.size()), db1(10);
  run(dx.data(), dw.data(), db.data());
  run(dx1.data(), nullptr, nullptr);
  run(nullptr, dw1.data(), nullptr);
  run(nullptr, nullptr, db1.data());
  CHECK(dx == dx1);
  CHECK(dw == dw1);
  CHECK(db == db1);
}

TEST_CASE_TEMPLATE("channels that fill a register: gradients of weights read images as they are", T,
                   float, double) {
  constexpr std::size_t lanes = kutta::register_lanes<T>;
  for (const std::size_t k : {1u, 2u, 3u, 5u, 7u}) {
    check<T>(centred(14, k, 1), centred(19, k, 1), lanes, lanes, 2);
    check<T>(centred(90, k, 1), centred(3, k, 1), lanes, lanes, 1);
    check<T>(centred(90, k, 1), centred(2, k, 1), lanes, lanes, 1);
  }
  check<T>(centred(90, 13, 1), centred(3, 13, 1), lanes, lanes, 1);  // taps that meet no pixel
  check<T>({20, 18, 3, 1, 0}, {20, 17, 5, 1, 1}, lanes, lanes, 1);
}
