// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstdint>
#include <cstdio>

#include <kutta/kutta.hpp>

using namespace kutta::literals;  // 1_r/3 is one third, exactly

// clang-format off
// Merson, An operational method for the study of integration processes (1957).
struct merson4 {
  static constexpr kutta::butcher_tableau<5> tableau{
      .c     = {0,      1_r/3, 1_r/3,  1_r/2, 1},
      .a     = {{},
                {1_r/3},
                {1_r/6,  1_r/6},
                {1_r/8,  0,     3_r/8},
                {1_r/2,  0,     -3_r/2, 2}},
      .b     = {1_r/6,  0,     0,      2_r/3, 1_r/6},
      .b_hat = {1_r/10, 0,     3_r/10, 2_r/5, 1_r/5}};
};
static_assert(kutta::order(merson4::tableau) == 4);
static_assert(kutta::embedded_order(merson4::tableau) == 3);  // 5 on x' = A x + b, no more than 3 else
// clang-format on

struct logistic {  // x' = theta x (1 - x)
  using state = double;
  using params = double;
  struct tape {};
  void forward(double theta, double x, double& rate, tape&) const { rate = theta * x * (1 - x); }
  void vjp(double theta, double x, const tape&, double g, double& dx, double& dtheta) const {
    dx += theta * (1 - 2 * x) * g;
    dtheta += x * (1 - x) * g;
  }
};

int main() {
  using block = kutta::ode_block<logistic, merson4, kutta::bases::hat>;
  const block::coefficients theta{1, 3};  // theta = 1 + 2 t, so x / (1 - x) grows by e^2
  const double growth = 0.1 / 0.9 * std::exp(2.);
  const auto error = [&](std::int64_t steps) {
    const block f{logistic{}, kutta::bases::hat{2}, {.steps = steps}};
    return std::abs(f(theta, 0.1) - growth / (1 + growth));
  };
  const double order = std::log2(error(32) / error(64));
  std::printf("observed order %.2f\n", order);
  return std::abs(order - 4) < 0.15 ? 0 : 1;
}
