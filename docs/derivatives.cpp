// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <iostream>
#include <vector>

#include <kutta/basis/hat.hpp>
#include <kutta/layers/path_costs.hpp>
#include <kutta/layers/running_cost.hpp>
#include <kutta/layers/with_rate.hpp>
#include <kutta/ode/adaptive_block.hpp>
#include <kutta/schemes/embedded_fifth_order.hpp>

namespace layers = kutta::layers;
namespace costs = kutta::costs;
using scheme = kutta::schemes::dormand_prince54;

/// R(theta, x) = tanh(theta x).
struct neuron {
  using state = double;
  using params = double;
  struct tape {};
  void forward(double theta, double x, double& y, tape&) const { y = std::tanh(theta * x); }
  void vjp(double theta, double x, const tape&, double dy, double& dx, double& dtheta) const {
    const double slope = 1 - std::pow(std::tanh(theta * x), 2);
    dx += theta * slope * dy;
    dtheta += x * slope * dy;
  }
};

int main() {
  // Steps chosen by the error, and the gradient of x(T) by x(0) and theta.
  const kutta::adaptive_block<neuron, scheme, kutta::bases::hat> f{
      neuron{},
      kutta::bases::hat(3),
      {.steps = {.rtol = 1e-8, .atol = 1e-10, .max_steps = 200}, .horizon = 2}};
  const std::vector<double> theta{1, -.5, 2};
  auto ws = f.make_workspace(theta, .3);
  const auto end = f.forward(theta, .3, ws);
  if (!end) {
    std::cerr << end.text() << '\n';
    return 1;
  }
  std::cout << "x(T) = " << ws.last();
  double dx = 1;  // ∂L/∂x(T)
  std::vector<double> dtheta(3);
  f.backprop(theta, dx, dtheta, ws);
  std::cout << ", by x(0): " << dx << ", by theta_0: " << dtheta[0] << '\n';

  // A loss of the path: x at two times.
  kutta::trajectory<double> path;
  if (!f.forward(theta, .3, ws, kutta::save_at<double>({.5, 1}, path))) return 1;
  dx = 0;
  f.backprop(theta, dx, dtheta, ws, kutta::trajectory<double>{{.5, 1}, {1, 1}});
  std::cout << "x(.5) + x(1) = " << path.x[0] + path.x[1] << ", by x(0): " << dx << '\n';

  // The rate as a weight, and the energy of the path as an output: {x, q}, q = ∫ (dx/dt)² dt.
  using rated = layers::with_rate<neuron>;
  using costly = layers::with_running_cost<rated, costs::kinetic_energy<rated>>;
  const costly r(rated{neuron{}}, {});
  const kutta::adaptive_block<costly, scheme, kutta::bases::hat> g{
      r, f.basis(), {.steps = f.options().steps, .horizon = 2}};
  const std::vector<rated::params> weights{{1, 1}, {-.5, 1}, {2, 1}};
  auto ws2 = g.make_workspace(weights, r.start(.3));
  if (!g.forward(weights, r.start(.3), ws2)) return 1;
  std::cout << "energy = " << ws2.last().q;
  auto dstate = r.start(0);
  dstate.q = 1;  // L = q
  auto dweights = kutta::zeros_like(weights);
  g.backprop(weights, dstate, dweights, ws2);
  std::cout << ", by the rate of time: " << dweights[0].rate + dweights[1].rate + dweights[2].rate
            << '\n';
}
