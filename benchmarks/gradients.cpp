// SPDX-License-Identifier: Apache-2.0

/// @file
/// What does a gradient cost, in time and memory, under each policy?
///
/// Names: policy/N:<steps>/<policy> and mlp/<scalar>/<contender>.
///
/// `policy` is a gradient of N classical Runge–Kutta steps of tanh(W x + b), 64 features, 64
/// samples, float. `forward` is its forward pass. Counters: `bytes` on the heap, as malloc counts
/// them, and `promised`, by kutta::memory_of; `theory`, the time of its evaluations over that of
/// `everything`'s, with the times of one `forward` and one `vjp` of the residual.
///
/// `mlp` is dx/dt = W₂ tanh(W₁ x + b₁) + b₂ with 64 features and 128 samples, 32 classical steps,
/// forward and backward, L = ½ |x(1)|². `by_hand` is Eigen code that stores every stage, in one
/// piece or in tiles of 32 samples; `forward` is without the backward pass. `bytes` are those of
/// the workspace, `peak` the fraction of the FLOP/s that one core reaches in a loop of fused
/// multiply-adds.

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <tuple>

#include <Eigen/Core>
#include <benchmark/benchmark.h>

#include <kutta/basis/piecewise_constant.hpp>
#include <kutta/eigen/mlp.hpp>
#include <kutta/layers/tanh.hpp>
#include <kutta/ode/keep_disk.hpp>
#include <kutta/ode/keep_online.hpp>
#include <kutta/ode/memory.hpp>
#include <kutta/ode/ode_block.hpp>
#include <kutta/schemes/fourth_order.hpp>

#include "../tests/support/heap.hpp"
#include "support/agreement.hpp"
#include "support/cost.hpp"
#include "support/fma_peak.hpp"
#include "support/mlp_by_hand.hpp"
#include "support/report.hpp"

namespace {

using Eigen::MatrixXf;
using kutta::schemes::rk4_classic;
using kutta::test::peak_of;

/// R(theta, x) = tanh(W x + b); allocates nothing inside a call. Never inlined: a call costs the
/// same in a block as alone.
struct dense_tanh {
  using state = MatrixXf;
  struct params {
    MatrixXf w;
    Eigen::VectorXf b;
    static constexpr auto fields =
        std::tuple{kutta::field{"w", &params::w}, kutta::field{"b", &params::b}};
  };
  struct tape {
    MatrixXf y;
    static constexpr auto fields = std::tuple{kutta::field{"y", &tape::y}};
  };
  using scratch = tape;
  static constexpr bool samples_independent = true;

  tape make_tape(const params&, const state& x) const { return {kutta::zeros_like(x)}; }
  scratch make_scratch(const params&, const state& x) const { return {kutta::zeros_like(x)}; }

  [[gnu::noinline]] void forward(const params& theta, const state& x, state& y, tape& saved) const {
    const auto activate = [](float z, float b) { return kutta::tanh(z + b); };
    y.noalias() = theta.w * x;
    for (Eigen::Index c = 0; c < y.cols(); ++c)
      kutta::detail::map_n(y.col(c).data(), std::size_t(y.rows()), activate, y.col(c).data(),
                           theta.b.data());
    saved.y = y;
  }
  [[gnu::noinline]] void vjp(const params& theta, const state& x, const tape& saved,
                             const state& dy, state& dx, params& dtheta,
                             const kutta::context<dense_tanh>& at) const {
    MatrixXf& g = at.scratch.y;
    g = dy.array() * (1 - saved.y.array().square());
    dx.noalias() += theta.w.transpose() * g;
    dtheta.w.noalias() += g * x.transpose();
    dtheta.b.noalias() += g.rowwise().sum();
  }
};

template <class R>
using block = kutta::ode_block<R, rk4_classic, kutta::bases::piecewise_constant>;

struct half_square {
  template <class X>
  double operator()(const X& x1, std::size_t, X& dx1) const {
    kutta::add(dx1, dx1, kutta::scaled{1, x1});
    return kutta::inner_product(x1, x1) / 2;
  }
};

/// Seconds of f(), the least of many runs.
template <class F>
double least_time(F&& f) {
  double best = 1;
  for (int i = 0; i < 300; ++i) {
    const auto start = std::chrono::steady_clock::now();
    f();
    const std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
    best = std::min(best, time.count());
  }
  return best;
}

struct policy_problem {
  block<dense_tanh> f;
  block<dense_tanh>::coefficients theta;
  MatrixXf x0 = MatrixXf::Random(64, 64);

  explicit policy_problem(std::int64_t steps)
      : f({}, kutta::bases::piecewise_constant(1), {.steps = steps}),
        theta{{MatrixXf::Random(64, 64) / 8, Eigen::VectorXf::Random(64)}} {}

