// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <iostream>

#include <kutta/integrate.hpp>

int main() {
  using state = std::array<double, 3>;
  const auto lorenz = [](double, const state& x, state& dx) {
    dx = {10 * (x[1] - x[0]), x[0] * (28 - x[2]) - x[1], x[0] * x[1] - 8. / 3 * x[2]};
  };
  const state start{1, 1, 1};

  // Steps chosen by an estimate of their error.
  const auto end = kutta::integrate<kutta::schemes::dormand_prince54>(
      lorenz, start, {0.0, 1.0}, kutta::adaptive{.rtol = 1e-6, .atol = 1e-9});
  if (!end) {
    std::cerr << end.text() << '\n';
    return 1;
  }
  std::cout << end.x[0] << " after " << end.stats.evaluations << " evaluations\n";

  // Steps of equal length, the solution at three times, and the first maximum of x[2].
  kutta::trajectory<state> path;
  kutta::event top(
      [&](double t, const state& x) {
        state dx;
        lorenz(t, x, dx);
        return dx[2];
      },
      kutta::crossing::falling, kutta::at_event::go_on);
  const auto fixed = kutta::integrate<kutta::schemes::rk4_classic>(
      lorenz, start, {0.0, 1.0}, kutta::fixed{.steps = 1000}, top,
      kutta::save_at({0.25, 0.5, 1.0}, path));
  for (std::size_t i = 0; i < path.size(); ++i)
    std::cout << path.t[i] << ' ' << path.x[i][0] << '\n';
  if (!top.times().empty()) std::cout << "maximum at " << top.times().front() << '\n';
  return fixed ? 0 : 1;
}
