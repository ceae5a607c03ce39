// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include <kutta/cuda/direct_convolution.hpp>
#include <kutta/cuda/graph.hpp>
#include <kutta/cuda/tensor.hpp>
#include <kutta/layers/convolution.hpp>
#include <kutta/tensor/host_copy.hpp>

#include "support/random.hpp"
#ifndef __CUDACC__
#  include "support/heap.hpp"
#endif

namespace {

using kutta::detail::strided_axis;

/// k/2 zeros on either side.
strided_axis centred(std::size_t n, std::size_t k, std::size_t s) {
  return {n, (n + k / 2 * 2 - k) / s + 1, k, s, k / 2};
}

template <class T>
std::vector<T> some(std::size_t n, kutta::test::splitmix64& random) {
  return kutta::test::random_like(std::vector<T>(n), random);
}

template <class T>
using on_device = kutta::cuda::tensor<T, 1>;

template <class T>
on_device<T> sent(const std::vector<T>& x) {
  return on_device<T>({x.size()}, x);
}

/// |x − expected| ≤ 2 ε for each of so many products, whose factors are in [−1, 1).
template <class T>
bool close(const on_device<T>& x, const std::vector<T>& expected, std::size_t products) {
  const std::vector<T> found = kutta::copy_to_host(x);
  const T bound = 2 * std::numeric_limits<T>::epsilon() * static_cast<T>(products + 1);
  return std::equal(found.begin(), found.end(), expected.begin(), expected.end(),
                    [&](T a, T b) { return std::abs(a - b) <= bound; });
}

/// The kernels of the device and those of the host on the same numbers.
template <class T>
void check(const strided_axis& along_y, const strided_axis& along_x, std::size_t in,
           std::size_t out, std::size_t samples) {
  CAPTURE(along_y.n);
  CAPTURE(along_x.n);
  CAPTURE(along_y.kernel);
  CAPTURE(along_y.stride);
  CAPTURE(along_y.front);
  CAPTURE(in);
  CAPTURE(out);
  CAPTURE(samples);
  const kutta::detail::convolution<T> host(along_y, along_x, in, out);
  const kutta::cuda::detail::direct_convolution<T> device(along_y, along_x, in, out);
  REQUIRE(device.in() == host.in());
  REQUIRE(device.out() == host.out());
  REQUIRE(device.weights() == host.weights());

  kutta::test::splitmix64 random(1);
  const auto x = some<T>(samples * host.in().size(), random);
  const auto dy = some<T>(samples * host.out().size(), random);
  const auto w = some<T>(host.weights(), random), b = some<T>(out, random);
  auto y = dy, z = dy, dx = x, dw = w, db = b;  // what is added to
  const on_device<T> x_there = sent(x), dy_there = sent(dy), w_there = sent(w), b_there = sent(b);
  auto y_there = sent(y), z_there = sent(z), dx_there = sent(dx), dw_there = sent(dw),
       db_there = sent(db);

  auto at_host = host.make_scratch(samples);
  host.forward(w.data(), b.data(), x.data(), y.data(), samples, at_host);
  host.add_forward(w.data(), x.data(), z.data(), samples, at_host);
  host.vjp(w.data(), x.data(), dy.data(), dx.data(), dw.data(), db.data(), samples, at_host);

  auto at_device = device.make_scratch(samples);
  const T *px = x_there.data().get(), *pw = w_there.data().get(), *pdy = dy_there.data().get();
  device.forward(pw, b_there.data().get(), px, y_there.data().get(), samples, at_device);
  device.add_forward(pw, px, z_there.data().get(), samples, at_device);
  const auto pull = [&] {
    device.vjp(pw, px, pdy, dx_there.data().get(), dw_there.data().get(), db_there.data().get(),
               samples, at_device);
  };
  pull();
  const std::size_t taps = along_y.kernel * along_x.kernel, pixels = samples * host.out().pixels();
  CHECK(close(y_there, y, taps * in));
  CHECK(close(z_there, z, taps * in));
  CHECK(close(dx_there, dx, taps * out));
  CHECK(close(dw_there, dw, pixels));
  CHECK(close(db_there, db, pixels));

  // Again, recorded: the same bits.
  const auto dx_once = kutta::copy_to_host(dx_there), dw_once = kutta::copy_to_host(dw_there),
             db_once = kutta::copy_to_host(db_there);
#ifndef __CUDACC__
  if (kutta::test::heap_is_counted) CHECK(kutta::test::peak_of(pull) == 0);
#endif
  const auto pass = kutta::cuda::capture(pull);
  kutta::copy_from_host(x, dx_there);
  kutta::copy_from_host(w, dw_there);
  kutta::copy_from_host(b, db_there);
  pass.replay();
  kutta::cuda::wait();
  CHECK(kutta::copy_to_host(dx_there) == dx_once);
  CHECK(kutta::copy_to_host(dw_there) == dw_once);
  CHECK(kutta::copy_to_host(db_there) == db_once);
}

}  // namespace

