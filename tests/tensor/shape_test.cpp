// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <stdexcept>
#include <tuple>
#include <vector>

#include <doctest/doctest.h>

#include <kutta/tensor/shape.hpp>

namespace {

using kutta::element_count;
using kutta::same_shape;
using kutta::shape_text;

using leaf = std::vector<double>;
using nested = std::vector<leaf>;

struct affine {
  leaf w;
  std::array<double, 2> b;
  static constexpr auto fields =
      std::tuple{kutta::field{"w", &affine::w}, kutta::field{"b", &affine::b}};
};

}  // namespace

TEST_CASE("shape_text prints the extents of a leaf and the parts of a sum") {
  CHECK(shape_text(1.) == "()");
  CHECK(shape_text(leaf{}) == "(0)");
  CHECK(shape_text(leaf(5)) == "(5)");
  CHECK(shape_text(std::array<float, 3>{}) == "(3)");
  CHECK(shape_text(affine{leaf(4), {}}) == "{(4), (2)}");
  CHECK(shape_text(std::tuple{1., leaf(4)}) == "{(), (4)}");
  CHECK(shape_text(nested{leaf(1), leaf(2)}) == "{(1), (2)}");
  CHECK(shape_text(std::vector<affine>{{leaf(4), {}}}) == "{{(4), (2)}}");
  CHECK(shape_text(nested{}) == "{}");
}

TEST_CASE("shapes are the same if every extent of every part is") {
  CHECK(same_shape(1., 2.));
  CHECK(same_shape(leaf(3, 1.), leaf(3, 2.)));
  CHECK_FALSE(same_shape(leaf(3), leaf(4)));
  CHECK(same_shape(affine{leaf(4), {}}, affine{leaf(4), {}}));
  CHECK_FALSE(same_shape(affine{leaf(4), {}}, affine{leaf(3), {}}));
  CHECK(same_shape(nested{leaf(1), leaf(2)}, nested{leaf(1), leaf(2)}));
  CHECK_FALSE(same_shape(nested{leaf(1), leaf(2)}, nested{leaf(2), leaf(1)}));
  CHECK_FALSE(same_shape(nested{leaf(1), leaf(2)}, nested{leaf(1), leaf(3)}));
  CHECK_FALSE(same_shape(nested{leaf(1), leaf(2)}, nested{leaf(1)}));
  CHECK_FALSE(same_shape(nested{leaf(1)}, nested{leaf(1), leaf(2)}));
  CHECK_FALSE(same_shape(std::tuple{1., leaf(1)}, std::tuple{1., leaf(2)}));
}

TEST_CASE("element_count counts the scalars of every leaf") {
  CHECK(element_count(1.f) == 1);
  CHECK(element_count(leaf{}) == 0);
  CHECK(element_count(leaf(7)) == 7);
  CHECK(element_count(std::vector<affine>{{leaf(4), {}}, {leaf(1), {}}}) == 6 + 3);
  CHECK(element_count(nested{}) == 0);
}

TEST_CASE("a difference in shape is refused with both shapes") {
  CHECK_NOTHROW(kutta::detail::require_same_shape("dx", leaf(3), leaf(3)));
  CHECK_THROWS_WITH_AS(kutta::detail::require_same_shape("dx", leaf(3), leaf(4)),
                       "dx: expected shape (3), got (4)", std::invalid_argument);
  CHECK_THROWS_WITH_AS(
      kutta::detail::require_same_shape("theta", affine{leaf(4), {}}, affine{leaf(3), {}}),
      "theta: expected shape {(4), (2)}, got {(3), (2)}", std::invalid_argument);
}
