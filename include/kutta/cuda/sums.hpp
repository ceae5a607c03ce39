// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Sums over the rows, or over the columns, of what a functor says of (row, column), in device
/// memory. Nothing waits for the device, nothing is allocated in a call.
///
/// The order of additions depends on the extents alone. Up to 32 addends, or every 32nd of a row,
/// are summed by one thread as they come; sums of those are doubles.

#include <cstddef>
#include <utility>

#include <kutta/cuda/buffer.hpp>
#include <kutta/cuda/elementwise.hpp>
#include <kutta/tensor/host_device.hpp>

namespace kutta::cuda::detail {

/// J numbers that are summed together.
template <class T, std::size_t J>
struct numbers {
  T value[J];

  template <class S>
  KUTTA_HD void operator+=(const numbers<S, J>& other) {
    for (std::size_t j = 0; j < J; ++j) value[j] += static_cast<T>(other.value[j]);
  }
};

/// (row, column) ↦ a number of a matrix.
template <class T>
struct number_at {
  const T* data;
  std::size_t columns;

  KUTTA_HD numbers<T, 1> operator()(std::size_t row, std::size_t column) const {
    return {{data[row * columns + column]}};
  }
};

template <class T>
struct add_sum {
  T* to;

  KUTTA_HD void operator()(std::size_t i, const numbers<double, 1>& sum) const {
    to[i] += static_cast<T>(sum.value[0]);
  }
};

/// As many additions as one thread makes for a sum.
inline constexpr std::size_t fan = 32;

constexpr std::size_t fans(std::size_t n) {
  return (n + fan - 1) / fan;
}

/// (part, column) ↦ Σ f(row, column) over 32 rows.
template <class T, std::size_t J, class F>
struct sum_of_rows {
  F f;
  std::size_t rows;

  KUTTA_HD numbers<double, J> operator()(std::size_t part, std::size_t column) const {
    numbers<T, J> sum{};
    const std::size_t first = part * fan, end = first + fan < rows ? first + fan : rows;
    for (std::size_t row = first; row < end; ++row) sum += f(row, column);
    numbers<double, J> total{};
    total += sum;
    return total;
  }
};

/// (row, column) ↦ an element of a matrix.
template <std::size_t J>
struct part_of_sum {
  const numbers<double, J>* parts;
  std::size_t columns;

  KUTTA_HD const numbers<double, J>& operator()(std::size_t row, std::size_t column) const {
    return parts[row * columns + column];
  }
};

template <std::size_t J, class F>
struct keep_part {
  F f;
  numbers<double, J>* parts;
  std::size_t columns;

  KUTTA_HD void operator()(std::size_t row, std::size_t column) const {
    parts[row * columns + column] = f(row, column);
  }
};

template <class F, class G>
struct finish_column {
  F f;
  G finish;

  KUTTA_HD void operator()(std::size_t column) const { finish(column, f(0, column)); }
};

/// finish(column, Σ_{row} f(row, column)) for every column, J sums of each. f returns
/// `numbers<T, J>`, finish takes `numbers<double, J>`.
template <class T, std::size_t J>
class column_sums {
 public:
  column_sums() = default;
  /// For up to so many rows.
  column_sums(std::size_t rows, std::size_t columns)
      : columns_(columns), parts_(fans(rows) * columns), fewer_(fans(fans(rows)) * columns) {}

  template <class F, class G>
  void operator()(std::size_t rows, const F& f, const G& finish) {
    using first = sum_of_rows<T, J, F>;
    using later = sum_of_rows<double, J, part_of_sum<J>>;
    if (fans(rows) <= 1) return last<first>({f, rows}, finish);
    numbers<double, J>*from = parts_.data(), *to = fewer_.data();
    std::size_t n = fans(rows);
    cuda::detail::for_each_pair(n, columns_, keep_part<J, first>{{f, rows}, from, columns_});
    for (; fans(n) > 1; n = fans(n)) {
      cuda::detail::for_each_pair(fans(n), columns_,
                                  keep_part<J, later>{{{from, columns_}, n}, to, columns_});
      std::swap(from, to);
    }
    last<later>({{from, columns_}, n}, finish);
  }

  std::size_t heap_bytes() const { return parts_.heap_bytes() + fewer_.heap_bytes(); }

 private:
  template <class Sum, class G>
  void last(const Sum& sum, const G& finish) const {
    for_each_index(columns_, finish_column<Sum, G>{sum, finish});
  }

  std::size_t columns_ = 0;
  buffer<numbers<double, J>> parts_, fewer_;
};

/// (row, lane) ↦ Σ f(row, column) over the columns lane, lane + 32, …: threads side by side read
/// numbers side by side.
template <class T, std::size_t J, class F>
struct sum_of_lane {
  F f;
  std::size_t columns;

  KUTTA_HD numbers<double, J> operator()(std::size_t row, std::size_t lane) const {
    numbers<T, J> sum{};
    for (std::size_t column = lane; column < columns; column += fan) sum += f(row, column);
    numbers<double, J> total{};
    total += sum;
    return total;
  }
};

template <std::size_t J, class G>
struct finish_row {
  const numbers<double, J>* parts;
  G finish;

  KUTTA_HD void operator()(std::size_t row) const {
    numbers<double, J> total{};
    for (std::size_t lane = 0; lane < fan; ++lane) total += parts[row * fan + lane];
    finish(row, total);
  }
};

/// finish(row, Σ_{column} f(row, column)) for every row, likewise.
template <class T, std::size_t J>
class row_sums {
 public:
  row_sums() = default;
  /// For up to so many rows.
  explicit row_sums(std::size_t rows) : parts_(rows * fan) {}

  template <class F, class G>
  void operator()(std::size_t rows, std::size_t columns, const F& f, const G& finish) {
    cuda::detail::for_each_pair(
        rows, fan, keep_part<J, sum_of_lane<T, J, F>>{{f, columns}, parts_.data(), fan});
    for_each_index(rows, finish_row<J, G>{parts_.data(), finish});
  }

  std::size_t heap_bytes() const { return parts_.heap_bytes(); }

 private:
  buffer<numbers<double, J>> parts_;
};

}  // namespace kutta::cuda::detail
