// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstdint>
#include <iostream>
#include <tuple>
#include <vector>

#include <kutta/basis/mixed.hpp>
#include <kutta/basis/mixed_operator.hpp>
#include <kutta/basis/smallest.hpp>
#include <kutta/kutta.hpp>

struct neuron {  // R(theta, x) = sin(w x + b)
  using state = double;
  struct params {
    double w, b;
    static constexpr auto fields =
        std::tuple{kutta::field{"w", &params::w}, kutta::field{"b", &params::b}};
  };
  struct tape {
    double cosine;
  };
  void forward(const params& theta, const state& x, state& y, tape& saved) const {
    saved.cosine = std::cos(theta.w * x + theta.b);
    y = std::sin(theta.w * x + theta.b);
  }
  void vjp(const params& theta, const state& x, const tape& saved, const state& dy, state& dx,
           params& dtheta) const {
    dx += theta.w * saved.cosine * dy;
    dtheta.w += x * saved.cosine * dy;
    dtheta.b += saved.cosine * dy;
  }
};

int main() {
  namespace bases = kutta::bases;
  using kutta::schemes::rk4_classic;
  using params = neuron::params;

  // w is the same at all depths and b is linear: the layer sees the time.
  const bases::mixed phi(bases::piecewise_constant(1), bases::hat(2));
  auto theta = kutta::zero_coefficients(phi, params{});
  theta.of<&params::w>() = {.5};
  theta.of<&params::b>() = {1, 2};
  const kutta::ode_block<neuron, rk4_classic, bases::mixed<bases::piecewise_constant, bases::hat>>
      f{neuron{}, phi, {.steps = 10}};
  const double x1 = f(theta, 1);

  // The other way: one family for all, then for each field as few values as are needed.
  const std::vector<params> trained{{.5, 1}, {.5, 1.25}, {.5, 1.5}, {.5, 1.75}, {.5, 2}};
  const auto hats = [](std::int64_t k) { return bases::hat(k); };
  const auto to = kutta::smallest_mixed(trained, bases::hat(5), {.relative = 1e-6}, hats);
  const auto small = kutta::project(trained, bases::hat(5), *to);
  std::cout << "w: " << small.of<&params::w>().size()
            << " value, b: " << small.of<&params::b>().size() << '\n';
  const kutta::ode_block<neuron, rk4_classic, bases::mixed<bases::hat, bases::hat>> g{
      neuron{}, *to, {.steps = 10}};
  std::cout << x1 << ' ' << g(small, 1) << '\n';
  return std::abs(g(small, 1) - x1) < 1e-12 ? 0 : 1;
}
