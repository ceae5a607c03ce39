// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <stdexcept>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <kutta/basis/piecewise_constant.hpp>
#include <kutta/cuda.hpp>
#include <kutta/io/checkpoint.hpp>
#include <kutta/io/safetensors.hpp>
#include <kutta/schemes/fourth_order.hpp>
#include <kutta/tensor/transfer.hpp>
#include <kutta/train/adam.hpp>
#include <kutta/train/losses.hpp>

#include "io/scratch_folder.hpp"
#include "typed/elementwise_logistic.hpp"

namespace {

using kutta::named;
using kutta::test::elementwise_logistic;
using kutta::test::scratch_folder;
using array = kutta::cuda::tensor<double, 2>;
using numbers = std::vector<double>;
template <class X>
using weights = std::vector<kutta::test::logistic_params<X>>;
template <class X>
using block = kutta::ode_block<elementwise_logistic<X>, kutta::schemes::rk4_classic,
                               kutta::bases::piecewise_constant>;

weights<numbers> host_weights() {
  return {{{1, 2, 3, 4}, {.1, .2, .3, .4}}, {{-1, -2, -3, -4}, {.5, .25, .75, 0}}};
}
weights<array> device_weights(std::size_t rows = 2, std::size_t columns = 2) {
  weights<array> theta;
  for (int k = 0; k < 2; ++k) theta.push_back({array({rows, columns}), array({rows, columns})});
  return theta;
}

/// A training run on the device.
struct run {
  weights<array> theta = device_weights();
  kutta::adam<weights<array>> optimiser{theta, {.rate = .05}};
  const array target{{2, 2}, {.5, .4, .3, .2}};

  run() { kutta::transfer(host_weights(), theta); }

  auto state() { return kutta::checkpoint(named("theta", theta), named("optimiser", optimiser)); }
  double advance() {
    const block<array> f({}, kutta::bases::piecewise_constant(2), {.steps = 4});
    const array x({2, 2}, {.1, .2, .3, .4});
    array dx = kutta::zeros_like(x);
    auto dtheta = kutta::zeros_like(theta);
    auto ws = f.make_workspace(theta, x);
    const kutta::mean_squared_error loss(target);
    const double value = f.gradient(theta, x, loss, dx, dtheta, ws);
    optimiser.step(theta, dtheta);
    return value;
  }
};

}  // namespace

TEST_CASE("a model goes to the device and back, to the last bit") {
  auto there = device_weights();
  kutta::transfer(host_weights(), there);
  auto back = kutta::zeros_like(host_weights());
  kutta::transfer(there, back);
  CHECK(kutta::copy_to_host(back) == kutta::copy_to_host(host_weights()));
}

TEST_CASE("weights that do not fit are refused by name, and nothing is written") {
  auto there = device_weights(2, 3);
  CHECK_THROWS_WITH_AS(kutta::transfer(host_weights(), there),
                       "transfer: expected [0].a of shape (2, 3), got [0].a of shape (4)",
                       std::invalid_argument);
  auto fewer = host_weights();
  fewer.pop_back();
  CHECK_THROWS_WITH_AS(kutta::transfer(fewer, there), "transfer: expected 4 arrays, got 2",
                       std::invalid_argument);
  CHECK(kutta::copy_to_host(there) == numbers(24));
}

TEST_CASE("a model on the device is saved and loaded as one in host memory is") {
  const scratch_folder folder;
  const std::string path = folder.path("theta.safetensors");
  auto theta = device_weights();
  kutta::transfer(host_weights(), theta);
  kutta::safetensors_writer out;
  out.add("theta", theta);
  out.write(path);

  const kutta::safetensors_file in(path);
  auto again = device_weights();
  in.read("theta", again);
  CHECK(kutta::copy_to_host(again) == kutta::copy_to_host(host_weights()));

  auto other = device_weights(4, 1);
  CHECK_THROWS_AS(in.read("theta", other), kutta::io_error);
  CHECK(kutta::copy_to_host(other) == numbers(16));
}

TEST_CASE("a run on the device that was stopped goes on with the same losses") {
  const scratch_folder folder;
  const std::string path = folder.path("run.safetensors");
  run whole, first, second;
  numbers expected, got;
  for (int n = 0; n < 6; ++n) expected.push_back(whole.advance());
  for (int n = 0; n < 3; ++n) got.push_back(first.advance());
  first.state().save(path);
  kutta::set_zero(second.theta);
  CHECK(second.state().resume(path));
  for (int n = 0; n < 3; ++n) got.push_back(second.advance());
  CHECK(got == expected);
}

TEST_CASE("host and device run the same block in one program, on two streams at a time") {
  const block<numbers> on_host({}, kutta::bases::piecewise_constant(2), {.steps = 4});
  const block<array> on_device({}, kutta::bases::piecewise_constant(2), {.steps = 4});
  const auto theta = host_weights();
  auto there = device_weights();
  kutta::transfer(theta, there);
  const numbers starts[2] = {{.1, .2, .3, .4}, {.2, .4, .6, .8}};
  const array x[2] = {{{2, 2}, starts[0]}, {{2, 2}, starts[1]}};
  block<array>::workspace_type work[2] = {on_device.make_workspace(there, x[0]),
                                          on_device.make_workspace(there, x[1])};
  kutta::cuda::wait();  // what other streams read is there

  const kutta::cuda::stream streams[2];
  const array* ends[2] = {};
  for (std::size_t i : {0U, 1U}) {
    const kutta::cuda::on_stream here(streams[i]);
    ends[i] = &on_device.forward(there, x[i], work[i]);
  }
  for (std::size_t i : {0U, 1U}) {
    auto ws = on_host.make_workspace(theta, starts[i]);
    const numbers& expected = on_host.forward(theta, starts[i], ws);
    streams[i].wait();
    const auto found = kutta::copy_to_host(*ends[i]);
    for (std::size_t j = 0; j < found.size(); ++j)
      CHECK(found[j] == doctest::Approx(expected[j]).epsilon(1e-14));
  }
}