TEST_CASE_TEMPLATE("kernels of the device compute what those of the host do", T, float, double) {
  for (const std::size_t k : {1U, 3U})
    for (const std::size_t s : {1U, 2U})
      for (const std::size_t in : {1U, 3U, 4U, 10U, 16U})
        for (const std::size_t out : {1U, 8U, 17U}) {
          check<T>(centred(1, k, s), centred(1, k, s), in, out, 1);
          check<T>(centred(5, k, s), centred(6, k, s), in, out, 2);
          check<T>(centred(2, k, s), centred(9, k, s), in, out, 3);
        }
  check<T>(centred(7, 5, 1), centred(4, 3, 2), 4, 8, 2);
  check<T>({6, 3, 3, 2, 0}, {8, 4, 3, 2, 0}, 3, 12, 2);  // Flax: one zero, behind
  check<T>({2, 2, 4, 1, 1}, {9, 9, 4, 1, 1}, 8, 4, 0);   // no samples
}

TEST_CASE("groups of four pixels, and parts of many rows") {
  check<float>(centred(9, 3, 1), centred(19, 3, 1), 4, 32, 100);
  check<float>(centred(9, 3, 2), centred(19, 3, 2), 16, 8, 500);
  check<float>(centred(30, 3, 1), centred(13, 3, 2), 3, 6, 300);
  check<float>(centred(30, 5, 1), centred(3, 5, 1), 17, 18, 30);
}

TEST_CASE("fewer samples than the scratch was made for take no more than there is") {
  const kutta::cuda::detail::direct_convolution<float> conv(centred(30, 3, 1), centred(5, 3, 1), 32,
                                                            32);
  auto own = conv.make_scratch(3), larger = conv.make_scratch(4);  // parts of one row, and of two
  CHECK(larger.parts.size() >= own.parts.size());
  CHECK(larger.of_parts.heap_bytes() >= own.of_parts.heap_bytes());
  kutta::test::splitmix64 random(2);
  const auto x = sent(some<float>(3 * conv.in().size(), random)),
             dy = sent(some<float>(3 * conv.out().size(), random)),
             w = sent(some<float>(conv.weights(), random));
  on_device<float> dw({conv.weights()}), again({conv.weights()});
  const auto pull = [&](on_device<float>& to, auto& scratch) {
    conv.vjp(w.data().get(), x.data().get(), dy.data().get(), nullptr, to.data().get(), nullptr, 3,
             scratch);
  };
  pull(dw, own);
  pull(again, larger);
  CHECK(kutta::copy_to_host(again) == kutta::copy_to_host(dw));
}

TEST_CASE("weights in other orders, and back") {
  using kutta::cuda::detail::weight_order;
  // w[tap, in, out] of 2 taps, 2 and 3 channels.
  const std::vector<float> w{0, 1, 2, 10, 11, 12, 100, 101, 102, 110, 111, 112};
  const auto there = sent(w);
  const auto check_order = [&](bool by_outputs, const std::vector<float>& expected) {
    const weight_order order{2, 3, 2, by_outputs};
    on_device<float> found({12});
    kutta::cuda::detail::for_each_index(12, kutta::cuda::detail::reorder_weights<float>{
                                                order, there.data().get(), found.data().get()});
    CHECK(kutta::copy_to_host(found) == expected);
    on_device<float> twice = there.copy();
    kutta::cuda::detail::for_each_index(12, kutta::cuda::detail::add_reordered_weights<float>{
                                                order, found.data().get(), twice.data().get()});
    auto sums = w;
    for (float& v : sums) v *= 2;
    CHECK(kutta::copy_to_host(twice) == sums);
  };
  check_order(false, {0, 10, 1, 11, 2, 12, 100, 110, 101, 111, 102, 112});
  check_order(true, {0, 10, 100, 110, 1, 11, 101, 111, 2, 12, 102, 112});
}

TEST_CASE("what begins between two accesses of 16 bytes is read and written all the same") {
  const kutta::cuda::detail::direct_convolution<float> conv(centred(3, 3, 1), centred(3, 3, 1), 4,
                                                            8);
  kutta::test::splitmix64 random(2);
  const auto x = some<float>(36, random), w = some<float>(conv.weights(), random);
  auto shifted = x, shifted_w = w;
  shifted.insert(shifted.begin(), 0);
  shifted_w.insert(shifted_w.begin(), 0);
  const auto x0 = sent(x), x1 = sent(shifted), w0 = sent(w), w1 = sent(shifted_w);
  on_device<float> y0({72}), y1({73}), dw0({w.size()}), dw1({w.size() + 1});
  auto scratch = conv.make_scratch(1);
  conv.forward(w0.data().get(), nullptr, x0.data().get(), y0.data().get(), 1, scratch);
  conv.forward(w1.data().get() + 1, nullptr, x1.data().get() + 1, y1.data().get() + 1, 1, scratch);
  conv.vjp(w0.data().get(), x0.data().get(), y0.data().get(), nullptr, dw0.data().get(), nullptr, 1,
           scratch);
  conv.vjp(w1.data().get() + 1, x1.data().get() + 1, y1.data().get() + 1, nullptr,
           dw1.data().get() + 1, nullptr, 1, scratch);
  const auto same = [](const auto& a, const auto& b) {
    const auto left = kutta::copy_to_host(a), right = kutta::copy_to_host(b);
    return std::equal(left.begin(), left.end(), right.begin() + 1, right.end());
  };
  CHECK(same(y0, y1));
  CHECK(same(dw0, dw1));
}
