// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <vector>

#include <kutta/kutta.hpp>
#include <kutta/layers/check_residual.hpp>

struct predator_prey {  // Lotka, Volterra: x' = a x - b x y,  y' = c x y - d y
  using state = kutta::vec<double, 2>;
  using params = kutta::vec<double, 4>;
  struct tape {};

  void forward(const params& theta, const state& u, state& rate, tape&) const {
    const auto [a, b, c, d] = theta.values;
    const auto [x, y] = u.values;
    rate = {a * x - b * x * y, c * x * y - d * y};
  }
  // du += (dR/du)^T g,  dtheta += (dR/dtheta)^T g
  void vjp(const params& theta, const state& u, const tape&, const state& g, state& du,
           params& dtheta) const {
    const auto [a, b, c, d] = theta.values;
    const auto [x, y] = u.values;
    du[0] += (a - b * y) * g[0] + c * y * g[1];
    du[1] += (c * x - d) * g[1] - b * x * g[0];
    dtheta[0] += x * g[0];
    dtheta[1] -= x * y * g[0];
    dtheta[2] += x * y * g[1];
    dtheta[3] -= y * g[1];
  }
};

int main() {
  using block = kutta::ode_block<predator_prey, kutta::schemes::rk4_classic, kutta::bases::hat>;
  const block f{predator_prey{}, kutta::bases::hat{1}, {.steps = 32, .horizon = 4}};
  const block::coefficients truth{{1.1, 0.4, 0.1, 0.4}};
  const std::vector<predator_prey::state> before{{10, 5}, {4, 2}, {6, 8}};
  std::vector<predator_prey::state> after;  // the data: the true model, in finer steps
  for (const auto& u : before) after.push_back(f.with_steps(1000)(truth, u));

  block::coefficients theta{{0.8, 0.3, 0.2, 0.6}};  // a first guess
  const auto report = kutta::check_residual(f.residual(), theta[0], before[0]);
  if (!report) return std::puts(report.text().c_str()), 1;
  auto ws = f.make_workspace(theta, before[0]);
  kutta::adam optimiser(theta, {.rate = 1e-2});
  for (int i = 0; i < 2000; ++i) {
    auto dtheta = kutta::zeros_like(theta);
    predator_prey::state du;
    for (std::size_t n = 0; n < before.size(); ++n)
      f.gradient(theta, before[n], kutta::mean_squared_error(after[n]), du, dtheta, ws);
    optimiser.step(theta, dtheta);
  }
  bool found = true;
  for (std::size_t k = 0; k < 4; ++k) {
    std::printf("%c = %.4f, true %.4f\n", "abcd"[k], theta[0][k], truth[0][k]);
    found = found && std::abs(theta[0][k] - truth[0][k]) <= 1e-3;
  }
  return found ? 0 : 1;
}
