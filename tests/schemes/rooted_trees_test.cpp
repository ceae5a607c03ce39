// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <kutta/schemes/rooted_trees.hpp>

namespace {

constexpr int orders = 8;
constexpr const auto& trees = kutta::rooted_trees_v<orders>;

/// The number of trees of order p.
constexpr std::size_t grown(int p) {
  return trees.first[p + 1] - trees.first[p];
}

constexpr std::int64_t power(std::int64_t x, int n) {
  std::int64_t product = 1;
  for (int i = 0; i < n; ++i) product *= x;
  return product;
}

constexpr std::int64_t factorial(int n) {
  std::int64_t product = 1;
  for (int i = 2; i <= n; ++i) product *= i;
  return product;
}

/// (γ, σ) of each tree of order p, sorted.
std::vector<std::pair<std::int64_t, std::int64_t>> gamma_and_sigma(int p) {
  std::vector<std::pair<std::int64_t, std::int64_t>> pairs;
  for (std::size_t n = trees.first[p]; n < trees.first[p + 1]; ++n)
    pairs.emplace_back(trees.tree[n].gamma, trees.tree[n].sigma);
  std::sort(pairs.begin(), pairs.end());
  return pairs;
}

}  // namespace

// Hairer, Nørsett & Wanner, Solving ODEs I (1993), Table II.2.1.
static_assert(grown(1) == 1 && grown(2) == 1 && grown(3) == 2 && grown(4) == 4);
static_assert(grown(5) == 9 && grown(6) == 20 && grown(7) == 48 && grown(8) == 115);
static_assert(trees.first[9] == 200 && kutta::rooted_trees<8>::size == 200);
static_assert(kutta::rooted_tree_count<9>() == 286 && kutta::rooted_tree_count<10>() == 719);

TEST_CASE("density and symmetry of the trees of at most 5 vertices are the tabulated ones") {
  using table = std::vector<std::pair<std::int64_t, std::int64_t>>;
  CHECK(gamma_and_sigma(1) == table{{1, 1}});
  CHECK(gamma_and_sigma(2) == table{{2, 1}});
  CHECK(gamma_and_sigma(3) == table{{3, 2}, {6, 1}});
  CHECK(gamma_and_sigma(4) == table{{4, 6}, {8, 1}, {12, 2}, {24, 1}});
  CHECK(gamma_and_sigma(5) ==
        table{{5, 24}, {10, 2}, {15, 2}, {20, 2}, {20, 6}, {30, 1}, {40, 1}, {60, 2}, {120, 1}});
}

TEST_CASE("a tree is the Butcher product of two earlier trees") {
  for (std::size_t n = 1; n < trees.first[orders + 1]; ++n) {
    const kutta::rooted_tree& t = trees.tree[n];
    REQUIRE(t.left < n);
    REQUIRE(t.right < n);
    CHECK(t.order == trees.tree[t.left].order + trees.tree[t.right].order);
    CHECK(t.order >= trees.tree[n - 1].order);
    for (std::size_t m = 0; m < n; ++m)
      CHECK_FALSE((trees.tree[m].left == t.left && trees.tree[m].right == t.right && m != 0));
  }
}

TEST_CASE("the labellings of the trees number p^(p−1), the monotonic ones (p−1)!") {
  for (int p = 1; p <= orders; ++p) {
    std::int64_t labelled = 0;   // p!/σ each; Cayley's formula for rooted trees
    std::int64_t monotonic = 0;  // α = p!/(σ γ) each
    for (std::size_t n = trees.first[p]; n < trees.first[p + 1]; ++n) {
      const kutta::rooted_tree& t = trees.tree[n];
      REQUIRE(factorial(p) % (t.sigma * t.gamma) == 0);
      labelled += factorial(p) / t.sigma;
      monotonic += factorial(p) / (t.sigma * t.gamma);
    }
    CHECK(labelled == power(p, p - 1));
    CHECK(monotonic == factorial(p - 1));
  }
}

TEST_CASE("a shorter list is the beginning of a longer one") {
  constexpr const auto& few = kutta::rooted_trees_v<4>;
  for (std::size_t n = 0; n < kutta::rooted_trees<4>::size; ++n) {
    CHECK(few.tree[n].left == trees.tree[n].left);
    CHECK(few.tree[n].right == trees.tree[n].right);
    CHECK(few.tree[n].gamma == trees.tree[n].gamma);
    CHECK(few.tree[n].sigma == trees.tree[n].sigma);
  }
}
