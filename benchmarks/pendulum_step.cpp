// SPDX-License-Identifier: Apache-2.0

/// @file
/// What does a training step of the pendulum network cost? 2 → 50 tanh → 2, one classical
/// Runge–Kutta step, mean squared error, Adam; forward, backward and update.
///
/// Names: pendulum/<scalar>/batch:<samples>/<sizes>/<contender>. `dynamic`: all sizes at run time;
/// `fixed`: the widths in the type; `all_fixed`: the batch size as well. `by_hand` is Eigen code;
/// `by_hand_tanh` the same with kutta::tanh in place of Eigen's, which is scalar for double.
/// `kutta` takes the batch in one piece, `kutta_tile:n` in tiles of n samples.

#include <cmath>
#include <cstddef>
#include <random>
#include <string>
#include <tuple>

#include <Eigen/Core>
#include <benchmark/benchmark.h>

#include <kutta/basis/piecewise_constant.hpp>
#include <kutta/eigen/mlp.hpp>
#include <kutta/layers/tanh.hpp>
#include <kutta/ode/ode_block.hpp>
#include <kutta/schemes/fourth_order.hpp>
#include <kutta/train/adam.hpp>
#include <kutta/train/losses.hpp>

#include "support/agreement.hpp"
#include "support/cost.hpp"
#include "support/pendulum_by_hand.hpp"
#include "support/report.hpp"

namespace {

constexpr double time_step = .1;
constexpr int hidden = 50;
constexpr int dynamic = Eigen::Dynamic;

/// Two products each way: forward 2 (2·50 + 50·2), in reverse twice that, on four stages.
/// Activations and sums are not counted.
constexpr kutta::bench::cost pendulum_cost(std::size_t batch) {
  return {static_cast<double>(4 * 3 * 2 * (2 * 50 + 50 * 2) * batch), 0};
}
static_assert(pendulum_cost(1) == kutta::bench::cost{4800, 0});

struct eigen_tanh {
  auto operator()(const auto& x) const { return x.tanh(); }
};
struct kutta_tanh {
  auto operator()(const auto& x) const {
    return x.unaryExpr([](auto v) { return kutta::tanh(v); });
  }
};

/// A quarter turn's beginning: x1 is x0 rotated by the time step.
template <class X>
struct samples {
  X x0, x1;

  explicit samples(Eigen::Index batch) : x0(2, batch), x1(2, batch) {
    using T = typename X::Scalar;
    std::mt19937 generator(1);
    std::uniform_real_distribution<double> uniform(-1, 1);
    x0 = X::NullaryExpr(2, batch, [&] { return static_cast<T>(uniform(generator)); });
    const T c = static_cast<T>(std::cos(time_step)), s = static_cast<T>(std::sin(time_step));
    for (Eigen::Index i = 0; i < batch; ++i) {
      x1(0, i) = c * x0(0, i) + s * x0(1, i);
      x1(1, i) = c * x0(1, i) - s * x0(0, i);
    }
  }
};

template <class T, int Hidden, int Batch>
using network = kutta::layers::mlp<T,
                                   kutta::layers::sizes<(Hidden == dynamic ? dynamic : 2), Hidden,
                                                        (Hidden == dynamic ? dynamic : 2)>,
                                   kutta::activations::tanh, Batch>;

template <class T, int Hidden, int Batch>
class library_step {
  using residual = network<T, Hidden, Batch>;
  using block =
      kutta::ode_block<residual, kutta::schemes::rk4_classic, kutta::bases::piecewise_constant>;

 public:
  using state = typename block::state;

  explicit library_step(Eigen::Index batch)
      : f_(residual(2, hidden, 2), kutta::bases::piecewise_constant(1),
           {.steps = 1, .horizon = time_step}),
        data_(batch),
        theta_{initial()},
        dtheta_(kutta::zeros_like(theta_)),
        dx_(data_.x0),
        optimiser_(theta_),
        loss_(data_.x1) {}

  static auto initial() {
    std::mt19937 generator(0);
    return residual(2, hidden, 2).make_params(generator);
  }
  auto make_workspace() const { return f_.make_workspace(theta_, data_.x0); }
  auto make_workspace(std::size_t tile) const {
    return f_.make_workspace(theta_, data_.x0, kutta::execution{.tile = tile});
  }

  double step(double rate, auto& workspace) {
    kutta::set_zero(dtheta_);
    const double loss = f_.gradient(theta_, data_.x0, loss_, dx_, dtheta_, workspace);
    optimiser_.set_rate(rate);
    optimiser_.step(theta_, dtheta_);
    return loss;
  }

  const auto& theta() const { return theta_[0]; }

 private:
  block f_;
  samples<state> data_;
  typename block::coefficients theta_, dtheta_;
  state dx_;
  kutta::adam<typename block::coefficients> optimiser_;
  kutta::mean_squared_error<state> loss_;
};

template <class T, int Hidden, int Batch, class Tanh>
class eigen_step {
  static constexpr int in = Hidden == dynamic ? dynamic : 2;
  using program = kutta::bench::pendulum_by_hand<T, Hidden, in, Batch, Tanh>;

