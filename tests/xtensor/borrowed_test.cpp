// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <concepts>
#include <cstddef>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <xtensor/xadapt.hpp>
#include <xtensor/xbuilder.hpp>
#include <xtensor/xindex_view.hpp>
#include <xtensor/xstrided_view.hpp>
#include <xtensor/xview.hpp>

#include <kutta/layers/conv2d.hpp>
#include <kutta/layers/layer_pass.hpp>
#include <kutta/tensor/host_copy.hpp>
#include <kutta/tensor/shape.hpp>
#include <kutta/xtensor/borrowed.hpp>
#include <kutta/xtensor/tensor.hpp>

#include "support/random.hpp"

namespace {

using kutta::borrow, kutta::borrowed;
using matrix = xt::xtensor<double, 2>;

static_assert(kutta::batch<borrowed<double, 3>> && kutta::tensor<borrowed<float, 0>>);

// What has no elements of its own cannot be borrowed, and is not taken for a tensor.
template <class E>
constexpr bool can_borrow = requires(E&& e) { borrow(std::forward<E>(e)); };
using adaptor = decltype(xt::adapt(std::declval<double*>(), {2, 3}));
using sum_of_two = decltype(std::declval<const matrix&>() + std::declval<const matrix&>());
static_assert(can_borrow<const matrix&> && can_borrow<adaptor>);
static_assert(!can_borrow<matrix> && !can_borrow<sum_of_two>);
static_assert(!can_borrow<const xt::xtensor<int, 2>&>);
static_assert(!kutta::tensor<adaptor>);

/// Where the elements lie: a look that could write would copy them.
template <class T>
const kutta::scalar_t<T>* place(const T& x) {
  return x.data();
}

matrix six() {
  return {{0, 1, 2}, {3, 4, 5}, {6, 7, 8}, {9, 10, 11}, {12, 13, 14}, {15, 16, 17}};
}

}  // namespace

TEST_CASE("rows of an array, an adaptor, a window of a window: no copy") {
  const matrix x = six();
  const auto rows = borrow(xt::view(x, xt::range(2, 4)));
  static_assert(std::same_as<decltype(rows), const borrowed<double, 2>>);
  CHECK(kutta::shape_text(rows) == "(2, 3)");
  CHECK(rows.data() == x.data() + 6);
  CHECK(kutta::copy_to_host(rows) == std::vector<double>{6, 7, 8, 9, 10, 11});
  CHECK(kutta::samples(rows) == 2);
  CHECK(rows(1, 2) == 11);

  const auto row = borrow(xt::view(rows, 1));
  static_assert(std::same_as<decltype(row), const borrowed<double, 1>>);
  CHECK(row.data() == x.data() + 9);
  CHECK(place(borrow(xt::view(x, 3, xt::range(1, 3)))) == x.data() + 10);
  CHECK(place(borrow(xt::view(x, xt::range(3, 4), xt::range(1, 3)))) == x.data() + 10);
  CHECK(place(borrow(x)) == x.data());
  CHECK(place(borrow<2>(xt::strided_view(x, {xt::range(1, 3)}))) == x.data() + 3);
  CHECK(place(borrow<1>(xt::strided_view(x, {5}))) == x.data() + 15);

  double mine[6] = {1, 2, 3, 4, 5, 6};
  const double* const read_only = mine;
  const std::array<std::size_t, 2> shape{3, 2};
  CHECK(place(borrow(xt::adapt(&mine[0], {2, 3}))) == mine);
  CHECK(place(borrow(xt::adapt(read_only, 6, xt::no_ownership(), shape))) == mine);
  CHECK(place(borrow(read_only, shape)) == mine);
  CHECK(borrow(read_only, shape)(2, 1) == 6);
  const std::vector<double> vector{1, 2, 3};
  const auto of_vector = borrow(xt::adapt(vector));
  CHECK(of_vector.data() == vector.data());
  CHECK(kutta::inner_product(of_vector, of_vector) == 14);
  const xt::xarray<double> any = x;
  CHECK(place(borrow<2>(any)) == any.data());
}

