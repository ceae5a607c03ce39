// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <iostream>
#include <vector>

#include <kutta/basis/hat.hpp>
#include <kutta/basis/piecewise_constant.hpp>
#include <kutta/basis/project.hpp>
#include <kutta/basis/projection_error.hpp>
#include <kutta/kutta.hpp>

int main() {
  namespace bases = kutta::bases;

  // Weights of a residual network with 8 layers: sin(pi s) at the centres of the cells.
  const bases::piecewise_constant layers(8);
  std::vector<double> theta;
  for (int k = 0; k < 8; ++k) theta.push_back(std::sin(3.141592653589793 * (k + .5) / 8));

  // The same weights, nearly, as a continuous function of depth with five values.
  const bases::hat nodes(5);
  const std::vector<double> values = kutta::project(theta, layers, nodes);
  for (const auto& error : kutta::projection_error(theta, layers, nodes))
    std::cout << error.name << " moved by " << error.l2 << " in L2\n";

  // The matrix moves what belongs to the weights too: here the moments of Adam.
  kutta::adam optimiser(theta, {.rate = 1e-3});
  const kutta::basis_operator m = kutta::projection(layers, nodes);
  const auto moments = m.apply(optimiser.moments());

  // Twice the cells, and exactly the same function.
  const std::vector<double> finer = kutta::refine(values, nodes);
  double room = 0, finer_room = 0;
  const kutta::depth s{.num = 5, .den = 16};
  const double before = kutta::evaluate(nodes, s, values, room);
  const double after = kutta::evaluate(nodes.refined(), s, finer, finer_room);
  std::cout << "theta(5/16) = " << before << ", refined " << after << '\n';
  return moments.first.size() == 5 && std::abs(before - after) < 1e-15 ? 0 : 1;
}
