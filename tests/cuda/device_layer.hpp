// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The passes of a layer on device arrays, beside those of the same layer on the host. For the one
/// source of a program.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <kutta/cuda/graph.hpp>
#include <kutta/layers/call.hpp>
#include <kutta/layers/check_residual.hpp>
#include <kutta/layers/layer.hpp>
#include <kutta/tensor/host_copy.hpp>
#include <kutta/tensor/tensor.hpp>

#include "support/heap.hpp"
#include "support/random.hpp"

namespace kutta::test {

/// What the passes of a layer give.
template <layer L>
struct layer_numbers {
  std::vector<scalar_t<output_t<L>>> y;
  std::vector<scalar_t<input_t<L>>> dx;
  std::vector<scalar_t<typename L::params>> dtheta;
  std::vector<scalar_t<output_t<L>>> vy;
  bool operator==(const layer_numbers&) const = default;
};

/// A layer, and what its passes read and write. Random numbers depend on their places in memory
/// alone. The adjoints are not 0 at first.
template <layer L>
struct layer_passes {
  layer_passes(const L& l, const typename L::params& theta_like, input_t<L> at_x)
      : r(l),
        x(std::move(at_x)),
        theta(random_like(theta_like, random)),
        vtheta(random_like(theta, random)),
        first_dtheta(random_like(theta, random)),
        vx(random_like(x, random)),
        first_dx(random_like(x, random)),
        y(detail::make_output(r, theta, x)),
        vy(kutta::zeros_like(y)),
        dy(random_like(y, random)),
        dx(kutta::zeros_like(x)),
        dtheta(kutta::zeros_like(theta)),
        tape(detail::make_tape(r, theta, x)),
        scratch(detail::make_scratch(r, theta, x)) {}

  void run() {
    const context<L> at{.5, 3, 0, scratch};
    kutta::assign(dx, first_dx), kutta::assign(dtheta, first_dtheta);
    detail::forward(r, theta, x, y, tape, at);
    detail::vjp(r, theta, x, tape, dy, dx, dtheta, at);
    if constexpr (has_jvp<L>) detail::jvp(r, theta, x, tape, vx, vtheta, vy, at);
  }

  layer_numbers<L> result() const {
    return {copy_to_host(y), copy_to_host(dx), copy_to_host(dtheta), copy_to_host(vy)};
  }

  const L& r;
  splitmix64 random{7};
  input_t<L> x;
  typename L::params theta, vtheta, first_dtheta;
  input_t<L> vx, first_dx;
  output_t<L> y, vy, dy;
  input_t<L> dx;
  typename L::params dtheta;
  typename L::tape tape;
  scratch_t<L> scratch;
};

/// max |aᵢ − bᵢ| ≤ units ε (1 + max |bᵢ|).
template <class S>
void check_close(const std::vector<S>& a, const std::vector<S>& b, double units) {
  REQUIRE(a.size() == b.size());
  double size = 1;
  for (const S v : b) size = std::max(size, 1 + static_cast<double>(std::abs(v)));
  double error = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    error = kutta::detail::larger{}(error, static_cast<double>(std::abs(a[i] - b[i])));
  CHECK(error <= units * size * static_cast<double>(std::numeric_limits<S>::epsilon()));
}

/// Passes of a layer on the device are those of the host within `units` roundings of the largest
/// number, twice the same to the bit, the same when they are replayed, and take no memory.
template <layer H, layer D>
void check_on_device(const H& host, const typename H::params& host_theta, const input_t<H>& host_x,
                     const D& device, const typename D::params& device_theta, input_t<D> device_x,
                     double units) {
  layer_passes<H> expected(host, host_theta, host_x);
  expected.run();
  layer_passes<D> found(device, device_theta, std::move(device_x));
  CHECK(peak_of([&] { found.run(); }) == 0);
  const auto a = found.result();
  const auto b = expected.result();
  check_close(a.y, b.y, units);
  check_close(a.dx, b.dx, units);
  check_close(a.dtheta, b.dtheta, units);
  check_close(a.vy, b.vy, units);

  found.run();
  CHECK(found.result() == a);
  kutta::set_zero(found.y), kutta::set_zero(found.vy);
  const auto passes = cuda::capture([&] { found.run(); });
  passes.replay();
  CHECK(found.result() == a);
}

}  // namespace kutta::test