  struct residual_times {
    double forward, vjp;
  };
  residual_times times() const {
    const dense_tanh r;
    auto saved = r.make_tape(theta[0], x0), scratch = saved;
    auto dtheta = theta[0];
    MatrixXf y = x0, dx = x0;
    return {least_time([&] { r.forward(theta[0], x0, y, saved); }), least_time([&] {
              r.vjp(theta[0], x0, saved, y, dx, dtheta, {0, 0, 0, scratch});
            })};
  }
};

template <class K>
void under_policy(benchmark::State& state, std::int64_t steps, K keep) {
  const policy_problem problem(steps);
  const auto& [f, theta, x0] = problem;
  const auto need = kutta::memory_of(f, theta, x0, keep);
  const auto [forward, vjp] = problem.times();

  MatrixXf dx = x0;
  auto dtheta = theta;
  const std::size_t bytes = peak_of([&] {
    auto ws = f.make_workspace(theta, x0, keep);
    f.gradient(theta, x0, half_square{}, dx, dtheta, ws);
    for (auto _ : state)
      benchmark::DoNotOptimize(f.gradient(theta, x0, half_square{}, dx, dtheta, ws));
  });
  const double evaluations = double(need.forward) * (forward + vjp);
  state.counters["bytes"] = double(bytes);
  state.counters["promised"] = double(need.bytes());
  state.counters["file"] = double(need.file);
  state.counters["theory"] = (evaluations + double(need.repeated) * forward) / evaluations;
  state.counters["vjp_over_forward"] = vjp / forward;
}

void forward_only(benchmark::State& state, std::int64_t steps) {
  const auto& [f, theta, x0] = policy_problem(steps);
  auto ws = f.make_workspace(theta, x0);
  for (auto _ : state) benchmark::DoNotOptimize(&f.forward(theta, x0, ws));
}

template <class T>
struct mlp_problem {
  using network = kutta::layers::mlp<T, kutta::layers::sizes<64, 64, 64>>;
  using matrix = typename network::state;
  using coefficients = typename block<network>::coefficients;
  static constexpr Eigen::Index samples = 128;
  static constexpr int steps = 32;

  block<network> f{network{}, kutta::bases::piecewise_constant(1), {.steps = steps}};
  coefficients theta{initial()};
  matrix x0 = matrix::Random(64, samples);

  static typename network::params initial() {
    std::mt19937 generator(1);
    return network{}.make_params(generator);
  }
};

template <class T>
class mlp_by_hand {
  using problem = mlp_problem<T>;
  using program = kutta::bench::mlp_by_hand<T, 64, problem::steps>;

 public:
  using matrix = typename problem::matrix;
  using weights = typename program::weights;

  mlp_by_hand(const problem& p, Eigen::Index tile)
      : theta_(weights_of(p.theta)), tile_(tile), x_(64, tile), dx_(64, tile), program_(tile) {}

  void gradient(const matrix& x0, matrix& dx, weights& dtheta) {
    for (Eigen::Index first = 0; first < x0.cols(); first += tile_) {
      x_ = x0.middleCols(first, tile_);
      program_.gradient(theta_, x_, dx_, dtheta);
      dx.middleCols(first, tile_) = dx_;
    }
  }

  static weights weights_of(const typename problem::coefficients& theta) {
    const auto& [first, second] = theta[0];
    return {first.w, second.w, first.b, second.b};
  }

