// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <iostream>

#include <kutta/io/checkpoint.hpp>
#include <kutta/io/describe.hpp>
#include <kutta/io/safetensors.hpp>
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

using block = kutta::ode_block<growth, kutta::schemes::rk4_classic, kutta::bases::hat>;

// Trains up to step `last`, from where the file left off; returns the first step it took.
std::int64_t train(const block& f, std::int64_t last) {
  const double target = 2;
  const kutta::mean_squared_error loss(target);
  block::coefficients theta{0, 0, 0}, dtheta = theta;
  kutta::adam optimiser(theta, {.rate = 0.05});
  std::int64_t step = 0;
  const kutta::checkpoint run(kutta::named("theta", theta), kutta::named("adam", optimiser),
                              kutta::named("step", step));
  run.resume("run.safetensors", kutta::describe(f));

  const std::int64_t first = step;
  auto ws = f.make_workspace(theta, 1.);
  for (double dx; step < last; ++step) {
    if (step % 100 == 0) run.save("run.safetensors", kutta::describe(f));
    kutta::set_zero(dtheta);
    f.gradient(theta, 1., loss, dx, dtheta, ws);
    optimiser.step(theta, dtheta);
  }
  run.save("run.safetensors", kutta::describe(f));
  return first;
}

int main() {
  const block f{growth{}, kutta::bases::hat{3}, {.steps = 10}};
  train(f, 150);
  std::cout << "goes on with step " << train(f, 300) << '\n';

  // The weights alone, by name.
  block::coefficients theta(3);
  const kutta::safetensors_file in("run.safetensors");
  in.require_texts(kutta::describe(f.basis()));
  in.read("theta", theta);

  kutta::safetensors_writer out;
  out.add("theta", theta);
  out.add_texts(kutta::describe(f));
  out.write("model.safetensors");

  const double x1 = f(theta, 1);
  std::cout << x1 << '\n';
  return std::remove("run.safetensors") == 0 && std::remove("model.safetensors") == 0 &&
                 std::abs(x1 - 2) < 1e-3
             ? 0
             : 1;
}
