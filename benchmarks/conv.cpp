// SPDX-License-Identifier: Apache-2.0

/// @file
/// How near to the machine's peak is a convolution, and a residual block of two of them? 3 × 3 taps
/// on float images of 16 channels of 32 × 32, 32 of 16 × 16 and 64 of 8 × 8, in batches of 32: 151
/// MFLOP each. Of 10 channels of 28 × 28, which fill no whole registers: 45 MFLOP.
///
/// Names: <pass>/<channels>x<height>x<width>/<contender>. `of_peak` is FLOP/s over those of the
/// multiply-adds that fit into registers, measured between runs of the same benchmark: the clock is
/// lower when kernels are at work. Taps that meet zeros around the image are counted as work,
/// although some are not done.

#include <algorithm>
#include <cstddef>
#include <random>
#include <string>

#include <Eigen/Core>
#include <benchmark/benchmark.h>

#include <kutta/eigen/tensor.hpp>
#include <kutta/layers/batch_norm.hpp>
#include <kutta/layers/call.hpp>
#include <kutta/layers/conv2d.hpp>
#include <kutta/layers/normalised_convolutions.hpp>
#include <kutta/layers/sequential.hpp>
#ifdef KUTTA_ONEDNN
#  include <kutta/onednn.hpp>
#endif
#include <kutta/tensor/worker_pool.hpp>

#include "support/agreement.hpp"
#include "support/cost.hpp"
#include "support/fma_peak.hpp"
#include "support/report.hpp"

namespace {

using kutta::layers::image_shape;
using images = Eigen::MatrixXf;
using conv = kutta::layers::conv2d<images>;

constexpr std::size_t batch = 32;

constexpr double conv_flops(const image_shape& s) {
  return 2. * 9 * static_cast<double>(s.channels * s.size() * batch);
}
static_assert(conv_flops({8, 8, 64}) == 150994944);

/// The rate of an iteration, run again between measurements of the peak.
template <class F>
void report(benchmark::State& state, double flops, const F& iteration) {
  kutta::bench::report(state, {flops, 0});
  state.counters["of_peak"] = benchmark::Counter(flops / kutta::bench::fma_peak_beside(iteration),
                                                 benchmark::Counter::kIsIterationInvariantRate);
}

images random(std::size_t rows, std::size_t columns, unsigned seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> normal;
  return images::NullaryExpr(static_cast<Eigen::Index>(rows), static_cast<Eigen::Index>(columns),
                             [&] { return normal(generator); });
}

/// f(o, i, t) for each output pixel o, input pixel i and tap t that joins them.
template <class F>
void for_each_tap(const image_shape& s, const F& f) {
  for (std::size_t y = 0; y < s.height; ++y)
    for (std::size_t x = 0; x < s.width; ++x)
      for (std::size_t ky = 0; ky < 3; ++ky)
        for (std::size_t kx = 0; kx < 3; ++kx) {
          const std::size_t iy = y + ky - 1, ix = x + kx - 1;
          if (iy < s.height && ix < s.width)
            f((y * s.width + x) * s.channels, (iy * s.width + ix) * s.channels,
              (ky * 3 + kx) * s.channels * s.channels);
        }
}

/// The loops that one would write, whose innermost one vectorises.
struct by_hand {
  static void forward(const image_shape& s, const float* w, const float* x, float* y) {
    std::fill(y, y + s.size(), 0.f);
    for_each_tap(s, [&](std::size_t o, std::size_t i, std::size_t t) {
      for (std::size_t a = 0; a < s.channels; ++a)
        for (std::size_t c = 0; c < s.channels; ++c)
          y[o + c] += x[i + a] * w[t + a * s.channels + c];
    });
  }
  static void data_gradient(const image_shape& s, const float* w, const float* dy, float* dx) {
    for_each_tap(s, [&](std::size_t o, std::size_t i, std::size_t t) {
      for (std::size_t a = 0; a < s.channels; ++a)
        for (std::size_t c = 0; c < s.channels; ++c)
          dx[i + a] += dy[o + c] * w[t + a * s.channels + c];
    });
  }
  static void weight_gradient(const image_shape& s, const float* x, const float* dy, float* dw) {
    for_each_tap(s, [&](std::size_t o, std::size_t i, std::size_t t) {
      for (std::size_t a = 0; a < s.channels; ++a)
        for (std::size_t c = 0; c < s.channels; ++c)
          dw[t + a * s.channels + c] += x[i + a] * dy[o + c];
    });
  }
};

enum class pass { forward, data_gradient, weight_gradient };

template <class Kernels>
struct convolution {
  image_shape shape;
  Kernels kernels{{shape.height, shape.height, 3, 1, 1},
                  {shape.width, shape.width, 3, 1, 1},
                  shape.channels,
                  shape.channels};
  typename Kernels::scratch scratch = kernels.make_scratch(batch);
  images x = random(shape.size(), batch, 1), dy = random(shape.size(), batch, 2), y = 0 * x;
  images w = .1f * random(kernels.weights(), 1, 3), dw = 0 * w;

