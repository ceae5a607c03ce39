// SPDX-License-Identifier: Apache-2.0
#include <thrust/device_vector.h>
#include <thrust/host_vector.h>

#include <kutta/cuda.hpp>

#include "typed/block_properties.hpp"

namespace kutta::test {

template <class T>
struct samples_of {
  static std::vector<T> all() { return {T(1), T(5), T(257)}; }
};

TEST_CASE_TEMPLATE_INVOKE(block_properties, thrust::device_vector<double>,
                          thrust::device_vector<float>, thrust::host_vector<double>);
TEST_CASE_TEMPLATE_INVOKE(block_limits, thrust::device_vector<double>, thrust::host_vector<double>);

}  // namespace kutta::test