 private:
  weights theta_;
  Eigen::Index tile_;
  matrix x_, dx_;
  program program_;
};

/// Two products an evaluation; a vjp is twice an evaluation.
constexpr kutta::bench::cost mlp_cost(double evaluations_of_three) {
  return {evaluations_of_three * 4 * 32 * 128 * 2 * 2 * 64 * 64, 0};
}
static_assert(mlp_cost(3).flops == 805306368);

template <class T>
void report(benchmark::State& state, double thirds, std::size_t bytes) {
  static const double peak = kutta::bench::fma_peak() * sizeof(float) / sizeof(T);
  kutta::bench::report(state, mlp_cost(thirds));
  state.counters["bytes"] = double(bytes);
  state.counters["peak"] = benchmark::Counter(
      double(state.iterations()) * mlp_cost(thirds).flops / peak, benchmark::Counter::kIsRate);
}

/// `tile` samples at once.
template <class T>
void mlp_gradient_by_hand(benchmark::State& state, Eigen::Index tile) {
  const mlp_problem<T> problem;
  auto dx = problem.x0;
  auto dtheta = mlp_by_hand<T>::weights_of(kutta::zeros_like(problem.theta));
  const std::size_t bytes = peak_of([&] {
    mlp_by_hand<T> program(problem, tile);
    for (auto _ : state) program.gradient(problem.x0, dx, dtheta);
  });
  report<T>(state, 3, bytes);
}

template <class T, class... How>
bool agrees_with_hand(const mlp_problem<T>& problem, How... how) {
  const auto& [f, theta, x0] = problem;
  auto ws = f.make_workspace(theta, x0, how...);
  auto dx = x0, expected_dx = x0;
  auto dtheta = kutta::zeros_like(theta);
  f.gradient(theta, x0, half_square{}, dx, dtheta, ws);
  auto expected = mlp_by_hand<T>::weights_of(kutta::zeros_like(theta));
  mlp_by_hand<T>(problem, x0.cols()).gradient(x0, expected_dx, expected);
  const auto given = mlp_by_hand<T>::weights_of(dtheta);
  const auto agree = [](const auto& a, const auto& b) {
    return kutta::bench::agree(a, b, 1e-3 * b.cwiseAbs().maxCoeff());
  };
  return agree(dx, expected_dx) && agree(given.w1, expected.w1) && agree(given.b1, expected.b1) &&
         agree(given.w2, expected.w2) && agree(given.b2, expected.b2);
}

/// How: an `execution`, or nothing for a batch in one piece, and a policy.
template <class T, class... How>
void mlp_gradient(benchmark::State& state, How... how) {
  const mlp_problem<T> problem;
  const auto& [f, theta, x0] = problem;
  auto dx = x0;
  auto dtheta = kutta::zeros_like(theta);
  if (!kutta::bench::require(state, agrees_with_hand<T>(problem, how...))) return;
  const std::size_t bytes = peak_of([&] {
    auto ws = f.make_workspace(theta, x0, how...);
    for (auto _ : state)
      benchmark::DoNotOptimize(f.gradient(theta, x0, half_square{}, dx, dtheta, ws));
  });
  report<T>(state, 3, bytes);
}

template <class T, class K>
void mlp_forward(benchmark::State& state, K keep, int samples) {
  const auto& [f, theta, x0] = mlp_problem<T>();
  const std::size_t bytes = peak_of([&] {
    auto x = x0.leftCols(samples).eval();
    auto ws = f.make_workspace(theta, x, keep);
    for (auto _ : state)
      for (int first = 0; first < x0.cols(); first += samples) {
        x = x0.middleCols(first, samples);
        benchmark::DoNotOptimize(&f.forward(theta, x, ws));
      }
  });
  report<T>(state, 1, bytes);
}

template <class T>
void register_mlp(const std::string& scalar) {
  const auto add = [&](const std::string& contender, auto function, auto... arguments) {
    benchmark::RegisterBenchmark(("mlp/" + scalar + "/" + contender).c_str(), function,
                                 arguments...)
        ->Unit(benchmark::kMillisecond);
  };
  add("by_hand", mlp_gradient_by_hand<T>, Eigen::Index{128});
  add("by_hand_tile:32", mlp_gradient_by_hand<T>, Eigen::Index{32});
  add("one_piece", mlp_gradient<T>);
  for (const std::size_t tile : {16u, 32u, 64u})
    add("tile:" + std::to_string(tile), mlp_gradient<T, kutta::execution>,
        kutta::execution{.tile = tile});
  add("one_piece_steps", mlp_gradient<T, kutta::keep::steps>, kutta::keep::steps{});
  add("tile:32_steps", mlp_gradient<T, kutta::execution, kutta::keep::steps>,
      kutta::execution{.tile = 32}, kutta::keep::steps{});
  add("forward", mlp_forward<T, kutta::keep::nothing>, kutta::keep::nothing{}, 128);
  add("forward_tile:32", mlp_forward<T, kutta::keep::nothing>, kutta::keep::nothing{}, 32);
}

[[maybe_unused]] const bool registered = [] {
  for (const std::int64_t n : {8, 32, 128, 1000}) {
    const auto add = [&](const std::string& policy, auto function, auto... arguments) {
      benchmark::RegisterBenchmark(("policy/N:" + std::to_string(n) + "/" + policy).c_str(),
                                   function, n, arguments...)
          ->Unit(benchmark::kMillisecond);
    };
    const auto with = [&](const std::string& policy, auto keep) {
      add(policy, under_policy<decltype(keep)>, keep);
    };
    const auto root = static_cast<std::int64_t>(std::lround(std::sqrt(double(n))));
    add("forward", forward_only);
    with("everything", kutta::keep::everything{});
    with("every", kutta::keep::every{root});
    with("steps", kutta::keep::steps{});
    with("binomial", kutta::keep::binomial{8});
    with("online", kutta::keep::online{8});
    with("disk", kutta::keep::disk{"."});
  }
  register_mlp<float>("float");
  register_mlp<double>("double");
  return true;
}();

}  // namespace
