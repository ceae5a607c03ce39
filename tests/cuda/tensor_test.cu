// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstddef>
#include <limits>
#include <new>
#include <stdexcept>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <kutta/cuda.hpp>
#include <kutta/layers/image_shape.hpp>
#include <kutta/tensor/heap_bytes.hpp>
#include <kutta/tensor/host_copy.hpp>
#include <kutta/tensor/shape.hpp>

using matrix = kutta::cuda::tensor<double, 2>;
using matrix_float = kutta::cuda::tensor<float, 2>;

static_assert(kutta::tensor<kutta::cuda::tensor<float, 1>>);
static_assert(kutta::batch<kutta::cuda::tensor<float, 4>>);
static_assert(!kutta::batch<kutta::cuda::tensor<float, 1>>);
static_assert(!std::copyable<matrix>, "copies are asked for by name");
static_assert(kutta::device_array<matrix> && !kutta::host_array<matrix>,
              "no kernel of the host takes an address of the device");

namespace {

/// Rows of `columns` numbers slope, 2 slope, …
template <class X>
X ramp(std::size_t rows, std::size_t columns, double slope) {
  using S = typename X::value_type;
  std::vector<S> values(rows * columns);
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = static_cast<S>(slope * static_cast<double>(i + 1));
  return X({rows, columns}, values);
}

struct square {
  template <class V>
  KUTTA_HD V operator()(V x) const {
    return x * x;
  }
};

}  // namespace

TEST_CASE_TEMPLATE("a tensor holds what it is made of", X, matrix, matrix_float) {
  using S = typename X::value_type;
  CHECK(kutta::copy_to_host(X({2, 3})) == std::vector<S>(6));
  const std::vector<S> values{1, 2, 3, 4, 5, 6};
  X x({2, 3}, values);
  CHECK(kutta::copy_to_host(x) == values);
  CHECK(kutta::shape_text(x) == "(2, 3)");
  const X y = x.copy();
  kutta::set_zero(x);
  CHECK(kutta::copy_to_host(y) == values);
  X z = std::move(x);
  CHECK(x.size() == 0);
  CHECK(kutta::shape_text(x) == "(0, 0)");
  CHECK(kutta::copy_to_host(z) == std::vector<S>(6));
  CHECK(kutta::copy_to_host(X({0, 3})).empty());
  CHECK_THROWS_WITH_AS(X({2, 2}, values), "cuda::tensor: expected 4 elements, got 6",
                       std::invalid_argument);
}

TEST_CASE_TEMPLATE("maps in packs and one by one compute the same", X, matrix, matrix_float) {
  using S = typename X::value_type;
  for (const std::size_t columns : std::vector<std::size_t>{1, 3, 4, 5, 31, 257}) {
    CAPTURE(columns);
    const X a = ramp<X>(3, columns, 1), b = ramp<X>(3, columns, .5);
    X y = kutta::zeros_like(a);
    kutta::add(y, a, kutta::scaled{2, b}, kutta::scaled{-.25, a});
    const auto values = kutta::copy_to_host(y);
    for (std::size_t i = 0; i < values.size(); ++i)
      CHECK(values[i] == static_cast<S>(1.75 * static_cast<double>(i + 1)));

    // Rows 1 and 2 begin within a pack unless the columns fill packs.
    X last = ramp<X>(2, columns, 0);
    kutta::map(last, square{}, kutta::window(a, 1, 2));
    const auto squares = kutta::copy_to_host(last);
    for (std::size_t i = 0; i < squares.size(); ++i) {
      const auto from = static_cast<double>(columns + i + 1);
      CHECK(squares[i] == static_cast<S>(from * from));
    }
  }
}

TEST_CASE_TEMPLATE("samples are copied and summed over", X, matrix, matrix_float) {
  const X x = ramp<X>(5, 3, 1);
  CHECK(kutta::samples(x) == 5);
  X y = kutta::zeros_like(x, 4);
  CHECK(kutta::shape_text(y) == "(4, 3)");
  kutta::copy_samples(x, 1, 2, y, 2);
  CHECK(kutta::copy_to_host(y) ==
        kutta::copy_to_host(X({4, 3}, {0, 0, 0, 0, 0, 0, 4, 5, 6, 7, 8, 9})));
  CHECK(kutta::sum(square{}, kutta::window(x, 3, 2)) ==
        10 * 10 + 11 * 11 + 12 * 12 + 13 * 13 + 14 * 14 + 15 * 15);
}

TEST_CASE_TEMPLATE("sums are exact where doubles are, and the same in every run", X, matrix,
                   matrix_float) {
  using S = typename X::value_type;
  const X x = ramp<X>(100, 1000, 1), ones({100, 1000}, std::vector<S>(100'000, 1));
  CHECK(kutta::inner_product(x, ones) == 100'000. * 100'001 / 2);
  const X rough = ramp<X>(333, 301, .1);
  const auto first = kutta::inner_product(rough, rough);
  for (int run = 0; run < 5; ++run) CHECK(kutta::inner_product(rough, rough) == first);
  const S nan = std::numeric_limits<S>::quiet_NaN();
  CHECK(std::isnan(kutta::inner_product(X({1, 2}, {nan, 1}), X({1, 2}, {1, 1}))));
  CHECK(std::isnan(kutta::largest(square{}, X({1, 3}, {1, nan, 2}))));
  CHECK(kutta::largest(square{}, ramp<X>(7, 9, -1)) == 63. * 63);
}

TEST_CASE("the bytes on the device are counted") {
  CHECK(kutta::heap_bytes(matrix({3, 5})) == 3 * 5 * sizeof(double));
  std::vector<matrix_float> two;
  two.push_back(matrix_float({3, 5}));
  two.push_back(matrix_float({1, 2}));
  CHECK(kutta::heap_bytes(two) == 2 * sizeof(matrix_float) + 17 * sizeof(float));
}

TEST_CASE("work on a stream of its own is done when it has been waited for") {
  kutta::cuda::stream other;
  std::vector<double> values;
  {
    const kutta::cuda::on_stream here(other);
    CHECK(kutta::cuda::current_stream() == other.handle());
    matrix x = ramp<matrix>(10, 10, 1);
    for (int i = 0; i < 10; ++i) kutta::add(x, x, kutta::scaled{1, x});
    other.wait();
    values = kutta::copy_to_host(x);
  }
  CHECK(kutta::cuda::current_stream() == kutta::cuda::stream_handle{});
  for (std::size_t i = 0; i < values.size(); ++i)
    CHECK(values[i] == 1024 * static_cast<double>(i + 1));
}

TEST_CASE("more elements than there are addresses are refused, and nothing else is lost") {
  const matrix before({1, 2}, {3, 4});
  const std::size_t many = std::numeric_limits<std::size_t>::max() / sizeof(double) + 1;
#ifdef __CUDACC__
  CHECK_THROWS_AS(kutta::cuda::buffer<double>{many}, kutta::cuda_error);
#else
  CHECK_THROWS_AS(kutta::cuda::buffer<double>{many}, std::bad_alloc);
#endif
  CHECK(kutta::copy_to_host(matrix({2, 2})) == std::vector<double>(4));
  CHECK(kutta::copy_to_host(before) == std::vector<double>{3, 4});
}