TEST_CASE("what does not lie side by side is refused by its shape and strides") {
  const matrix x = six();
  const auto message = [](const char* of) {
    return std::string("xtensor: expected elements side by side, row by row, got shape ") + of;
  };
  CHECK_THROWS_WITH_AS(borrow(xt::view(x, xt::all(), xt::range(0, 2))),
                       message("(6, 2) with strides (3, 1)").c_str(), std::invalid_argument);
  CHECK_THROWS_WITH_AS(borrow(xt::view(x, xt::range(0, 6, 2))),
                       message("(3, 3) with strides (6, 1)").c_str(), std::invalid_argument);
  CHECK_THROWS_WITH_AS(borrow(xt::view(x, xt::all(), 1)), message("(6) with strides (3)").c_str(),
                       std::invalid_argument);
  const xt::xtensor<double, 2, xt::layout_type::column_major> columns = x;
  CHECK_THROWS_WITH_AS(borrow(columns), message("(6, 3) with strides (1, 6)").c_str(),
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(borrow<2>(xt::transpose(x)), message("(3, 6) with strides (1, 3)").c_str(),
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(borrow<3>(x), "borrow: expected 3 axes, got shape (6, 3)",
                       std::invalid_argument);
  // Nothing, and one element, lie side by side however.
  CHECK(borrow(xt::view(x, xt::range(2, 2), xt::range(0, 2))).size() == 0);
  CHECK(*place(borrow(xt::view(x, xt::range(4, 5), xt::range(1, 2)))) == 13);
}

TEST_CASE("what was lent is never written") {
  matrix x = six();
  const matrix before = x;
  auto rows = borrow(xt::view(x, xt::range(2, 4)));
  const auto copy = rows;
  CHECK(place(copy) != place(rows));
  kutta::add(rows, rows, kutta::scaled{1, copy});
  CHECK(kutta::copy_to_host(rows) == std::vector<double>{12, 14, 16, 18, 20, 22});
  CHECK(x == before);

  std::vector weights(2, borrow(xt::view(x, xt::range(0, 2))));
  weights[0] = borrow(xt::view(x, xt::range(4, 6)));
  CHECK(place(weights[0]) == x.data() + 12);
  const auto zeros = kutta::zeros_like(weights);
  CHECK(kutta::inner_product(zeros, zeros) == 0);
  weights[0] = copy;
  weights[1](0, 0) = -1;
  weights[1] = xt::ones<double>({4, 4});
  CHECK(kutta::shape_text(weights[1]) == "(4, 4)");
  CHECK(x == before);
  CHECK(kutta::shape_text(kutta::zeros_like(rows, 5)) == "(5, 3)");
}

TEST_CASE("map and sum read views in their place, and refuse others") {
  const matrix x = six(), a = xt::ones<double>({2, 3});
  const auto rows = xt::view(x, xt::range(2, 4));
  matrix y = kutta::zeros_like(a);
  kutta::map(y, kutta::detail::multiply{}, rows, rows);
  CHECK(kutta::copy_to_host(y) == std::vector<double>{36, 49, 64, 81, 100, 121});
  CHECK(kutta::sum(kutta::detail::multiply{}, a, rows) == 51);
  CHECK(kutta::largest(kutta::detail::multiply{}, a, rows) == 11);
  kutta::combine(y, kutta::scaled{2, borrow(rows)}, kutta::scaled{1, a});
  CHECK(y(1, 2) == 23);
  double mine[6] = {1, 2, 3, 4, 5, 6};
  kutta::map(y, kutta::detail::copy{}, xt::adapt(&mine[0], {2, 3}));
  CHECK(y(1, 1) == 5);
  const auto* message =
      "xtensor: expected elements side by side, row by row, got shape (2, 3) with strides (6, 1)";
  const auto every_second = xt::view(x, xt::range(0, 4, 2));
  CHECK_THROWS_WITH_AS(kutta::map(y, kutta::detail::copy{}, every_second), message,
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(kutta::sum(kutta::detail::multiply{}, a, every_second), message,
                       std::invalid_argument);
}

TEST_CASE("a layer of borrowed weights on a slice of borrowed images") {
  using owned = xt::xtensor<double, 4>;
  using lent = borrowed<double, 4>;
  using kutta::layers::conv2d;
  kutta::test::splitmix64 random(1);
  const conv2d<owned> plain({5, 4, 2}, 3, {.stride = 2});
  const conv2d<lent> layer({5, 4, 2}, 3, {.stride = 2});
  std::mt19937 generator(1);
  const auto theta = plain.make_params(generator);
  const owned data = kutta::test::random_like(owned::from_shape({7, 5, 4, 2}), random);
  const auto slice = xt::view(data, xt::range(2, 6));
  const auto sum_of_squares = [](const auto& y, std::size_t, auto& dy) {
    kutta::assign(dy, y);
    return .5 * kutta::inner_product(y, y);
  };

  // Where an xtensor is asked for, xtensor copies a view.
  kutta::layer_pass expected(plain, theta, slice);
  auto dtheta = kutta::zeros_like(theta);
  const double value = expected.gradient(theta, slice, sum_of_squares, dtheta);

  const lent x = borrow(slice);
  const conv2d<lent>::params weights{borrow(xt::adapt(theta.w.data(), {3, 3, 2, 3}))};
  kutta::layer_pass pass(layer, weights, x);
  auto dweights = kutta::zeros_like(weights);
  CHECK(pass.gradient(weights, x, sum_of_squares, dweights) == value);
  CHECK(kutta::copy_to_host(pass.y()) == kutta::copy_to_host(expected.y()));
  CHECK(kutta::copy_to_host(pass.dx()) == kutta::copy_to_host(expected.dx()));
  CHECK(kutta::copy_to_host(dweights) == kutta::copy_to_host(dtheta));
  CHECK(x.data() == data.data() + 2 * 40);
  CHECK(weights.w.data() == theta.w.data());
  CHECK(kutta::shape_text(pass.y()) == "(4, 3, 2, 3)");
}
