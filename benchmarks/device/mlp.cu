// SPDX-License-Identifier: Apache-2.0

/// @file
/// What does a neural ODE cost, forward and back? dx/dt = W₂ tanh(W₁ x + b₁) + b₂ with 64 features,
/// 32 classical steps, L = ½ |x(1)|².
///
/// Names: mlp/<factors>/batch:<samples>/<contender>. `fp32` multiplies floats, `tf32` lets tensor
/// cores round the factors to 11 bits. `kutta` queues one kernel after the other, `kutta_graph`
/// replays them. An operation is a pass: 805 MFLOP in products for 128 samples.

#include <array>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include <kutta/basis/piecewise_constant.hpp>
#include <kutta/cuda/factors.hpp>
#include <kutta/cuda/matrix_kernels.hpp>
#include <kutta/cuda/tensor.hpp>
#include <kutta/layers/dense.hpp>
#include <kutta/layers/elementwise.hpp>
#include <kutta/layers/sequential.hpp>
#include <kutta/ode/ode_block.hpp>
#include <kutta/schemes/fourth_order.hpp>
#include <kutta/tensor/contiguous.hpp>

#include "device/measure.hpp"
#include "device/passes.hpp"

namespace {

using kutta::bench::set_numbers;
using kutta::cuda::factors;

constexpr std::size_t features = 64;
using device_batch = kutta::cuda::tensor<float, 2>;
using host_batch = std::vector<double>;

template <class X>
class mlp {
  using layer = kutta::layers::dense<X>;
  using network = kutta::layers::sequential<layer, kutta::layers::tanh<X>, layer>;
  using block =
      kutta::ode_block<network, kutta::schemes::rk4_classic, kutta::bases::piecewise_constant>;

 public:
  /// x0: zeros, a sample a row.
  mlp(X x0, std::int64_t steps, factors how)
      : how_(how),
        f_(make_network(), kutta::bases::piecewise_constant(1), {.steps = steps}),
        x0_(std::move(x0)),
        dx_(kutta::zeros_like(x0_)),
        theta_(make_theta(f_.residual())),
        dtheta_(kutta::zeros_like(theta_)),
        ws_(f_.make_workspace(theta_, x0_)) {
    set_numbers(kutta::bench::short_numbers(x0_.size(), 1), x0_);
  }

  void pass() {
    const kutta::cuda::round_factors here(how_);
    kutta::set_zero(dtheta_);
    kutta::assign(dx_, f_.forward(theta_, x0_, ws_));
    f_.backprop(theta_, dx_, dtheta_, ws_);
  }
  void clear() {
    kutta::set_zero(dx_);
    kutta::set_zero(dtheta_);
  }
  kutta::bench::results result() const {
    return {kutta::bench::doubles_of(dx_), kutta::bench::doubles_of(dtheta_)};
  }

 private:
  static network make_network() {
    const layer affine({1, 1, features}, features);
    return network(affine, kutta::layers::tanh<X>{}, affine);
  }
  static typename block::coefficients make_theta(const network& r) {
    std::mt19937 generator(1);
    typename block::coefficients theta;
    theta.push_back(r.make_params(generator));
    auto values = kutta::bench::short_numbers(kutta::element_count(theta), 2);
    for (double& v : values) v /= 8;
    set_numbers(values, theta);
    return theta;
  }

  factors how_;
  block f_;
  X x0_, dx_;
  typename block::coefficients theta_, dtheta_;
  decltype(f_.make_workspace(theta_, x0_)) ws_;
};

/// Two products an evaluation, four evaluations a step; a vjp is twice an evaluation.
constexpr double flops_of(std::size_t batch, std::int64_t steps) {
  return 3 * 4 * static_cast<double>(steps) * static_cast<double>(2 * 2 * features * features) *
         static_cast<double>(batch);
}
static_assert(flops_of(128, 32) == 805306368);

}  // namespace

int main(int argc, char** argv) {
  kutta::bench::records all(argc, argv);
  const std::int64_t steps = all.smoke() ? 2 : 32;
  const auto batches =
      all.smoke() ? std::vector<std::size_t>{3} : std::vector<std::size_t>{128, 1024};
  for (const std::size_t batch : batches)
    for (const bool rounded : {false, true}) {
      const factors how = rounded ? factors::tf32 : factors::exact;
      kutta::bench::add_pass(
          all,
          std::string("mlp/") + (rounded ? "tf32" : "fp32") + "/batch:" + std::to_string(batch) +
              "/",
          flops_of(batch, steps),
          [&] {
            return mlp<device_batch>(device_batch({batch, features}), steps, how);
          },
          [&] {
            mlp<host_batch> same(host_batch(batch * features), steps, factors::exact);
            same.pass();
            return same.result();
          },
          rounded ? 1e-2 : 1e-4);
    }
  return all.status();
}
