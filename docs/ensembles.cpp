// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstddef>
#include <iostream>
#include <vector>

#include <kutta/ode/ensemble_block.hpp>
#include <kutta/schemes/fourth_order.hpp>
#include <kutta/train/adam.hpp>

// φ' = ω,  ω' = −a sin φ − b ω;  x = (φ, ω), theta = (a, b). T and P are numbers, or one in each
// lane.
template <class T, class P = T>
struct pendulum {
  using state = kutta::vec<T, 2>;
  using params = kutta::vec<P, 2>;
  struct tape {};
  void forward(const params& theta, const state& x, state& y, tape&) const {
    using std::sin;
    y[0] = x[1];
    y[1] = -theta[0] * sin(x[0]) - theta[1] * x[1];
  }
  void vjp(const params& theta, const state& x, const tape&, const state& dy, state& dx,
           params& dtheta) const {
    using std::cos, std::sin;
    dx[0] -= theta[0] * cos(x[0]) * dy[1];
    dx[1] += dy[0] - theta[1] * dy[1];
    dtheta[0] -= sin(x[0]) * dy[1];
    dtheta[1] -= x[1] * dy[1];
  }
};

int main() {
  const kutta::ensemble_block<pendulum, kutta::schemes::rk4_classic> f({.steps = 20, .horizon = 2});
  auto ws = f.make_workspace({.threads = 2});

  // A hundred pendulums that begin at rest, and where they are after two seconds.
  std::vector<kutta::vec<double, 2>> x0, data(100), dx(100);
  for (int i = 0; i < 100; ++i) x0.push_back({{.03 * i, 0}});
  f.forward(kutta::vec<double, 2>{{9.81, .3}}, x0, data, ws);

  // a and b from the ends: the loss of one pendulum, and its gradient.
  const auto loss = [&](const auto& x1, std::size_t i, auto& dx1) {
    double sum = 0;
    for (std::size_t e = 0; e < 2; ++e) {
      const double error = x1[e] - data[i][e];
      dx1[e] += error / 100;
      sum += error * error / 200;
    }
    return sum;
  };
  kutta::vec<double, 2> theta{{8, 1}}, dtheta;
  kutta::adam optimiser(theta, {.rate = .05});
  for (int step = 0; step < 200; ++step) {
    dtheta = {};
    const double l = f.gradient(theta, x0, loss, dx, dtheta, ws);
    optimiser.step(theta, dtheta);
    if (step % 50 == 49) std::cout << "loss " << l << '\n';
  }
  std::cout << "a = " << theta[0] << ", b = " << theta[1] << '\n';
  return std::abs(theta[0] - 9.81) < 1e-2 && std::abs(theta[1] - .3) < 1e-2 ? 0 : 1;
}
