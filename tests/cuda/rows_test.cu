// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <vector>

#include <doctest/doctest.h>

#include <kutta/cuda/rows.hpp>
#include <kutta/cuda/tensor.hpp>
#include <kutta/tensor/host_copy.hpp>

namespace {

struct place_and_sum {
  KUTTA_HD float operator()(std::size_t row, std::size_t column, float x, float y) const {
    return 1000 * static_cast<float>(row) + 10 * static_cast<float>(column) + x + y;
  }
};

}  // namespace

TEST_CASE("a functor of a matrix knows the place of each element, wherever the arrays begin") {
  for (const std::size_t columns : {1U, 2U, 3U, 4U, 7U, 16U})
    for (const std::size_t rows : {1U, 2U, 5U, 9U})
      for (const std::size_t offset : {0U, 1U}) {
        CAPTURE(rows);
        CAPTURE(columns);
        CAPTURE(offset);
        const std::size_t n = rows * columns;
        std::vector<float> values(n + 1), expected(n + 2, -1);
        for (std::size_t i = 0; i < n; ++i) {
          values[i] = static_cast<float>(i) / 256;
          expected[offset + i] = place_and_sum{}(i / columns, i % columns, values[i], -1);
        }
        const kutta::cuda::tensor<float, 1> x({n + 1}, values);
        kutta::cuda::tensor<float, 1> y({n + 2}, std::vector<float>(n + 2, -1));
        float* const to = y.data().get() + offset;
        kutta::cuda::detail::map_rows(to, rows, columns, place_and_sum{}, x.data().get(),
                                      static_cast<const float*>(to));
        CHECK(kutta::copy_to_host(y) == expected);
      }
}
