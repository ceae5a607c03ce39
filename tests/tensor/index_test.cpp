// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cstddef>
#include <vector>

#include <doctest/doctest.h>

#include <kutta/tensor/index.hpp>

TEST_CASE("the index is a constant and runs up, or down") {
  std::vector<std::size_t> up, down, none;
  kutta::detail::for_each_index<3>([&](auto i) {
    const std::array<int, decltype(i)::value + 1> sized{};
    up.push_back(sized.size() - 1);
  });
  kutta::detail::for_each_index_reversed<3>([&](auto i) { down.push_back(decltype(i)::value); });
  kutta::detail::for_each_index<0>([&](auto i) { none.push_back(decltype(i)::value); });
  kutta::detail::for_each_index_reversed<0>([&](auto i) { none.push_back(decltype(i)::value); });
  CHECK(up == std::vector<std::size_t>{0, 1, 2});
  CHECK(down == std::vector<std::size_t>{2, 1, 0});
  CHECK(none.empty());
}
