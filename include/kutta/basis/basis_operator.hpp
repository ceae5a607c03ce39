// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// A change of basis as a matrix, for the coefficients and for whatever moves with them.

#include <concepts>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <vector>

#include <kutta/basis/basis.hpp>
#include <kutta/basis/parts.hpp>
#include <kutta/basis/row_sums.hpp>
#include <kutta/tensor/shape.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta {

/// The moments of Adam: means of g and of g², and a count.
template <class M>
concept optimiser_moments = requires(M m) {
  kutta::zeros_like(m.first);
  kutta::zeros_like(m.second);
  m.steps;
};

/// M (rows × columns, row by row): θ'_j = Σ_k M_jk θ_k.
class basis_operator {
 public:
  /// A zero.
  basis_operator(std::size_t rows, std::size_t columns)
      : rows_(rows), columns_(columns), values_(rows * columns) {}

  std::size_t rows() const { return rows_; }
  std::size_t columns() const { return columns_; }

  double& operator()(std::size_t j, std::size_t k) { return values_[j * columns_ + k]; }
  double operator()(std::size_t j, std::size_t k) const { return values_[j * columns_ + k]; }

  /// M θ, one coefficient for each row. Entries that are 0 cost nothing.
  /// @throws std::invalid_argument unless there is a coefficient for each column, all of one shape.
  template <tensor P>
  std::vector<P> apply(const std::vector<P>& theta) const {
    if (theta.size() != columns_ || theta.empty())
      throw std::invalid_argument("basis_operator: expected " + std::to_string(columns_) +
                                  " coefficients, got " + std::to_string(theta.size()));
    for (const P& theta_k : theta)
      detail::require_same_shape("basis_operator: theta", theta[0], theta_k);
    std::vector<P> result;
    result.reserve(rows_);
    for (std::size_t j = 0; j < rows_; ++j) result.push_back(kutta::zeros_like(theta[0]));
    const auto rows = nonzero_rows();
    detail::for_each_common_leaf(
        [&](const std::string&, const auto& x, const auto& y) { detail::sum_rows(rows, x, y); }, "",
        detail::addresses(theta), detail::addresses(result));
    return result;
  }

  /// M for the first moments, |M| (entry by entry) for the second: those are never negative, and
  /// never below M v, so that no update grows by the change of basis. The count stays.
  /// @throws std::invalid_argument as for coefficients.
  template <optimiser_moments M>
  M apply(const M& moments) const {
    return {apply(moments.first), absolute().apply(moments.second), moments.steps};
  }

  /// |M|, entry by entry.
  basis_operator absolute() const {
    basis_operator m = *this;
    for (double& value : m.values_)
      if (value < 0) value = -value;
    return m;
  }

 private:
  std::vector<detail::matrix_row> nonzero_rows() const {
    std::vector<detail::matrix_row> rows(rows_);
    for (std::size_t j = 0; j < rows_; ++j)
      for (std::size_t k = 0; k < columns_; ++k)
        if ((*this)(j, k) != 0) rows[j].push_back({k, (*this)(j, k)});
    return rows;
  }

  std::size_t rows_, columns_;
  std::vector<double> values_;
};

}  // namespace kutta
