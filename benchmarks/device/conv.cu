// SPDX-License-Identifier: Apache-2.0

/// @file
/// What does the residual of image models cost, forward and back? BN–ReLU–conv–BN–ReLU–conv of 3 ×
/// 3 taps.
///
/// Names: conv/<factors>/<channels>x<height>x<width>/batch:<images>/<contender>. `fp32` multiplies
/// floats, `tf32` lets tensor cores round the factors to 11 bits, if convolutions are cuDNN's.
/// `kutta` queues one kernel after the other, `kutta_graph` replays them. An operation is a pass:
/// two convolutions forward and four in reverse; taps that meet zeros around the image are counted.

#include <array>
#include <cstddef>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <kutta/cuda/factors.hpp>
#include <kutta/cuda/normalised_convolutions.hpp>
#include <kutta/cuda/tensor.hpp>
#include <kutta/layers/image_shape.hpp>
#include <kutta/layers/layer_pass.hpp>
#include <kutta/layers/normalised_convolutions.hpp>
#include <kutta/tensor/contiguous.hpp>

#include "device/measure.hpp"
#include "device/passes.hpp"

namespace {

using kutta::bench::set_numbers;
using kutta::bench::short_numbers;
using kutta::cuda::factors;
using kutta::layers::image_shape;

using device_images = kutta::cuda::tensor<float, 4>;
using host_images = std::vector<double>;

#if defined(__CUDACC__) && !defined(KUTTA_CUDNN)
constexpr bool can_round = false;
#else
constexpr bool can_round = true;
#endif

template <class X>
class residual {
  using layer = kutta::layers::normalised_convolutions<X>;

 public:
  /// x: zeros.
  residual(const image_shape& shape, X x, factors how)
      : how_(how),
        r_(shape, shape.channels),
        x_(std::move(x)),
        dy_(kutta::zeros_like(x_)),
        theta_(make_theta(r_)),
        dtheta_(kutta::zeros_like(theta_)),
        pass_(r_, theta_, x_) {
    set_numbers(short_numbers(x_.size(), 1), x_);
    set_numbers(short_numbers(x_.size(), 2), dy_);
  }
  residual(const residual&) = delete;
  residual& operator=(const residual&) = delete;

  void pass() {
    const kutta::cuda::round_factors here(how_);
    kutta::set_zero(dtheta_);
    const auto given = [&](const X&, std::size_t, X& dy) {
      kutta::assign(dy, dy_);
      return 0.;
    };
    pass_.gradient(theta_, x_, given, dtheta_);
  }
  void clear() { kutta::set_zero(dtheta_); }
  kutta::bench::results result() const {
    return {kutta::bench::doubles_of(pass_.y()), kutta::bench::doubles_of(pass_.dx()),
            kutta::bench::doubles_of(dtheta_)};
  }

 private:
  static typename layer::params make_theta(const layer& r) {
    std::mt19937 generator(1);
    auto theta = r.make_params(generator);
    auto values = short_numbers(kutta::element_count(theta), 3);
    for (double& v : values) v = v / 8 + .125;
    set_numbers(values, theta);
    return theta;
  }

  factors how_;
  layer r_;
  X x_, dy_;
  typename layer::params theta_, dtheta_;
  kutta::layer_pass<layer> pass_;
};

/// Two convolutions; their gradients are twice as much.
constexpr double flops_of(const image_shape& s, std::size_t batch) {
  return 6. * 2 * 9 * static_cast<double>(s.channels * s.size() * batch);
}
static_assert(flops_of({8, 8, 64}, 32) == 6. * 150994944);

}  // namespace

int main(int argc, char** argv) {
  kutta::bench::records all(argc, argv);
  const auto shapes = all.smoke()
                          ? std::vector<image_shape>{{5, 6, 4}}
                          : std::vector<image_shape>{{32, 32, 16}, {16, 16, 32}, {8, 8, 64}};
  const auto batches =
      all.smoke() ? std::vector<std::size_t>{3} : std::vector<std::size_t>{32, 256};
  for (const std::size_t batch : batches)
    for (const image_shape& s : shapes)
      for (const bool rounded : {false, true}) {
        if (rounded && !can_round) continue;
        const std::string name = std::string("conv/") + (rounded ? "tf32" : "fp32") + "/" +
                                 std::to_string(s.channels) + "x" + std::to_string(s.height) + "x" +
                                 std::to_string(s.width) + "/batch:" + std::to_string(batch) + "/";
        const factors how = rounded ? factors::tf32 : factors::exact;
        kutta::bench::add_pass(
            all, name, flops_of(s, batch),
            [&] {
              return residual<device_images>(
                  s, device_images({batch, s.height, s.width, s.channels}), how);
            },
            [&] {
              residual<host_images> same(s, host_images(batch * s.size()), factors::exact);
              same.pass();
              return same.result();
            },
            rounded ? 1e-2 : 1e-4);
      }
  return all.status();
}
