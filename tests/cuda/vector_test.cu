// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstddef>
#include <limits>
#include <stdexcept>
#include <vector>

#include <doctest/doctest.h>
#include <thrust/device_vector.h>
#include <thrust/host_vector.h>

#include <kutta/cuda.hpp>
#include <kutta/tensor/host_copy.hpp>
#include <kutta/tensor/shape.hpp>

static_assert(kutta::tensor<thrust::device_vector<float>>);
static_assert(kutta::tensor<thrust::device_vector<double>>);
static_assert(kutta::tensor<thrust::host_vector<float>>);
static_assert(!kutta::tensor<thrust::device_vector<int>>);
static_assert(!kutta::batch<thrust::device_vector<float>>);

namespace {

/// v₁ + 2 v₂ + 3 v₃ + …, to see that no input is lost or swapped.
struct positional {
  template <class V, class... W>
  KUTTA_HD V operator()(V v, W... more) const {
    V sum = v;
    [[maybe_unused]] V position = 1;
    ((sum += ++position * more), ...);
    return sum;
  }
};

template <class V>
V ramp(std::size_t n, double slope) {
  std::vector<typename V::value_type> values(n);
  for (std::size_t i = 0; i < n; ++i)
    values[i] = static_cast<typename V::value_type>(slope * static_cast<double>(i + 1));
  return V(values.begin(), values.end());
}

using device = thrust::device_vector<double>;
using device_float = thrust::device_vector<float>;
using host_float = thrust::host_vector<float>;

}  // namespace

TEST_CASE_TEMPLATE("map computes each element from the same element of every input", V, device,
                   device_float, host_float) {
  using S = typename V::value_type;
  for (const std::size_t n : std::vector<std::size_t>{0, 1, 31, 257, 1000}) {
    CAPTURE(n);
    const V a = ramp<V>(n, 1), b = ramp<V>(n, 10), c = ramp<V>(n, 100);
    V y = kutta::zeros_like(a);
    kutta::map(y, positional{}, a);
    CHECK(kutta::copy_to_host(y) == kutta::copy_to_host(a));
    kutta::map(y, positional{}, a, b, c, a, b, c, a, b, c, a, b, c);  // 12 inputs
    const auto values = kutta::copy_to_host(y);
    for (std::size_t i = 0; i < n; ++i)
      CHECK(values[i] == static_cast<S>((22 + 260 + 3000) * static_cast<double>(i + 1)));
  }
}

TEST_CASE_TEMPLATE("the output of map may be one of its inputs", V, device, device_float,
                   host_float) {
  V y = ramp<V>(257, 1);
  const V x = ramp<V>(257, 10);
  kutta::add(y, y, kutta::scaled{2, x}, kutta::scaled{.5, y});
  CHECK(kutta::copy_to_host(y) == kutta::copy_to_host(ramp<V>(257, 21.5)));
}

TEST_CASE_TEMPLATE("zero is zero whatever was there", V, device, device_float, host_float) {
  using S = typename V::value_type;
  V y(5, std::numeric_limits<S>::quiet_NaN());
  CHECK(kutta::copy_to_host(kutta::zeros_like(y)) == std::vector<S>(5));
  kutta::set_zero(y);
  CHECK(kutta::copy_to_host(y) == std::vector<S>(5));
}

TEST_CASE_TEMPLATE("sums are exact where doubles are, and the same in every run", V, device,
                   device_float, host_float) {
  for (const std::size_t n : std::vector<std::size_t>{0, 1, 31, 257, 100'000}) {
    CAPTURE(n);
    const V x = ramp<V>(n, 1), ones(n, 1);
    const double count = static_cast<double>(n);
    CHECK(kutta::inner_product(x, ones) == count * (count + 1) / 2);  // beyond a float's 24 bits
  }
  const auto nan = std::numeric_limits<typename V::value_type>::quiet_NaN();
  const V x = ramp<V>(99'999, .1);
  const auto first = kutta::inner_product(x, x);
  for (int run = 0; run < 5; ++run) CHECK(kutta::inner_product(x, x) == first);
  CHECK(std::isnan(kutta::inner_product(V(3, nan), V(3, 1))));
}

TEST_CASE_TEMPLATE("shapes and host copies are those of the elements", V, device, device_float,
                   host_float) {
  using S = typename V::value_type;
  V x(7), shorter(6);
  CHECK(kutta::shape_text(x) == "(7)");
  CHECK(kutta::element_count(x) == 7);
  CHECK_FALSE(kutta::same_shape(x, shorter));
  const std::vector<S> values{1, 2, 3, 4, 5, 6, 7};
  kutta::copy_from_host(values, x);
  CHECK(kutta::copy_to_host(x) == values);
  CHECK_THROWS_WITH_AS(kutta::copy_from_host(values, shorter),
                       "copy_from_host: expected 6 values, got 7", std::invalid_argument);
}
