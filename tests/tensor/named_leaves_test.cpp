// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <kutta/tensor/contiguous.hpp>
#include <kutta/tensor/named_leaves.hpp>
#include <kutta/tensor/product.hpp>

namespace {

struct affine {
  std::vector<double> w;
  double b;
  static constexpr auto fields =
      std::tuple{kutta::field{"w", &affine::w}, kutta::field{"b", &affine::b}};
};

template <class T>
std::vector<std::string> names(const T& x) {
  std::vector<std::string> found;
  kutta::for_each_named_leaf([&](const std::string& name, const auto&) { found.push_back(name); },
                             "theta", x);
  return found;
}

}  // namespace

TEST_CASE("a leaf's name is its path") {
  using list = std::vector<std::string>;
  CHECK(names(1.) == list{"theta"});
  CHECK(names(std::vector{1., 2.}) == list{"theta"});
  CHECK(names(affine{{1, 2}, 3}) == list{"theta.w", "theta.b"});
  CHECK(names(std::vector<affine>(2, affine{{1}, 2})) ==
        list{"theta[0].w", "theta[0].b", "theta[1].w", "theta[1].b"});
  CHECK(names(std::tuple{1., affine{{1}, 2}}) == list{"theta[0]", "theta[1].w", "theta[1].b"});
}

TEST_CASE("the leaves themselves are passed, to be written") {
  std::vector<affine> x(2, affine{{1, 2}, 3});
  kutta::for_each_named_leaf(
      [](const std::string& name, auto& leaf) {
        if (name == "x[1].b") kutta::map(leaf, [] { return 7.; });
      },
      "x", x);
  CHECK(x[0].b == 3);
  CHECK(x[1].b == 7);
}
