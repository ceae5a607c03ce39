// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The inner products of the coefficients: all that an L2 error in depth needs to know of weights.

#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <kutta/basis/parts.hpp>
#include <kutta/tensor/contiguous.hpp>
#include <kutta/tensor/host_device.hpp>
#include <kutta/tensor/shape.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta {

/// G_kl = ⟨θ_k, θ_l⟩ of one leaf, K × K and symmetric.
class gram_matrix {
 public:
  /// A zero, for a leaf of this name and that many elements.
  gram_matrix(std::string leaf, std::size_t element_count, std::size_t k)
      : name(std::move(leaf)), elements(element_count), size_(k), values_(k * k) {}

  std::string name;
  std::size_t elements;

  std::size_t size() const { return size_; }
  double& operator()(std::size_t k, std::size_t l) { return values_[k * size_ + l]; }
  double operator()(std::size_t k, std::size_t l) const { return values_[k * size_ + l]; }

  /// |Σ_k a_k θ_k|²; 0 where that cannot be told from rounding, below 16 ε (Σ |a_k| |θ_k|)².
  double square(const std::vector<double>& a) const {
    std::size_t first = 0, last = size_;  // of what is not 0
    while (first < last && a[first] == 0) ++first;
    while (first < last && a[last - 1] == 0) --last;
    double sum = 0, sizes = 0;
    for (std::size_t k = first; k < last; ++k) {
      const double* row = values_.data() + k * size_;
      sum += a[k] *
             detail::sum_n<double>(last - first, detail::multiply{}, row + first, a.data() + first);
      sizes += std::abs(a[k]) * std::sqrt(row[k]);
    }
    return sum < 16 * std::numeric_limits<double>::epsilon() * sizes * sizes ? 0 : sum;
  }

 private:
  std::size_t size_;
  std::vector<double> values_;
};

namespace detail {

/// x y, rounded as late as a sum is.
template <class A>
struct wide_product {
  template <class V>
  KUTTA_HD constexpr A operator()(const V& x, const V& y) const {
    return static_cast<A>(x) * static_cast<A>(y);
  }
};

/// G of one leaf from its addresses in every θ_k.
template <class L>
void add_inner_products(const std::vector<const L*>& theta, gram_matrix& g) {
  using product = wide_product<accumulator_t<scalar_t<L>>>;
  const auto add = [&](const auto& at) {
    for (std::size_t k = 0; k < theta.size(); ++k)
      for (std::size_t l = 0; l <= k; ++l)
        g(k, l) += static_cast<double>(kutta::sum(product{}, at(k), at(l)));
  };
  if constexpr (contiguous_leaf<L>) {
    using S = scalar_t<L>;
    const auto size = static_cast<std::size_t>(theta.front()->size());
    for_each_run<S>(size, theta.size(), [&](std::size_t first, std::size_t n) {
      add([&](std::size_t k) { return window_of<S>{theta[k]->data() + first, n}; });
    });
  } else {
    add([&](std::size_t k) -> const L& { return *theta[k]; });
  }
  for (std::size_t k = 0; k < theta.size(); ++k)
    for (std::size_t l = 0; l < k; ++l) g(l, k) = g(k, l);
}

template <class P>
std::vector<gram_matrix> gram(const std::string& name, const std::vector<const P*>& theta) {
  std::vector<gram_matrix> result;
  for_each_common_leaf(
      [&]<class L>(const std::string& leaf, const std::vector<const L*>& of_leaf) {
        result.emplace_back(leaf, element_count(*of_leaf.front()), of_leaf.size());
        add_inner_products(of_leaf, result.back());
      },
      name, theta);
  return result;
}

}  // namespace detail

/// G of every leaf of a P, named "theta.w" and so on, from K coefficients of one shape.
///
/// Cost: n K (K + 1) FLOPs for n elements; in host memory reads the coefficients once.
template <tensor P>
std::vector<gram_matrix> gram(const std::vector<P>& theta) {
  return detail::gram("theta", detail::addresses(theta));
}

}  // namespace kutta
