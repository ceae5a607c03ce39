// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The rooted trees, one order condition each.

#include <cstddef>
#include <cstdint>

namespace kutta {

/// The Butcher product l ∘ r: the root of l gains one more child, the root of r.
///
/// `left` and `right` index the list that holds the tree; the single vertex has neither.
/// Source: Butcher, Numerical Methods for ODEs (3rd ed., 2016), §§ 300, 304.
struct rooted_tree {
  int order = 1;             // vertices
  std::size_t left = 0;      // l
  std::size_t right = 0;     // r, the last child of the root
  std::int64_t repeats = 0;  // how many children of the root are r
  std::int64_t gamma = 1;  // density: the product over the vertices of the order of their subtrees
  std::int64_t sigma = 1;  // symmetry: the order of the automorphism group
};

/// a(n), the rooted trees of n vertices: 1, 1, 2, 4, 9, 20, 48, 115, …
///
///     n a(n+1) = Σ_{k=1..n} (Σ_{d|k} d a(d)) a(n+1−k)
///
/// Source: Cayley (1857); Hairer, Nørsett & Wanner, Solving ODEs I (1993), Table II.2.1.
template <int N>
constexpr std::size_t rooted_tree_count() {
  std::size_t a[N + 1]{0, 1};
  for (std::size_t n = 1; n < N; ++n) {
    for (std::size_t k = 1; k <= n; ++k) {
      std::size_t divisors = 0;
      for (std::size_t d = 1; d <= k; ++d)
        if (k % d == 0) divisors += d * a[d];
      a[n + 1] += divisors * a[n + 1 - k];
    }
    a[n + 1] /= n;
  }
  return a[N];
}

namespace detail {

template <int P>
constexpr std::size_t rooted_trees_up_to() {
  if constexpr (P == 0)
    return 0;
  else
    return rooted_trees_up_to<P - 1>() + rooted_tree_count<P>();
}

}  // namespace detail

/// Every rooted tree of at most P vertices, once, by rising order.
///
/// The children of a root are attached by falling index, so no tree is made twice:
///     γ(l ∘ r) = |l ∘ r| γ(l)/|l| γ(r),   σ(l ∘ r) = σ(l) σ(r) (how many children are now r).
template <int P>
struct rooted_trees {
  static_assert(P >= 1, "rooted_trees: an order of at least 1 is expected");
  static constexpr std::size_t size = detail::rooted_trees_up_to<P>();

  rooted_tree tree[size]{};
  std::size_t first[P + 2]{};  // the trees of order p are first[p] … first[p + 1] − 1

  constexpr rooted_trees() {
    first[2] = 1;
    for (int order = 2; order <= P; ++order) {
      std::size_t n = first[order];
      for (std::size_t l = 0; l < first[order]; ++l) {
        const int rest = order - tree[l].order;
        for (std::size_t r = first[rest]; r < first[rest + 1]; ++r)
          if (l == 0 || r <= tree[l].right) tree[n++] = product(l, r);
      }
      first[order + 1] = n;
    }
  }

 private:
  constexpr rooted_tree product(std::size_t l, std::size_t r) const {
    const std::int64_t repeats = l != 0 && tree[l].right == r ? tree[l].repeats + 1 : 1;
    const int order = tree[l].order + tree[r].order;
    return {.order = order,
            .left = l,
            .right = r,
            .repeats = repeats,
            .gamma = order * (tree[l].gamma / tree[l].order) * tree[r].gamma,
            .sigma = tree[l].sigma * tree[r].sigma * repeats};
  }
};

/// The trees of at most P vertices, grown once for all tables.
template <int P>
inline constexpr rooted_trees<P> rooted_trees_v{};

}  // namespace kutta
