// SPDX-License-Identifier: Apache-2.0
#include "two_translation_units/program.hpp"

namespace program {

result evaluate_elsewhere(const block& f, const block::coefficients& theta,
                          const Eigen::Matrix2Xd& x0) {
  auto ws = f.make_workspace(theta, x0);
  result out{f.forward(theta, x0, ws), {}, kutta::zeros_like(theta)};
  out.dx = out.x1;
  f.backprop(theta, out.dx, out.dtheta, ws);
  return out;
}

const double* coefficient_elsewhere() {
  return &kutta::a_v<kutta::schemes::rk4_classic, 1, 0>;
}

const void* fields_elsewhere() {
  return &kutta::affine_params<double>::fields;
}

}  // namespace program
