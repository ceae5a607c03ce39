// SPDX-License-Identifier: Apache-2.0

/// @file
/// What does a Lorenz trajectory of many cost? A thread each.
///
/// Names: lorenz/<scheme>/<scalar>/n:<trajectories>/kutta. The classical scheme takes 1000 steps of
/// 1e-3, an operation is one of them: 74 floating-point operations. Dormand and Prince's chooses
/// its steps from 0 to 20, an operation is a trajectory; `steps` are those of the mean one, tried
/// and all.

#include <cstddef>
#include <string>
#include <type_traits>
#include <vector>

#include <kutta/cuda/buffer.hpp>
#include <kutta/cuda/integrate_ensemble.hpp>
#include <kutta/ode/integrate.hpp>
#include <kutta/schemes/embedded_fifth_order.hpp>
#include <kutta/schemes/fourth_order.hpp>
#include <kutta/tensor/host_device.hpp>
#include <kutta/tensor/vec.hpp>

#include "device/copies.hpp"
#include "device/measure.hpp"
#include "device/starts.hpp"
#include "support/agreement.hpp"
#include "support/cost.hpp"
#include "support/lorenz.hpp"

namespace {

using kutta::vec;
using kutta::schemes::dormand_prince54;
using kutta::schemes::rk4_classic;
using span = kutta::time_span<double>;

/// The equations of `bench::lorenz`, in T alone.
struct lorenz {
  template <class T>
  KUTTA_HD void operator()(const T&, const vec<T, 3>& x, vec<T, 3>& dx) const {
    dx[0] = 10 * (x[1] - x[0]);
    dx[1] = x[0] * (28 - x[2]) - x[1];
    dx[2] = x[0] * x[1] - T(8) / T(3) * x[2];
  }
};

struct on_host {
  template <class T>
  void operator()(double t, const vec<T, 3>& x, vec<T, 3>& dx) const {
    lorenz{}(static_cast<T>(t), x, dx);
  }
};

/// The first of 50 trajectories, for a short time, is that of the processor.
template <class S, class T, class How>
bool right(const How& how) {
  const auto x0 = kutta::bench::lorenz_starts<T>(50);
  const auto found = kutta::cuda::integrate_ensemble<S>(lorenz{}, x0, span{0, .5}, how);
  const auto expected = kutta::integrate<S>(on_host{}, x0[0], span{0, .5}, how);
  return found[0] && kutta::bench::agree(found[0].x, expected.x, sizeof(T) == 4 ? 1e-3 : 1e-6);
}

template <class S, class T, class How>
void add(kutta::bench::records& all, const std::string& name, std::size_t n, const span& over,
         const How& how) {
  all.add(name + "/n:" + std::to_string(n) + "/kutta", [&](kutta::bench::record& r) {
    r.require(right<S, T>(how));
    kutta::cuda::ensemble<T, 3> trajectories(kutta::bench::lorenz_starts<T>(n));
    const kutta::cuda::buffer<T> x0(3 * n);
    kutta::bench::copy_in_device<T>(x0.data(), trajectories.x(), x0.size());
    r.operations = static_cast<double>(n);
    constexpr bool fixed = std::is_same_v<How, kutta::fixed>;
    if constexpr (fixed) {
      r.operations *= static_cast<double>(how.steps);
      r.flops = r.operations * kutta::bench::step_cost<S>(3, kutta::bench::lorenz_cost).flops;
      r.bytes = static_cast<double>(2 * x0.size() * sizeof(T));
    }
    r.time([&] {
      kutta::bench::copy_in_device<T>(trajectories.x(), x0.data(), x0.size());
      kutta::cuda::integrate_ensemble<S>(lorenz{}, trajectories, over, how);
    });
    std::vector<kutta::sample_end> ends(n);
    kutta::cuda::copy_to_host(ends.data(), trajectories.ends(), n);
    double steps = 0;
    for (const kutta::sample_end& end : ends) {
      r.require(end.status == kutta::status::success);
      steps += static_cast<double>(end.stats.accepted + end.stats.rejected);
    }
    r.counts.push_back({"steps", steps / static_cast<double>(n)});
  });
}

template <class T>
void add_all(kutta::bench::records& all, const std::string& scalar, std::size_t n) {
  const bool single = sizeof(T) == sizeof(float);
  const double shorter = all.smoke() ? .05 : 1;
  add<rk4_classic, T>(all, "lorenz/rk4_classic/" + scalar, n, {0, shorter},
                      kutta::fixed{.steps = all.smoke() ? 50 : 1000});
  add<dormand_prince54, T>(
      all, "lorenz/dormand_prince54/" + scalar, n, {0, 20 * shorter},
      kutta::adaptive{.rtol = single ? 1e-4 : 1e-6, .atol = single ? 1e-6 : 1e-9});
}

}  // namespace

int main(int argc, char** argv) {
  kutta::bench::records all(argc, argv);
  for (std::size_t n = all.smoke() ? 10 : 1000; n <= (all.smoke() ? 10u : 10000000u); n *= 10) {
    add_all<float>(all, "float", n);
    add_all<double>(all, "double", n);
  }
  return all.status();
}
