// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Least squares over depths that are visited one by one.

#include <cmath>
#include <cstddef>
#include <limits>

#include <kutta/basis/basis.hpp>
#include <kutta/basis/basis_operator.hpp>
#include <kutta/basis/depth.hpp>
#include <kutta/basis/minimum_norm.hpp>

namespace kutta::detail {

/// The coefficients c nearest to values v_i at the depths s_i, and of those the nearest to old
/// ones:
///
///     c = G⁺ b + (1 − G⁺ G) c_old,   G_jk = Σ_i φ_j(s_i) φ_k(s_i),   b_k = Σ_i φ_k(s_i) v_i
///
/// Keeps G⁺ and 1 − G⁺ G from one set of depths to the next if they are the same.
class normal_equations {
 public:
  explicit normal_equations(std::size_t size)
      : gram_(size, size), solved_(size, size), inverse_(size, size), rest_(size, size) {
    for (std::size_t k = 0; k < size; ++k) rest_(k, k) = 1;
  }

  std::size_t size() const { return gram_.rows(); }

  void begin() {
    for (std::size_t j = 0; j < size(); ++j)
      for (std::size_t k = 0; k < size(); ++k) gram_(j, k) = 0;
  }

  template <basis B>
  void visit(const B& phi, const depth& s) {
    const auto values = phi(s);
    for (const auto& [j, of_j] : values)
      for (const auto& [k, of_k] : values) gram_(j, k) += of_j * of_k;
  }

  /// Allocates only if the depths differ from those before.
  void solve() {
    if (same_as_solved()) return;
    solved_ = gram_;
    inverse_ = pseudo_inverse(gram_);
    // A product of K terms that should be 0 is one of rounding errors.
    const double least = 64 * static_cast<double>(size()) * std::numeric_limits<double>::epsilon();
    for (std::size_t j = 0; j < size(); ++j)
      for (std::size_t k = 0; k < size(); ++k) {
        double value = j == k ? 1 : 0;
        for (std::size_t i = 0; i < size(); ++i) value -= inverse_(j, i) * gram_(i, k);
        rest_(j, k) = std::abs(value) < least ? 0 : value;
      }
  }

  /// G⁺, and 1 − G⁺ G.
  const basis_operator& inverse() const { return inverse_; }
  const basis_operator& rest() const { return rest_; }

 private:
  bool same_as_solved() const {
    for (std::size_t j = 0; j < size(); ++j)
      for (std::size_t k = 0; k < size(); ++k)
        if (gram_(j, k) != solved_(j, k)) return false;
    return true;
  }

  basis_operator gram_, solved_, inverse_, rest_;
};

}  // namespace kutta::detail
