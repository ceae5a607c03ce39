// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <vector>

#include <kutta/tensor/vec.hpp>

#include "typed/block_properties.hpp"

namespace kutta::test {

template <class T>
struct samples_of {  // fixed sizes: one shape
  static std::vector<T> all() { return {T{}}; }
};

template <class S>
struct samples_of<std::vector<S>> {
  static std::vector<std::vector<S>> all() {
    return {std::vector<S>(1), std::vector<S>(5), std::vector<S>(37)};
  }
};

TEST_CASE_TEMPLATE_INVOKE(block_properties, double, float, std::array<double, 5>, vec<float, 3>,
                          std::vector<double>);
TEST_CASE_TEMPLATE_INVOKE(block_limits, double, std::array<double, 5>, std::vector<double>);

}  // namespace kutta::test