 public:
  explicit eigen_step(Eigen::Index batch)
      : data_(batch), program_(initial(), data_.x0, static_cast<T>(time_step)) {}

  double step(double rate) { return program_.step(data_.x0, data_.x1, rate); }
  const auto& theta() const { return program_.theta(); }

 private:
  static auto initial() {
    const auto [first, second] = library_step<T, Hidden, Batch>::initial();
    return typename program::weights{first.w, first.b, second.w, second.b};
  }

  samples<typename program::states> data_;
  program program_;
};

/// Three steps of `contender` and of the Eigen code lead to the same weights.
template <class T, int Hidden, int Batch>
bool agrees(auto&& step, const auto& theta, Eigen::Index batch) {
  eigen_step<T, Hidden, Batch, eigen_tanh> baseline(batch);
  const double tolerance = sizeof(T) == 4 ? 1e-5 : 1e-12;
  for (int i = 0; i < 3; ++i) {
    const double loss = step(1e-3), expected = baseline.step(1e-3);
    if (!(std::abs(loss - expected) <= tolerance)) return false;
  }
  const auto& [w1, b1, w2, b2] = baseline.theta();
  const auto& [first, second] = theta();
  using kutta::bench::agree;
  return agree(first.w, w1, tolerance) && agree(first.b, b1, tolerance) &&
         agree(second.w, w2, tolerance) && agree(second.b, b2, tolerance);
}

/// The rate 0 keeps the work the same from step to step; trained on, one sample's gradient would
/// become denormal.
void measure(benchmark::State& state, Eigen::Index batch, auto&& step) {
  for (auto _ : state) benchmark::DoNotOptimize(step(0.));
  kutta::bench::report(state, pendulum_cost(static_cast<std::size_t>(batch)));
}

template <class T, int Hidden, int Batch, class Tanh>
void by_hand(benchmark::State& state, Eigen::Index batch) {
  eigen_step<T, Hidden, Batch, Tanh> program(batch);
  const auto step = [&](double rate) { return program.step(rate); };
  const auto weights = [&] {
    const auto& p = program.theta();
    using affine = std::tuple_element_t<0, typename network<T, Hidden, Batch>::params>;
    using projection = std::tuple_element_t<1, typename network<T, Hidden, Batch>::params>;
    return std::tuple{affine{p.w1, p.b1}, projection{p.w2, p.b2}};
  };
  if (!kutta::bench::require(state, agrees<T, Hidden, Batch>(step, weights, batch))) return;
  measure(state, batch, step);
}

/// `tile` 0: the batch in one piece.
template <class T, int Hidden, int Batch>
void with_kutta(benchmark::State& state, Eigen::Index batch, std::size_t tile) {
  library_step<T, Hidden, Batch> program(batch);
  const auto run = [&](auto workspace) {
    const auto step = [&](double rate) { return program.step(rate, workspace); };
    const auto weights = [&]() -> const auto& { return program.theta(); };
    if (!kutta::bench::require(state, agrees<T, Hidden, Batch>(step, weights, batch))) return;
    measure(state, batch, step);
  };
  if constexpr (Batch == dynamic) {
    if (tile > 0) return run(program.make_workspace(tile));
  }
  run(program.make_workspace());
}

template <class T, int Hidden, int Batch>
void register_sizes(const char* scalar, const char* sizes, Eigen::Index batch) {
  const std::string name =
      std::string("pendulum/") + scalar + "/batch:" + std::to_string(batch) + "/" + sizes + "/";
  const auto add = [&](const std::string& contender, auto function, auto... arguments) {
    benchmark::RegisterBenchmark((name + contender).c_str(), function, batch, arguments...)
        ->Unit(benchmark::kMicrosecond);
  };
  add("by_hand", by_hand<T, Hidden, Batch, eigen_tanh>);
  add("by_hand_tanh", by_hand<T, Hidden, Batch, kutta_tanh>);
  add("kutta", with_kutta<T, Hidden, Batch>, std::size_t{0});
  if (batch > 1)
    for (const std::size_t tile : {16u, 32u, 64u})
      add("kutta_tile:" + std::to_string(tile), with_kutta<T, Hidden, Batch>, tile);
}

template <class T>
void register_scalar(const char* scalar) {
  register_sizes<T, dynamic, dynamic>(scalar, "dynamic", 256);
  register_sizes<T, hidden, dynamic>(scalar, "fixed", 256);
  register_sizes<T, dynamic, dynamic>(scalar, "dynamic", 1);
  register_sizes<T, hidden, 1>(scalar, "all_fixed", 1);
}

[[maybe_unused]] const bool registered = [] {
  register_scalar<float>("float");
  register_scalar<double>("double");
  return true;
}();

}  // namespace
