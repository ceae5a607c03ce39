// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <iostream>
#include <vector>

#include <kutta/basis/piecewise_constant.hpp>
#include <kutta/cuda.hpp>
#include <kutta/schemes/embedded_fifth_order.hpp>
#include <kutta/schemes/fourth_order.hpp>

// dx/dt = a x (1 − x), element by element; theta = a. What runs on the device is a named functor.
struct logistic {
  using state = kutta::cuda::tensor<float, 2>;
  using params = state;
  struct tape {};

  struct rate {
    KUTTA_HD float operator()(float a, float x) const { return a * x * (1 - x); }
  };
  struct add_dx {
    KUTTA_HD float operator()(float dx, float a, float x, float dy) const {
      return dx + a * (1 - 2 * x) * dy;
    }
  };
  struct add_da {
    KUTTA_HD float operator()(float da, float x, float dy) const { return da + x * (1 - x) * dy; }
  };
  void forward(const params& a, const state& x, state& y, tape&) const {
    kutta::map(y, rate{}, a, x);
  }
  void vjp(const params& a, const state& x, const tape&, const state& dy, state& dx,
           params& da) const {
    kutta::map(dx, add_dx{}, dx, a, x, dy);
    kutta::map(da, add_da{}, da, x, dy);
  }
};

// A system of three numbers, for one thread.
struct lorenz {
  template <class T>
  KUTTA_HD void operator()(const T&, const kutta::vec<T, 3>& x, kutta::vec<T, 3>& dx) const {
    dx[0] = 10 * (x[1] - x[0]);
    dx[1] = x[0] * (28 - x[2]) - x[1];
    dx[2] = x[0] * x[1] - T(8) / T(3) * x[2];
  }
};

int main() {
  using kutta::bases::piecewise_constant;
  const kutta::ode_block<logistic, kutta::schemes::rk4_classic, piecewise_constant> f(
      {}, piecewise_constant(1), {.steps = 8});

  std::vector<logistic::params> theta(1);
  theta[0] = logistic::params({2, 3}, {1, 2, 3, 1, 2, 3});
  logistic::state x0({2, 3}, {.1F, .1F, .1F, .5F, .5F, .5F});
  auto x1 = kutta::zeros_like(x0), dx = kutta::zeros_like(x0);
  auto dtheta = kutta::zeros_like(theta);
  auto ws = f.make_workspace(theta, x0);

  // Forward, the gradient of ½ |x1|², and back: one call, however many kernels.
  const auto pass = kutta::cuda::capture([&] {
    kutta::set_zero(dtheta);
    kutta::assign(x1, f.forward(theta, x0, ws));
    kutta::assign(dx, x1);
    f.backprop(theta, dx, dtheta, ws);
  });
  pass.replay();

  const std::vector<float> ends = kutta::copy_to_host(x1);  // waits
  std::cout << "x(1) = " << ends[2] << ", dL/dx0 = " << kutta::copy_to_host(dx)[2] << '\n';
  const double exact = .1 * std::exp(3.) / (1 + .1 * (std::exp(3.) - 1));
  if (!(std::abs(ends[2] - exact) < 1e-4)) return 1;

  // A thousand small systems, each with steps of its own.
  std::vector<kutta::vec<double, 3>> starts(1000);
  for (std::size_t i = 0; i < starts.size(); ++i) starts[i] = {1, 1e-3 * double(i), 20};
  const auto all = kutta::cuda::integrate_ensemble<kutta::schemes::dormand_prince54>(
      lorenz{}, starts, {0., 1.}, kutta::adaptive{.rtol = 1e-6, .atol = 1e-6});
  for (const auto& one : all)
    if (!one) return std::cout << one.text() << '\n', 1;
  std::cout << "steps of the first: " << all[0].stats.accepted << '\n';
}
