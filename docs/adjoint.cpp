// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <iostream>
#include <vector>

#include <kutta/kutta.hpp>
#include <kutta/ode/adjoint.hpp>
#include <kutta/ode/reversible.hpp>

struct logistic {  // R(theta, x) = theta x (1 - x)
  using state = double;
  using params = double;
  struct tape {};
  void forward(const params& theta, const state& x, state& y, tape&) const {
    y = theta * x * (1 - x);
  }
  void vjp(const params& theta, const state& x, const tape&, const state& dy, state& dx,
           params& dtheta) const {
    dx += theta * (1 - 2 * x) * dy;
    dtheta += x * (1 - x) * dy;
  }
};

int main() {
  namespace schemes = kutta::schemes;
  const std::vector<double> theta{1, 3};
  const double x0 = 0.2;
  const kutta::ode_block<logistic, schemes::rk4_classic, kutta::bases::hat> f{
      logistic{}, kutta::bases::hat{2}, {.steps = 40}};

  // The adjoint equation: nothing is recorded, and the gradient is that of the equation.
  auto ws = f.make_workspace(theta, x0, kutta::keep::nothing{});
  const double x1 = f.forward(theta, x0, ws);
  auto back =
      kutta::make_adjoint_workspace<schemes::rk4_classic>(f, theta, x0, kutta::fixed{.steps = 40});
  double dx = 1;
  std::vector<double> dtheta{0, 0};
  if (!kutta::adjoint(f, theta, x1, dx, dtheta, back)) return 1;
  std::cout << dx << ", " << dtheta[0] << ", " << dtheta[1] << "; x0 is off by "
            << back.reconstruction_error(x0) << '\n';

  // A reversible scheme: nothing is recorded, and the gradient is that of the steps.
  const auto r = f.with_scheme<schemes::reversible<schemes::rk4_classic>>();
  auto ends = r.make_workspace(theta, x0, kutta::keep::ends{});
  r.forward(theta, x0, ends);
  double exact_dx = 1;
  std::vector<double> exact_dtheta{0, 0};
  r.backprop(theta, exact_dx, exact_dtheta, ends);
  std::cout << exact_dx << ", " << exact_dtheta[0] << ", " << exact_dtheta[1] << "; x0 is off by "
            << ends.history.reconstruction_error() << '\n';
  return std::abs(exact_dx - dx) < 1e-6 && ends.history.reconstruction_error() < 1e-12 ? 0 : 1;
}