  void by_kernels(pass p) {
    if (p == pass::forward)
      kernels.forward(w.data(), nullptr, x.data(), y.data(), batch, scratch);
    else if (p == pass::data_gradient)
      kernels.vjp(w.data(), nullptr, dy.data(), y.data(), nullptr, nullptr, batch, scratch);
    else
      kernels.vjp(w.data(), x.data(), dy.data(), nullptr, dw.data(), nullptr, batch, scratch);
  }
  void by_loops(pass p) {
    for (Eigen::Index n = 0; n < static_cast<Eigen::Index>(batch); ++n)
      if (p == pass::forward)
        by_hand::forward(shape, w.data(), x.col(n).data(), y.col(n).data());
      else if (p == pass::data_gradient)
        by_hand::data_gradient(shape, w.data(), dy.col(n).data(), y.col(n).data());
      else
        by_hand::weight_gradient(shape, x.col(n).data(), dy.col(n).data(), dw.data());
  }
};

/// By Kernels, or by loops.
template <class Kernels>
void measure_conv(benchmark::State& state, const image_shape& shape, pass p, bool loops = false) {
  convolution<Kernels> c{shape}, expected{shape};
  c.by_kernels(p);
  expected.by_loops(p);
  if (!kutta::bench::require(state, kutta::bench::agree(c.y, expected.y, 1e-4) &&
                                        kutta::bench::agree(c.dw, expected.dw, 1e-2)))
    return;
  const auto iteration = [&] {
    loops ? c.by_loops(p) : c.by_kernels(p);
    benchmark::ClobberMemory();
  };
  for (auto _ : state) iteration();
  report(state, conv_flops(shape), iteration);
}

using normalised = kutta::layers::batch_norm<images, true>;
template <class Conv>
using layer_by_layer = kutta::layers::sequential<normalised, Conv, normalised, Conv>;
using fused = kutta::layers::normalised_convolutions<images>;

/// BN–ReLU–conv–BN–ReLU–conv: two convolutions forward, four in reverse. Only they are counted.
template <class R>
void residual_block(benchmark::State& state, const image_shape& shape, const R& r, bool backward,
                    std::size_t threads = 1) {
  std::mt19937 generator(1);
  const auto theta = r.make_params(generator);
  const images x = random(shape.size(), batch, 1), dy = random(shape.size(), batch, 2);
  images y = 0 * x, dx = 0 * x;
  auto dtheta = kutta::zeros_like(theta);
  auto saved = r.make_tape(theta, x);
  auto scratch = r.make_scratch(theta, x);
  kutta::worker_pool workers(threads);
  const kutta::context<R> at{0, 0, 0, scratch, threads > 1 ? &workers : nullptr};
  const auto iteration = [&] {
    r.forward(theta, x, y, saved, at);
    if (backward) r.vjp(theta, x, saved, dy, dx, dtheta, at);
    benchmark::ClobberMemory();
  };
  for (auto _ : state) iteration();
  report(state, (backward ? 6 : 2) * conv_flops(shape), iteration);
}

[[maybe_unused]] const bool registered = [] {
  for (const image_shape shape : {image_shape{32, 32, 16}, image_shape{16, 16, 32},
                                  image_shape{8, 8, 64}, image_shape{28, 28, 10}}) {
    const std::string size = std::to_string(shape.channels) + "x" + std::to_string(shape.height) +
                             "x" + std::to_string(shape.width) + "/";
    const auto add = [](const std::string& name, auto function) {
      benchmark::RegisterBenchmark(name.c_str(), function)->Unit(benchmark::kMicrosecond);
    };
    const auto add_conv = [&](const std::string& name, pass p) {
      using kernels = kutta::detail::convolution<float>;
      add(name + "/" + size + "by_hand",
          [=](benchmark::State& state) { measure_conv<kernels>(state, shape, p, true); });
      add(name + "/" + size + "kutta",
          [=](benchmark::State& state) { measure_conv<kernels>(state, shape, p); });
#ifdef KUTTA_ONEDNN
      add(name + "/" + size + "onednn", [=](benchmark::State& state) {
        measure_conv<kutta::onednn::convolution>(state, shape, p);
      });
#endif
    };
    add_conv("forward", pass::forward);
    add_conv("data_gradient", pass::data_gradient);
    add_conv("weight_gradient", pass::weight_gradient);
    for (const bool backward : {false, true}) {
      const std::string name = (backward ? "block_gradient/" : "block_forward/") + size;
      const fused r(shape, shape.channels);
      const auto by_layers = [&]<class Conv>(const char* contender, const Conv& c) {
        const layer_by_layer<Conv> layers(normalised(shape.channels), c, normalised(shape.channels),
                                          c);
        add(name + contender,
            [=](benchmark::State& state) { residual_block(state, shape, layers, backward); });
      };
      by_layers("by_layers", conv(shape, shape.channels));
#ifdef KUTTA_ONEDNN
      by_layers("by_layers_onednn", kutta::onednn::conv2d<images>(shape, shape.channels));
#endif
      add(name + "kutta",
          [=](benchmark::State& state) { residual_block(state, shape, r, backward); });
      benchmark::RegisterBenchmark(
          (name + "two_threads").c_str(),
          [=](benchmark::State& state) { residual_block(state, shape, r, backward, 2); })
          ->Unit(benchmark::kMicrosecond)
          ->UseRealTime();
    }
  }
  return true;
}();

}  // namespace
