// SPDX-License-Identifier: Apache-2.0
//
// One thread integrates one small system, forward and in reverse. As plain C++ the kernel is a
// loop.
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include <doctest/doctest.h>
#include <thrust/device_vector.h>
#include <thrust/host_vector.h>

#include <kutta/cuda.hpp>
#include <kutta/layers/layer.hpp>
#include <kutta/ode/step.hpp>
#include <kutta/schemes/fourth_order.hpp>
#include <kutta/tensor/vec.hpp>

namespace {

/// Lorenz (1963):  x' = σ (y − x),  y' = x (ρ − z) − y,  z' = x y − β z;  theta = (σ, ρ, β).
template <class T>
struct lorenz {
  using state = kutta::vec<T, 3>;
  using params = kutta::vec<T, 3>;
  struct tape {};

  KUTTA_HD void forward(const params& theta, const state& x, state& y, tape&) const {
    y[0] = theta[0] * (x[1] - x[0]);
    y[1] = x[0] * (theta[1] - x[2]) - x[1];
    y[2] = x[0] * x[1] - theta[2] * x[2];
  }
  KUTTA_HD void vjp(const params& theta, const state& x, const tape&, const state& dy, state& dx,
                    params& dtheta) const {
    dx[0] += -theta[0] * dy[0] + (theta[1] - x[2]) * dy[1] + x[1] * dy[2];
    dx[1] += theta[0] * dy[0] - dy[1] + x[0] * dy[2];
    dx[2] += -x[0] * dy[1] - theta[2] * dy[2];
    dtheta[0] += (x[1] - x[0]) * dy[0];
    dtheta[1] += x[0] * dy[1];
    dtheta[2] -= x[2] * dy[2];
  }
};
static_assert(kutta::residual<lorenz<float>>);

template <class T>
constexpr kutta::vec<T, 3> theta{T(10), T(28), T(8) / T(3)};
constexpr std::size_t steps = 6;
constexpr double h = 1. / 64;

template <class T>
struct trajectory {
  kutta::vec<T, 3> x1, dx, dtheta;  ///< x(T); the gradient of ⟨w, x(T)⟩, w = (1, −1, 1/2)
};

/// What one thread does: a few steps of the classical method, then their transpose.
template <class T>
KUTTA_HD void integrate(const kutta::vec<T, 3>& parameters, const kutta::vec<T, 3>& x0,
                        trajectory<T>& out) {
  using scheme = kutta::schemes::rk4_classic;
  using state = kutta::vec<T, 3>;
  const lorenz<T> r{};
  typename lorenz<T>::tape tape;
  state x[steps + 1] = {x0};
  kutta::stage_points<scheme, state> points[steps];
  kutta::stage_rates<scheme, state> k;
  state dk;

  for (std::size_t n = 0; n < steps; ++n) {
    const auto rate = [&](auto, const state& at, state& y) { r.forward(parameters, at, y, tape); };
    kutta::step<scheme>(rate, h, x[n], x[n + 1], points[n], k);
  }
  out = {x[steps], {T(1), T(-1), T(.5)}, {}};
  for (std::size_t n = steps; n-- > 0;) {
    const auto rate_vjp = [&](auto, const state& at, const state& dy, state& dx) {
      r.vjp(parameters, at, tape, dy, dx, out.dtheta);
    };
    kutta::step_vjp<scheme>(rate_vjp, h, x[n], points[n], out.dx, k, dk);
  }
}

template <class T>
std::vector<kutta::vec<T, 3>> starting_points(std::size_t n) {
  std::vector<kutta::vec<T, 3>> x0;
  for (std::size_t i = 0; i < n; ++i)
    x0.push_back({T(1) + T(i) / T(n), T(-1) + T(i % 7), T(20) + T(i % 5)});
  return x0;
}

#ifdef __CUDACC__
template <class T>
__global__ void integrate_each(kutta::vec<T, 3> parameters, const kutta::vec<T, 3>* x0,
                               trajectory<T>* out, std::size_t n) {
  const std::size_t i = std::size_t(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i < n) integrate(parameters, x0[i], out[i]);
}
#else
template <class T>
void integrate_each(kutta::vec<T, 3> parameters, const kutta::vec<T, 3>* x0, trajectory<T>* out,
                    std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) integrate(parameters, x0[i], out[i]);
}
#endif

template <class T>
std::vector<trajectory<T>> integrate_on_device(const std::vector<kutta::vec<T, 3>>& x0) {
  const thrust::device_vector<kutta::vec<T, 3>> from(x0.begin(), x0.end());
  thrust::device_vector<trajectory<T>> to(x0.size());
  const auto* in = thrust::raw_pointer_cast(from.data());
  auto* out = thrust::raw_pointer_cast(to.data());
#ifdef __CUDACC__
  const unsigned threads = 128, blocks = (static_cast<unsigned>(x0.size()) + threads - 1) / threads;
  integrate_each<T><<<blocks, threads>>>(theta<T>, in, out, x0.size());
#else
  integrate_each<T>(theta<T>, in, out, x0.size());
#endif
  const thrust::host_vector<trajectory<T>> host = to;
  return {host.begin(), host.end()};
}

