// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <vector>

#include <kutta/xtensor.hpp>

#include "typed/block_properties.hpp"

namespace kutta::test {

template <class S>
struct samples_of<xt::xtensor<S, 1>> {
  static std::vector<xt::xtensor<S, 1>> all() {
    return {xt::xtensor<S, 1>::from_shape({1}), xt::xtensor<S, 1>::from_shape({9})};
  }
};

template <class S>
struct samples_of<xt::xtensor<S, 3>> {
  static std::vector<xt::xtensor<S, 3>> all() {
    return {xt::xtensor<S, 3>::from_shape({1, 1, 1}), xt::xtensor<S, 3>::from_shape({5, 1, 3})};
  }
};

template <class S>
struct samples_of<xt::xarray<S>> {
  using array = xt::xarray<S>;

  static std::vector<array> all() {
    std::vector<array> shapes;
    for (const std::vector<std::size_t>& shape :
         {std::vector<std::size_t>{}, {1}, {3, 5}, {2, 1, 3, 1, 2}})
      shapes.push_back(array::from_shape(shape));
    return shapes;
  }
};

TEST_CASE_TEMPLATE_INVOKE(block_properties, xt::xtensor<double, 3>, xt::xtensor<float, 1>,
                          xt::xarray<double>);
TEST_CASE_TEMPLATE_INVOKE(block_limits, xt::xtensor<double, 3>, xt::xarray<double>);

}  // namespace kutta::test
