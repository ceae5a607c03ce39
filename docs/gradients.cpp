// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <iostream>
#include <vector>

#include <kutta/kutta.hpp>
#include <kutta/ode/keep_disk.hpp>
#include <kutta/ode/keep_online.hpp>
#include <kutta/ode/memory.hpp>

struct decay {  // R(theta, x) = −theta x²
  using state = std::vector<double>;
  using params = double;
  struct tape {};
  void forward(const params& theta, const state& x, state& y, tape&) const {
    for (std::size_t i = 0; i < x.size(); ++i) y[i] = -theta * x[i] * x[i];
  }
  void vjp(const params& theta, const state& x, const tape&, const state& dy, state& dx,
           params& dtheta) const {
    for (std::size_t i = 0; i < x.size(); ++i) {
      dx[i] -= 2 * theta * x[i] * dy[i];
      dtheta -= x[i] * x[i] * dy[i];
    }
  }
};

int main() {
  using block = kutta::ode_block<decay, kutta::schemes::rk4_classic, kutta::bases::hat>;
  const block f{decay{}, kutta::bases::hat{2}, {.steps = 1000}};
  const block::coefficients theta{1.0, 2.0};
  const block::state x0(1000, 0.5);

  const auto gradient = [&](const auto& keep) {
    const kutta::memory_use need = kutta::memory_of(f, theta, x0, keep);
    std::cout << need.bytes() << " bytes, " << need.forward + need.repeated << " evaluations, "
              << need.transposed << " vjps\n";

    auto ws = f.make_workspace(theta, x0, keep);
    f.forward(theta, x0, ws);
    block::state dx(x0.size(), 1.0);  // L = Σ x(T)
    auto dtheta = kutta::zeros_like(theta);
    f.backprop(theta, dx, dtheta, ws);
    return dtheta;
  };
  const auto expected = gradient(kutta::keep::everything{});
  const bool same = gradient(kutta::keep::every{32}) == expected &&
                    gradient(kutta::keep::steps{}) == expected &&
                    gradient(kutta::keep::disk{"/tmp"}) == expected &&
                    gradient(kutta::keep::binomial{8}) == expected &&
                    gradient(kutta::keep::online{8}) == expected;
  std::cout << (same ? "the same gradient, to the last bit\n" : "they differ\n");
  return same ? 0 : 1;
}
