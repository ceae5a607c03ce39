// SPDX-License-Identifier: Apache-2.0
// error: has_vjp
#include <kutta/layers/layer.hpp>
#include <kutta/tensor/contiguous.hpp>

struct linear {
  using state = double;
  using params = double;
  struct tape {};
  void forward(double theta, double x, double& y, tape&) const { y = theta * x; }
#ifdef MISTAKE
  void vjp(double theta, double, const tape&, double dy, double& dx) const { dx += theta * dy; }
#else
  void vjp(double theta, double x, const tape&, double dy, double& dx, double& dtheta) const {
    dx += theta * dy;
    dtheta += x * dy;
  }
#endif
};

static_assert(kutta::residual<linear>);
