// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <iostream>
#include <vector>

#include <kutta/basis/legendre.hpp>
#include <kutta/basis/project.hpp>
#include <kutta/basis/projection_error.hpp>
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
  // theta(t) = 1 + t² in powers of 2t − 1, as Legendre's polynomials.
  const std::vector<double> theta{4. / 3, 1. / 2, 1. / 6};
  const kutta::ode_block<growth, kutta::schemes::rk4_classic, kutta::bases::legendre> f{
      growth{}, kutta::bases::legendre{3}, {.steps = 20}};
  const double x1 = f(theta, 1);  // exp(∫ theta) = exp(4/3)

  // The same function of depth on five nodes, and how far it is from the first.
  const kutta::bases::hat hats(5);
  const auto on_nodes = kutta::project(theta, f.basis(), hats);
  for (const auto& error : kutta::projection_error(theta, f.basis(), hats))
    std::cout << error.name << ": " << error.l2 << " in L2\n";

  // Twice the cells: the function stays, the coefficients multiply.
  const auto finer = kutta::refine(on_nodes, hats);
  const double x2 = f.with_basis(hats.refined())(finer, 1);
  std::cout << x1 << ' ' << x2 << '\n';
  return std::abs(x1 - std::exp(4. / 3)) < 1e-5 && std::abs(x2 - x1) < 1e-2 ? 0 : 1;
}
