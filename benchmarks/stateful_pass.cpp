// SPDX-License-Identifier: Apache-2.0

/// @file
/// What do running statistics cost that are functions of depth?
///
/// Names: image/c:<channels>/<family>:<K>/<contender>, thin/n:<width>/<family>:<K>/<contender>.
/// `forward` is the pass of training without them, `train` the same pass that takes note of the
/// statistics at every stage and fits them, `infer` the pass with running ones. RK4, N = K.

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <utility>

#include <Eigen/Core>
#include <benchmark/benchmark.h>

#include <kutta/basis/hat.hpp>
#include <kutta/basis/piecewise_constant.hpp>
#include <kutta/basis/running_statistics.hpp>
#include <kutta/eigen.hpp>
#include <kutta/layers/batch_norm.hpp>
#include <kutta/layers/conv2d.hpp>
#include <kutta/layers/sequential.hpp>

namespace {

using images = Eigen::MatrixXf;  // a sample in each column
using normalise = kutta::layers::batch_norm<images, true>;
using convolution = kutta::layers::conv2d<images>;

/// BN–ReLU–conv–BN–ReLU–conv on 16 × 16 images.
auto image_residual(std::size_t channels) {
  const kutta::layers::image_shape shape{16, 16, channels};
  return kutta::layers::sequential(normalise(channels), convolution(shape, channels),
                                   normalise(channels), convolution(shape, channels));
}

/// Next to no work but the statistics: BN–ReLU alone.
auto thin_residual(std::size_t width) {
  return kutta::layers::sequential(normalise(width));
}

enum class pass { forward, train, infer };

template <class R, class B>
void run(benchmark::State& state, R residual, const B& phi, Eigen::Index features, pass which) {
  const auto n = static_cast<std::int64_t>(phi.size());
  const kutta::ode_block<R, kutta::schemes::rk4_classic, B> f{
      std::move(residual), phi, {.steps = n}};
  std::mt19937_64 generator(1);
  std::normal_distribution<float> normal;
  typename decltype(f)::coefficients theta;
  for (std::size_t k = 0; k < phi.size(); ++k) theta.push_back(f.residual().make_params(generator));
  const images x0 = images::NullaryExpr(features, 32, [&] { return normal(generator); });
  auto ws = f.make_workspace(theta, x0, kutta::keep::nothing{});
  auto stats = f.make_statistics(theta, x0);
  for (auto _ : state) {
    if (which == pass::forward) f.forward(theta, x0, ws);
    if (which == pass::train) f.train(theta, stats, x0, ws);
    if (which == pass::infer) f.infer(theta, stats, x0, ws);
    benchmark::DoNotOptimize(ws.last().data());
    benchmark::ClobberMemory();
  }
}

template <class B>
void add_benchmarks(const std::string& family, const B& phi) {
  for (const auto& [which, name] :
       {std::pair{pass::forward, "forward"}, {pass::train, "train"}, {pass::infer, "infer"}}) {
    const std::string tail = "/" + family + ":" + std::to_string(phi.size()) + "/" + name;
    for (const std::size_t c : {16, 32})
      benchmark::RegisterBenchmark(("image/c:" + std::to_string(c) + tail).c_str(),
                                   [=, w = which](benchmark::State& state) {
                                     run(state, image_residual(c), phi,
                                         static_cast<Eigen::Index>(16 * 16 * c), w);
                                   })
          ->Unit(benchmark::kMicrosecond);
    benchmark::RegisterBenchmark(("thin/n:64" + tail).c_str(), [=, w = which](
                                                                   benchmark::State& state) {
      run(state, thin_residual(64), phi, 64 * 16, w);
    })->Unit(benchmark::kMicrosecond);
  }
}

}  // namespace

int main(int argc, char** argv) {
  add_benchmarks("cells", kutta::bases::piecewise_constant(4));
  add_benchmarks("hats", kutta::bases::hat(5));
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
