// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// One block, used in two translation units that both include every header.

#include <kutta/eigen.hpp>

namespace program {

using network = kutta::layers::mlp<double, kutta::layers::sizes<2, 5, 2>>;
using block = kutta::ode_block<network, kutta::schemes::rk4_classic, kutta::bases::hat>;

struct result {
  Eigen::Matrix2Xd x1, dx;
  block::coefficients dtheta;
};

/// The block's value at x0 and the gradient of ½ |x1|², in the second translation unit.
result evaluate_elsewhere(const block& f, const block::coefficients& theta,
                          const Eigen::Matrix2Xd& x0);

/// Where the second translation unit sees a coefficient and the names of the parameters.
const double* coefficient_elsewhere();
const void* fields_elsewhere();

}  // namespace program
