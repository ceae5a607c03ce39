// SPDX-License-Identifier: Apache-2.0

/// @file
/// What do weights that are functions of depth cost: theta(s) at a stage, its transpose, and a
/// change of basis?
///
/// Names: evaluate/<family>/n:<elements>/<contender>, scatter/…, project/64to16/n:<…>/<contender>.
/// `by_hand` is the loop over the coefficients that one would write, and for the projection Eigen's
/// matrix product of the coefficients, element by element, with the matrix.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <Eigen/Core>
#include <benchmark/benchmark.h>

#include <kutta/basis/b_spline.hpp>
#include <kutta/basis/evaluate.hpp>
#include <kutta/basis/hat.hpp>
#include <kutta/basis/legendre.hpp>
#include <kutta/basis/piecewise_constant.hpp>
#include <kutta/basis/project.hpp>
#include <kutta/eigen/tensor.hpp>
#include <kutta/tensor/contiguous.hpp>

#include "support/agreement.hpp"
#include "support/aligned_vector.hpp"
#include "support/cost.hpp"
#include "support/report.hpp"

namespace {

using kutta::depth;
using kutta::bench::cost;
namespace bases = kutta::bases;

template <class T>
using weights = kutta::bench::aligned_vector<T>;

/// K coefficients of n numbers.
template <class T>
std::vector<weights<T>> coefficients(std::size_t k, std::size_t n) {
  std::vector<weights<T>> theta(k, weights<T>(n));
  for (std::size_t j = 0; j < k; ++j)
    for (std::size_t i = 0; i < n; ++i)
      theta[j][i] = static_cast<T>(.1 + 1e-3 * static_cast<double>((7 * i + 13 * j) % 101));
  return theta;
}

/// The stages of RK4 over 7 steps: depths of every kind, none of them known to the compiler.
std::vector<depth> stages() {
  std::vector<depth> all;
  for (std::int64_t n = 0; n < 7; ++n)
    for (const kutta::rational& c : {kutta::rational(0), kutta::rational(1, 2), kutta::rational(1)})
      all.push_back(kutta::stage_depth(n, 7, c));
  return all;
}

/// Σ φ_k x_k reads a coefficient for each φ_k and writes the sum; one alone is handed out.
template <class T>
constexpr cost evaluate_cost(std::size_t n, std::size_t terms) {
  if (terms == 1) return {0, 0};
  return {static_cast<double>(n * (2 * terms - 1)),
          static_cast<double>(n * (terms + 1) * sizeof(T))};
}
static_assert(evaluate_cost<float>(10, 1) == cost{0, 0});
static_assert(evaluate_cost<float>(10, 2) == cost{30, 120});

/// One coefficient: dx_k += g. Several: room ← 0, room += g, and dx_k += φ_k room for each.
template <class T>
constexpr cost scatter_cost(std::size_t n, std::size_t terms) {
  const std::size_t flops = terms == 1 ? 1 : 1 + 2 * terms,
                    numbers = terms == 1 ? 3 : 4 + 3 * terms;
  return {static_cast<double>(n * flops), static_cast<double>(n * numbers * sizeof(T))};
}
static_assert(scatter_cost<double>(10, 1) == cost{10, 240});
static_assert(scatter_cost<double>(10, 2) == cost{50, 800});

struct library {
  template <class B, class T>
  static const weights<T>& evaluate(const B& phi, const depth& s,
                                    const std::vector<weights<T>>& theta, weights<T>& at) {
    return kutta::evaluate(phi, s, theta, at);
  }