/// The same steps as printed in a textbook, on doubles.
kutta::vec<double, 3> by_hand(kutta::vec<double, 3> x) {
  const auto f = [](const double* v, double* y) {
    y[0] = 10 * (v[1] - v[0]);
    y[1] = v[0] * (28 - v[2]) - v[1];
    y[2] = v[0] * v[1] - 8. / 3 * v[2];
  };
  for (std::size_t n = 0; n < steps; ++n) {
    double k1[3], k2[3], k3[3], k4[3], at[3];
    f(x.data(), k1);
    for (std::size_t i = 0; i < 3; ++i) at[i] = x[i] + h / 2 * k1[i];
    f(at, k2);
    for (std::size_t i = 0; i < 3; ++i) at[i] = x[i] + h / 2 * k2[i];
    f(at, k3);
    for (std::size_t i = 0; i < 3; ++i) at[i] = x[i] + h * k3[i];
    f(at, k4);
    for (std::size_t i = 0; i < 3; ++i) x[i] += h / 6 * (k1[i] + 2 * k2[i] + 2 * k3[i] + k4[i]);
  }
  return x;
}

template <class T>
double relative_difference(const kutta::vec<T, 3>& x, const kutta::vec<double, 3>& y) {
  double difference = 0, size = 0;
  for (std::size_t i = 0; i < 3; ++i) {
    difference += std::abs(static_cast<double>(x[i]) - y[i]);
    size += std::abs(y[i]);
  }
  return difference / size;
}

template <class T>
kutta::vec<double, 3> widened(const kutta::vec<T, 3>& x) {
  return {double(x[0]), double(x[1]), double(x[2])};
}

/// ⟨w, x(T)⟩ from x0 + e vx, with theta + e vtheta.
double objective(double e, kutta::vec<double, 3> x0, const kutta::vec<double, 3>& vx,
                 const kutta::vec<double, 3>& vtheta) {
  auto parameters = theta<double>;
  for (std::size_t i = 0; i < 3; ++i) x0[i] += e * vx[i], parameters[i] += e * vtheta[i];
  trajectory<double> out;
  integrate(parameters, x0, out);
  return out.x1[0] - out.x1[1] + out.x1[2] / 2;
}

}  // namespace

TEST_CASE_TEMPLATE("a trajectory computed by one thread is the one computed by hand", T, float,
                   double) {
  const auto x0 = starting_points<T>(257);
  const auto device = integrate_on_device(x0);
  // 24 stages on a system that stretches differences by a factor of order 10 in this time.
  const double tolerance = 256 * static_cast<double>(std::numeric_limits<T>::epsilon());
  for (std::size_t i = 0; i < x0.size(); ++i)
    CHECK(relative_difference(device[i].x1, by_hand(widened(x0[i]))) <= tolerance);
}

TEST_CASE_TEMPLATE("a trajectory and its gradient on the device are those on the host", T, float,
                   double) {
  const auto x0 = starting_points<T>(257);
  const auto device = integrate_on_device(x0);
#ifdef __CUDACC__
  const double tolerance = 256 * static_cast<double>(std::numeric_limits<T>::epsilon());
#else
  const double tolerance = 0;  // the same code: the same bits
#endif
  for (std::size_t i = 0; i < x0.size(); ++i) {
    trajectory<T> host;
    integrate(theta<T>, x0[i], host);
    CHECK(relative_difference(device[i].x1, widened(host.x1)) <= tolerance);
    CHECK(relative_difference(device[i].dx, widened(host.dx)) <= tolerance);
    CHECK(relative_difference(device[i].dtheta, widened(host.dtheta)) <= tolerance);
  }
}

// Taylor's theorem: the remainder falls as e² with the gradient, and, the control, as e without.
TEST_CASE("the gradient of a trajectory is that of its end") {
  const kutta::vec<double, 3> x0{1, 2, 20}, vx{.3, -.5, .7}, vtheta{.2, .9, -.4};
  const auto out = integrate_on_device<double>({x0})[0];
  const double gradient =
      kutta::inner_product(out.dx, vx) + kutta::inner_product(out.dtheta, vtheta);
  const double at_0 = objective(0, x0, vx, vtheta);
  const auto slope = [&](double g) {
    const auto remainder = [&](double e) {
      return std::abs(objective(e, x0, vx, vtheta) - at_0 - e * g);
    };
    return std::log2(remainder(1e-3) / remainder(5e-4));
  };
  CHECK(std::abs(slope(gradient) - 2) <= .05);
  CHECK(std::abs(slope(0) - 1) <= .05);
}
