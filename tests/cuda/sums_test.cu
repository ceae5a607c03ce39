// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstddef>
#include <vector>

#include <doctest/doctest.h>

#include <kutta/cuda/sums.hpp>
#include <kutta/cuda/tensor.hpp>
#include <kutta/tensor/host_copy.hpp>

namespace {

using numbers = kutta::cuda::detail::numbers<float, 2>;
using totals = kutta::cuda::detail::numbers<double, 2>;

/// x(row, column) and its square.
struct moments {
  const float* x;
  std::size_t columns;

  KUTTA_HD numbers operator()(std::size_t row, std::size_t column) const {
    const float v = x[row * columns + column];
    return {{v, v * v}};
  }
};

struct keep {
  double* to;

  KUTTA_HD void operator()(std::size_t i, const totals& sum) const {
    to[2 * i] = sum.value[0];
    to[2 * i + 1] = sum.value[1];
  }
};

std::vector<float> some_numbers(std::size_t n) {
  std::vector<float> x(n);
  for (std::size_t i = 0; i < n; ++i) x[i] = static_cast<float>(std::sin(0.7 * double(i)));
  return x;
}

}  // namespace

TEST_CASE("sums over rows and over columns are those of a loop") {
  for (const std::size_t rows : {1U, 2U, 31U, 32U, 33U, 1000U, 1024U, 1025U, 33000U})
    for (const std::size_t columns : {1U, 3U, 16U, 65U}) {
      CAPTURE(rows);
      CAPTURE(columns);
      const auto values = some_numbers(rows * columns);
      const kutta::cuda::tensor<float, 1> x({values.size()}, values);
      const moments f{x.data().get(), columns};

      std::vector<double> down(2 * columns), across(2 * rows);
      for (std::size_t r = 0; r < rows; ++r)
        for (std::size_t c = 0; c < columns; ++c) {
          const double v = values[r * columns + c];
          down[2 * c] += v, down[2 * c + 1] += v * v;
          across[2 * r] += v, across[2 * r + 1] += v * v;
        }

      kutta::cuda::tensor<double, 1> sums({2 * columns});
      kutta::cuda::detail::column_sums<float, 2> by_column(rows, columns);
      by_column(rows, f, keep{sums.data().get()});
      const auto found = kutta::copy_to_host(sums);
      for (std::size_t i = 0; i < down.size(); ++i)
        REQUIRE(std::abs(found[i] - down[i]) <= 1e-6 * (1 + static_cast<double>(rows)));

      kutta::cuda::tensor<double, 1> row_sums({2 * rows});
      kutta::cuda::detail::row_sums<float, 2> by_row(rows);
      by_row(rows, columns, f, keep{row_sums.data().get()});
      const auto rows_found = kutta::copy_to_host(row_sums);
      for (std::size_t i = 0; i < across.size(); ++i)
        REQUIRE(std::abs(rows_found[i] - across[i]) <= 1e-6 * static_cast<double>(columns));
    }
}

TEST_CASE("column sums made for many rows serve fewer") {
  const auto values = some_numbers(64 * 5);
  const kutta::cuda::tensor<float, 1> x({values.size()}, values);
  kutta::cuda::detail::column_sums<float, 2> sums(10'000, 5);
  for (const std::size_t rows : {64U, 7U, 0U}) {
    kutta::cuda::tensor<double, 1> found({10});
    sums(rows, moments{x.data().get(), 5}, keep{found.data().get()});
    double expected = 0;
    for (std::size_t r = 0; r < rows; ++r) expected += static_cast<double>(values[5 * r + 2]);
    CHECK(kutta::copy_to_host(found)[4] == doctest::Approx(expected).epsilon(1e-6));
  }
}