  template <class B, class T>
  static void scatter(const B& phi, const depth& s, const weights<T>& g,
                      std::vector<weights<T>>& dtheta, weights<T>& room) {
    kutta::scatter(
        phi, s,
        [&](weights<T>& d) {
          kutta::add(d, d, kutta::scaled{1, g});
        },
        dtheta, room);
  }
};

/// The loops one would write: as many terms as the family has, in one pass.
struct by_hand {
  template <class B, class T>
  static const weights<T>& evaluate(const B& phi, const depth& s,
                                    const std::vector<weights<T>>& theta, weights<T>& at) {
    const auto v = phi(s);
    const std::size_t n = at.size();
    T* y = at.data();
    const auto x = [&](std::size_t i) { return theta[v[i].k].data(); };
    const auto a = [&](std::size_t i) { return static_cast<T>(v[i].phi); };
    if constexpr (B::support == 1) {
      return theta[v[0].k];
    } else if constexpr (B::support == 2) {
      const T *x0 = x(0), *x1 = x(1);
      const T a0 = a(0), a1 = a(1);
      for (std::size_t i = 0; i < n; ++i) y[i] = a0 * x0[i] + a1 * x1[i];
    } else if constexpr (B::support == 4) {
      const T *x0 = x(0), *x1 = x(1), *x2 = x(2), *x3 = x(3);
      const T a0 = a(0), a1 = a(1), a2 = a(2), a3 = a(3);
      for (std::size_t i = 0; i < n; ++i) y[i] = a0 * x0[i] + a1 * x1[i] + a2 * x2[i] + a3 * x3[i];
    } else {  // 8
      const T *x0 = x(0), *x1 = x(1), *x2 = x(2), *x3 = x(3), *x4 = x(4), *x5 = x(5), *x6 = x(6),
              *x7 = x(7);
      const T a0 = a(0), a1 = a(1), a2 = a(2), a3 = a(3), a4 = a(4), a5 = a(5), a6 = a(6),
              a7 = a(7);
      for (std::size_t i = 0; i < n; ++i)
        y[i] = a0 * x0[i] + a1 * x1[i] + a2 * x2[i] + a3 * x3[i] + a4 * x4[i] + a5 * x5[i] +
               a6 * x6[i] + a7 * x7[i];
    }
    return at;
  }

  /// A reverse pass adds to what it is given, so that the room must be 0 before.
  template <class B, class T>
  static void scatter(const B& phi, const depth& s, const weights<T>& g,
                      std::vector<weights<T>>& dtheta, weights<T>& room) {
    const std::size_t n = g.size();
    const auto v = phi(s);
    const T* from = g.data();
    T* sum = B::support == 1 ? dtheta[v[0].k].data() : room.data();
    if (B::support > 1) std::fill(sum, sum + n, T(0));
    for (std::size_t i = 0; i < n; ++i) sum[i] += from[i];
    if (B::support == 1) return;
    for (const auto& [k, value] : v) {
      const T a = static_cast<T>(value);
      T* d = dtheta[k].data();
      for (std::size_t i = 0; i < n; ++i) d[i] += a * sum[i];
    }
  }
};

template <class B, class T, class Contender>
void evaluate(benchmark::State& state, const B& phi, std::size_t n) {
  const auto theta = coefficients<T>(phi.size(), n);
  weights<T> at(n), expected(n);
  for (const depth& s : stages())
    if (!kutta::bench::require(
            state, kutta::bench::agree(Contender::evaluate(phi, s, theta, at),
                                       by_hand::evaluate(phi, s, theta, expected), 1e-6)))
      return;

  const auto all = stages();
  for (auto _ : state)
    for (const depth& s : all) {
      benchmark::DoNotOptimize(Contender::evaluate(phi, s, theta, at).data());
      benchmark::ClobberMemory();
    }
  kutta::bench::report(state, evaluate_cost<T>(n, phi(all[1]).count),
                       static_cast<double>(all.size()));
}

template <class B, class T, class Contender>
void scatter(benchmark::State& state, const B& phi, std::size_t n) {
  const auto g = coefficients<T>(1, n)[0];
  auto dtheta = coefficients<T>(phi.size(), n), expected = dtheta;
  weights<T> room(n);
  for (const depth& s : stages()) {
    Contender::scatter(phi, s, g, dtheta, room);
    by_hand::scatter(phi, s, g, expected, room);
  }
  for (std::size_t k = 0; k < phi.size(); ++k)
    if (!kutta::bench::require(state, kutta::bench::agree(dtheta[k], expected[k], 1e-5))) return;

  const auto all = stages();
  for (auto _ : state)
    for (const depth& s : all) {
      Contender::scatter(phi, s, g, dtheta, room);
      benchmark::ClobberMemory();
    }
  kutta::bench::report(state, scatter_cost<T>(n, phi(all[1]).count),
                       static_cast<double>(all.size()));
}

constexpr std::int64_t old_size = 64, new_size = 16;

/// 64 hats to 16: θ' = M θ for n elements. One column for each coefficient, as kutta stores them.
template <class T>
using matrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic>;

template <class T>
struct change_of_basis {
  kutta::basis_operator m = kutta::projection(bases::hat(old_size), bases::hat(new_size));
  std::vector<matrix<T>> theta;
  matrix<T> columns, transposed;  // n × 64, 64 × 16

