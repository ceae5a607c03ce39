// SPDX-License-Identifier: Apache-2.0

/// @file
/// adjoint_errors: how far gradients without a record are from those of `backprop`. Prints a CSV
/// table: over the number of steps, and over the time for which a flow contracts;
/// `adjoint_errors.gp` draws it.
///
/// x' = cos 5t − theta(t) (x + x³). Distances are those of (∂x1/∂x0, ∂x1/∂theta), relative to its
/// length.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <vector>

#include <kutta/kutta.hpp>
#include <kutta/ode/adjoint.hpp>
#include <kutta/ode/reversible.hpp>

namespace {

namespace schemes = kutta::schemes;

/// R(theta, x) = cos 5t − theta (x + x³): forgets where it began at the rate theta, or faster.
template <class T>
struct driven {
  using state = T;
  using params = T;
  struct tape {};
  using context = kutta::context<driven>;

  void forward(const T& theta, const T& x, T& y, tape&, const context& at) const {
    y = static_cast<T>(std::cos(5 * at.t)) - theta * (x + x * x * x);
  }
  void vjp(const T& theta, const T& x, const tape&, const T& dy, T& dx, T& dtheta,
           const context&) const {
    dx -= theta * (1 + 3 * x * x) * dy;
    dtheta -= (x + x * x * x) * dy;
  }
};

template <class T>
struct gradient {
  T dx = 1;
  std::vector<T> dtheta{0, 0, 0};

  double length() const { return std::sqrt(distance_squared({0, {0, 0, 0}})); }
  double distance(const gradient& other) const { return std::sqrt(distance_squared(other)); }

 private:
  double distance_squared(const gradient& other) const {
    double sum = std::pow(static_cast<double>(dx - other.dx), 2);
    for (std::size_t k = 0; k < 3; ++k)
      sum += std::pow(static_cast<double>(dtheta[k] - other.dtheta[k]), 2);
    return sum;
  }
};

template <class S, class T, class B>
struct study {
  kutta::ode_block<driven<T>, S, B> f;
  std::vector<T> theta{T(.8), T(1.2), T(1)};
  T x0 = T(.5);

  study(std::int64_t steps, double horizon) : f({}, B(3), {.steps = steps, .horizon = horizon}) {}

  template <class K>
  gradient<T> backprop(const K& keep) const {
    auto ws = f.make_workspace(theta, x0, keep);
    f.forward(theta, x0, ws);
    gradient<T> g;
    f.backprop(theta, g.dx, g.dtheta, ws);
    return g;
  }
  gradient<T> adjoint(bool along_record) const {
    auto record = f.make_workspace(theta, x0);
    const T x1 = f.forward(theta, x0, record);
    auto ws =
        kutta::make_adjoint_workspace<S>(f, theta, x0, kutta::fixed{.steps = f.options().steps});
    gradient<T> g;
    const auto end = along_record ? kutta::adjoint(f, theta, g.dx, g.dtheta, ws, record)
                                  : kutta::adjoint(f, theta, x1, g.dx, g.dtheta, ws);
    if (!end) g.dx = NAN;
    return g;
  }
};

void print(const char* plot, const char* curve, double at, double value) {
  std::printf("%s,%s,%.17g,", plot, curve, at);
  std::printf(value < INFINITY ? "%.6e\n" : "NaN\n", value);
}

template <class S, class B>
void over_steps(const char* curve) {
  for (std::int64_t n = 6; n <= 1536; n *= 2) {
    const study<S, double, B> of(n, 2);
    const auto exact = of.backprop(kutta::keep::everything{});
    print("steps", curve, static_cast<double>(n),
          of.adjoint(false).distance(exact) / exact.length());
  }
}

/// What undoing the steps adds to the gradient of a reversible scheme.
template <class S, class T>
void reversible_over_time(const char* curve, const kutta::keep::ends& keep) {
  for (int t = 1; t <= 24; ++t) {
    const study<S, T, kutta::bases::hat> of(20 * t, t);
    const auto kept = of.backprop(kutta::keep::everything{});
    print("time", curve, t, of.backprop(keep).distance(kept) / kept.length());
  }
}

void adjoint_over_time() {
  for (int t = 1; t <= 24; ++t) {
    const study<schemes::rk4_classic, double, kutta::bases::hat> of(20 * t, t);
    const auto exact = of.backprop(kutta::keep::everything{});
    print("time", "adjoint", t, of.adjoint(false).distance(exact) / exact.length());
    print("time", "adjoint along a record", t, of.adjoint(true).distance(exact) / exact.length());
  }
}

}  // namespace

int main() {
  using kutta::bases::hat;
  std::puts("plot,curve,at,distance");
  over_steps<schemes::euler, hat>("euler");
  over_steps<schemes::midpoint, hat>("midpoint");
  over_steps<schemes::kutta3, hat>("kutta3");
  over_steps<schemes::rk4_classic, hat>("rk4_classic");
  over_steps<schemes::rk4_classic, kutta::bases::piecewise_constant>(
      "rk4_classic on weights that jump");
  adjoint_over_time();
  reversible_over_time<schemes::reversible<schemes::rk4_classic>, float>("reversible in float", {});
  reversible_over_time<schemes::reversible<schemes::rk4_classic>, double>("reversible", {});
  reversible_over_time<schemes::reversible<schemes::rk4_classic, 60>, double>(
      "reversible with C = 60", kutta::keep::ends{20});
}
