// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <iostream>
#include <vector>

#include <kutta/basis/legendre.hpp>
#include <kutta/kutta.hpp>

struct growth {  // R(theta, x) = theta x
  using state = double;
  using params = double;
  struct tape {};
  void forward(const params& theta, const state& x, state& y, tape&) const { y = theta * x; }
  void vjp(const params& theta, const state& x, const tape&, const state& dy, state& dx,
           params& dtheta) const {
    dx += theta * dy;
    dtheta += x * dy;
  }
};

int main() {
  using kutta::schemes::rk4_classic;
  namespace bases = kutta::bases;

  // theta(t) = 1 + t² in powers of 2t − 1, as Legendre's polynomials: x(1) = exp(∫ theta).
  const kutta::ode_block<growth, rk4_classic, bases::legendre> smooth{
      growth{}, bases::legendre{3}, {.steps = 20}};
  const double x1 = smooth({4. / 3, 1. / 2, 1. / 6}, 1);

  // A residual network of 20 layers: Euler, and a weight for each step.
  std::vector<double> layers;
  for (int k = 0; k < 20; ++k) layers.push_back(1 + (k + .5) * (k + .5) / 400);
  const kutta::ode_block<growth, kutta::schemes::euler, bases::piecewise_constant> resnet{
      growth{}, bases::piecewise_constant{20}, {.steps = 20}};
  const double x2 = resnet(layers, 1);

  std::cout << x1 << ", " << x2 << ", exactly " << std::exp(4. / 3) << '\n';
  return std::abs(x1 - std::exp(4. / 3)) < 1e-5 && std::abs(x2 - x1) < .2 ? 0 : 1;
}