  explicit change_of_basis(Eigen::Index n) : columns(n, old_size), transposed(old_size, new_size) {
    const auto values = coefficients<T>(old_size, static_cast<std::size_t>(n));
    for (Eigen::Index k = 0; k < old_size; ++k) {
      theta.push_back(
          Eigen::Map<const matrix<T>>(values[static_cast<std::size_t>(k)].data(), n, 1));
      columns.col(k) = theta.back();
      for (Eigen::Index j = 0; j < new_size; ++j)
        transposed(k, j) =
            static_cast<T>(m(static_cast<std::size_t>(j), static_cast<std::size_t>(k)));
    }
  }
};

/// 2 K' K FLOPs an element; reads 64 and writes 16 numbers.
template <class T>
constexpr cost change_cost(std::size_t n) {
  return {static_cast<double>(2 * n * old_size * new_size),
          static_cast<double>(n * (old_size + new_size) * sizeof(T))};
}
static_assert(change_cost<float>(1) == cost{2048, 320});

template <class T>
void project_by_product(benchmark::State& state, Eigen::Index n) {
  const change_of_basis<T> c(n);
  for (auto _ : state) {
    const matrix<T> result = c.columns * c.transposed;
    benchmark::DoNotOptimize(result.data());
    benchmark::ClobberMemory();
  }
  kutta::bench::report(state, change_cost<T>(static_cast<std::size_t>(n)));
}

template <class T>
void project_by_library(benchmark::State& state, Eigen::Index n) {
  const change_of_basis<T> c(n);
  const matrix<T> expected = c.columns * c.transposed;
  const auto first = c.m.apply(c.theta);
  for (Eigen::Index j = 0; j < new_size; ++j)
    if (!kutta::bench::require(state, kutta::bench::agree(first[static_cast<std::size_t>(j)],
                                                          matrix<T>(expected.col(j)), 1e-5)))
      return;
  for (auto _ : state) {
    const auto result = c.m.apply(c.theta);
    benchmark::DoNotOptimize(result.front().data());
    benchmark::ClobberMemory();
  }
  kutta::bench::report(state, change_cost<T>(static_cast<std::size_t>(n)));
}

/// The matrix itself: does not depend on the weights.
void build(benchmark::State& state) {
  for (auto _ : state)
    benchmark::DoNotOptimize(kutta::projection(bases::hat(old_size), bases::hat(new_size)));
}

template <class T, class B>
void register_family(const std::string& family, const B& phi) {
  for (const std::size_t n : {std::size_t{1024}, std::size_t{65536}, std::size_t{1'000'000}}) {
    const std::string name = family + "/n:" + std::to_string(n) + "/";
    const auto add = [&]<class Contender>(Contender, const char* contender) {
      benchmark::RegisterBenchmark(("evaluate/" + name + contender).c_str(),
                                   evaluate<B, T, Contender>, phi, n);
      benchmark::RegisterBenchmark(("scatter/" + name + contender).c_str(),
                                   scatter<B, T, Contender>, phi, n);
    };
    add(by_hand{}, "by_hand");
    add(library{}, "kutta");
  }
}

template <class T>
void register_change(const std::string& scalar) {
  for (const Eigen::Index n : {400, 25'000}) {  // of 25,600 and 1.6 million weights
    const std::string name = "project/64to16<" + scalar + ">/n:" + std::to_string(n) + "/";
    benchmark::RegisterBenchmark((name + "by_hand").c_str(), project_by_product<T>, n);
    benchmark::RegisterBenchmark((name + "kutta").c_str(), project_by_library<T>, n);
  }
}

[[maybe_unused]] const bool registered = [] {
  register_family<float>("piecewise_constant", bases::piecewise_constant(8));
  register_family<float>("hat", bases::hat(8));
  register_family<float>("b_spline<3>", bases::b_spline<3>(8));
  register_family<float>("legendre", bases::legendre(8));
  register_change<float>("float");
  register_change<double>("double");
  benchmark::RegisterBenchmark("build/64to16/kutta", build);
  return true;
}();

}  // namespace
