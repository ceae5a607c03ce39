// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cstddef>
#include <limits>

#include <doctest/doctest.h>

#include <kutta/tensor/shape.hpp>
#include <kutta/tensor/simd_vec.hpp>
#include <kutta/tensor/tensor.hpp>

namespace {

constexpr std::size_t W = 2 * kutta::register_lanes<double>;
using lanes = kutta::simd<double, W>;
using states = kutta::vec<lanes, 3>;
using state = kutta::vec<double, 3>;

static_assert(kutta::tensor<states>);

/// Lane l holds (l, l + 100, l + 200) times a.
states numbered(double a) {
  states x;
  for (std::size_t l = 0; l < W; ++l) {
    const auto n = static_cast<double>(l);
    kutta::set_lane(x, l, state{{a * n, a * (n + 100), a * (n + 200)}});
  }
  return x;
}

}  // namespace

TEST_CASE("a lane is read as it was written, and no other") {
  const states x = numbered(2);
  for (std::size_t l = 0; l < W; ++l) {
    const auto n = static_cast<double>(l);
    CHECK(kutta::lane(x, l) == state{{2 * n, 2 * (n + 100), 2 * (n + 200)}});
  }
}

TEST_CASE("the lanes of all elements form one vector space") {
  const states x = numbered(1), k = numbered(3);
  states y = numbered(std::numeric_limits<double>::quiet_NaN());
  kutta::add(y, x, kutta::scaled<states>{2, k}, kutta::scaled<states>{-1, x});
  for (std::size_t l = 0; l < W; ++l) CHECK(kutta::lane(y, l) == kutta::lane(numbered(6), l));
  kutta::set_zero(y);
  CHECK(kutta::inner_product(y, x) == 0);
  CHECK(kutta::lane(kutta::zeros_like(x), 1) == state{});
}

TEST_CASE("a sum goes over all elements of all lanes, and misses no NaN") {
  constexpr double n = W, one = n * (n - 1) / 2;  // Σ l
  CHECK(kutta::sum(kutta::detail::copy{}, numbered(1)) == 3 * one + 300 * n);
  states x = numbered(1);
  kutta::set_lane(x, W - 1, state{{0, 0, std::numeric_limits<double>::quiet_NaN()}});
  const double sum = kutta::sum(kutta::detail::copy{}, x);
  CHECK(sum != sum);
}

TEST_CASE("elements are stored lane after lane, and counted") {
  CHECK(kutta::element_count(numbered(1)) == 3 * W);
  std::array<double, 3 * W> memory;
  kutta::tensor_traits<states>::store(numbered(1), memory.data());
  CHECK(memory[0] == 0);
  CHECK(memory[1] == 1);
  CHECK(memory[W] == 100);
  states y;
  kutta::tensor_traits<states>::load(y, memory.data());
  CHECK(kutta::lane(y, 1) == state{{1, 101, 201}});
}
