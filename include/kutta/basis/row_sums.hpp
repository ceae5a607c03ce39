// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// A small matrix times many long arrays, y_j ← Σ_k M_jk x_k.

#include <cstddef>
#include <vector>

#include <kutta/basis/basis.hpp>
#include <kutta/basis/parts.hpp>
#include <kutta/tensor/simd.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta::detail {

/// The entries of one row that are not 0, by ascending column.
using matrix_row = std::vector<basis_value>;

inline bool same_columns(const matrix_row& a, const matrix_row& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (a[i].k != b[i].k) return false;
  return true;
}

/// R rows with entries in the same columns, to be computed together: each x_k is loaded once for
/// all of them, and the sums stay in registers.
template <class S, std::size_t R>
class row_group {
 public:
  /// Rows first, …, first + R − 1.
  row_group(const std::vector<matrix_row>& rows, std::size_t first, const std::vector<const S*>& x)
      : first_(first) {
    for (std::size_t i = 0; i < rows[first].size(); ++i) {
      terms_.push_back({x[rows[first][i].k], {}});
      for (std::size_t r = 0; r < R; ++r)
        terms_.back().a[r] = static_cast<S>(rows[first + r][i].phi);
    }
  }

  /// Elements begin, …, end − 1 of the rows' y. The last registers may reach back over elements
  /// that are known already.
  void sum(std::size_t begin, std::size_t end, const std::vector<S*>& y) const {
    constexpr std::size_t width = registers * register_lanes<S>;
    if (end >= width) {
      for (; begin + width <= end; begin += width) sum_in_registers(begin, y);
      if (begin < end) sum_in_registers(end - width, y);
      return;
    }
    for (std::size_t i = begin; i < end; ++i)
      for (std::size_t r = 0; r < R; ++r) {
        S total = 0;
        for (const term& t : terms_) total += t.a[r] * t.x[i];
        y[first_ + r][i] = total;
      }
  }

 private:
  using lanes = simd<S, register_lanes<S>>;
  static constexpr std::size_t registers = 8 / R;  // of each row

  struct term {
    const S* x;
    S a[R];
  };

  void sum_in_registers(std::size_t i, const std::vector<S*>& y) const {
    lanes total[R][registers];
    for (auto& row : total)
      for (lanes& t : row) t = lanes(S(0));
    for (const term& t : terms_)
      for (std::size_t v = 0; v < registers; ++v) {
        const lanes x = lanes::load(t.x + i + v * register_lanes<S>);
        for (std::size_t r = 0; r < R; ++r) total[r][v] = total[r][v].plus_product(t.a[r], x);
      }
    for (std::size_t r = 0; r < R; ++r)
      for (std::size_t v = 0; v < registers; ++v)
        total[r][v].store(y[first_ + r] + i + v * register_lanes<S>);
  }

  std::size_t first_;
  std::vector<term> terms_;
};

/// One leaf of every θ'_j from the same leaf of every θ_k. In host memory all rows are computed on
/// a run of elements before the next one is touched, so that each θ_k is read once.
template <class L>
void sum_rows(const std::vector<matrix_row>& rows, const std::vector<const L*>& theta,
              const std::vector<L*>& result) {
  if constexpr (contiguous_leaf<L>) {
    using S = scalar_t<L>;
    std::vector<const S*> x;
    std::vector<S*> y;
    for (const L* of : theta) x.push_back(of->data());
    for (L* of : result) y.push_back(of->data());
    std::vector<row_group<S, 4>> fours;
    std::vector<row_group<S, 1>> others;
    for (std::size_t j = 0; j < rows.size();) {
      std::size_t same = 1;
      while (same < 4 && j + same < rows.size() && same_columns(rows[j], rows[j + same])) ++same;
      if (same == 4)
        fours.emplace_back(rows, j, x), j += 4;
      else
        others.emplace_back(rows, j, x), j += 1;
    }
    const auto size = static_cast<std::size_t>(theta.front()->size());
    for_each_run<S>(size, theta.size(), [&](std::size_t first, std::size_t n) {
      for (const auto& group : fours) group.sum(first, first + n, y);
      for (const auto& group : others) group.sum(first, first + n, y);
    });
  } else {
    for (std::size_t j = 0; j < rows.size(); ++j) {
      kutta::set_zero(*result[j]);
      for (const auto& [k, a] : rows[j]) kutta::add(*result[j], *result[j], scaled{a, *theta[k]});
    }
  }
}

}  // namespace kutta::detail
